"""A runtime in memory that does what a test tells it, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import Mapping
from typing import Any

from copilot_sdk import CopilotClient
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import MethodNotFound
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair

SESSION = "s1"
CLIENT_TASK = {
    "type": "client",
    "id": "t1",
    "clientTaskId": "mine",
    "description": "Index",
    "status": "running",
    "owner": {"participantId": "p", "joinId": "j", "kind": "sdk", "presence": "connected"},
    "startedAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
    "activeTimeMs": 0,
    "executionMode": "background",
    "canCancel": True,
    "sequence": 0,
}
OPENED = {"capabilities": {"ui": {"elicitation": False}}, "workspacePath": "/work"}


class FakeRuntime:
    """Answers from `answers`: an exception is raised, a function is called with the params, the rest is given back.

    Attributes:
        answers: By method; what is not there is an unknown method.
        requests: Method and params of every request that came, in order.
        notifications: The same for notifications.
    """

    def __init__(self, **answers: Any) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.notifications: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "connect": {"ok": True, "protocolVersion": 3, "version": "9.9.9"},
            "ping": {"message": "pong", "timestamp": "2026-01-01T00:00:00Z", "protocolVersion": 3},
            "session.create": self._opened,
            "session.resume": self._opened,
            "session.destroy": {},
            "session.send": self._sent,
            "session.abort": {"success": True},
            "session.metadata.activity": {"hasActiveWork": True, "abortable": True},
            "session.tools.handlePendingToolCall": {"success": True},
            "session.permissions.handlePendingPermissionRequest": {"success": True},
            "session.ui.handlePendingElicitation": {"success": True},
            "session.ui.handlePendingSampling": {"success": True},
            "session.ui.handlePendingSessionLimitsExhausted": {"success": True},
            "session.commands.handlePendingCommand": {"success": True},
            "session.commands.respondToQueuedCommand": {"success": True},
            **answers,
        }
        self._numbers = itertools.count(1)
        self._messages = itertools.count(1)
        self._news = asyncio.Event()
        self._peer: Peer | None = None

    @staticmethod
    def _opened(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"sessionId": params["sessionId"], **OPENED}

    def _sent(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"messageId": f"m{next(self._messages)}"}

    # ------------------------------------------------------------ connection

    async def connect(self) -> Transport:
        near, far = memory_pair()
        self.adopt(far)
        return near

    def adopt(self, far: Transport) -> None:
        """Serve a connection that somebody else has made."""
        self._far = far
        self._peer = Peer(far, on_request=self._answer, on_notification=self._notified)
        self._peer.start()

    def client(self, **options: Any) -> CopilotClient:
        return CopilotClient.over(self.connect, **options)

    @property
    def peer(self) -> Peer:
        assert self._peer is not None
        return self._peer

    async def drop(self) -> None:
        """End the connection without a word, as a runtime that dies."""
        if self._peer is not None:
            await self._far.aclose()
            await self._peer.aclose()

    async def _answer(self, method: str, params: Mapping[str, Any]) -> Any:
        self.requests.append((method, dict(params)))
        self._news.set()
        if method not in self.answers:
            raise MethodNotFound(f"Unhandled method {method}")
        answer = self.answers[method]
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(params)
        return await answer if inspect.isawaitable(answer) else answer

    def _notified(self, method: str, params: Mapping[str, Any]) -> None:
        self.notifications.append((method, dict(params)))

    # ----------------------------------------------------------- what it says

    async def event(
        self, event_type: str, data: Any = None, /, *, session: str = SESSION, **envelope: Any
    ) -> dict[str, Any]:
        """Send an event and give it back."""
        event = {
            "id": f"e{next(self._numbers)}",
            "timestamp": "2026-01-01T00:00:00Z",
            "parentId": None,
            "type": event_type,
            "data": {} if data is None else data,
            **envelope,
        }
        await self.peer.notify("session.event", {"sessionId": session, "event": event})
        return event

    async def delta(self, text: str, **envelope: Any) -> None:
        await self.event("assistant.message_delta", {"messageId": "a1", "deltaContent": text}, **envelope)

    async def message(self, text: str, origin: str | None = None, **envelope: Any) -> None:
        told = {} if origin is None else {"originatingMessageId": origin}
        await self.event("assistant.message", {"messageId": "a1", "content": text, **told}, **envelope)

    async def prompt(self, message_id: str | None) -> None:
        """The event for a prompt that is being worked on."""
        told = {} if message_id is None else {"messageId": message_id}
        await self.event("user.message", {"content": "do it", **told})

    async def turn(self, message_id: str | None, text: str) -> None:
        """A whole turn."""
        await self.prompt(message_id)
        await self.event("assistant.turn_start", {"turnId": "0"})
        await self.message(text, message_id)
        await self.event("assistant.turn_end", {"turnId": "0"})
        await self.event("session.idle")

    async def request_tool(
        self,
        name: str,
        arguments: Any = None,
        *,
        request: str = "r1",
        session: str = SESSION,
        agent: str | None = None,
        traceparent: str | None = None,
    ) -> None:
        await self.event(
            "external_tool.requested",
            {
                "requestId": request,
                "sessionId": session,
                "toolCallId": f"call-{request}",
                "toolName": name,
                "arguments": {} if arguments is None else arguments,
                "workingDirectory": "/work",
                **({} if traceparent is None else {"traceparent": traceparent}),
            },
            session=session,
            **({} if agent is None else {"agentId": agent}),
        )

    async def request_permission(self, *, request: str = "r1", **data: Any) -> None:
        asked = {"kind": "read", "path": "/etc/passwd", "intention": "look"}
        await self.event("permission.requested", {"requestId": request, "permissionRequest": asked, **data})

    # ------------------------------------------------------ what it has heard

    def count(self, method: str) -> int:
        return sum(1 for name, _ in self.requests if name == method)

    async def asked(self, method: str, count: int = 1) -> dict[str, Any]:
        """Wait for the count-th request of a method and give its params."""
        while len(found := [params for name, params in self.requests if name == method]) < count:
            self._news.clear()
            await self._news.wait()
        return found[count - 1]

    async def tool_answer(self, count: int = 1) -> Any:
        return (await self.asked("session.tools.handlePendingToolCall", count))["result"]

    async def decision(self, count: int = 1) -> Any:
        return (await self.asked("session.permissions.handlePendingPermissionRequest", count))["result"]
