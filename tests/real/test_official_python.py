"""A tour with the official SDK for Python, unmodified, through the CLI and through the program `copilot-runtime`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from copilot import (  # pyright: ignore[reportMissingImports]
    CommandDefinition,
    CopilotClient,
    Tool,
    ToolResult,
    define_tool,
)
from copilot.rpc import (  # pyright: ignore[reportMissingImports]
    ExecuteCommandParams,
    PermissionDecisionApproveOnce,
    PermissionDecisionReject,
)
from pydantic import BaseModel

from tests.real.support.client_stage import WAIT_SECONDS, port_of
from tests.real.support.official_files import Files
from tests.real.support.official_python import TOKEN, Ears, Tour, connected, started
from tests.real.support.stage import MODEL_ID
from tests.real.support.tour import SMALL_MODEL, STREAMED, SUMMARY, TOURED, TouredRuntime, play
from tests.support.mcp_forge import Forge
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=TOURED, ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> TouredRuntime:
    found = request.param
    assert isinstance(found, TouredRuntime)
    return found


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with ModelServer(play, models=[MODEL_ID, SMALL_MODEL]) as server:
        yield server


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with Forge() as warm:
        yield warm


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tour(
    runtime: TouredRuntime, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Tour]:
    folder = tmp_path_factory.mktemp(runtime.name)
    flags = ("--headless", "--no-auto-update", "--log-level", "none", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        runtime.program(),
        *flags,
        env={**os.environ, "COPILOT_HOME": str(folder / "home"), "COPILOT_CONNECTION_TOKEN": TOKEN},
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        address = f"127.0.0.1:{await port_of(process)}"
        async with connected(address) as client:
            yield Tour(runtime, folder, model, address, client)
    finally:
        process.terminate()
        await process.communicate()


class City(BaseModel):
    city: str


def people(params: City) -> int:
    """How many people live in a city."""
    return {"Lisbon": 567_131}[params.city]


def population() -> Any:
    return define_tool(
        "population",
        description="How many people live there.",
        handler=lambda p, _: people(p),
        params_type=City,
    )


async def test_the_runtime_tells_who_it_is(tour: Tour) -> None:
    assert (await tour.client.ping("hey")).message == "pong: hey"
    status = await tour.client.get_status()
    assert status.protocol_version == 3
    assert (await tour.client.get_auth_status()).isAuthenticated is False


async def test_a_session_is_created_with_the_id_that_was_asked_for(tour: Tour) -> None:
    session = await tour.create(session_id="of-my-own")
    assert session.session_id == "of-my-own"
    assert session.workspace_path is not None
    started = (await session.get_events())[0]
    assert (started.type.value, started.data.session_id) == ("session.start", "of-my-own")


async def test_an_answer_is_streamed(tour: Tour) -> None:
    ears = Ears()
    session = await tour.create(on_event=ears)
    answer = await session.send_and_wait("Say hello.")
    assert answer.data.content == "".join(STREAMED)
    assert tuple(delta.delta_content for delta in ears.of("assistant.message_delta")) == STREAMED
    assert ears.events[-1].type.value == "session.idle"


async def test_a_tool_is_called_and_its_failure_told(tour: Tour) -> None:
    session = await tour.create(tools=[population()])
    answer = await session.send_and_wait("How many live in Lisbon?")
    assert answer.data.content == "I heard: 567131"
    ears = Ears()
    session.on(ears)
    await session.send_and_wait("Break the tool.")
    (outcome,) = ears.of("tool.execution_complete")
    assert outcome.success is False
    assert "KeyError" not in str(outcome.result)


async def test_tools_are_replaced(tour: Tour) -> None:
    session = await tour.create()
    await session.set_tools([population()])
    answer = await session.send_and_wait("How many live in Lisbon?")
    assert answer.data.content == "I heard: 567131"


async def test_a_permission_is_given_or_refused(tour: Tour) -> None:
    asked: list[Any] = []

    def decide(request: Any, invocation: Any) -> Any:
        asked.append(request)
        if "forbidden" in str(request.full_command_text):
            return PermissionDecisionReject(feedback="Not here.")
        return PermissionDecisionApproveOnce()

    ears = Ears()
    session = await tour.create(on_permission_request=decide, on_event=ears)
    await session.send_and_wait("Run what is allowed.")
    answer = await session.send_and_wait("Run what is forbidden.")
    assert "Not here." in answer.data.content
    assert (tour.folder / "allowed.txt").read_text() == "allowed\n"
    assert not (tour.folder / "forbidden.txt").exists()
    assert {request.kind for request in asked} == {"shell"}
    assert [outcome.success for outcome in ears.of("tool.execution_complete")] == [True, False]


async def test_hooks_are_told_and_heard(tour: Tour) -> None:
    told: list[str] = []

    def hook(name: str, output: Any = None) -> Callable[[Any, Any], Any]:
        def tell(data: Any, invocation: Any) -> Any:
            told.append(name)
            return output

        return tell

    session = await tour.create(
        tools=[population()],
        hooks={
            "on_session_start": hook("start"),
            "on_user_prompt_submitted": hook("submitted"),
            "on_user_prompt_transformed": hook("transformed"),
            "on_pre_tool_use": hook("before", {"modifiedArgs": {"city": "Lisbon"}}),
            "on_post_tool_use": hook("after", {"additionalContext": "As of 2021."}),
            "on_post_tool_use_failure": hook("failure"),
            "on_agent_stop": hook("stop"),
            "on_session_end": hook("end"),
        },
    )
    answer = await session.send_and_wait("Break the tool.")
    assert "567131" in answer.data.content
    assert "As of 2021." in answer.data.content
    await session.disconnect()
    assert told == ["start", "submitted", "transformed", "before", "after", "stop", "end"]


async def test_the_user_is_asked(tour: Tour) -> None:
    asked: list[Any] = []

    def choose(request: Any, invocation: Any) -> Any:
        asked.append(request)
        return {"answer": "blue", "wasFreeform": False}

    session = await tour.create(on_user_input_request=choose)
    answer = await session.send_and_wait("Ask for a color.")
    assert "blue" in answer.data.content
    assert (asked[0]["question"], asked[0]["choices"]) == ("Which color?", ["red", "blue"])


async def test_forms_are_filled_in(tour: Tour) -> None:
    asked: list[Any] = []

    def fill_in(context: Any) -> Any:
        asked.append(context)
        values: dict[str, Any] = {"confirmed": True, "selection": "red", "value": "Rome", "town": "Oslo"}
        names = context["requestedSchema"]["properties"]
        return {"action": "accept", "content": {name: values[name] for name in names}}

    session = await tour.create(on_elicitation_request=fill_in)
    assert session.capabilities["ui"]["elicitation"] is True
    assert await session.ui.confirm("Sure?") is True
    assert await session.ui.select("Which?", ["blue", "red"]) == "red"
    assert await session.ui.input("Where?", {"minLength": 2}) == "Rome"
    schema = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
    filled = await session.ui.elicitation({"message": "Where to?", "requestedSchema": schema})
    assert filled == {"action": "accept", "content": {"town": "Oslo"}}
    assert [context["message"] for context in asked] == ["Sure?", "Which?", "Where?", "Where to?"]


async def test_a_plan_is_approved(tour: Tour) -> None:
    asked: list[Any] = []

    def decide(request: Any, invocation: Any) -> Any:
        asked.append(request)
        return {"approved": True, "selectedAction": "interactive"}

    session = await tour.create(on_exit_plan_mode_request=decide)
    await session.send_and_wait("Plan a garden.", agent_mode="plan")
    assert asked[0]["summary"] == "Dig, then plant."
    assert "interactive" in asked[0]["actions"]


async def test_sections_of_the_system_message_are_rewritten(tour: Tour) -> None:
    seen: list[str] = []

    def shout(text: str) -> str:
        seen.append(text)
        return "SPEAK LOUD."

    sections = {"tone": {"action": shout}, "safety": {"action": "remove"}}
    session = await tour.create(system_message={"mode": "customize", "sections": sections})
    await session.send_and_wait("Say hello.")
    assert len(seen) == 1
    assert "SPEAK LOUD." in str(tour.model.requests[-1].messages)


async def test_the_tools_of_an_mcp_server_are_called(tour: Tour, forge: Forge) -> None:
    command, *arguments = forge.command()
    server = {"type": "local", "command": command, "args": arguments, "tools": ["*"]}
    session = await tour.create(mcp_servers={"workshop": server})
    answer = await session.send_and_wait("Call the workshop.")
    assert answer.data.content == "I heard: from far"
    (listed,) = (await session.rpc.mcp.list()).servers
    assert (listed.name, listed.status.value) == ("workshop", "connected")
    await session.disconnect()


async def test_an_agent_of_ones_own_is_called(tour: Tour) -> None:
    ears = Ears()
    agent = {"name": "counter", "description": "Counts.", "prompt": "You count vowels.", "tools": None}
    session = await tour.create(custom_agents=[agent], on_event=ears)
    answer = await session.send_and_wait("Have the vowels counted.")
    assert "There are three." in answer.data.content
    assert [started.agent_name for started in ears.of("subagent.started")] == ["counter"]
    assert len(ears.of("subagent.completed")) == 1
    assert any("You count vowels." in str(request.messages) for request in tour.model.requests)


async def test_a_session_is_taken_up_again(tour: Tour) -> None:
    session = await tour.create()
    await session.send_and_wait("Say hello.")
    await session.disconnect()
    again = await tour.resume(session.session_id)
    answer = await again.send_and_wait("What did I ask?")
    assert "Say hello." in answer.data.content
    kinds = [event.type.value for event in await again.get_events()]
    assert kinds.count("user.message") == 2
    assert "session.resume" in kinds


async def test_sessions_are_listed_and_deleted(tour: Tour) -> None:
    session = await tour.create()
    await session.send_and_wait("Say hello.")
    session_id = session.session_id
    found = await tour.client.get_session_metadata(session_id)
    assert found.session_id == session_id
    assert session_id in [entry.session_id for entry in await tour.client.list_sessions()]
    assert await tour.client.get_last_session_id() == session_id
    await session.disconnect()
    gone: asyncio.Queue[str] = asyncio.Queue()
    unsubscribe = tour.client.on_lifecycle("session.deleted", lambda event: gone.put_nowait(event.session_id))
    await tour.client.delete_session(session_id)
    async with asyncio.timeout(WAIT_SECONDS):
        assert await gone.get() == session_id
    unsubscribe()
    assert session_id not in [entry.session_id for entry in await tour.client.list_sessions()]
    assert await tour.client.get_session_metadata(session_id) is None


async def test_a_history_is_compacted(tour: Tour) -> None:
    ears = Ears()
    session = await tour.create(on_event=ears)
    await session.send_and_wait("Say hello.")
    result = await session.rpc.history.compact()
    assert result.success
    (complete,) = ears.of("session.compaction_complete")
    assert SUMMARY in complete.summary_content
    answer = await session.send_and_wait("What did I ask?")
    assert SUMMARY in answer.data.content


async def test_a_turn_is_aborted(tour: Tour) -> None:
    ears = Ears()
    session = await tour.create(on_event=ears)
    await session.send("Talk without end.")
    assert (await ears.hear("assistant.message_delta")).delta_content == STREAMED[0]
    await session.abort()
    assert (await ears.hear("session.idle")).aborted is True
    assert len(ears.of("abort")) == 1
    answer = await session.send_and_wait("Say hello.")
    assert answer.data.content == "".join(STREAMED)


async def test_a_command_is_run(tour: Tour) -> None:
    lines: list[str] = []

    def deploy(context: Any) -> None:
        lines.append(f"{context.command_name} {context.args}")
        if context.args == "wrong":
            raise ValueError("no such place")

    session = await tour.create(commands=[CommandDefinition("deploy", deploy, "Deploys.")])
    good = await session.rpc.commands.execute(ExecuteCommandParams(command_name="deploy", args="now"))
    bad = await session.rpc.commands.execute(ExecuteCommandParams(command_name="deploy", args="wrong"))
    assert lines == ["deploy now", "deploy wrong"]
    assert good.error is None
    assert "no such place" in bad.error


async def test_the_model_is_switched(tour: Tour) -> None:
    ears = Ears()
    session = await tour.create(on_event=ears)
    await session.send_and_wait("Say hello.")
    await session.set_model(SMALL_MODEL)
    assert (await session.rpc.model.get_current()).model_id == SMALL_MODEL
    answer = await session.send_and_wait("Who are you?")
    assert answer.data.content == f"I am {SMALL_MODEL}."
    assert ears.of("session.model_change")[-1].new_model == SMALL_MODEL


async def test_two_clients_share_a_session(tour: Tour) -> None:
    ears, others = Ears(), Ears()

    def tool(name: str) -> Any:
        return Tool(name, "Says its name.", handler=lambda invocation: ToolResult(f"this is {name}"))

    session = await tour.create(tools=[tool("first_tool")], on_event=ears)
    async with connected(tour.address) as second:
        joined = await tour.resume(
            session.session_id, client=second, tools=[tool("second_tool")], on_event=others
        )
        answer = await joined.send_and_wait("Call both.")
        await ears.hear("session.idle")
        assert answer.data.content == "this is first_tool and this is second_tool"
        assert len(others.of("tool.execution_complete")) == 2
        assert others.of("tool.execution_complete") == ears.of("tool.execution_complete")
    answer = await session.send_and_wait("Say hello.")
    assert answer.data.content == "".join(STREAMED)


async def test_the_files_of_a_session_are_kept_by_the_client(tour: Tour) -> None:
    files = Files(tour.folder / "files")
    keeper = CopilotClient(
        env={**os.environ, "COPILOT_CLI_PATH": str(tour.runtime.program())},
        base_directory=str(tour.folder / "second-home"),
        log_level="none",
        session_fs={
            "initial_working_directory": "/work",
            "session_state_path": "/session-state",
            "conventions": "posix",
        },
    )
    options = {"working_directory": "/work", "create_session_fs_handler": lambda session: files}
    async with started(keeper):
        session = await keeper.create_session(**{**tour.scripted, **options})
        await session.send_and_wait("Say hello.")
        await session.disconnect()
        assert '"user.message"' in await files.read_file("/session-state/events.jsonl")
        again = await tour.resume(session.session_id, client=keeper, **options)
        answer = await again.send_and_wait("What did I ask?")
        assert "Say hello." in answer.data.content
        # `stop` would forget the provider before the session is stored.
        await again.disconnect()
