"""What a user would write first works."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk import CopilotClient, UsageError, acp
from copilot_sdk._connect import Connect
from copilot_sdk.runtime import embedded


def test_a_port_may_be_a_number() -> None:
    assert Connect.parse(4321) == Connect.parse("127.0.0.1:4321")


@pytest.mark.parametrize("address", [0, 70_000, "nowhere", "host:", ""])
def test_what_is_no_address_is_refused(address: str | int) -> None:
    with pytest.raises(UsageError, match="no address"):
        CopilotClient.connect(address)


def entries(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def test_the_home_of_an_embedded_runtime_may_be_a_string(tmp_path: Path) -> None:
    async with CopilotClient.embedded(home=str(tmp_path)) as client, await client.create_session() as session:
        await session.send("Hello")

    assert entries(tmp_path)

    async with embedded(home=str(tmp_path / "own")) as runtime, acp.connect(runtime.connect_acp()) as agent:
        await agent.new_session(tmp_path)
        assert entries(tmp_path / "own")
