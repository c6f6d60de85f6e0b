"""A frame, what it shows of itself, and the file that frames are recorded in."""

from __future__ import annotations

import json
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from codegen.ir import ObjectDef, closure
from codegen.naming import is_secret
from copilot_sdk.frames import Frame, FrameRecorder
from tests.support.surface import PROTOCOL

NOON = datetime(2026, 1, 2, 12, 0, 0, 500_000, tzinfo=UTC)
SECRET = "hunter2hunter2"


def sent(message: object) -> Frame:
    return Frame("sent", json.dumps(message).encode(), NOON)


def test_a_frame_has_the_bytes_and_the_message() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "connect", "params": {"token": SECRET}}
    frame = sent(message)
    assert frame.json() == message
    assert json.loads(frame.data) == message
    assert (frame.direction, frame.time) == ("sent", NOON)


def test_frames_with_the_same_content_are_equal_and_cannot_be_changed() -> None:
    assert sent({"a": 1}) == sent({"a": 1})
    assert len({sent({"a": 1}), sent({"a": 1})}) == 1
    with pytest.raises(AttributeError):
        sent({}).data = b""  # type: ignore[misc]


def test_the_repr_shows_the_message_without_credentials() -> None:
    frame = sent({"method": "connect", "params": {"token": SECRET}})
    assert repr(frame) == (
        '<Frame sent 2026-01-02T12:00:00.500000+00:00 {"method": "connect", "params": {"token": "***"}}>'
    )


def test_the_repr_of_a_large_frame_is_short() -> None:
    shown = repr(sent({"params": {"text": "x" * 100_000}}))
    assert len(shown) < 600
    assert shown.endswith("xxx...>")


@pytest.mark.parametrize(
    "member", ["token", "gitHubToken", "apiKey", "headers", "env", "Authorization", "password"]
)
@pytest.mark.parametrize("secret", [SECRET, [SECRET], {"X": SECRET}, [{"a": [SECRET]}]])
def test_what_stands_under_a_telling_name_is_masked_at_any_depth(member: str, secret: Any) -> None:
    frame = sent({"params": {"deep": [{member: secret, "model": "gpt"}]}})
    assert frame.redacted() == {"params": {"deep": [{member: "***", "model": "gpt"}]}}


def test_what_looks_like_a_credential_is_masked_in_every_text() -> None:
    message = {"result": {"output": ["GH_TOKEN=hunter2hunter2 make", "curl -H 'Bearer " + "x" * 20 + "'"]}}
    assert SECRET not in repr(sent(message).redacted())
    assert "x" * 20 not in repr(sent(message).redacted())


def test_numbers_flags_and_nothing_are_no_credentials() -> None:
    params = {"requireConnectionToken": True, "maxToken": 3, "token": None, "inputTokens": 7}
    assert sent({"params": params}).redacted() == {"params": params}


@pytest.mark.parametrize("data", [b"GH_TOKEN=hunter2hunter2 {", b"\xff\xfe", b"[" * 100_000, b""])
def test_what_is_no_json_is_shown_as_a_masked_text(data: bytes) -> None:
    frame = Frame("received", data, NOON)
    assert isinstance(frame.redacted(), str)
    assert SECRET not in repr(frame)


def test_a_message_that_is_no_json_cannot_be_read_as_such() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        Frame("received", b"nothing", NOON).json()


def test_the_secrets_that_only_their_type_tells_of_are_masked() -> None:
    """A frame knows no types, so it goes by the name of the method."""
    owners = {
        name
        for name, found in PROTOCOL.types.items()
        if isinstance(found, ObjectDef)
        and any(is_secret(field.wire, name) and not is_secret(field.wire, "") for field in found.fields)
    }
    methods = {
        method.wire: closure([method.params.name], PROTOCOL.types) & owners
        for method in PROTOCOL.methods
        if method.params is not None and closure([method.params.name], PROTOCOL.types) & owners
    }
    assert methods.keys() >= {"secrets.addFilterValues"}
    for method, reached in methods.items():
        # In this one they stand below the member `secrets`.
        if reached != {"MCPInstallationSecret"}:
            frame = sent({"id": 1, "method": method, "params": {"value": SECRET, "values": [SECRET]}})
            assert SECRET not in repr(frame.redacted())


def test_a_recorder_writes_a_line_for_each_frame(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    with FrameRecorder(file) as record:
        record(sent({"method": "connect", "params": {"token": SECRET, "name": "Zoë\ud800"}}))
        # It is there at once, in case that the program comes to a bad end.
        assert len(file.read_bytes().splitlines()) == 1
        record(Frame("received", b"no json", NOON))
    with FrameRecorder(file) as record:
        record(sent({"id": 2}))
    time = "2026-01-02T12:00:00.500000+00:00"
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == [
        {
            "time": time,
            "direction": "sent",
            "message": {"method": "connect", "params": {"token": "***", "name": "Zoë\ud800"}},
        },
        {"time": time, "direction": "received", "message": "no json"},
        {"time": time, "direction": "sent", "message": {"id": 2}},
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_a_recording_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    with FrameRecorder(file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_recorder_says_if_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FrameRecorder(tmp_path / "no" / "frames.jsonl")
    record = FrameRecorder(tmp_path / "frames.jsonl")
    record.close()
    with pytest.raises(ValueError, match="closed"):
        record(sent({}))
