"""What a session holds, counted in objects: bytes are a matter of the interpreter, and are measured in `benchmarks`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copilot_sdk._rpc.peer import Peer
from copilot_sdk.runtime import ScriptedModel, embedded

SESSIONS = 20
MOST_OBJECTS = 300


async def test_a_session_holds_few_objects_and_leaves_none_when_it_ends(tmp_path: Path) -> None:
    idle = asyncio.Event()

    def hear(_: str, params: Mapping[str, Any]) -> None:
        if params.get("event", {}).get("type") == "session.idle":
            idle.set()

    async def come_and_go() -> tuple[int, int]:
        """How many objects there are more with the sessions, and without them again."""
        before = _objects()
        ids = [(await peer.request("session.create"))["sessionId"] for _ in range(SESSIONS)]
        for session_id in ids:
            idle.clear()
            await peer.request("session.send", {"sessionId": session_id, "prompt": "!say hello"})
            await idle.wait()
        held = _objects() - before
        for session_id in ids:
            await peer.request("session.destroy", {"sessionId": session_id})
        return held, _objects() - before

    async with (
        embedded(ScriptedModel(keep_requests=False), home=tmp_path) as runtime,
        Peer(runtime.connect(), on_notification=hear, default_timeout=60) as peer,
    ):
        await come_and_go()
        held, left = await come_and_go()
    assert held / SESSIONS < MOST_OBJECTS
    assert left < SESSIONS


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())
