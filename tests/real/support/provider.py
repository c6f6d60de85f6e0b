"""The environment in which the CLI asks a model server on this machine, and nobody else."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.model_server import ModelServer


def provider_environment(server: ModelServer, home: Path, model: str) -> dict[str, str]:
    """This program's environment, with the server as the provider of models.

    Args:
        server: The server.
        home: The folder for settings and sessions.
        model: Identifier of the model to ask for.
    """
    return {
        **os.environ,
        "COPILOT_HOME": str(home),
        "COPILOT_PROVIDER_BASE_URL": server.base_url,
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_API_KEY": "no-secret",
        "COPILOT_PROVIDER_WIRE_API": "completions",
        "COPILOT_MODEL": model,
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
    }
