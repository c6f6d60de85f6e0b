"""One side of a JSON-RPC connection as a state machine: ids, correlation, cancellation, no input or output.

Its verbs take and give bytes: what they give is for the caller to send, what comes in is for `receive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from copilot_sdk._protocol.messages import (
    AnyId,
    ErrorResponse,
    MalformedMessage,
    MessageId,
    Notification,
    Params,
    Request,
    Response,
    WireError,
    encode,
    encode_notification,
    encode_request,
    encode_response,
    is_message_id,
    parse,
)
from copilot_sdk.errors import ConnectionClosed, InvalidRequest, UsageError


@dataclass(frozen=True, slots=True)
class Dialect:
    """What protocols over JSON-RPC do differently.

    Args:
        cancel_method: The notification that nobody waits for the answer to a request any more.
        cancelled_id: The member of its params that names the request.
        null_ids: Whether the id of a request may be null.
    """

    cancel_method: str = "$/cancelRequest"
    cancelled_id: str = "id"
    null_ids: bool = False


DEFAULT_DIALECT = Dialect()


@dataclass(slots=True)
class ResponseReceived:
    """One of our requests succeeded."""

    id: MessageId
    method: str
    result: Any


@dataclass(frozen=True, slots=True)
class ErrorReceived:
    """One of our requests failed."""

    id: MessageId
    method: str
    error: WireError


RequestReceived = Request
"""The other side asks; it waits for exactly one `respond` or `respond_error`."""

NotificationReceived = Notification
"""The other side tells."""


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """The other side does not wait for the answer to its request any more; it still has to be answered."""

    id: AnyId


@dataclass(frozen=True, slots=True)
class Violation:
    """The other side sent what is no message; the connection goes on.

    Attributes:
        reply: What to send back, None where nothing is due.
        problem: What is wrong, without a quote.
    """

    reply: bytes | None
    problem: str


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that belongs to no open request: an answer that comes late, a cancellation that does.

    Attributes:
        id: The id that nobody waits for, None if the other side complains about a message it could not read.
        error: That complaint.
    """

    id: AnyId
    error: WireError | None = None


Event: TypeAlias = (
    ResponseReceived
    | ErrorReceived
    | RequestReceived
    | NotificationReceived
    | CancelReceived
    | Violation
    | Stray
)


class Engine:
    """The state of one side of a connection: which requests are open, in either direction.

    Args:
        dialect: What the protocol does differently.
    """

    def __init__(self, dialect: Dialect = DEFAULT_DIALECT) -> None:
        self._dialect = dialect
        self._last_id = 0
        self._outbound: dict[MessageId, str] = {}
        self._inbound: set[AnyId] = set()
        self._closed = False

    def request(self, method: str, params: Params | None = None) -> tuple[int, bytes]:
        """Open a request.

        Returns:
            Its id, and the bytes to send.

        Raises:
            UsageError: The parameters have no form in JSON.
            ConnectionClosed: `close` was called.
        """
        self._check_open()
        new_id = self._last_id + 1
        data = encode_request(new_id, method, params or {})
        self._last_id = new_id
        self._outbound[new_id] = method
        return new_id, data

    def notify(self, method: str, params: Params | None = None) -> bytes:
        """Give the bytes of a notification.

        Raises:
            UsageError: The parameters have no form in JSON.
            ConnectionClosed: `close` was called.
        """
        self._check_open()
        return encode_notification(method, params or {})

    def cancel(self, id: MessageId) -> bytes:
        """Give up an open request of ours: an answer that still comes is a `Stray`.

        Returns:
            The bytes that tell the other side, for those who want to.

        Raises:
            UsageError: No request of ours with that id is open.
        """
        if self._outbound.pop(id, None) is None:
            raise UsageError(f"no request with the id {id!r} is open; it was answered or cancelled before")
        return encode_notification(self._dialect.cancel_method, {self._dialect.cancelled_id: id})

    def respond(self, id: AnyId, result: Any) -> bytes:
        """Answer a request of the other side.

        Returns:
            The bytes to send.

        Raises:
            UsageError: No request of the other side with that id waits for an answer, or the result has no
                form in JSON; in the second case the request still waits.
        """
        self._check_waits(id)
        data = encode_response(id, result)
        self._inbound.discard(id)
        return data

    def respond_error(self, id: AnyId, code: int, message: str, data: Any = None) -> bytes:
        """Answer a request of the other side with an error.

        Returns:
            The bytes to send.

        Raises:
            UsageError: As for `respond`.
        """
        self._check_waits(id)
        text = encode(ErrorResponse(id, WireError(code, message, data)))
        self._inbound.discard(id)
        return text

    def receive(self, data: bytes) -> Event:
        """Take in one message and say what it means. Nothing in it makes this raise."""
        try:
            message = parse(data, null_ids=self._dialect.null_ids)
        except MalformedMessage as problem:
            return self._malformed(problem)
        if isinstance(message, Notification):
            return message if message.method != self._dialect.cancel_method else self._cancel(message)
        if isinstance(message, Request):
            return self._request(message)
        if message.id is None:
            return Stray(None, message.error if isinstance(message, ErrorResponse) else None)
        method = self._outbound.pop(message.id, None)
        if method is None:
            return Stray(message.id)
        if isinstance(message, Response):
            return ResponseReceived(message.id, method, message.result)
        return ErrorReceived(message.id, method, message.error)

    def close(self) -> tuple[MessageId, ...]:
        """Open no more requests, and forget those of ours that are open.

        Requests of the other side can still be answered.

        Returns:
            The ids that were open, oldest first.
        """
        self._closed = True
        ids = tuple(self._outbound)
        self._outbound.clear()
        return ids

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectionClosed("nothing can be sent over it any more")

    def _check_waits(self, id: AnyId) -> None:
        if id not in self._inbound:
            raise UsageError(f"no request with the id {id!r} waits for an answer; it was answered before")

    def _request(self, message: Request) -> Event:
        if message.id in self._inbound:
            problem = f"the id {message.id!r} belongs to a request that is still open"
            return _violation(InvalidRequest.CODE, problem)
        self._inbound.add(message.id)
        return message

    def _cancel(self, message: Notification) -> Event:
        member = self._dialect.cancelled_id
        cancelled = message.params.get(member)
        null = self._dialect.null_ids and cancelled is None and member in message.params
        if not is_message_id(cancelled) and not null:
            return Violation(None, f"{message.method} came without the id of a request")
        return CancelReceived(cancelled) if cancelled in self._inbound else Stray(cancelled)

    def _malformed(self, problem: MalformedMessage) -> Event:
        if problem.reply_to is not None:
            method = self._outbound.pop(problem.reply_to, None)
            if method is not None:
                # Unreadable as it is, it ends our request; otherwise that would wait for nothing.
                error = WireError(problem.code, f"the answer is malformed: {problem}")
                return ErrorReceived(problem.reply_to, method, error)
        if not problem.wants_answer:
            return Violation(None, str(problem))
        return _violation(problem.code, str(problem), problem.request_id)


def _violation(code: int, problem: str, id: MessageId | None = None) -> Violation:
    return Violation(encode(ErrorResponse(id, WireError(code, problem))), problem)
