"""The four kinds of JSON-RPC 2.0 messages, and how they are read from and written as JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

from copilot_sdk._protocol.json_text import read_json
from copilot_sdk.errors import (
    CopilotError,
    InternalError,
    InvalidParams,
    InvalidRequest,
    ParseError,
    UsageError,
)

MessageId: TypeAlias = int | str
AnyId: TypeAlias = MessageId | None
"""The id of a request of the other side, which some protocols allow to be null."""
JsonObject: TypeAlias = dict[str, Any]


class JsonText(bytes):
    """A value that is written as JSON text in UTF-8 already, without spaces."""

    __slots__ = ()


Params: TypeAlias = Mapping[str, Any] | JsonText
"""What a call has to say: members, or the object as text."""


# Those that come and go all the time are not frozen: it takes four times as long to make one that is.
@dataclass(slots=True)
class Request:
    """A call that wants an answer."""

    id: AnyId
    method: str
    params: JsonObject


@dataclass(slots=True)
class Notification:
    """A call that wants none."""

    method: str
    params: JsonObject


@dataclass(slots=True)
class Response:
    """The answer to a request that succeeded."""

    id: AnyId
    result: Any


@dataclass(frozen=True, slots=True)
class WireError:
    """The `error` member of an answer."""

    code: int
    message: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The answer to a request that failed, or, without an id, to something that could not be read."""

    id: MessageId | None
    error: WireError


Message: TypeAlias = Request | Notification | Response | ErrorResponse


class MalformedMessage(CopilotError):
    """The text is no message of JSON-RPC.

    It says what is wrong and does not quote: the text of a message may hold anything.

    Attributes:
        code: The JSON-RPC code to answer with.
        request_id: The id to answer to, None if it cannot be told.
        reply_to: The id of our own request that this was meant to answer.
        wants_answer: False for what is recognisably a notification.
    """

    def __init__(
        self,
        problem: str,
        code: int,
        *,
        request_id: MessageId | None = None,
        reply_to: MessageId | None = None,
        wants_answer: bool = True,
    ) -> None:
        self.code = code
        self.request_id = request_id
        self.reply_to = reply_to
        self.wants_answer = wants_answer
        super().__init__(problem)


def parse(data: bytes, *, null_ids: bool = False) -> Message:
    """Read one message.

    Args:
        data: The JSON text in UTF-8.
        null_ids: Whether the id of a request may be null.

    Raises:
        MalformedMessage: It is not JSON, or JSON but no message (batches are none either).
    """
    fields = read_object(data)
    return _parse_call(fields, null_ids) if "method" in fields else _parse_reply(fields)


def encode(message: Message) -> bytes:
    """Write one message as JSON text in UTF-8, without spaces.

    Raises:
        UsageError: A value in it has no form in JSON.
    """
    if isinstance(message, Request):
        return encode_request(message.id, message.method, message.params)
    if isinstance(message, Notification):
        return encode_notification(message.method, message.params)
    if isinstance(message, Response):
        return encode_response(message.id, message.result)
    error = _write(_error_fields(message.error), lambda: _answer_to(message.id))
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (_write_id(message.id), error)


def encode_request(id: AnyId, method: str, params: Params) -> bytes:
    """Write a `Request`, see `encode`."""
    told = _write_params(method, params)
    head = (_write_id(id), _write_name(method))
    return b'{"jsonrpc":"2.0","id":%b,"method":%b,"params":%b}' % (*head, told)


def encode_notification(method: str, params: Params) -> bytes:
    """Write a `Notification`, see `encode`."""
    told = _write_params(method, params)
    return b'{"jsonrpc":"2.0","method":%b,"params":%b}' % (_write_name(method), told)


def encode_response(id: AnyId, result: Any) -> bytes:
    """Write a `Response`, see `encode`; `result` may be `JsonText`."""
    given = result if isinstance(result, JsonText) else _write(result, lambda: _answer_to(id))
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (_write_id(id), given)


def read_object(data: bytes) -> JsonObject:
    """Read the object that a JSON text is.

    Raises:
        MalformedMessage: It is not JSON, or no object.
    """
    try:
        value: JsonObject = read_json(data)
    except (ValueError, RecursionError) as error:
        problem = f"the text is not JSON: {_json_problem(error)}"
        raise MalformedMessage(problem, ParseError.CODE, reply_to=_answered(data)) from None
    if type(value) is not dict:
        raise MalformedMessage("a message has to be a JSON object", InvalidRequest.CODE)
    return value


def write_object(fields: JsonObject, name: Callable[[], str]) -> bytes:
    """Write an object as JSON text in UTF-8, without spaces.

    Args:
        fields: Its members.
        name: Says in words what it is.

    Raises:
        UsageError: A value in it has no form in JSON.
    """
    return _write(fields, name)


def is_message_id(value: object) -> TypeGuard[MessageId]:
    """Tell whether a JSON value can be the id of a request: a string or an integer."""
    return type(value) is int or type(value) is str


def _is_object(value: object) -> TypeGuard[JsonObject]:
    return type(value) is dict


def _answered(data: bytes) -> MessageId | None:
    """The request that a text answers which is JSON but for numbers such as NaN: it would wait for nothing."""
    with suppress(ValueError, RecursionError):
        fields: object = json.loads(data)
        if _is_object(fields) and "method" not in fields and is_message_id(named := fields.get("id")):
            return named
    return None


def _parse_call(fields: JsonObject, null_ids: bool) -> Request | Notification:
    method, message_id = fields["method"], fields.get("id")
    wants_answer = "id" in fields
    if fields.get("jsonrpc") != "2.0":
        raise MalformedMessage('a message needs "jsonrpc": "2.0"', InvalidRequest.CODE)
    if type(method) is not str:
        raise MalformedMessage("the method has to be a string", InvalidRequest.CODE)
    if wants_answer and not (is_message_id(message_id) or (null_ids and message_id is None)):
        raise MalformedMessage("an id has to be a string or an integer", InvalidRequest.CODE)
    params: JsonObject | None = fields.get("params")
    if params is None:
        params = {}
    elif type(params) is not dict:
        raise MalformedMessage(
            f"the params of {method} have to be an object",
            InvalidParams.CODE,
            request_id=message_id,
            wants_answer=wants_answer,
        )
    return Request(message_id, method, params) if wants_answer else Notification(method, params)


def _parse_reply(fields: JsonObject) -> Response | ErrorResponse:
    message_id, error = fields.get("id"), fields.get("error")
    if fields.get("jsonrpc") != "2.0":
        raise _malformed_reply('a message needs "jsonrpc": "2.0"', message_id)
    if error is not None:
        if message_id is None or is_message_id(message_id):
            return ErrorResponse(message_id, _parse_error(error))
    elif "result" not in fields:
        raise _malformed_reply("a message needs a method, a result or an error", message_id)
    elif is_message_id(message_id):
        return Response(message_id, fields["result"])
    raise MalformedMessage("an answer needs the id of its request", InvalidRequest.CODE)


def _parse_error(error: object) -> WireError:
    # A request that failed in an unreadable way has failed all the same, so nothing is refused here.
    if not _is_object(error):
        return WireError(InternalError.CODE, "the error is not an object", error)
    code, message = error.get("code"), error.get("message")
    return WireError(
        code if type(code) is int else InternalError.CODE,
        message if type(message) is str else "the error came without a message",
        error.get("data"),
    )


def _malformed_reply(problem: str, id: object) -> MalformedMessage:
    return MalformedMessage(problem, InvalidRequest.CODE, reply_to=id if is_message_id(id) else None)


def _error_fields(error: WireError) -> JsonObject:
    fields: JsonObject = {"code": error.code, "message": error.message}
    if error.data is not None:
        fields["data"] = error.data
    return fields


def _write(value: object, name: Callable[[], str]) -> bytes:
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form, but JSON can escape it.
        return _encode_ascii(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{name()} cannot be written as JSON: {_json_problem(error)}") from error


def _write_params(method: str, params: Params) -> bytes:
    if isinstance(params, JsonText):
        return params
    return _write(params if isinstance(params, dict) else dict(params), lambda: f"the parameters of {method}")


def _write_id(id: AnyId) -> bytes:
    return b"%d" % id if isinstance(id, int) else _write(id, lambda: "an id")


@lru_cache(256)
def _write_name(method: str) -> bytes:
    return _write(method, lambda: "the name of a method")


def _answer_to(id: AnyId) -> str:
    return f"the answer to request {id}"


def _json_problem(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
