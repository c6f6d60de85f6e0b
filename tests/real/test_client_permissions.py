"""What the agent may do, and what it asks the user."""

from __future__ import annotations

import sys

import pytest

from copilot_sdk import CopilotClient, RpcError, approve_all, approve_once, reject
from copilot_sdk.events import (
    PermissionCompleted,
    PermissionRequested,
    UserInputCompleted,
    UserInputRequested,
)
from copilot_sdk.permissions import (
    PermissionAnswer,
    PermissionInvocation,
    allow_commands,
    allow_mcp_tools,
    allow_reads,
    allow_tools,
    allow_writes,
    leave_all_open,
    remember_for_location,
    remember_for_session,
    with_context,
)
from copilot_sdk.types import (
    ManagedPermissions,
    ManagedSettings,
    MCPServerConfigStdio,
    PermissionDecisionApproved,
    PermissionRequest,
    PermissionRequestMCP,
    UserInputRequest,
    UserInputResponse,
)
from tests.real.support.client_stage import CLI, ClientStage, listening, turn
from tests.real.support.tools import ROME, Policy, tool_texts, weather
from tests.support import mcp_server
from tests.support.model_server import Reply, ToolCall

MCP_SERVER = mcp_server.__file__


async def test_an_approved_tool_runs_and_asks_again_next_time(live: ClientStage) -> None:
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ROME]), Reply(tool_calls=[ROME]), Reply("Sun."))
    session = await live.create(tools=[weather], on_permission=policy)
    events = await turn(session, "Rome?")
    assert tool_texts(live.model.requests[-1]) == ["Sun in Rome for 1 days."] * 2
    assert [request.kind for request in policy.asked] == ["custom-tool", "custom-tool"]
    asked = [event.data.request_id for event in events if isinstance(event, PermissionRequested)]
    answered = [event.data.request_id for event in events if isinstance(event, PermissionCompleted)]
    assert asked == answered
    assert len(set(asked)) == 2


async def test_a_rejection_with_feedback_lets_the_model_go_on(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ROME]), Reply("Then not."))
    session = await live.create(tools=[weather], on_permission=Policy(lambda: reject("Take Oslo instead.")))
    answer = await session.send("Rome?")
    assert answer.text == "Then not."
    (told,) = tool_texts(live.model.requests[1])
    assert "Take Oslo instead." in told


async def test_a_rejection_without_a_word_ends_the_turn(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ROME]))
    session = await live.create(tools=[weather], on_permission=Policy(reject))
    events = await turn(session, "Rome?")
    assert events[-1].type == "session.idle"
    assert len(live.model.requests) == 1


async def test_without_a_policy_what_needs_permission_is_denied_unasked(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ToolCall("bash", {"command": "touch mark", "description": "Touch"})]))
    live.says(Reply("I may not."))
    session = await live.create()
    events = await turn(session, "Touch a file.")
    assert not [event for event in events if isinstance(event, PermissionRequested)]
    assert not (live.work / "mark").exists()
    assert len(live.model.requests) == 2


async def test_a_shell_command_runs_once_it_is_approved(live: ClientStage) -> None:
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ToolCall("bash", {"command": "echo word > mark", "description": "Write"})]))
    live.says(Reply("Written."))
    session = await live.create(on_permission=policy)
    await turn(session, "Write a file.")
    assert (live.work / "mark").read_text() == "word\n"
    assert {request.kind for request in policy.asked} == {"shell"}
    assert "echo word > mark" in str(policy.asked[0].to_wire())


async def test_a_file_is_read_once_it_is_approved(live: ClientStage) -> None:
    path = live.work / "poem.txt"
    path.write_text("Roses are red.\n")
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ToolCall("view", {"path": str(path)})]), Reply("Read."))
    session = await live.create(on_permission=policy)
    await turn(session, "Read the poem.")
    assert {request.kind for request in policy.asked} == {"read"}
    (text,) = tool_texts(live.model.requests[1])
    assert "Roses are red." in text


async def test_a_question_of_the_agent_is_answered_by_the_user(live: ClientStage) -> None:
    questions = []

    def answer(request: UserInputRequest) -> UserInputResponse:
        questions.append((request.question, request.choices))
        return UserInputResponse(answer="blue", was_freeform=False)

    live.says(Reply(tool_calls=[ToolCall("ask_user", {"question": "Which?", "choices": ["blue", "red"]})]))
    live.says(Reply("Blue it is."))
    session = await live.create(on_user_input=answer)
    events = await turn(session, "Ask me.")
    assert questions == [("Which?", ["blue", "red"])]
    (told,) = tool_texts(live.model.requests[1])
    assert "blue" in told
    (asked,) = (event for event in events if isinstance(event, UserInputRequested))
    (completed,) = (event for event in events if isinstance(event, UserInputCompleted))
    assert completed.data.request_id == asked.data.request_id


async def test_policies_decide_on_what_the_runtime_asks(live: ClientStage) -> None:
    (live.work / "poem.txt").write_text("Roses are red.\n")
    (live.folder / "secret.txt").write_text("Violets are blue.\n")
    (live.work / "link.txt").symlink_to(live.folder / "secret.txt")
    policy = (
        allow_reads(live.work) | allow_writes(live.work) | allow_commands("echo *") | allow_tools("weather")
    )
    calls = [
        ToolCall("view", {"path": str(live.work / "poem.txt")}),
        ToolCall("view", {"path": str(live.work / "link.txt")}),
        ToolCall("view", {"path": f"{live.work}/../secret.txt"}),
        ToolCall("create", {"path": str(live.work / "new.txt"), "file_text": "new"}),
        ToolCall("create", {"path": str(live.folder / "new.txt"), "file_text": "new"}),
        ToolCall("bash", {"command": "echo one && echo two", "description": "Echo"}),
        ToolCall("bash", {"command": "echo one > mark; touch mark", "description": "Write"}),
        ROME,
    ]
    session = await live.create(tools=[weather], on_permission=policy)
    answers = []
    for call in calls:
        live.says(Reply(tool_calls=[call]), Reply("Well."))
        await session.send("Go on.")
        answers.append(tool_texts(live.model.requests[-1])[-1])
    refused = ["Permission was refused by policy." in answer for answer in answers]
    assert refused == [False, True, True, False, True, False, True, False]
    assert "Roses are red." in answers[0]
    assert "two" in answers[5]
    assert (live.work / "new.txt").exists()
    assert not (live.folder / "new.txt").exists()
    assert not (live.work / "mark").exists()


async def test_what_is_remembered_is_not_asked_again(live: ClientStage) -> None:
    policy = Policy(approve_once)
    session = await live.create(tools=[weather], on_permission=remember_for_session(policy))
    for _ in range(2):
        live.says(Reply(tool_calls=[ROME]), Reply("Sun."))
        await session.send("Rome?")
    assert tool_texts(live.model.requests[-1]) == ["Sun in Rome for 1 days."] * 2
    assert len(policy.asked) == 1


async def test_what_is_remembered_for_a_location_holds_in_later_sessions(live: ClientStage) -> None:
    policy = Policy(approve_once)
    for _ in range(2):
        session = await live.create(tools=[weather], on_permission=remember_for_location(policy, live.work))
        live.says(Reply(tool_calls=[ROME]), Reply("Sun."))
        await session.send("Rome?")
        assert tool_texts(live.model.requests[-1]) == ["Sun in Rome for 1 days."]
        await session.close()
    assert len(policy.asked) == 1


async def test_what_the_runtime_reports_of_an_approval_is_no_approval(live: ClientStage) -> None:
    command = ToolCall("bash", {"command": "touch mark", "description": "Touch"})
    live.says(Reply(tool_calls=[command]), Reply("It failed."))
    session = await live.create(on_permission=Policy(PermissionDecisionApproved))
    events = await turn(session, "Touch a file.")
    (completed,) = (event for event in events if isinstance(event, PermissionCompleted))
    # The CLI repeats it, and the tool fails; the reference runtime refuses it, and the client takes it back.
    unavailable = "denied-no-approval-rule-and-could-not-request-from-user"
    assert completed.data.result.kind == ("approved" if live.runtime is CLI else unavailable)
    assert not (live.work / "mark").exists()


async def test_a_session_without_a_policy_tells_why_tools_are_denied(
    live: ClientStage, caplog: pytest.LogCaptureFixture
) -> None:
    live.says(Reply(tool_calls=[ROME, ROME]), Reply("I may not."))
    session = await live.create(tools=[weather])
    await session.send("Rome?")
    (warning,) = [record for record in caplog.records if record.name == "copilot_sdk.session"]
    assert "pass on_permission=" in warning.message


@pytest.mark.parametrize("runtime", [CLI], ids=[CLI.name])
async def test_a_tool_of_a_server_is_allowed_and_remembered_by_its_name_there(live: ClientStage) -> None:
    seen: list[PermissionRequest] = []
    program = MCPServerConfigStdio(command=sys.executable, args=[MCP_SERVER, "--writes"], tools=["*"])

    def note(request: PermissionRequest) -> None:
        seen.append(request)

    policy = remember_for_session(note | allow_mcp_tools("my server", "echo"))
    session = await live.create(on_permission=policy, mcp_servers={"my server": program})
    for word in ("one", "two"):
        live.says(Reply(tool_calls=[ToolCall("my-server-echo", {"text": word})]), Reply("Said."))
        await session.send("Echo.")
        assert tool_texts(live.model.requests[-1])[-1] == word
    (request,) = seen
    assert isinstance(request, PermissionRequestMCP)
    assert request.tool_name == "my-server-echo"


@pytest.mark.parametrize("runtime", [CLI], ids=[CLI.name])
async def test_managed_settings_deny_what_the_policy_would_allow(live: ClientStage) -> None:
    policy = Policy(approve_once)
    command = ToolCall("bash", {"command": "touch mark", "description": "Touch"})
    live.says(Reply(tool_calls=[command]), Reply("I may not."))
    rules = ManagedPermissions(deny=["Shell(touch)"], disable_bypass_permissions_mode="disable")
    session = await live.create(on_permission=policy, managed_settings=ManagedSettings(permissions=rules))
    await session.send("Touch a file.")
    assert "Shell(touch)" in tool_texts(live.model.requests[-1])[-1]
    assert policy.asked == []
    assert not (live.work / "mark").exists()
    applied = await session.rpc.managed_settings.get()
    assert applied.client_managed
    assert applied.bypass_permissions_disabled
    assert applied.managed_keys == ["permissions"]
    assert not applied.misfits()


@pytest.mark.parametrize("runtime", [CLI], ids=[CLI.name])
async def test_what_a_person_has_to_approve_is_approved_by_no_ready_made_policy(live: ClientStage) -> None:
    commands = [ToolCall("bash", {"command": f"touch {name}", "description": "Touch"}) for name in "ab"]
    live.says(Reply(tool_calls=[ROME, *commands]), Reply("Well."))
    rules = ManagedPermissions(ask=["Shell(touch a)", "CustomTool(weather)"])
    session = await live.create(
        tools=[weather],
        on_permission=allow_tools("weather") | approve_all,
        managed_settings=ManagedSettings(permissions=rules),
    )
    await session.send("Go on.")
    refused = ["a person" in text for text in tool_texts(live.model.requests[-1])]
    assert refused == [True, True, False]
    assert not (live.work / "a").exists()
    assert (live.work / "b").exists()


@pytest.mark.parametrize("runtime", [CLI], ids=[CLI.name])
async def test_nothing_is_approved_with_all_else_where_bypass_mode_is_forbidden(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ROME]), Reply("Well."))
    rules = ManagedPermissions(disable_bypass_permissions_mode="disable")
    session = await live.create(
        tools=[weather], on_permission=approve_all, managed_settings=ManagedSettings(permissions=rules)
    )
    await session.send("Rome?")
    assert "forbidden to approve everything" in tool_texts(live.model.requests[-1])[-1]


async def test_a_request_that_is_left_open_is_decided_by_another_client(live: ClientStage) -> None:
    invocations: list[PermissionInvocation] = []

    def person(request: PermissionRequest, invocation: PermissionInvocation) -> PermissionAnswer:
        invocations.append(invocation)
        said = approve_once(interactively=True)
        return with_context(said, outcome="prompted_user", source="human_response")

    live.says(Reply(tool_calls=[ROME]), Reply("Sun."))
    async with listening(live) as address:
        async with CopilotClient.connect(address) as worker, CopilotClient.connect(address) as viewer:
            session = await live.create(client=worker, tools=[weather], on_permission=leave_all_open)
            await live.resume(session.id, client=viewer, on_permission=person)
            async with session.events(PermissionRequested) as asked:
                result = await session.send("Rome?")
                (request,) = [await anext(asked)]
    assert result.text == "Sun."
    (invocation,) = invocations
    assert (invocation.session_id, invocation.request_id) == (session.id, request.data.request_id)
    assert invocation.prompt_request == request.data.prompt_request
    assert not invocation.managed


@pytest.mark.parametrize("runtime", [CLI], ids=[CLI.name])
async def test_an_administrator_may_not_set_everything_for_a_session(live: ClientStage) -> None:
    settings = ManagedSettings.model_validate({"model": "another"})
    with pytest.raises(RpcError, match=r"only managedSettings\.permissions"):
        await live.create(managed_settings=settings)
