"""What type checkers make of the client. Nothing here runs: mypy and pyright read it.

A `type: ignore` marks what has to be refused; mypy reports one that is not needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, assert_type

from pydantic import BaseModel

from copilot_sdk import (
    CopilotClient,
    Hooks,
    Session,
    Tool,
    ToolInvocation,
    ToolResult,
    approve_all,
    deny_all,
    mcp,
    reject,
    sync,
    tool,
)
from copilot_sdk.client_tasks import ClientTask
from copilot_sdk.events import (
    AssistantMessage,
    AssistantMessageDelta,
    SessionEvent,
    SessionIdle,
    ToolExecutionComplete,
    UnknownEvent,
)
from copilot_sdk.permissions import (
    PermissionAnswer,
    PermissionHandler,
    PermissionInvocation,
    allow_reads,
    approve_once,
    leave_all_open,
    leave_open,
    with_context,
)
from copilot_sdk.providers import Canvas, Canvases, CanvasInstance, ExtensionLauncher, MemoryFiles, SessionFS
from copilot_sdk.session import EventStream, UserInputHandler
from copilot_sdk.turns import Turn, TurnResult
from copilot_sdk.types import (
    CanvasProviderCloseRequest,
    CanvasProviderInvokeActionRequest,
    CanvasProviderOpenRequest,
    CanvasProviderOpenResult,
    ExtensionLaunchProfile,
    ExtensionLaunchProviderResolveRequest,
    MCPHeadersRefreshRequiredData,
    MCPOAuthRequiredData,
    Model,
    OpenCanvasInstance,
    PermissionDecision,
    PermissionRequest,
    PermissionRequestShell,
    PingResult,
    PostToolUseHookInput,
    PostToolUseHookOutput,
    PreToolUseHookInput,
    PreToolUseHookOutput,
    ProviderConfig,
    SessionListItem,
    TaskInfo,
    TaskList,
    UserInputRequest,
    UserInputResponse,
)


async def events_are_narrowed(session: Session) -> None:
    turn = session.send("x")
    assert_type(turn, Turn)
    async for event in turn:
        assert_type(event, SessionEvent)
        match event:
            case AssistantMessageDelta(data=delta):
                assert_type(delta.delta_content, str)
            case ToolExecutionComplete(data=outcome):
                assert_type(outcome.success, bool)
            case UnknownEvent():
                assert_type(event.problem, str | None)
            case _:
                pass
        if isinstance(event, SessionIdle):
            assert_type(event.data.aborted, bool | None)
            assert_type(event.type, Literal["session.idle"])
        assert_type(event.agent_id, str | None)


async def streams_know_their_events(session: Session) -> None:
    assert_type(session.events(), EventStream[SessionEvent])
    assert_type(session.events(AssistantMessage), EventStream[AssistantMessage])
    assert_type(session.events("assistant.message"), EventStream[SessionEvent])
    async with session.events(AssistantMessage, buffer=5) as messages:
        async for message in messages:
            assert_type(message.data.content, str)
    async for either in session.events(AssistantMessage, SessionIdle):
        either.timestamp.strip()
    session.events(int)  # type: ignore[type-var]


async def callbacks_know_their_event(session: Session) -> None:
    def plain(event: AssistantMessage) -> None: ...
    async def later(event: AssistantMessage) -> None: ...
    def wrong(event: SessionIdle) -> None: ...

    assert_type(session.on(AssistantMessage, plain), Callable[[], None])
    session.on(AssistantMessage, later)
    session.on(AssistantMessage, lambda event: plain(event) if event.data.content else None)
    session.on("*", plain)
    session.on(AssistantMessage, wrong)  # type: ignore[arg-type]


async def results_have_types(client: CopilotClient, session: Session) -> None:
    assert_type(await client.ping(), PingResult)
    assert_type((await client.ping("x")).message, str)
    assert_type(await client.models(), list[Model])
    assert_type(await client.list_sessions(), list[SessionListItem])
    assert_type(await client.last_session_id(), str | None)
    tasks = await session.rpc.tasks.list()
    assert_type(tasks, TaskList)
    assert_type(tasks.tasks, list[TaskInfo])
    assert_type(await session.send("x").accepted(), str)
    assert_type(await session.send("x"), TurnResult)
    assert_type((await session.send("x")).message, AssistantMessage | None)
    await session.rpc.tasks.get_nothing()  # type: ignore[attr-defined]
    await session.send("x", mode=5).accepted()  # type: ignore[arg-type]
    await client.ping(5)  # type: ignore[arg-type]


def tools_keep_their_signature() -> None:
    @tool
    def double(number: int, call: ToolInvocation) -> int:
        return 2 * number

    @tool(name="other", skip_permission=True)
    async def later(text: str) -> ToolResult:
        return ToolResult(text)

    invocation = ToolInvocation("s", "c", "t")
    assert_type(double(2, invocation), int)
    assert_type(double.name, str)
    double("two", invocation)  # type: ignore[arg-type]
    tool(nmae="x")  # type: ignore[call-overload]
    tools: list[Tool[..., Any]] = [double, later]
    assert tools


async def options_are_checked(client: CopilotClient) -> None:
    @tool
    def lookup(word: str) -> str:
        return word

    session = await client.create_session(
        tools=[lookup],
        on_permission=approve_all,
        model="m",
        streaming=True,
        provider=ProviderConfig(base_url="https://example.com"),
        available_tools=None,
    )
    assert_type(session, Session)
    async with await client.resume_session(
        "s", on_permission=deny_all, continue_pending_work=True
    ) as resumed:
        assert_type(resumed, Session)
    await client.create_session(modle="m")  # type: ignore[call-arg]
    await client.create_session(model=5)  # type: ignore[arg-type]
    await client.create_session(continue_pending_work=True)  # type: ignore[call-arg]


def handlers_may_be_plain_or_async() -> None:
    def decide(request: PermissionRequest) -> PermissionDecision:
        if isinstance(request, PermissionRequestShell):
            assert_type(request.full_command_text, str)
        return reject("no")

    async def decide_later(request: PermissionRequest) -> PermissionDecision:
        return decide(request)

    def answer(request: UserInputRequest) -> UserInputResponse:
        return UserInputResponse(answer=request.question, was_freeform=True)

    def decide_with_all(request: PermissionRequest, invocation: PermissionInvocation) -> PermissionAnswer:
        if invocation.managed_settings is not None:
            assert_type(invocation.managed_settings.bypass_permissions_disabled, bool)
        said = with_context(decide(request), outcome="auto_approved", source="host_policy")
        return leave_open() if invocation.managed else said

    def wrong(request: PermissionRequest) -> bool:
        return True

    def wants_too_much(request: PermissionRequest, invocation: PermissionInvocation, more: int) -> Any:
        return approve_once()

    policies: list[PermissionHandler] = [approve_all, deny_all, leave_all_open, decide, decide_later]
    policies.append(decide_with_all)
    policies.append(lambda request: approve_once())
    policies.append(lambda request, invocation: leave_open())
    policies.append(decide_with_all | allow_reads("src") | (lambda request: None))
    answers: list[UserInputHandler] = [answer]
    policies.append(wrong)  # type: ignore[arg-type]
    policies.append(wants_too_much)  # type: ignore[arg-type]
    assert policies
    assert answers


def hooks_are_told_and_say_what_is_theirs() -> None:
    async def before(data: PreToolUseHookInput) -> PreToolUseHookOutput | None:
        assert_type(data.tool_name, str)
        return PreToolUseHookOutput(permission_decision="deny")

    def after(data: PostToolUseHookInput) -> PostToolUseHookOutput:
        return PostToolUseHookOutput(additional_context="more")

    assert Hooks(pre_tool_use=before, post_tool_use=after)
    Hooks(pre_tool_use=after)  # type: ignore[arg-type]


async def a_form_is_an_object_of_its_model(session: Session) -> None:
    class Trip(BaseModel):
        town: str

    assert_type(await session.elicit("Where?", Trip), Trip | None)
    assert_type(await session.confirm("Sure?"), bool)
    await session.elicit("Where?", dict)  # type: ignore[type-var]


class _Canvas:
    def open(self, params: CanvasProviderOpenRequest) -> CanvasProviderOpenResult:
        return CanvasProviderOpenResult()

    async def close(self, params: CanvasProviderCloseRequest) -> None: ...

    def invoke(self, params: CanvasProviderInvokeActionRequest) -> int:
        return 1


class _NoCanvas:
    def open(self, params: str) -> str:
        return params


def _handlers_are_checked() -> None:
    CopilotClient(handlers={"canvas": _Canvas(), "session_fs": SessionFS.in_memory()})
    CopilotClient(handlers={"canvas": _NoCanvas()})  # type: ignore[arg-type]
    CopilotClient(handlers={"canvass": _Canvas()})  # type: ignore[arg-type]
    SessionFS(lambda session: MemoryFiles())
    SessionFS(lambda session: session)  # type: ignore[arg-type, return-value]


async def credentials_for_servers_are_answers(client: CopilotClient) -> None:
    async def sign_in(data: MCPOAuthRequiredData) -> mcp.MCPOAuthAnswer:
        assert_type(data.server_url, str)
        if data.runtime_refresh_supported:
            return mcp.runtime_refresh()
        return mcp.token("t", expires_in=60) if data.reason == "initial" else mcp.cancel()

    def refresh(data: MCPHeadersRefreshRequiredData) -> mcp.MCPHeadersAnswer:
        return mcp.headers({"X-Key": "k"}, ttl=1.5) if data.reason == "startup" else mcp.no_headers()

    def wrong(data: MCPOAuthRequiredData) -> str:
        return "a token"

    session = await client.create_session(on_mcp_oauth=sign_in, on_mcp_headers_refresh=refresh)
    assert_type(session.open_canvases, list[OpenCanvasInstance])
    await client.create_session(on_mcp_oauth=lambda data: mcp.token(data.server_name))
    await client.create_session(on_mcp_oauth=wrong)  # type: ignore[arg-type]
    await client.create_session(on_mcp_headers_refresh=sign_in)  # type: ignore[arg-type]


async def canvases_and_extensions_are_made_of_functions(client: CopilotClient) -> None:
    def show(panel: CanvasInstance, size: int = 3) -> CanvasProviderOpenResult | None:
        return CanvasProviderOpenResult(title=panel.instance_id)

    async def leave(panel: CanvasInstance) -> None: ...

    def draw(x: int) -> int:
        return x

    def launch(request: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile | None:
        return ExtensionLaunchProfile(executable="node", args=[request.module_path], env={})

    board = Canvas("b", display_name="B", description="B.", open=show, close=leave, actions={"draw": draw})
    await client.create_session(handlers={"canvas": Canvases([board])})
    CopilotClient(handlers={"extension_launch_provider": ExtensionLauncher(launch)})
    Canvas("b", display_name="B", description="B.", open=draw)  # type: ignore[arg-type]
    ExtensionLauncher(draw)  # type: ignore[arg-type]


async def a_task_fits_its_function(session: Session, plain_session: sync.Session) -> None:
    async def work(task: ClientTask) -> int:
        await task.progress("half", percentage=50, phase=None)
        return 1

    def plain(task: sync.ClientTask) -> str:
        assert_type(task.progress("half"), None)
        return "done"

    assert_type(await session.start_task(work, description="Works"), ClientTask)
    assert_type(await session.start_task(plain, description="Works"), ClientTask)
    assert_type(plain_session.start_task(plain, description="Works"), sync.ClientTask)
    await session.start_task(lambda: 1, description="Works")  # type: ignore[arg-type]
