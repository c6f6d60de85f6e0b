"""What a client serves: the requests and notifications of its agent, handed to what the application gave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import call_off_loop, log_failure
from copilot_sdk._scope import TaskScope
from copilot_sdk.acp._routes import Route, Served
from copilot_sdk.errors import InvalidParams, ResultValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from copilot_sdk._generated.acp.types import RequestPermissionRequest
    from copilot_sdk._rpc.method import Method
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.acp.permissions import PermissionHandler

_logger = logging.getLogger("copilot_sdk.acp")


def served(
    options: ClientOptions, permissions: Permissions, at_once: Callable[[str, dict[str, Any]], bool]
) -> Served:
    """What is served with some options.

    Args:
        options: What the application gave.
        permissions: Decides on what tools may do.
        at_once: Takes updates.
    """
    from copilot_sdk._generated.acp.methods import INBOUND

    requests: dict[str, Callable[[Any], Awaitable[Any]]] = {"session/request_permission": permissions.decide}
    told: dict[str, Callable[[Any], Awaitable[Any]]] = {}
    if (files := options.get("files")) is not None:
        from copilot_sdk.acp.files import ServedFiles

        reading = ServedFiles(files)
        requests["fs/read_text_file"] = reading.read
        if not getattr(files, "read_only", False):
            requests["fs/write_text_file"] = reading.write
    if (terminals := options.get("terminals")) is not None:
        for name in ("create", "output", "wait_for_exit", "kill", "release"):
            requests[f"terminal/{name}"] = getattr(terminals, name)
    if options.get("on_form") is not None or options.get("on_url") is not None:
        requests["elicitation/create"] = partial(_elicit, options.get("on_form"), options.get("on_url"))
    if (mcp := options.get("mcp")) is not None:
        for name in ("connect", "message", "disconnect"):
            requests[f"mcp/{name}"] = getattr(mcp, name)
        told["mcp/message"] = mcp.message_notification
    if (on_complete := options.get("on_elicitation_complete")) is not None:
        told["elicitation/complete"] = partial(call_off_loop, on_complete)
    if (on_status := options.get("on_auth_status")) is not None:
        told["auth/status_update"] = partial(call_off_loop, on_status)
    return Served(
        {name: Route(INBOUND[name], serve) for name, serve in requests.items()},
        {name: Route(_told(name), take) for name, take in told.items()},
        extension_request=_off_loop(options.get("on_extension_request")),
        extension_notification=_off_loop(options.get("on_extension_notification")),
        at_once=at_once,
    )


def announced(options: ClientOptions) -> dict[str, Any]:
    """The capabilities that follow from some options, as JSON values."""
    given = options.get("capabilities")
    told: dict[str, Any] = given.to_wire() if given is not None else {}
    if (files := options.get("files")) is not None:
        told["fs"] = {"readTextFile": True, "writeTextFile": not getattr(files, "read_only", False)}
    if options.get("terminals") is not None:
        told["terminal"] = True
    modes = {"form": options.get("on_form"), "url": options.get("on_url")}
    if offered := [mode for mode, handler in modes.items() if handler is not None]:
        told["elicitation"] = {mode: {} for mode in offered}
    return told


def _told(name: str) -> Method[Any]:
    from copilot_sdk._generated.acp.methods import INBOUND
    from copilot_sdk._generated.acp.methods.client_mcp import MCP_MESSAGE_NOTIFICATION

    return MCP_MESSAGE_NOTIFICATION if name == "mcp/message" else INBOUND[name]


def _off_loop(handler: Callable[..., Any] | None) -> Callable[[str, dict[str, Any]], Awaitable[Any]] | None:
    return None if handler is None else partial(call_off_loop, handler)


async def _elicit(
    on_form: Callable[[Any], Any] | None, on_url: Callable[[Any], Any] | None, request: Any
) -> Any:
    from copilot_sdk._generated.acp.types import FormElicitation, URLElicitation

    handler = on_form if isinstance(request, FormElicitation) else None
    if isinstance(request, URLElicitation):
        handler = on_url
    if handler is None:
        mode = getattr(request, "mode", None)
        raise InvalidParams(f"this client takes no elicitation of the mode {mode!r}")
    answer = await call_off_loop(handler, request)
    if answer is None:
        problem = "the handler gave no answer; copilot_sdk.acp.elicitation has some"
        raise ResultValidationError("elicitation/create", [problem], None)
    return answer


class Permissions:
    """Decides on permission requests, until their turn is cancelled.

    Args:
        handler: Decides; everything is refused without one.
    """

    def __init__(self, handler: PermissionHandler | None) -> None:
        self._handler = handler
        self._tasks = TaskScope("permission requests")
        self._has_warned = False
        self._pending: dict[str, set[asyncio.Future[None]]] = {}
        self._refused: set[str] = set()

    def refuse(self, session_id: str, *, lasting: bool) -> None:
        """Answer the requests of a session that are open with `cancelled`.

        Args:
            session_id: The session.
            lasting: Whether to go on so until `ask_again`.
        """
        if lasting:
            self._refused.add(session_id)
        for stop in self._pending.get(session_id, ()):
            if not stop.done():
                stop.set_result(None)

    def ask_again(self, session_id: str) -> None:
        """Let the handler decide on the session's requests again."""
        self._refused.discard(session_id)

    def spare_current_task(self) -> None:
        """Let the current task live on in `aclose`: it may be a handler that ends the client."""
        self._tasks.spare_current_task()

    async def aclose(self) -> None:
        """Wait for the end of handlers whose requests have ended before, in bounded time."""
        await self._tasks.settle()

    async def decide(self, request: RequestPermissionRequest) -> Mapping[str, Any]:
        """Answer `session/request_permission`."""
        from copilot_sdk.acp.permissions import cancelled, outcome

        if request.session_id in self._refused:
            return {"outcome": outcome(request, cancelled())}
        stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pending = self._pending.setdefault(request.session_id, set())
        pending.add(stop)
        deciding = self._tasks.follow(self._ask(request))
        try:
            await asyncio.wait({stop, deciding}, return_when=asyncio.FIRST_COMPLETED)
            decided = outcome(request, cancelled()) if stop.done() else await deciding
        finally:
            deciding.cancel()
            pending.discard(stop)
            if not pending:
                self._pending.pop(request.session_id, None)
        return {"outcome": decided}

    async def _ask(self, request: RequestPermissionRequest) -> Any:
        from copilot_sdk.acp.permissions import outcome, reject

        if self._handler is None:
            self._warn()
            return outcome(request, reject())
        try:
            return outcome(request, await call_off_loop(self._handler, request))
        except Exception as error:  # noqa: BLE001 - it is logged, and nothing is allowed
            log_failure("session/request_permission", error)
            return outcome(request, reject())

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            _logger.warning(
                "the agent asks for permission, and nothing decides on it: this and all further requests are refused; "
                "pass on_permission, see copilot_sdk.acp.permissions"
            )
