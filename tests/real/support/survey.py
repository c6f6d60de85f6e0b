"""Calls the methods of the schema that can be called without knowing anything, and some that need little."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.real.support.rawrpc import Json
from tests.real.support.stage import Stage
from tests.real.survey.arguments import with_arguments
from tests.support.model_server import Reply

SCHEMA = Path(__file__).resolve().parents[3] / "schema" / "copilot" / "api.schema.json"
ENDING = ("sessions.releaseLock", "session.suspend", "sessions.close", "sessions.delete")
_NEVER = frozenset({*ENDING, "runtime.shutdown", "session.shutdown", "session.abort"})
_SECONDS = 10.0


async def survey(stage: Stage) -> None:
    """Calls everything that is callable, on a session with one turn behind it."""
    session = await stage.create()
    target: Json = {"sessionId": session}
    await stage.turn(session, "Be surveyed.", Reply("Ready."))
    for method in ("ping", "status.get", "auth.getStatus"):
        await stage.call(method)
    for method, required in methods():
        if required <= {"sessionId"} and method not in _NEVER:
            await stage.call(method, target if "sessionId" in required else {}, timeout=_SECONDS)
    for method, arguments in with_arguments(str(stage.folder), session).items():
        scoped = method.startswith("session.")
        await stage.call(method, {**target, **arguments} if scoped else arguments, timeout=_SECONDS)
    for method in ENDING:
        await stage.call(method, target, timeout=_SECONDS)
    await stage.call("session.shutdown", {"sessionId": await stage.create(), "type": "routine"})
    await stage.call("session.model.getCurrent", {"sessionId": "no-such-session"})
    await stage.call("session.noSuchMethod", target)


def methods() -> Iterator[tuple[str, frozenset[str]]]:
    """Each method of a client, with the parameters that it requires."""
    schema = json.loads(SCHEMA.read_text())
    trees = [schema["server"], schema["session"]]
    while trees:
        tree = trees.pop(0)
        if "rpcMethod" in tree:
            yield tree["rpcMethod"], frozenset(_required(tree.get("params"), schema["definitions"]))
        else:
            trees += [branch for branch in tree.values() if isinstance(branch, dict)]


def _required(params: Json | None, definitions: dict[str, Json]) -> Iterator[str]:
    if params is None:
        return
    reference, parts, required = params.get("$ref"), params.get("allOf", []), params.get("required", [])
    if isinstance(reference, str):
        yield from _required(definitions[reference.rpartition("/")[2]], definitions)
    for part in parts if isinstance(parts, list) else []:
        yield from _required(part, definitions)
    if isinstance(required, list):
        yield from required
    if "anyOf" in params or "oneOf" in params:
        yield "one of several shapes"
