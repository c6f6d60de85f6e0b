"""Command line of the demo."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import Any

from copilot_sdk import CopilotClient, CopilotError
from copilot_sdk.demo.story import scripted_model


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m copilot_sdk.demo", description=__doc__)
    parser.add_argument(
        "--runtime",
        choices=("embedded", "copilot"),
        default="embedded",
        help="the reference runtime in this process (default), or the Copilot CLI",
    )
    parser.add_argument(
        "--cli-path", help="executable of the Copilot CLI; COPILOT_CLI_PATH or PATH when left out"
    )
    parser.add_argument("--model", help="model to use with the Copilot CLI")
    parser.add_argument(
        "--base-url",
        help="OpenAI-compatible endpoint for the CLI, in place of an account; OPENAI_API_KEY has its key",
    )
    options = parser.parse_args()
    try:
        from copilot_sdk.demo.show import Show
    except ModuleNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    session_options: dict[str, Any] = {}
    if options.runtime == "embedded":
        client = CopilotClient.embedded(scripted_model())
    else:
        client = CopilotClient(options.cli_path)
        if options.model:
            session_options["model"] = options.model
        if options.base_url:
            session_options["provider"] = {
                "type": "openai",
                "base_url": options.base_url,
                "api_key": os.environ.get("OPENAI_API_KEY", "none"),
                "wire_api": "completions",
            }
    try:
        asyncio.run(Show(client, session_options).run())
    except CopilotError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
