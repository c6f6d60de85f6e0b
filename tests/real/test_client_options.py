"""Options of sessions that no schema has published: the CLI reads them."""

from __future__ import annotations

import shlex
import uuid
from typing import Any

import pytest

from copilot_sdk import RpcError, approve_all
from copilot_sdk.types import (
    CapiOptions,
    CustomAgentConfig,
    ImageGenerationConfig,
    ManagedPermissions,
    ManagedSettings,
    MemoryConfig,
)
from tests.real.support.client_stage import CLI, ClientStage
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import ROME, weather
from tests.support.model_server import Reply, ToolCall

pytestmark = pytest.mark.parametrize("runtime", [CLI], ids=["cli"])


async def test_options_are_taken_as_they_are_described(live: ClientStage) -> None:
    live.says(Reply("Hello."))
    session = await live.create(
        memory=MemoryConfig(enabled=True, mode="user-prompt"),
        image_generation=ImageGenerationConfig(enabled=False, watermark=True),
        capi=CapiOptions(auto_tier="efficiency"),
        managed_settings=ManagedSettings(
            permissions=ManagedPermissions(disable_assisted_permissions_mode=True)
        ),
    )
    assert (await session.send("Hi.")).text == "Hello."


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("memory", {"enabled": True, "mode": "x"}, "expected `system-prompt` or `user-prompt`"),
        ("imageGeneration", {"enabled": True, "watermark": "x"}, "expected a boolean"),
        ("capi", {"autoTier": "x"}, "Auto preference 'x'"),
        (
            "managedSettings",
            {"permissions": {"disableAssistedPermissionsMode": "x"}},
            r"permissions\.disableAssistedPermissionsMode: Expected boolean",
        ),
    ],
)
async def test_another_value_is_refused(live: ClientStage, option: str, value: Any, complaint: str) -> None:
    provider = live.provider.to_wire()
    params = {"sessionId": str(uuid.uuid4()), "model": MODEL_ID, "provider": provider, option: value}
    with pytest.raises(RpcError, match=complaint):
        await live.client._connection.request("session.create", params)


async def test_the_hooks_of_an_agent_run_while_it_works(live: ClientStage) -> None:
    noted = live.folder / "noted"
    hook = {"type": "command", "bash": f"echo used >> {shlex.quote(str(noted))}"}
    gardener = CustomAgentConfig(
        name="gardener", description="Gardens.", prompt="You garden.", hooks={"preToolUse": [hook]}
    )
    task = {"description": "Look", "prompt": "Look.", "agent_type": "gardener", "name": "g", "mode": "sync"}
    live.says(
        Reply(tool_calls=[ROME]),
        Reply(tool_calls=[ToolCall("task", task)]),
        Reply(tool_calls=[ROME]),
        Reply("Sun."),
        Reply("Sun twice."),
    )
    session = await live.create(tools=[weather], on_permission=approve_all, custom_agents=[gardener])
    await session.send("Rome?")
    assert noted.read_text().split() == ["used"]
