"""Tasks that this program carries out, and a session lists among its background tasks."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from copilot_sdk._blocking import ClientTask as BlockingClientTask
from copilot_sdk._callbacks import Contained, call_off_loop
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import CopilotError, RpcError, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import (
        ClientTaskCancelRequest,
        ClientTaskCancelResult,
        TaskClientActiveStatus,
        TaskClientStatus,
        TaskClientUpdate,
    )

Work: TypeAlias = "Callable[[ClientTask], Awaitable[object]] | Callable[[BlockingClientTask], object]"
"""What a task does. An async function gets a `ClientTask`, a plain one, which is run in a worker thread, a
`copilot_sdk.sync.ClientTask`. The result has to have a form in JSON."""

# The runtime waits five seconds for the answer to a cancellation.
_CANCEL_SECONDS = 4.0
_REPORT_SECONDS = 3.0
_ERROR_CHARACTERS = 1000
_logger = logging.getLogger("copilot_sdk.session")


class ClientTask:
    """A task of this program; made by `Session.start_task`."""

    def __init__(self, running: Running, rpc: Callable[[], SessionRPC]) -> None:
        self._running = running
        self._rpc = rpc

    def __repr__(self) -> str:
        return f"<ClientTask {self.id}>"

    @property
    def id(self) -> str:
        """Identifier that the runtime gave the task; another one after a lost connection."""
        return self._running.id

    @property
    def cancelled(self) -> bool:
        """True once the task is to be cancelled. An async function is cancelled then."""
        return self._running.cancelled.is_set()

    async def progress(
        self,
        message: str | None = None,
        *,
        phase: str | Unset | None = UNSET,
        percentage: float | Unset | None = UNSET,
        status: TaskClientActiveStatus | None = None,
    ) -> None:
        """Tell how far the task has come.

        Wire method: `session.tasks.update`.

        Args:
            message: What was done last; the runtime keeps the latest of them.
            phase: What the task does now; stays as it is when left out, None takes it away.
            percentage: How much is done, from 0 to 100; stays as it is when left out, None takes it away.
            status: `idle` while the task waits for something, `running` when it goes on.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
        """
        from copilot_sdk._generated.copilot.types import TaskClientUpdateProgress

        told: dict[str, Any] = {"phase": phase, "percentage": percentage}
        said = {name: value for name, value in told.items() if value is not UNSET}
        if message is not None:
            said["message"] = message
        if status is not None:
            said["status"] = status
        await self._running.update(self._rpc(), TaskClientUpdateProgress(**said))

    async def wait(self) -> TaskClientStatus:
        """Wait until the task has ended, and tell how: `completed`, `failed` or `cancelled`."""
        return await asyncio.shield(self._running.ended)


class Running:
    """A task under way.

    Args:
        register: Has the runtime list it; gives the identifier that it has there.
    """

    def __init__(self, register: Callable[[SessionRPC], Awaitable[str]]) -> None:
        self.id = ""
        self.at_work = False
        self.cancelled = threading.Event()
        self.ended: asyncio.Future[TaskClientStatus] = asyncio.get_running_loop().create_future()
        self._register = register
        self._sequence = 0
        self._updating = asyncio.Lock()

    async def register(self, rpc: SessionRPC) -> None:
        """Have the runtime list the task."""
        self.id = await self._register(rpc)
        self._sequence = 0

    async def update(self, rpc: SessionRPC, update: TaskClientUpdate, timeout: float | Unset = UNSET) -> None:
        """Send an update, in its turn."""
        async with self._updating:
            listed_as = self.id
            try:
                await self._send(rpc, update, timeout)
            except RpcError as error:
                # One that nobody waited for any more may have been taken all the same.
                if (expected := _expected_sequence(error)) is not None:
                    self._sequence = expected - 1
                elif self.id == listed_as:
                    raise
                await self._send(rpc, update, timeout)

    def end(self, status: TaskClientStatus) -> None:
        """Let nobody wait any longer; the first status counts."""
        if not self.ended.done():
            self.ended.set_result(status)

    async def _send(self, rpc: SessionRPC, update: TaskClientUpdate, timeout: float | Unset) -> None:
        sequence = self._sequence + 1
        await rpc.tasks.update(id=self.id, sequence=sequence, update=update, request_timeout=timeout)
        self._sequence = sequence


class ClientTasks:
    """The tasks of a session that this program carries out.

    Args:
        rpc: Gives the methods of the session, or raises if it is closed.
        last_rpc: Gives them in any case.
        spawn: Starts a task that ends with the session.
    """

    def __init__(
        self,
        rpc: Callable[[], SessionRPC],
        last_rpc: Callable[[], SessionRPC],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._rpc = rpc
        self._last_rpc = last_rpc
        self._spawn = spawn
        self._open: dict[str, tuple[Running, asyncio.Task[None] | None]] = {}

    async def start(
        self, work: Callable[[Any], object], description: str, name: str | None, cancellable: bool
    ) -> ClientTask:
        """See `Session.start_task`."""
        if not callable(work):
            raise UsageError(f"a task is a function, not {work!r}")
        key = str(uuid.uuid4())

        async def register(rpc: SessionRPC) -> str:
            registered = await rpc.tasks.register(
                type="client",
                client_task_id=key,
                description=description,
                display_name=name,
                cancellable=cancellable,
            )
            return registered.task.id

        running = Running(register)
        await running.register(self._rpc())
        task = ClientTask(running, self._rpc)
        plain = not inspect.iscoroutinefunction(work)
        face = BlockingClientTask(task, asyncio.get_running_loop()) if plain else task
        handle = self._spawn(self._run(running, work, face))
        handle.add_done_callback(lambda _: running.end("cancelled"))
        # Nothing stops a thread: it has to look whether it is to end.
        self._open[running.id] = running, None if plain else handle
        return task

    async def resume(self, rpc: SessionRPC) -> None:
        """Have the runtime list what is under way again: over a new connection it is nobody's any more."""
        for listed_as, (running, handle) in list(self._open.items()):
            try:
                await running.register(rpc)
            except RpcError as error:
                _logger.warning("the task %s is not listed any more: %s", listed_as, error)
                continue
            self._open.pop(listed_as, None)
            if not running.ended.done():
                self._open[running.id] = running, handle

    async def cancel(self, params: ClientTaskCancelRequest) -> ClientTaskCancelResult:
        """Stop a task, and wait some seconds for its end. Wire method: `tasks.cancel`."""
        from copilot_sdk._generated.copilot.types import ClientTaskCancelResult

        if params.id not in self._open:
            return ClientTaskCancelResult(cancelled=False)
        running, handle = self._open[params.id]
        if handle is not None and running.at_work and not running.cancelled.is_set():
            handle.cancel()
        running.cancelled.set()
        await asyncio.wait({running.ended}, timeout=_CANCEL_SECONDS)
        ended = running.ended.done() and running.ended.result() == "cancelled"
        return ClientTaskCancelResult(cancelled=ended)

    async def _run(
        self, running: Running, work: Callable[[Any], object], face: ClientTask | BlockingClientTask
    ) -> None:
        from copilot_sdk._generated.copilot.types import TaskClientUpdateCancelled, TaskClientUpdateFailed

        running.at_work = True
        update: TaskClientUpdate = TaskClientUpdateCancelled()
        try:
            with Contained(f"the task {running.id}") as call:
                if not running.cancelled.is_set():
                    update = _completed(await call_off_loop(work, face))
            if call.problem is not None:
                update = TaskClientUpdateFailed(error=call.problem[:_ERROR_CHARACTERS])
            elif running.cancelled.is_set() and isinstance(face, BlockingClientTask):
                update = TaskClientUpdateCancelled()
        except asyncio.CancelledError:
            running.cancelled.set()
        running.at_work = False
        try:
            await running.update(self._last_rpc(), update, _REPORT_SECONDS)
        except CopilotError as error:
            _logger.warning("the end of the task %s could not be told: %s", running.id, error)
        finally:
            self._open.pop(running.id, None)
            running.end(update.kind)


def _completed(result: object) -> TaskClientUpdate:
    from pydantic_core import to_jsonable_python

    from copilot_sdk._generated.copilot.types import TaskClientUpdateCompleted

    if result is None:
        return TaskClientUpdateCompleted()
    return TaskClientUpdateCompleted(result=to_jsonable_python(result, bytes_mode="base64"))


def _expected_sequence(error: RpcError) -> int | None:
    told: object = error.data
    if not isinstance(told, Mapping):
        return None
    data = cast("Mapping[str, object]", told)
    expected = data.get("expectedSequence") if data.get("reason") == "sequence_mismatch" else None
    return expected if isinstance(expected, int) else None
