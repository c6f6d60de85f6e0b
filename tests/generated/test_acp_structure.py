"""What happens in a session costs what it needs: an update loads its own types, and unions build what comes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

from codegen.ir import closure
from codegen.ownership import assign, branches
from copilot_sdk._generated.acp.notified import SESSION_UPDATE
from copilot_sdk._generated.acp.types import SessionUpdate, UnknownVariant
from tests.support.further import further_protocol

ROOT = Path(__file__).parents[2]
PROTOCOL = further_protocol("acp").protocol
OWNERS = assign(PROTOCOL)
(UPDATES,) = filter(None, (branches(method, PROTOCOL.types) for method in PROTOCOL.methods))
FIRST_UPDATE = """
import asyncio, json, sys
from copilot_sdk import acp

async def first():
    async with acp.connect([sys.executable, "-P", "benchmarks/acp_peer.py"]) as client:
        session = await client.new_session("/")
        return [update.content.text async for update in session.prompt("1")]

assert asyncio.run(first()) == ["word "]
from copilot_sdk._model import WireModel

def models(kind):
    return [kind, *(found for child in kind.__subclasses__() for found in models(child))]

made = [model for model in models(WireModel) if "_generated" in model.__module__]
built = sorted(model.__name__ for model in made if model.__pydantic_complete__)
print(json.dumps({"modules": [*sys.modules], "made": len(made), "built": built}))
"""


def test_every_update_is_known_by_its_tag() -> None:
    classes = {branch for branch in get_args(get_args(SessionUpdate)[0]) if branch is not UnknownVariant}
    assert set(SESSION_UPDATE.values()) == classes
    assert {tag: kind.model_fields["session_update"].default for tag, kind in SESSION_UPDATE.items()} == {
        tag: tag for tag in UPDATES
    }


def test_an_update_loads_no_type_that_it_does_not_reach() -> None:
    for name in UPDATES.values():
        reached = closure([name], PROTOCOL.types)
        assert {other for found in reached for other in OWNERS.members(OWNERS.of(found))} == reached


def test_the_first_update_of_a_session_loads_and_builds_little() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'src')\n{FIRST_UPDATE}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    types = "copilot_sdk._generated.acp.types."
    assert {name.removeprefix(types) for name in found["modules"] if name.startswith(types)} == {
        "_names",
        "agent_session",
        "agent_session_new",
        "agent_session_prompt",
        "client_session_update_agent_message_chunk",
        "shared_content_block",
        "shared_env_variable",
        "shared_session_config_option",
        "shared_usage",
    }
    assert "copilot_sdk._model.lenient" not in found["modules"]
    assert found["made"] <= 30
    assert found["built"] == [
        "AgentMessageChunk",
        "NewSessionRequest",
        "NewSessionResponse",
        "PromptRequest",
        "PromptResponse",
        "TextContent",
    ]
