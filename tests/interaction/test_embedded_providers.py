"""What a client provides, asked for by the reference runtime in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from copilot_sdk import CopilotClient, RpcError, SessionError, approve_all
from copilot_sdk.client_tasks import ClientTask
from copilot_sdk.events import SessionExtensionsLoaded, SkillInvoked
from copilot_sdk.providers import (
    BearerTokens,
    Canvas,
    Canvases,
    ExtensionLauncher,
    GitHubTokens,
    Handlers,
    ModelRequest,
    ModelRequests,
    SessionFS,
    Skill,
    Skills,
)
from copilot_sdk.runtime import Call, Limits, Reply, Script, ScriptedModel
from copilot_sdk.types import (
    ExtensionLaunchProviderResolveRequest,
    GitHubTelemetryNotification,
    GitHubTokenGranted,
    GitHubTokenRequest,
    ProviderConfig,
    ProviderTokenRequest,
)

PROVIDER = ProviderConfig(type="openai", base_url="http://model.invalid/v1", wire_api="completions")


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert not {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}


def embedded(
    script: Script | None = None, *, handlers: Handlers | None = None, session_fs: SessionFS | None = None
) -> CopilotClient:
    limits = Limits(retry_delays=())
    return CopilotClient.embedded(
        ScriptedModel(script), limits=limits, handlers=handlers, session_fs=session_fs
    )


class Model(ModelRequests):
    """Tells with which token it was asked."""

    async def respond(self, request: ModelRequest) -> None:
        async for _ in request.body():
            pass
        token = request.start_request.headers["authorization"][0]
        message = {"role": "assistant", "content": f"Asked with {token}."}
        await request.start(200, {"content-type": ["application/json"]})
        await request.send(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}))


async def test_the_client_sends_model_requests_with_a_token_for_each() -> None:
    asked: list[ProviderTokenRequest] = []

    def token(request: ProviderTokenRequest) -> str:
        asked.append(request)
        return f"t{len(asked)}"

    handlers: Handlers = {"llm_inference": Model(), "provider_token": BearerTokens(token)}
    async with embedded(handlers=handlers) as client:
        session = await client.create_session(model="big", provider=PROVIDER)
        assert (await session.send("First.")).text == "Asked with Bearer t1."
        assert (await session.send("Second.")).text == "Asked with Bearer t2."
    assert {request.session_id for request in asked} == {session.id}


async def test_a_token_that_never_comes_is_an_error_of_the_turn() -> None:
    async def token(request: ProviderTokenRequest) -> str:
        await asyncio.Event().wait()
        return request.provider_name

    async with embedded(handlers={"provider_token": BearerTokens(token, timeout=0.01)}) as client:
        session = await client.create_session(model="big", provider=PROVIDER)
        with pytest.raises(SessionError, match="there was no token within"):
            await session.send("Hi.")


async def test_a_session_is_signed_in_by_a_token_of_the_client() -> None:
    def token(request: GitHubTokenRequest) -> GitHubTokenGranted | None:
        granted = GitHubTokenGranted(access_token="gho_1", expires_in=8 * 3600)
        return granted if request.registration_id == "mine" else None

    async with embedded(handlers={"github_token": GitHubTokens(token)}) as client:
        session = await client.create_session(github_token_provider_registration_id="mine")
        assert (await session.rpc.github_auth.get_status()).auth_type == "token-provider"
        with pytest.raises(RpcError, match="already exists"):
            await client.create_session(github_token_provider_registration_id="mine")
        with pytest.raises(RpcError, match="cancelled"):
            await client.create_session(github_token_provider_registration_id="other")


async def test_a_session_lives_in_the_files_and_the_database_of_the_client() -> None:
    query = "INSERT INTO todos (id, title) VALUES ('a', 'One')"
    sql = Call("sql", {"description": "Notes", "query": query})
    async with embedded([Reply(calls=[sql]), Reply("Noted.")], session_fs=SessionFS.in_memory()) as client:
        session = await client.create_session(on_permission=approve_all)
        await session.send("Remember.")
        await session.close()
        again = await client.resume_session(session.id)
        assert [row.title for row in (await again.rpc.plan.read_sql_todos()).rows] == ["One"]
        assert any(event.type == "user.message" for event in (await again.rpc.get_messages()).events)


async def test_the_model_reads_a_skill_of_the_client() -> None:
    skills = Skills([Skill("greeting", "How to greet people here", "Always say *ahoy* to greet.")])
    script = [Reply(calls=[Call("skill", {"skill": "greeting"})]), Reply("Ahoy.")]
    async with embedded(script) as client:
        session = await client.create_session(handlers={"skill_provider": skills})
        async with session.events(SkillInvoked) as invoked:
            await session.send("Greet me.")
            assert (await anext(invoked)).data.content == "Always say *ahoy* to greet."


async def test_the_model_opens_a_canvas_of_the_client() -> None:
    drawn: list[int] = []

    def draw(x: int) -> None:
        drawn.append(x)

    board = Canvas(
        "board",
        display_name="Board",
        description="A board.",
        open=lambda: None,
        actions={"draw": draw},
    )
    calls = [
        Call("open_canvas", {"canvasId": "board", "instanceId": "b"}),
        Call("invoke_canvas_action", {"instanceId": "b", "actionName": "draw", "input": {"x": 4}}),
    ]
    async with embedded([*(Reply(calls=[call]) for call in calls), Reply("Drawn.")]) as client:
        session = await client.create_session(
            handlers={"canvas": Canvases([board])}, on_permission=approve_all
        )
        await session.send("Draw.")
        assert [canvas.title for canvas in session.open_canvases] == ["Board"]
        await session.rpc.canvas.close(instance_id="b")
        assert session.open_canvases == []
    assert drawn == [4]


async def test_the_client_tells_how_far_its_tasks_are_and_ends_them() -> None:
    said = asyncio.Event()

    async def index(task: ClientTask) -> None:
        await task.progress("begun", percentage=40)
        said.set()
        await asyncio.Event().wait()

    async def count(task: ClientTask) -> int:
        await task.progress(status="idle")
        return 3

    async with embedded() as client:
        session = await client.create_session()
        counting = await session.start_task(count, description="Count")
        assert await counting.wait() == "completed"
        task = await session.start_task(index, description="Index")
        await said.wait()
        assert (await session.rpc.tasks.cancel(id=task.id)).cancelled
        assert await task.wait() == "cancelled"
        listed = (await session.rpc.tasks.list()).tasks
        assert [item.status for item in listed] == ["completed", "cancelled"]


async def test_telemetry_is_forwarded_to_the_client() -> None:
    told: list[str] = []
    ended = asyncio.Event()

    class Telemetry:
        async def event(self, params: GitHubTelemetryNotification) -> None:
            told.append(params.event.kind)
            if params.event.kind == "session_shutdown":
                ended.set()

    async with embedded([Reply("Done.")], handlers={"github_telemetry": Telemetry()}) as client:
        session = await client.create_session()
        await session.send("Hello.")
        await session.close()
        await ended.wait()
    assert {"session_start", "user_message", "assistant_usage"} <= set(told)


async def test_the_client_says_how_extensions_are_launched(tmp_path_factory: pytest.TempPathFactory) -> None:
    work = tmp_path_factory.mktemp("work")
    module = work / ".github" / "extensions" / "hello" / "extension.mjs"
    module.parent.mkdir(parents=True)
    module.touch()
    asked: list[str] = []

    def launch(request: ExtensionLaunchProviderResolveRequest) -> None:
        asked.append(request.id)

    launcher = ExtensionLauncher(launch)
    async with embedded(handlers={"extension_launch_provider": launcher}) as client:
        session = await client.create_session(request_extensions=True, working_directory=str(work))
        async with session.events(SessionExtensionsLoaded) as loaded:
            statuses = [extension.status for extension in (await session.rpc.extensions.list()).extensions]
            while statuses != ["failed"]:
                statuses = [extension.status for extension in (await anext(loaded)).data.extensions]
    assert asked == ["project:hello"]
