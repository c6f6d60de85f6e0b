from __future__ import annotations

import copy
import pickle

import pytest

from copilot_sdk import errors
from copilot_sdk.errors import (
    AuthenticationFailed,
    CanvasError,
    ConnectError,
    ConnectionClosed,
    CopilotError,
    DaemonShuttingDown,
    EventBufferOverflow,
    HandlerError,
    InternalError,
    InvalidParams,
    MethodNotFound,
    OutputValidationError,
    ProtocolError,
    ProtocolVersionMismatch,
    RequestRefused,
    RequestTimeout,
    ResultValidationError,
    RpcError,
    SessionError,
    SessionNotFound,
    TurnTimeout,
    UnknownFrame,
    UnsupportedMethod,
    UsageError,
)

ALL = [
    CopilotError("something"),
    ConnectError("cannot start 'copilot'", stderr="a line\nthe last line\n"),
    ConnectionClosed("it has ended", exit_code=3, stderr="fatal"),
    DaemonShuttingDown(restart=True),
    RequestTimeout("session.tasks.list", 2.5),
    TurnTimeout(60, last_events=["assistant.turn_start"], state="last event x", pending=["a tool"]),
    ProtocolError("no frame", offending=b"INFO up"),
    ProtocolVersionMismatch(2, 3, 4),
    UnknownFrame("storm", {"type": "storm"}),
    RequestRefused("another prompt is in flight", "prompt"),
    RpcError(-32050, "strange", {"a": 1}, "ping"),
    MethodNotFound("Unhandled method x"),
    UnsupportedMethod("Unhandled method x", {"a": 1}, "x", "y"),
    SessionNotFound("Session not found: s1", None, "session.send"),
    CanvasError("board_full", "The board is full."),
    SessionError("no more", "odd", error_code="monthly", status_code=402, raw={"a": 1}),
    *(
        SessionError.from_wire({"message": "no", "errorType": kind})
        for kind in (
            "authentication",
            "authorization",
            "quota",
            "rate_limit",
            "context_limit",
            "content_filter",
            "query",
        )
    ),
    ResultValidationError("ping", ["message is missing"], {"x": 1}),
    OutputValidationError("the tool was not called.", "No."),
    HandlerError("hooks.invoke", KeyError("x")),
    EventBufferOverflow(100),
    UsageError("timeout has to be above zero"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_every_error_survives_pickle_and_copy(error: CopilotError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


def test_every_error_of_the_module_is_in_its_tree_and_tried_here() -> None:
    public = {
        cls
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, CopilotError) and not name.startswith("_")
    }
    with_code = {type(RpcError.from_wire({"code": code, "message": ""})) for code in range(-32900, -31900)}
    assert public == {type(error) for error in ALL} | with_code
    tree = set((errors.__doc__ or "").split())
    assert {cls.__name__ for cls in public} <= tree


def test_a_copy_keeps_the_cause_and_has_a_traceback_of_its_own() -> None:
    original = ConnectionClosed("gone")
    original.__cause__ = OSError("reset")
    try:
        raise original
    except ConnectionClosed:
        twin = copy.copy(original)
    assert twin.__cause__ is original.__cause__
    assert twin.__traceback__ is None


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ConnectionClosed("gone"), ConnectionError),
        (RequestTimeout("ping", 1), TimeoutError),
        (TurnTimeout(1), TimeoutError),
        (UsageError("bad"), ValueError),
    ],
)
def test_errors_with_a_builtin_counterpart_can_be_caught_as_such(
    error: CopilotError, builtin: type[Exception]
) -> None:
    assert isinstance(error, builtin)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-32700, errors.ParseError),
        (-32600, errors.InvalidRequest),
        (-32601, errors.MethodNotFound),
        (-32602, errors.InvalidParams),
        (-32603, errors.InternalError),
        (-32800, errors.RequestCancelled),
        (-32001, errors.AuthenticationRequired),
        (-32002, errors.AuthenticationFailed),
        (-32003, errors.AuthenticationNotConfigured),
        (-32050, RpcError),
        (1, RpcError),
    ],
)
def test_the_code_on_the_wire_chooses_the_class(code: int, kind: type[RpcError]) -> None:
    error = RpcError.from_wire({"code": code, "message": "no", "data": [1]}, "ping")
    assert type(error) is kind
    assert (error.code, error.message, error.data, error.method) == (code, "no", [1], "ping")
    assert str(error) == f"no (ping, code {code})"


def test_an_internal_error_that_speaks_of_a_missing_session_is_session_not_found() -> None:
    text = "Request session.send failed with message: Session not found for sessionId: s1"
    assert type(RpcError.from_wire({"code": -32603, "message": text})) is SessionNotFound
    assert type(RpcError.from_wire({"code": -32602, "message": text})) is InvalidParams


def test_a_refusal_of_the_content_is_known_by_any_of_its_codes() -> None:
    for member in ("errorType", "errorCode", "providerErrorType"):
        wire = {"message": "no", "errorType": "query", member: "content_filter"}
        assert type(SessionError.from_wire(wire)) is errors.ContentFiltered
    assert type(SessionError.from_wire({"message": "no", "errorType": "new"})) is SessionError


def test_a_turn_timeout_says_which_limit_passed_and_what_is_pending() -> None:
    whole = TurnTimeout(5, state="last event x", pending=["tool (bash)"])
    assert str(whole) == (
        "the turn did not end within 5 s (last event x; waits for tool (bash)); "
        "pass a longer timeout, or abort the turn"
    )
    assert str(TurnTimeout(5, limit="inactivity_timeout")).startswith("the turn had no event within 5 s; ")


@pytest.mark.parametrize("wire", [{}, {"code": "x", "message": 5}, {"code": None}, {"code": True}])
def test_a_malformed_wire_error_is_an_internal_error(wire: dict[str, object]) -> None:
    error = RpcError.from_wire(wire)
    assert type(error) is InternalError
    assert error.message == "the error came without a message"


def test_an_error_with_a_fixed_code_can_be_raised_with_a_message_alone() -> None:
    assert AuthenticationFailed("wrong token").code == -32002


def test_a_connect_error_shows_the_end_of_stderr() -> None:
    stderr = "\n".join(f"line {number}" for number in range(100))
    error = ConnectError("it died", stderr=stderr)
    assert str(error).startswith("it died\nstderr ends with:\nline 80\n")
    assert str(error).endswith("line 99")
    assert error.stderr == stderr


def test_a_closed_connection_tells_how_the_process_ended() -> None:
    assert (
        str(ConnectionClosed("copilot has ended", exit_code=1))
        == "connection closed: copilot has ended (exit code 1)"
    )
    assert "killed by signal 9" in str(ConnectionClosed("copilot has ended", exit_code=-9))


def test_a_protocol_error_quotes_at_most_200_characters() -> None:
    text = str(ProtocolError("no frame", offending=b"\xffy" + b"x" * 5000))
    assert text.count("x") == 198
    assert text.endswith("'...")


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (2, "version 2, this SDK speaks 3; install a newer server"),
        (None, "names no protocol version"),
        (9, "install a newer copilot_sdk"),
    ],
)
def test_a_version_mismatch_says_which_side_is_older(server: int | None, words: str) -> None:
    assert words in str(ProtocolVersionMismatch(server, 3, 3))


def test_a_session_error_is_read_from_its_event() -> None:
    error = SessionError.from_wire(
        {
            "errorType": "rate_limit",
            "message": "slow down",
            "errorCode": "user_weekly",
            "statusCode": 429,
            "providerCallId": "p",
            "serviceRequestId": "s",
            "url": "https://example.com/limits",
            "eligibleForAutoSwitch": True,
            "stack": "at x",
            "new": 1,
        }
    )
    assert str(error) == "slow down (rate_limit, user_weekly, HTTP 429); see https://example.com/limits"
    assert (error.error_type, error.error_code, error.status_code) == ("rate_limit", "user_weekly", 429)
    assert (error.provider_call_id, error.service_request_id) == ("p", "s")
    assert (error.eligible_for_auto_switch, error.stack) == (True, "at x")
    assert error.raw["new"] == 1


def test_a_session_error_with_fields_of_wrong_types_is_still_read() -> None:
    error = SessionError.from_wire(
        {"errorType": 1, "message": None, "statusCode": "500", "eligibleForAutoSwitch": 1}
    )
    assert (error.error_type, error.status_code, error.eligible_for_auto_switch) == ("unknown", None, None)
    assert "without a message" in str(error)


def test_a_handler_error_names_the_exception_and_has_it_as_cause() -> None:
    cause = KeyError("x")
    error = HandlerError("hooks.invoke", cause)
    assert str(error) == "the handler of hooks.invoke raised KeyError: 'x'"
    assert error.__cause__ is cause


def test_a_validation_error_does_not_show_the_result() -> None:
    error = ResultValidationError("ping", ["a is missing", "b is no number"], {"secret": "hush"})
    assert str(error) == "the result of ping does not fit its type: a is missing; b is no number"
    assert "hush" not in repr(error)


@pytest.mark.parametrize(
    "text",
    [
        "COPILOT_CONNECTION_TOKEN={}",
        "authorization: Bearer {}",
        'the header "Authorization": "{}" was refused',
        '{{"apiKey": "{}"}}',
        "{{'githubToken': '{}'}}",
        "--auth-token={} was given",
        "https://example.com/?api_key={}&x=1",
        "https://me:{}@example.com/mcp is not there",
    ],
)
def test_credentials_do_not_show(text: str) -> None:
    secret = "s3cr3t-0123456789abcdef"
    for error in (
        CopilotError(text.format(secret)),
        RpcError(1, text.format(secret)),
        ConnectError("x", stderr=text.format(secret)),
        ConnectionClosed(text.format(secret)),
        ProtocolError("x", offending=text.format(secret).encode()),
        SessionError(text.format(secret), "authentication"),
    ):
        assert "s3cr3t" not in repr(error) + str(error)
        assert "s3cr3t" not in str({key: value for key, value in vars(error).items() if key != "raw"})
        assert "***" in str(error)


@pytest.mark.parametrize("token", ["ghp_" + "a1" * 18, "github_pat_" + "b" * 30, "sk-" + "c" * 40])
def test_tokens_are_known_by_their_prefix(token: str) -> None:
    assert str(CopilotError(f"bad credentials {token}!")) == "bad credentials ***!"


@pytest.mark.parametrize(
    "text",
    [
        "Unexpected token } in JSON",
        "token: missing",
        "bearer auth failed",
        "the api key is wrong",
        "task-0123456789abcdefgh",
        "http://127.0.0.1:8080/a@b and mailto:me@example.com",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert str(CopilotError(text)) == text


@pytest.mark.parametrize("piece", ["x", "token", "'x", "bearer ", "token ", '"token"', "://a:b"])
def test_a_long_text_is_masked_in_time_that_grows_with_its_length(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    assert str(CopilotError(text)) == text
