"""The reference runtime in place of `synaps rpc`; whatever it sends is held to the schema."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from copilot_sdk import synaps
from copilot_sdk.errors import ConnectionClosed, RequestRefused
from copilot_sdk.runtime import Call, EmbeddedRuntime, Reply, ScriptedModel, Usage, embedded
from copilot_sdk.runtime.core.compaction import Compaction
from copilot_sdk.runtime.synaps import front
from copilot_sdk.synaps import sync
from copilot_sdk.synaps.attachments import Loaded
from copilot_sdk.synaps.events import (
    AttachmentsDisclosureResponse,
    AutoTurnResponse,
    CompactDisclosureResponse,
    RuntimeEvent,
    SubagentDoneEvent,
    SubagentStartEvent,
    TextDelta,
)
from copilot_sdk.synaps.types import (
    ContentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    TurnProviderFailed,
)
from copilot_sdk.transports.base import InputEnded, Transport, WrappedTransport
from copilot_sdk.transports.memory import memory_pair
from tests.support.synaps import CheckedTransport, embedded_agent

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def runtime() -> AsyncIterator[EmbeddedRuntime]:
    async with embedded() as runtime:
        yield runtime


@pytest.fixture
async def agent(
    runtime: EmbeddedRuntime, tmp_path: Path
) -> AsyncIterator[tuple[synaps.Client, CheckedTransport]]:
    async with embedded_agent(runtime, tmp_path) as agent:
        yield agent


async def send(transport: Transport, line: bytes) -> None:
    """Send a line past the client, which would not."""
    await transport.send(line)


def blocks(content: str | list[ContentBlock] | None) -> list[ContentBlock]:
    assert isinstance(content, list)
    return content


async def test_a_turn_thinks_calls_tools_and_ends(agent: tuple[synaps.Client, CheckedTransport]) -> None:
    client, transport = agent
    result = await client.prompt('!think hm\n!say Let me \n!say look.\n!call bash {"command": "echo hallo"}')
    assert result.text.startswith("Let me look.The tools answered: hallo")
    assert result.usage is not None
    assert result.usage.output_tokens > 0
    assert transport.kinds == [
        "ready", "thinking_delta", "text_delta", "text_delta", "toolcall_start", "toolcall_input_delta",
        "toolcall_input", "toolcall_result",
        "text_delta", "agent_end", "prompt",
    ]  # fmt: skip


async def test_the_conversation_is_read_in_messages_of_two_roles(
    agent: tuple[synaps.Client, CheckedTransport],
) -> None:
    client, _ = agent
    await client.prompt('!call bash {"command": "echo a"}\n!call bash {"command": "echo b"}')
    await client.follow_up("!say done")
    messages = await client.messages()
    assert [message.role for message in messages] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    calls, results = blocks(messages[1].content), blocks(messages[2].content)
    assert [type(block) for block in calls] == [ToolUseBlock, ToolUseBlock]
    assert [type(block) for block in results] == [ToolResultBlock, ToolResultBlock]
    assert blocks(messages[5].content) == [TextBlock(type="text", text="done")]
    assert (await client.state()).message_count == 6


async def test_stats_add_up_and_a_new_session_has_none(
    agent: tuple[synaps.Client, CheckedTransport],
) -> None:
    client, _ = agent
    await client.prompt("one")
    first = await client.stats()
    await client.follow_up("two")
    second = await client.stats()
    assert second.input_tokens > first.input_tokens > 0
    before = client.session_id
    assert await client.new_session() != before
    empty = await client.stats()
    assert (empty.input_tokens, empty.message_count, empty.session_id) == (0, 0, client.session_id)
    assert (await client.prompt("three")).text == "Hello! You said: three"


async def test_an_abort_ends_the_turn(agent: tuple[synaps.Client, CheckedTransport]) -> None:
    client, transport = agent
    turn = client.prompt("!say x\n!hold")
    assert isinstance(await anext(turn), TextDelta)
    assert (await client.state()).streaming
    await turn.abort()
    result = await turn
    assert (result.text, result.cancelled) == ("x", True)
    assert transport.kinds[-3:] == ["agent_end", "prompt", "abort"]
    await client.abort()
    assert not (await client.state()).streaming


async def test_while_a_turn_runs_another_is_refused_and_so_is_a_new_session(
    agent: tuple[synaps.Client, CheckedTransport],
) -> None:
    client, _ = agent
    turn = client.prompt("!say x\n!hold")
    await anext(turn)
    for refused in (client.prompt("two"), client.follow_up("three"), client.new_session()):
        with pytest.raises(RequestRefused, match="another prompt is in flight"):
            await refused
    assert not turn.done
    await client.abort()
    await turn


async def test_a_model_that_fails_fails_the_turn(agent: tuple[synaps.Client, CheckedTransport]) -> None:
    client, transport = agent
    with pytest.raises(synaps.TurnFailed, match="no key") as caught:
        await client.prompt("!fail 401 no key")
    assert isinstance(caught.value.outcome, TurnProviderFailed)
    assert caught.value.outcome.code == "authentication"
    assert transport.kinds == ["ready", "error", "agent_end", "prompt"]


async def test_an_empty_message_is_refused(agent: tuple[synaps.Client, CheckedTransport]) -> None:
    client, _ = agent
    for turn in (client.prompt(""), client.follow_up("")):
        with pytest.raises(RequestRefused, match="the message is empty"):
            await turn


async def test_compaction_leaves_a_summary_and_says_before_what_it_is_made_of(tmp_path: Path) -> None:
    async with (
        embedded(ScriptedModel([Reply("Hello."), Reply("All was said.")])) as runtime,
        embedded_agent(runtime, tmp_path) as (client, transport),
    ):
        with pytest.raises(RequestRefused, match="Nothing to compact"):
            await client.compact()
        await client.prompt("hi")
        told = client.events(CompactDisclosureResponse)
        compacted = await client.compact()
        assert compacted.summary == "All was said."
        disclosed = await anext(told)
        assert (disclosed.mode, disclosed.message_count) == ("local_only", 2)
        assert compacted.disclosure is not None
        assert compacted.disclosure.included_classes == disclosed.included_classes
        assert transport.kinds[-2:] == ["compact.disclosure", "compact"]
        [summary] = await client.messages()
        assert "All was said." in str(summary.content)


async def test_attachments_are_read_by_the_agent(tmp_path: Path) -> None:
    image, notes = tmp_path / "dot.png", tmp_path / "notes.txt"
    image.write_bytes(PNG)
    notes.write_text("Buy bread.")
    model = ScriptedModel([Reply("A dot, and bread.")])
    async with embedded(model) as runtime, embedded_agent(runtime, tmp_path) as (client, _):
        turn = client.prompt("", attachments=[image, notes])
        first = await anext(turn)
        assert isinstance(first, AttachmentsDisclosureResponse)
        assert first.count == 2
        assert (await turn).text == "A dot, and bread."
        asked = model.requests[0].messages[-1]
        assert "Buy bread." in asked.text
        assert asked.images[0].mime_type == "image/png"
        messages = await client.messages()
        assert any(isinstance(block, ImageBlock) for block in blocks(messages[0].content))


async def test_an_abort_ends_a_turn_whose_files_are_still_read(
    agent: tuple[synaps.Client, CheckedTransport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, transport = agent
    notes = tmp_path / "notes.txt"
    notes.write_text("x")
    begun, reading = threading.Event(), threading.Event()

    def read(_: object) -> list[Loaded]:
        begun.set()
        reading.wait(30)
        return []

    monkeypatch.setattr(front, "load_all", read)
    try:
        turn = client.prompt("", attachments=[notes])
        assert await asyncio.to_thread(begun.wait, 30)
        assert (await client.state()).streaming
        with pytest.raises(RequestRefused, match="in flight"):
            await client.follow_up("two")
        await turn.abort()
        assert (await turn).cancelled
    finally:
        reading.set()
    assert transport.kinds[-3:] == ["agent_end", "prompt", "abort"]
    assert (await client.prompt("hi")).text == "Hello! You said: hi"


async def test_attachments_that_the_agent_does_not_take_are_refused_and_change_nothing(
    agent: tuple[synaps.Client, CheckedTransport], tmp_path: Path
) -> None:
    client, transport = agent
    (tmp_path / "large.txt").write_text("x" * (256 * 1024 + 1))
    (tmp_path / "fine.txt").write_text("x")
    told = client.events()
    for number, paths in enumerate((["large.txt", "fine.txt"], ["../x/fine.txt"], ["fine.txt"] * 9)):
        attachments = [{"path": str(tmp_path / path)} for path in paths]
        command = {"type": "prompt", "id": f"mine{number}", "message": "", "attachments": attachments}
        await send(transport, json.dumps(command).encode())
        event = await anext(told)
        assert (event.type, getattr(event, "id", None)) == ("error", f"mine{number}")
    assert (await client.state()).message_count == 0
    assert (await client.prompt("hi")).text == "Hello! You said: hi"


async def test_lines_that_are_no_commands_are_answered_with_errors_that_name_none(
    agent: tuple[synaps.Client, CheckedTransport],
) -> None:
    client, transport = agent
    lines = {
        b"{": "not JSON",
        b"[]": "has to be a JSON object",
        b'{"type": "weather", "id": "1"}': "unknown command type 'weather'",
        b'{"type": "prompt", "id": "1"}': "message: Field required",
        b'{"type": "set_model", "id": "1", "model": 5}': "model: Input should be a valid string",
        b'{"type": "abort", "pad": "%s"}' % (b"x" * 1024 * 1024): "1 MiB",
    }
    errors = client.events()
    for line, problem in lines.items():
        await send(transport, line)
        event = await anext(errors)
        assert (event.type, getattr(event, "id", None)) == ("error", None)
        assert problem in getattr(event, "message", "")
    assert (await client.state()).message_count == 0


async def test_the_probe_of_a_bridge_is_answered_without_a_name(
    agent: tuple[synaps.Client, CheckedTransport],
) -> None:
    client, transport = agent
    await send(transport, b'{"op":"tools_list","type":"tools_list"}')
    await client.state()
    answer = transport.frames[-2]
    assert (answer["id"], answer["command"], answer["ok"]) == ("", "tools_list", True)
    assert "bash" in [tool["name"] for tool in answer["tools"]]


async def test_the_model_of_the_next_turn_is_chosen(tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: Reply(request.model), models=("groq/small", "groq/large"))
    async with embedded(model) as runtime, embedded_agent(runtime, tmp_path) as (client, _):
        offered = await client.models()
        assert [(one.provider, one.model_id) for one in offered] == [
            ("groq", "groq/small"), ("groq", "groq/large"),
        ]  # fmt: skip
        await client.set_model("groq/large")
        assert client.model == "groq/large"
        assert (await client.prompt("hi")).text == "groq/large"
        assert (await client.state()).model == "groq/large"


async def test_sub_agents_tell_of_themselves_and_the_agent_goes_on_by_itself_when_one_is_done(
    tmp_path: Path,
) -> None:
    task = {
        "description": "count",
        "prompt": "Count them.",
        "agent_type": "general-purpose",
        "mode": "background",
    }

    counted = asyncio.Event()

    def answer(request: object) -> Reply:
        agent_id, messages = getattr(request, "agent_id", None), getattr(request, "messages", [])
        if agent_id is not None:
            return Reply("There are seven.", hold=counted)
        last = messages[-1]
        if last.role == "tool":
            return Reply("Started.")
        if "has finished" in last.text:
            return Reply("Seven it is.", usage=Usage(input_tokens=5, output_tokens=4))
        return Reply(calls=[Call("task", task)])

    async with (
        embedded(ScriptedModel(answer)) as runtime,
        embedded_agent(runtime, tmp_path) as (client, transport),
    ):
        started = client.events(SubagentStartEvent)
        done = client.events(SubagentDoneEvent)
        outside = client.events(RuntimeEvent)
        ends = client.events(AutoTurnResponse)
        assert (await client.prompt("How many?")).text == "Started."
        counted.set()
        begun, ended = await anext(started), await anext(done)
        assert begun.task_preview == "Count them."
        assert (ended.subagent_id, ended.result_preview) == (begun.subagent_id, "There are seven.")
        notice = await anext(outside)
        assert notice.payload.content_type == "subagent_completion"
        assert notice.payload.formatted.startswith("<event id=")
        end = await anext(ends)
        assert (end.id, end.ok) == (f"auto:{notice.payload.id}", True)
        assert transport.kinds[-4:] == ["event", "text_delta", "agent_end", "auto_turn"]


async def test_a_session_is_gone_on_with_by_the_beginning_of_its_name(
    runtime: EmbeddedRuntime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with embedded_agent(runtime, tmp_path) as (client, _):
        session_id = client.session_id
        await client.prompt("remember")
    async with embedded_agent(runtime, tmp_path, session_id[:-2]) as (client, _):
        assert client.session_id == session_id
        assert len(await client.messages()) == 2
    with pytest.raises(ConnectionClosed):
        async with embedded_agent(runtime, tmp_path, "nothing like that"):
            pass
    assert "no session is called 'nothing like that'" in caplog.text


async def test_the_end_waits_for_the_turn_that_runs(runtime: EmbeddedRuntime, tmp_path: Path) -> None:
    transport = CheckedTransport(runtime.connect_synaps(folder=tmp_path))
    await transport.receive()
    for command in ({"type": "prompt", "id": "1", "message": "!delay 0.01\n!say late"}, {"type": "shutdown"}):
        await send(transport, json.dumps(command).encode())
    for _ in range(3):
        await transport.receive()
    with pytest.raises(ConnectionClosed):
        await transport.receive()
    assert transport.kinds == ["ready", "text_delta", "agent_end", "prompt"]


class HalfClosed(WrappedTransport):
    """A transport that gives some lines and then no more; what is sent gets out."""

    def __init__(self, transport: Transport, *commands: dict[str, str]) -> None:
        super().__init__(transport)
        self._lines = [json.dumps(command).encode() for command in commands]

    async def receive(self) -> bytes:
        if self._lines:
            return self._lines.pop(0)
        raise InputEnded("the input has ended")


async def test_what_is_open_when_the_input_ends_is_answered(
    runtime: EmbeddedRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def served(seconds: float, *commands: dict[str, str]) -> list[str]:
        monkeypatch.setattr(front, "_FINISH_SECONDS", seconds)
        ours, theirs = memory_pair()
        transport = CheckedTransport(theirs)
        half = HalfClosed(ours, *commands)
        await front.Front(runtime.runtime, half, front.Options(tmp_path)).serve()
        with suppress(ConnectionClosed):
            while True:
                await transport.receive()
        answered = {frame["id"] for frame in transport.frames if frame["type"] in {"response", "error"}}
        assert answered == {command["id"] for command in commands}
        assert transport.frames[-1].get("cancelled") is (True if "!hold" in str(commands) else None)
        return transport.kinds

    def prompt(text: str) -> dict[str, str]:
        return {"type": "prompt", "id": "1", "message": text}

    state = {"type": "get_state", "id": "2"}
    assert await served(10, prompt("!say late"), state) == [
        "ready",
        "get_state",
        "text_delta",
        "agent_end",
        "prompt",
    ]
    assert await served(0.05, prompt("!hold"), state) == ["ready", "get_state", "agent_end", "prompt"]

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Compaction, "compact", never)
    compact = {"type": "compact", "id": "3"}
    assert await served(0.05, compact, state) == ["ready", "compact.disclosure", "error", "error"]


def test_the_program_answers_though_nothing_more_comes(tmp_path: Path) -> None:
    commands = [{"type": "prompt", "id": "1", "message": "!say Tea"}, {"type": "get_messages", "id": "2"}]
    ended = subprocess.run(
        [sys.executable, "-m", "copilot_sdk.runtime", "--synaps-rpc"],
        input="".join(json.dumps(command) + "\n" for command in commands).encode(),
        env={**os.environ, "COPILOT_HOME": str(tmp_path)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    frames = [json.loads(line) for line in ended.stdout.splitlines()]
    answers = {frame["id"]: frame for frame in frames if frame["type"] == "response"}
    assert (answers["1"]["ok"], answers["2"]["command"]) == (True, "get_messages")


def test_the_program_serves_the_sync_client_and_tells_why_it_cannot(tmp_path: Path) -> None:
    environment = {**os.environ, "COPILOT_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "copilot_sdk.runtime", "--synaps-rpc"]
    system = tmp_path / "system.md"
    system.write_text("You like tea.")
    with sync.connect(
        command, env=environment, cwd=tmp_path, system=str(system), model="m", ready_timeout=30
    ) as client:
        assert client.model == "m"
        turn = client.prompt("!say Tea\n!say !")
        assert "".join(event.delta for event in turn if isinstance(event, TextDelta)) == "Tea!"
        assert turn.result().text == "Tea!"
        with client.events() as events:
            assert list(client.follow_up("!say more").text()) == ["more"]
            assert next(events).type == "text_delta"
        assert client.rpc.get_state().session_id == client.state().session_id
    with pytest.raises(ConnectionClosed, match="no session is called 'nix'"):
        sync.connect(command, env=environment, continue_session="nix", ready_timeout=30).start()


async def test_nothing_is_left_of_a_runtime_that_was_used() -> None:
    before = asyncio.all_tasks()
    async with embedded() as runtime, embedded_agent(runtime, Path.cwd()) as (client, transport):
        await client.prompt("hi")
        turn = client.prompt("!say x\n!hold")
        await anext(turn)
        await transport.aclose()
        with pytest.raises(ConnectionClosed):
            await turn
    assert asyncio.all_tasks() == before
