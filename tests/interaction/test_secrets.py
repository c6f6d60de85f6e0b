"""No secret shows in a repr, a log or an error."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from copilot_sdk import ConnectError, CopilotClient, CopilotError, InvalidParams
from copilot_sdk._connect import Embed, Spawn
from copilot_sdk.types import ProviderConfig
from tests.support.fake_runtime import FakeRuntime

SECRET = "hunter2hunter2hunter2"


def test_a_way_to_a_runtime_shows_no_secret() -> None:
    spawn = Spawn(github_token=SECRET, env={"GH_TOKEN": SECRET}, connection_token=SECRET, path="x")
    assert SECRET not in repr(spawn)
    assert SECRET not in repr(CopilotClient(github_token=SECRET, env={"A": SECRET}))
    assert SECRET not in repr(CopilotClient.connect("1", token=SECRET))
    assert SECRET not in repr(vars(CopilotClient(github_token=SECRET, env={"A": SECRET})))
    assert "Embed" in repr(Embed())


def test_a_command_line_shows_no_secret(tmp_path: Any) -> None:
    cli = tmp_path / "cli.py"
    cli.touch()
    command = Spawn(path=cli, github_token=SECRET, connection_token=SECRET, tcp=True).command()
    assert "--auth-token-env" in command
    assert SECRET not in " ".join(command)


def test_a_provider_shows_no_key() -> None:
    provider = ProviderConfig(base_url="https://example.com", api_key=SECRET, bearer_token=SECRET)
    assert SECRET not in repr(provider)
    assert SECRET not in str(provider)
    assert provider.to_wire()["apiKey"] == SECRET


async def test_a_session_with_secrets_leaves_no_trace_of_them(
    runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runtime.answers["connect"] = {"protocolVersion": 3}
    async with runtime.client(token=SECRET) as client:
        provider: Any = {
            "baseUrl": "https://example.com",
            "apiKey": SECRET,
            "headers": {"Authorization": SECRET},
        }
        session = await client.create_session(provider=provider, github_token=SECRET)
        assert SECRET not in repr(client) + repr(session)
        wrong: Any = {**provider, "baseUrl": {SECRET: 1}}
        with pytest.raises(InvalidParams) as caught:
            await client.create_session(provider=wrong, github_token=SECRET)
        assert SECRET not in str(caught.value) + repr(caught.value)
        with pytest.raises(InvalidParams) as caught:
            await client.create_session(github_token=[SECRET])  # type: ignore[arg-type]
        assert SECRET not in str(caught.value) + repr(caught.value)
        await session.close()
    assert (await runtime.asked("session.create"))["provider"]["apiKey"] == SECRET
    assert SECRET not in caplog.text


async def test_what_a_cli_says_of_its_token_is_masked(tmp_path: Any) -> None:
    cli = tmp_path / "cli.py"
    cli.write_text("import os, sys; sys.exit('github_token=' + os.environ['COPILOT_SDK_AUTH_TOKEN'])")
    with pytest.raises(ConnectError) as caught:
        await CopilotClient(cli, github_token=SECRET).start()
    error: CopilotError = caught.value
    assert "github_token=***" in str(error)
    assert SECRET not in str(error) + repr(error) + repr(vars(error))
