"""What the client provides to the CLI: files, tokens, skills, models, extensions, and what it is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from copilot_sdk import RpcError, SessionError, approve_all
from copilot_sdk.events import SessionExtensionsLoaded
from copilot_sdk.providers import (
    BearerTokens,
    ExtensionLauncher,
    GitHubTokens,
    Handlers,
    ModelForwarder,
    ModelRequest,
    ModelRequests,
    SessionFS,
    Skill,
    Skills,
)
from copilot_sdk.types import (
    ExtensionLaunchProfile,
    ExtensionLaunchProviderResolveRequest,
    GitHubTelemetryNotification,
    GitHubTokenGranted,
    GitHubTokenRequest,
    NamedProviderConfig,
    ProviderConfig,
    ProviderModelConfig,
    ProviderTokenRequest,
)
from tests.real.support.account import TOKEN, account
from tests.real.support.client_stage import CLI, WAIT_SECONDS, ClientStage
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import tool_texts
from tests.support.model_server import Reply, ToolCall


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
    async with live.serving_client(session_fs=fs) as client:
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


async def test_the_token_of_a_named_provider_is_asked_for_in_a_resumed_session_too(
    live: ClientStage,
) -> None:
    asked: list[str] = []

    def token(request: ProviderTokenRequest) -> str:
        asked.append(request.provider_name)
        return f"token-{len(asked)}"

    named = NamedProviderConfig(
        name="mine", type="openai", base_url=live.model.base_url, wire_api="completions"
    )
    models = [ProviderModelConfig(id=MODEL_ID, provider="mine")]
    handlers: Handlers = {"provider_token": BearerTokens(token)}
    live.says(Reply("One."), Reply("Two."))
    session = await live.client.create_session(
        model=f"mine/{MODEL_ID}", providers=[named], models=models, handlers=handlers
    )
    async with session:
        await session.send("First.")
    resumed = await live.client.resume_session(
        session.id, model=f"mine/{MODEL_ID}", providers=[named], models=models, handlers=handlers
    )
    await resumed.send("Second.")
    assert asked == ["mine", "mine"]
    sent = [request.headers["authorization"] for request in live.model.requests]
    assert sent == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_that_never_comes_is_an_error_of_the_turn(live: ClientStage) -> None:
    async def token(request: ProviderTokenRequest) -> str:
        await asyncio.Event().wait()
        return request.provider_name

    provider = ProviderConfig(type="openai", base_url=live.model.base_url, wire_api="completions")
    tokens = BearerTokens(token, timeout=0.05)
    session = await live.client.create_session(
        model=MODEL_ID, provider=provider, handlers={"provider_token": tokens}
    )
    with pytest.raises(SessionError, match="there was no token within"):
        await session.send("Hi.")
    assert not live.model.requests


@pytest.mark.parametrize("runtime", [CLI], ids=["cli"])
async def test_a_session_is_signed_in_by_a_token_of_the_client(live: ClientStage) -> None:
    asked: list[GitHubTokenRequest] = []

    def token(request: GitHubTokenRequest) -> GitHubTokenGranted | None:
        asked.append(request)
        return None if len(asked) > 1 else GitHubTokenGranted(access_token=TOKEN, expires_in=8 * 3600)

    with account() as variables:
        handlers: Handlers = {"github_token": GitHubTokens(token)}
        async with live.serving_client(handlers=handlers, variables=variables) as client:
            session = await client.create_session(github_token_provider_registration_id="mine")
            status = await session.rpc.github_auth.get_status()
            assert (status.is_authenticated, status.login) == (True, "octocat")
            with pytest.raises(RpcError, match="already exists"):
                await client.create_session(github_token_provider_registration_id="mine")
            with pytest.raises(RpcError, match="cancelled"):
                await client.create_session(github_token_provider_registration_id="other")
    assert [request.registration_id for request in asked] == ["mine", "other"]
    assert {request.host for request in asked} == {"https://github.com"}


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


async def test_the_client_sends_the_model_requests_of_the_runtime(live: ClientStage) -> None:
    class WithToken(ModelForwarder):
        def headers(self, request: ModelRequest) -> list[tuple[str, str]]:
            return [*super().headers(request), ("x-from", "the client")]

    live.says(Reply("Forwarded."))
    async with httpx.AsyncClient(timeout=20) as http:
        async with live.serving_client(handlers={"llm_inference": WithToken(http)}) as client:
            session = await live.create(client=client)
            answer = await session.send("Hi.")
            assert answer.text == "Forwarded."
            (request,) = live.model.requests
            assert request.headers["x-from"] == "the client"
            assert request.stream


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

    handlers: Handlers = {"extension_launch_provider": ExtensionLauncher(launch)}
    async with live.serving_client(handlers=handlers) as client:
        session = await live.create(client=client, request_extensions=True, working_directory=str(live.work))
        async with session.events(SessionExtensionsLoaded) as loaded, asyncio.timeout(WAIT_SECONDS):
            statuses = [extension.status for extension in (await session.rpc.extensions.list()).extensions]
            while statuses != ["failed"]:  # The program that was launched is no extension.
                statuses = [extension.status for extension in (await anext(loaded)).data.extensions]
        assert mark.exists() is launched
        assert not launched or mark.read_text() == f"hello of {session.id}\n"
    assert {(request.id, request.source) for request in asked} == {("project:hello", "project")}
    assert {request.module_path for request in asked} == {str(script)}


async def test_telemetry_for_github_is_forwarded_to_the_client(live: ClientStage) -> None:
    told: list[GitHubTelemetryNotification] = []
    ended = asyncio.Event()

    class Telemetry:
        async def event(self, params: GitHubTelemetryNotification) -> None:
            told.append(params)
            if params.event.kind == "session_shutdown":
                ended.set()

    live.says(Reply("Done."))
    async with live.serving_client(handlers={"github_telemetry": Telemetry()}) as client:
        session = await live.create(client=client)
        await session.send("Hello.")
        await session.close()
        async with asyncio.timeout(WAIT_SECONDS):
            await ended.wait()
    assert {"session_start", "user_message", "assistant_usage"} <= {params.event.kind for params in told}
    assert {params.session_id for params in told} == {session.id}
    assert not [params.misfits() for params in told if params.misfits()]


def responses(text: str) -> list[str]:
    """What a model says in the Responses API, event by event."""
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, **details}
    response = {"id": f"r-{text}", "object": "response", "created_at": 1, "model": MODEL_ID}
    place = {"item_id": "m1", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": text},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {
            "type": "response.completed",
            "response": {**response, "status": "completed", "output": [message], "usage": usage},
        },
    ]
    return [json.dumps(event) for event in events]


def over_websocket(url: str) -> ProviderConfig:
    return ProviderConfig(
        type="openai", base_url=url, api_key="no-secret", wire_api="responses", transport="websockets"
    )


async def test_the_client_forwards_the_websockets_of_the_runtime(live: ClientStage) -> None:
    paths: list[str] = []
    ended = asyncio.Event()

    async def model(socket: ServerConnection) -> None:
        assert socket.request is not None
        paths.append(socket.request.path)
        async for message in socket:
            asked = json.loads(message)
            for event in responses(f"{asked['type']}, {len(paths)}"):
                await socket.send(event)
        ended.set()

    async with serve(model, "127.0.0.1", 0) as server, httpx.AsyncClient() as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with live.serving_client(handlers={"llm_inference": ModelForwarder(http)}) as client:
            session = await client.create_session(model=MODEL_ID, provider=over_websocket(url))
            for prompt in ("First.", "Second."):
                answer = await session.send(prompt)
                # One connection serves both turns.
                assert answer.text == "response.create, 1"
            await session.close()
            await ended.wait()
    assert paths == ["/v1/responses"]


class Model(ModelRequests):
    """Answers in the Responses API, over a websocket if it is to."""

    def __init__(self, *, websocket: bool) -> None:
        super().__init__()
        self.websocket = websocket
        self.asked: list[str] = []

    async def respond(self, request: ModelRequest) -> None:
        self.asked.append(request.start_request.url)
        async for _ in request.body():
            pass
        await request.start(200, {"content-type": ["text/event-stream"]})
        for event in responses("By HTTP."):
            await request.send(f"event: {json.loads(event)['type']}\ndata: {event}\n\n")

    async def respond_websocket(self, request: ModelRequest) -> None:
        self.asked.append(request.start_request.url)
        if not self.websocket:
            await super().respond_websocket(request)
        await request.start(101)
        async for _ in request.messages():
            for event in responses("By websocket."):
                await request.send(event)


@pytest.mark.parametrize("websocket", [True, False])
async def test_the_client_answers_a_websocket_or_the_runtime_goes_back_to_http(
    live: ClientStage, websocket: bool
) -> None:
    model = Model(websocket=websocket)
    async with live.serving_client(handlers={"llm_inference": model}) as client:
        session = await client.create_session(
            model=MODEL_ID, streaming=True, provider=over_websocket("http://model.invalid/v1")
        )
        answer = await session.send("Hi.")
        assert answer.text == ("By websocket." if websocket else "By HTTP.")
    opened = ["ws://model.invalid/v1/responses"]
    assert model.asked == (opened if websocket else [*opened, "http://model.invalid/v1/responses"])
