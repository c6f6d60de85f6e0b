from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.commands import (
    MAX_COMMAND,
    Answered,
    Commands,
    Doubted,
    Happening,
    Malformed,
    Refused,
    Told,
)
from copilot_sdk.errors import ConnectionClosed, UsageError

PROMPT = frozenset({"prompt"})
UPDATE = {"type": "message_update", "event": {"type": "text_delta", "delta": "x"}}
END = {"type": "agent_end", "usage": {"input_tokens": 1, "output_tokens": 1}}


def take(commands: Commands, **frame: Any) -> list[Happening]:
    return commands.receive(json.dumps(frame).encode())


def prompted(commands: Commands) -> str:
    name = commands.next_id()
    commands.command(name, {"type": "prompt", "id": name, "message": "hi"}, PROMPT, starts_turn=True)
    return name


def asked(commands: Commands, command: str = "get_state") -> str:
    name = commands.next_id()
    commands.command(name, {"type": command, "id": name}, frozenset({command}))
    return name


def answer(name: str, command: str, **body: Any) -> dict[str, Any]:
    return {"type": "response", "id": name, "command": command, **body}


def test_a_command_is_a_line_of_json() -> None:
    data = Commands().command("c1", {"type": "abort", "id": "c1"}, frozenset({"abort"}))
    assert data == b'{"type":"abort","id":"c1"}'


def test_an_answer_ends_the_command_of_its_name() -> None:
    commands = Commands()
    first, second = asked(commands), asked(commands)
    frame = answer(second, "get_state", streaming=False)
    assert take(commands, **frame) == [Answered(second, frame)]
    assert commands.close() == (first,)


def test_what_comes_before_the_answer_does_not_end_the_command() -> None:
    commands = Commands()
    name = asked(commands, "compact")
    told = answer(name, "compact.disclosure", mode="remote")
    assert take(commands, **told) == [Told(told, name)]
    frame = answer(name, "compact", summary="s")
    assert take(commands, **frame) == [Answered(name, frame)]


def test_a_follow_up_is_answered_under_another_name() -> None:
    commands = Commands()
    commands.command("c9", {"type": "follow_up", "id": "c9", "message": "x"}, PROMPT, starts_turn=True)
    frame = answer("c9", "prompt", ok=True)
    assert take(commands, **frame) == [Answered("c9", frame)]


def test_the_end_of_a_turn_that_nobody_asked_for_is_told() -> None:
    commands = Commands()
    name = prompted(commands)
    frame = answer("auto:8f", "auto_turn", ok=True)
    assert take(commands, **frame) == [Told(frame)]
    assert commands.close() == (name,)


def test_an_error_of_a_plain_command_is_its_end() -> None:
    commands = Commands()
    name = asked(commands, "compact")
    frame = {"type": "error", "id": name, "message": "no"}
    assert take(commands, **frame) == [Told(frame, name), Refused(name, "no")]
    late = answer(name, "compact", summary="s")
    assert take(commands, **late) == [Told(late)]


@pytest.mark.parametrize("id", [None, "unknown", 7])
def test_an_error_that_names_no_open_command_is_told(id: object) -> None:
    frame = {"type": "error", "id": id, "message": "frame exceeds 1 MiB limit"}
    commands = Commands()
    name = asked(commands)
    assert take(commands, **frame) == [Told(frame)]
    assert commands.close() == (name,)


@pytest.mark.parametrize("said", [[], [UPDATE]])
def test_a_turn_that_fails_shows_by_its_end(said: list[dict[str, Any]]) -> None:
    commands = Commands()
    name, probe = prompted(commands), asked(commands)
    for frame in said:
        take(commands, **frame)
    error = {"type": "error", "id": name, "message": "overloaded"}
    assert take(commands, **error) == [Told(error, name), Doubted(name)]
    assert take(commands, **END) == [Told(END)]
    between = answer(probe, "get_state", streaming=False)
    assert take(commands, **between) == [Answered(probe, between)]
    frame = answer(name, "prompt", ok=False, error="overloaded")
    assert take(commands, **frame) == [Answered(name, frame)]
    assert take(commands, **UPDATE) == [Told(UPDATE)]


def test_a_turn_that_was_refused_because_the_child_had_one_of_its_own_shows_by_the_end_of_that() -> None:
    commands = Commands()
    name = prompted(commands)
    error = {"type": "error", "id": name, "message": "another prompt is in flight; abort first"}
    assert take(commands, **error) == [Told(error, name), Doubted(name)]
    assert take(commands, **END) == [Told(END)]
    frame = answer("auto:8f", "auto_turn", ok=True)
    assert take(commands, **frame) == [Refused(name, error["message"]), Told(frame)]
    assert commands.close() == ()


def test_a_turn_that_was_refused_shows_by_any_other_frame() -> None:
    commands = Commands()
    name, probe = prompted(commands), asked(commands)
    error = {"type": "error", "id": name, "message": "context head is unverified"}
    assert take(commands, **error) == [Told(error, name), Doubted(name)]
    frame = answer(probe, "get_state", streaming=False)
    assert take(commands, **frame) == [Refused(name, "context head is unverified"), Answered(probe, frame)]


def test_a_prompt_beside_a_turn_is_refused_at_once_and_the_turn_goes_on() -> None:
    commands = Commands()
    running, second = prompted(commands), prompted(commands)
    error = {"type": "error", "id": second, "message": "another prompt is in flight; abort first"}
    assert take(commands, **error) == [
        Told(error, second), Refused(second, "another prompt is in flight; abort first"),
    ]  # fmt: skip
    frame = answer(running, "prompt", ok=True)
    assert take(commands, **frame) == [Answered(running, frame)]


def test_a_command_that_was_given_up_has_no_answer_any_more() -> None:
    commands = Commands()
    name = prompted(commands)
    take(commands, type="error", id=name, message="no")
    commands.forget(name)
    frame = answer(name, "prompt", ok=True)
    assert take(commands, **frame) == [Told(frame)]


def test_an_answer_without_a_command_ends_what_it_names() -> None:
    commands = Commands()
    name = asked(commands)
    assert take(commands, type="response", id=name) == [
        Refused(name, "the answer is malformed: it names no command")
    ]


def test_an_answer_that_is_json_but_for_a_number_ends_its_command() -> None:
    commands = Commands()
    name = asked(commands)
    malformed, refused = commands.receive(
        b'{"type":"response","id":"%b","command":"get_state","cost":NaN}' % name.encode()
    )
    assert isinstance(malformed, Malformed)
    assert refused == Refused(name, "the answer is malformed: the text is not JSON: NaN is no JSON number")
    assert commands.close() == ()


@pytest.mark.parametrize(
    "line", [b"log line", b"[]", b"{}", b'{"type":1}', b'{"type":"response","id":"x"}', b"\xff"]
)
def test_a_line_that_means_nothing_ends_nothing(line: bytes) -> None:
    commands = Commands()
    name = asked(commands)
    [found] = commands.receive(line)
    assert isinstance(found, Malformed)
    assert commands.close() == (name,)


def test_a_frame_of_an_unknown_kind_is_told() -> None:
    frame = {"type": "weather", "wind": 12}
    assert take(Commands(), **frame) == [Told(frame)]


def test_a_line_that_the_agent_would_not_take_is_not_sent() -> None:
    commands = Commands()
    body = {"type": "prompt", "id": "c1", "message": ""}
    room = MAX_COMMAND - len(commands.command("c1", body, PROMPT))
    assert len(commands.command("c1", {**body, "message": "x" * room}, PROMPT)) == MAX_COMMAND
    with pytest.raises(UsageError, match="prompt has 1048577 bytes"):
        commands.command("c2", {**body, "message": "x" * (room + 1)}, PROMPT)
    assert commands.close() == ("c1",)


def test_nothing_is_sent_after_the_end() -> None:
    commands = Commands()
    commands.close()
    with pytest.raises(ConnectionClosed):
        commands.command("c1", {"type": "abort"}, frozenset())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(
    st.sampled_from(["type", "id", "command", "message"]), v | st.sampled_from(["response", "error", "c1", "c2"])
)))  # fmt: skip
def test_no_frame_makes_it_raise(frame: object) -> None:
    commands = Commands()
    prompted(commands)
    asked(commands)
    commands.receive(json.dumps(frame).encode())
    commands.receive(json.dumps(END).encode())
