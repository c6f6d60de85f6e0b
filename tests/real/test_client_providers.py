"""What the client provides to the CLI: files, tokens, skills, models, extensions, and what it is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from copilot_sdk import CopilotClient, approve_all
from copilot_sdk.events import SessionExtensionsLoaded
from copilot_sdk.providers import (
    BearerTokens,
    ExtensionLauncher,
    ModelForwarder,
    ModelRequest,
    SessionFS,
    Skill,
    Skills,
)
from copilot_sdk.types import (
    ExtensionLaunchProfile,
    ExtensionLaunchProviderResolveRequest,
    GitHubTelemetryNotification,
    ProviderConfig,
    ProviderTokenRequest,
)
from tests.real.support.client_stage import CLI, WAIT_SECONDS, ClientStage
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import tool_texts
from tests.support.model_server import Reply, ToolCall

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


@cli_alone
@pytest.mark.parametrize("launched", [True, False])
async def test_the_client_says_how_an_extension_is_launched(live: ClientStage, launched: bool) -> None:
    script = live.work / ".github" / "extensions" / "hello" / "extension.mjs"
    script.parent.mkdir(parents=True)
    script.touch()
    mark = live.folder / "launched"
    asked: list[ExtensionLaunchProviderResolveRequest] = []

    def launch(request: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile | None:
        asked.append(request)
        if not launched:
            return None
        command = 'echo "$NAME of $SESSION_ID" > "$MARK"'
        env = {"MARK": str(mark), "NAME": request.name}
        return ExtensionLaunchProfile(executable="/bin/sh", args=["-c", command], env=env)

    handlers = {"extension_launch_provider": ExtensionLauncher(launch)}
    async with client_of(live, handlers=handlers) as client:
        session = await live.create(client=client, request_extensions=True, working_directory=str(live.work))
        async with session.events(SessionExtensionsLoaded) as loaded, asyncio.timeout(WAIT_SECONDS):
            statuses = [extension.status for extension in (await session.rpc.extensions.list()).extensions]
            while statuses != ["failed"]:  # The program that was launched is no extension.
                statuses = [extension.status for extension in (await anext(loaded)).data.extensions]
        assert mark.exists() is launched
        assert not launched or mark.read_text() == f"hello of {session.id}\n"
    assert {(request.id, request.source) for request in asked} == {("project:hello", "project")}
    assert {request.module_path for request in asked} == {str(script)}


@cli_alone
async def test_telemetry_for_github_is_forwarded_to_the_client(live: ClientStage) -> None:
    told: list[GitHubTelemetryNotification] = []
    ended = asyncio.Event()

    class Telemetry:
        async def event(self, params: GitHubTelemetryNotification) -> None:
            told.append(params)
            if params.event.kind == "session_shutdown":
                ended.set()

    live.says(Reply("Done."))
    async with client_of(live, handlers={"github_telemetry": Telemetry()}) as client:
        session = await live.create(client=client)
        await session.send("Hello.")
        await session.close()
        async with asyncio.timeout(WAIT_SECONDS):
            await ended.wait()
    assert {"session_start", "user_message", "assistant_usage"} <= {params.event.kind for params in told}
    assert {params.session_id for params in told} == {session.id}
    assert not [params.misfits() for params in told if params.misfits()]
