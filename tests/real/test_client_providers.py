"""What the client provides to the CLI: files, tokens, skills, canvases, models."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from copilot_sdk import CopilotClient, approve_all
from copilot_sdk.providers import BearerTokens, ModelForwarder, ModelRequest, SessionFS, Skill, Skills
from copilot_sdk.types import (
    CanvasDeclaration,
    CanvasProviderCloseRequest,
    CanvasProviderInvokeActionRequest,
    CanvasProviderOpenRequest,
    CanvasProviderOpenResult,
    ProviderConfig,
    ProviderTokenRequest,
)
from tests.real.support.client_stage import CLI, ClientStage
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import tool_texts
from tests.support.model_server import Reply, ToolCall


class Board:
    """A canvas that remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def open(self, params: CanvasProviderOpenRequest) -> CanvasProviderOpenResult:
        self.calls.append(f"open {params.instance_id} {params.input}")
        return CanvasProviderOpenResult(title=f"Board {params.instance_id}")

    async def close(self, params: CanvasProviderCloseRequest) -> None:
        self.calls.append(f"close {params.instance_id}")

    def invoke(self, params: CanvasProviderInvokeActionRequest) -> dict[str, object]:
        self.calls.append(f"{params.action_name} {params.instance_id}")
        return {"drew": params.input}


cli_alone = pytest.mark.parametrize("runtime", [CLI], ids=["cli"])


def client_of(live: ClientStage, **options: object) -> CopilotClient:
    program, *arguments = live.runtime.command
    return CopilotClient(
        program,
        cli_args=arguments,
        env=live.environment,
        cwd=live.work,
        log_level="none",
        **options,  # type: ignore[arg-type]
    )


@cli_alone
@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_a_session_lives_in_the_files_of_the_client(
    live: ClientStage, tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    fs = SessionFS.in_memory() if kind == "memory" else SessionFS.in_folder(kept)
    table = {"description": "Notes", "query": "CREATE TABLE notes (n); INSERT INTO notes VALUES (7)"}
    rows = {"description": "Notes", "query": "SELECT n * 6 AS product FROM notes"}
    live.says(Reply(tool_calls=[ToolCall("sql", table)]), Reply("Noted."))
    live.says(Reply(tool_calls=[ToolCall("sql", rows)]), Reply("42."))
    async with client_of(live, session_fs=fs) as client:
        session = await live.create(client=client, on_permission=approve_all)
        await session.send("Remember seven.")
        await session.close()
        again = await live.resume(session.id, client=client, on_permission=approve_all)
        await again.send("What was it?")
        assert "Remember seven." in json.dumps(live.model.requests[-1].body)
        assert "42" in tool_texts(live.model.requests[-1])[-1]
        await again.close()
    assert not list((live.folder / "home").rglob("events.jsonl"))
    if kind == "folder":
        assert (kept / session.id / "session.db").exists()
        assert list((kept / session.id / "files" / "session-state").rglob("events.jsonl"))


@cli_alone
async def test_the_token_of_a_provider_is_asked_for_with_each_model_request(live: ClientStage) -> None:
    asked: list[str] = []

    def token(request: ProviderTokenRequest) -> str:
        asked.append(request.provider_name)
        return f"token-{len(asked)}"

    provider = ProviderConfig(type="openai", base_url=live.model.base_url, wire_api="completions")
    live.says(Reply("One."), Reply("Two."))
    session = await live.client.create_session(
        model=MODEL_ID, provider=provider, handlers={"provider_token": BearerTokens(token)}
    )
    await session.send("First.")
    await session.send("Second.")
    assert asked == ["default", "default"]
    sent = [request.headers["authorization"] for request in live.model.requests]
    assert sent == ["Bearer token-1", "Bearer token-2"]


@cli_alone
async def test_the_model_reads_a_skill_of_the_client(live: ClientStage) -> None:
    skill = Skill("greeting", "How to greet people here", "Always say *ahoy* to greet.")
    live.says(Reply(tool_calls=[ToolCall("skill", {"skill": "greeting"})]), Reply("Ahoy."))
    session = await live.client.create_session(
        model=MODEL_ID,
        provider=live.provider,
        on_permission=approve_all,
        handlers={"skill_provider": Skills([skill])},
    )
    await session.send("Greet me.")
    assert "How to greet people here" in json.dumps(live.model.requests[0].body)
    assert "Always say *ahoy* to greet." in json.dumps(live.model.requests[1].body)


@cli_alone
async def test_a_canvas_of_the_client_is_opened_used_and_closed(live: ClientStage) -> None:
    board = Board()
    declared = {
        "id": "board",
        "displayName": "Board",
        "description": "A board",
        "actions": [{"name": "draw"}],
    }
    session = await live.client.create_session(
        model=MODEL_ID,
        provider=live.provider,
        handlers={"canvas": board},
        canvases=[CanvasDeclaration.model_validate(declared)],
        request_canvas_renderer=True,
    )
    opened = await session.rpc.canvas.open(canvas_id="board", instance_id="i1", input={"size": 3})
    assert (opened.instance_id, opened.title) == ("i1", "Board i1")
    drawn = await session.rpc.canvas.action.invoke(instance_id="i1", action_name="draw", input={"x": 1})
    assert drawn.result == {"drew": {"x": 1}}
    await session.rpc.canvas.close(instance_id="i1")
    assert board.calls == ["open i1 {'size': 3}", "draw i1", "close i1"]


@cli_alone
async def test_the_client_sends_the_model_requests_of_the_runtime(live: ClientStage) -> None:
    class WithToken(ModelForwarder):
        def headers(self, request: ModelRequest) -> list[tuple[str, str]]:
            return [*super().headers(request), ("x-from", "the client")]

    live.says(Reply("Forwarded."))
    async with httpx.AsyncClient(timeout=20) as http:
        async with client_of(live, handlers={"llm_inference": WithToken(http)}) as client:
            session = await live.create(client=client)
            answer = await session.send("Hi.")
            assert answer.text == "Forwarded."
            (request,) = live.model.requests
            assert request.headers["x-from"] == "the client"
            assert request.stream
