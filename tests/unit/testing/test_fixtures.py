"""The fixtures that this package gives to pytest."""

from __future__ import annotations

import subprocess
import sys

import pytest

from copilot_sdk import CopilotClient
from copilot_sdk.runtime import Reply, ScriptedModel


@pytest.mark.copilot_script("one", Reply(["t", "wo"]))
async def test_the_marker_says_what_the_model_answers(
    copilot_client: CopilotClient, scripted_model: ScriptedModel
) -> None:
    async with copilot_client as client, await client.create_session() as session:
        assert [(await session.send("hi")).text, (await session.send("and?")).text] == ["one", "two"]
    assert [request.prompt for request in scripted_model.requests] == ["hi", "and?"]


@pytest.mark.copilot_script(file="answers.toml")
async def test_the_marker_names_a_file_beside_the_test(copilot_client: CopilotClient) -> None:
    async with copilot_client as client, await client.create_session() as session:
        assert (await session.send("hi")).text == "from the file"


async def test_without_a_marker_the_model_obeys_and_is_told_what_to_say(
    copilot_client: CopilotClient, scripted_model: ScriptedModel
) -> None:
    async with copilot_client as client, await client.create_session() as session:
        assert (await session.send("!say obeyed")).text == "obeyed"
        scripted_model.says("told")
        assert (await session.send("hi")).text == "told"


def test_the_plugin_loads_nothing_of_the_package_before_it_is_asked() -> None:
    code = "import copilot_sdk.testing, sys; print({'pydantic', 'copilot_sdk.runtime'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "set()\n"
