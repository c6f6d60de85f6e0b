"""A run of a workflow, as its function sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import RequestCancelled, ResultValidationError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import ContextTier
    from copilot_sdk._rpc.peer import Peer

T = TypeVar("T")

_AGENT = "session.workflow.agent"


class WorkflowRun:
    """An attempt to run a workflow; passed to its function by `Workflows`.

    Every method raises `RequestCancelled` once the run was aborted or has ended, and `RpcError` or `ConnectionClosed`
    when the runtime refuses or is gone.
    """

    def __init__(self, peer: Peer, session_id: str, run_id: str, token: str, over: asyncio.Event) -> None:
        self._peer = peer
        self._session_id = session_id
        self._id = run_id
        self._token = token
        self._over = over
        self._lines = 0
        self._logging = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<WorkflowRun {self.id}>"

    @property
    def id(self) -> str:
        """Identifier of the run; the same in each attempt."""
        return self._id

    @property
    def session_id(self) -> str:
        """Identifier of the session."""
        return self._session_id

    @property
    def aborted(self) -> bool:
        """True once the run was aborted. An async function is cancelled then."""
        return self._over.is_set()

    async def phase(self, title: str) -> None:
        """Enter a phase. Wire method: `session.workflow.log`."""
        await self._log("phase", title)

    async def log(self, text: str) -> None:
        """Add a line to the progress of the run. Wire method: `session.workflow.log`."""
        await self._log("log", text)

    @overload
    async def agent(
        self,
        prompt: str,
        *,
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> str | None: ...

    @overload
    async def agent(
        self,
        prompt: str,
        *,
        output: type[T],
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> T | None: ...

    async def agent(
        self,
        prompt: str,
        *,
        output: type[Any] | None = None,
        label: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        context_tier: ContextTier | None = None,
        agent: str | None = None,
    ) -> Any:
        """Have a sub-agent do something, and wait for what it says.

        Calls with the same prompt and options give the same result: the runtime remembers it for the run, also in a
        later attempt.

        Wire method: `session.workflow.agent`.

        Args:
            prompt: What it is to do.
            output: Type of what it says, with a JSON Schema, such as a pydantic model; a text when left out. The
                runtime has the agent correct what does not fit in types, required properties, choices and constants.
            label: Name to show; tells calls apart that are otherwise the same.
            model: Model to use.
            reasoning_effort: Reasoning effort to use.
            context_tier: Context tier to use.
            agent: Name of the agent whose definition it has.

        Returns:
            What it said. None if it failed, or said nothing that fits.

        Raises:
            ResultValidationError: What it said fits the schema as far as the runtime looks at it, but not the type.
            UsageError: The type has no JSON Schema.
        """
        from pydantic import TypeAdapter, ValidationError

        options: dict[str, Any] = {
            "label": label,
            "model": model,
            "reasoningEffort": reasoning_effort,
            "contextTier": context_tier,
            "agent": agent,
        }
        if output is not None:
            from copilot_sdk._arguments import schema_of

            options["schema"] = schema_of("the output of an agent", output)
        given = {name: value for name, value in options.items() if value is not None}
        asked = {
            "workflowRunId": self.id,
            "executionToken": self._token,
            "prompt": prompt,
            "opts": given,
        }
        said = (await self._call(_AGENT, asked)).get("result")
        if output is None or said is None:
            return said
        try:
            return TypeAdapter(output).validate_python(said)
        except ValidationError as error:
            from copilot_sdk._model.base import problems

            raise ResultValidationError(_AGENT, problems(error), said) from error

    async def step(self, key: str, make: Callable[[], Awaitable[object] | object]) -> Any:
        """Do something once for the run: a later attempt gets what was remembered.

        It may be done again if the run breaks off between doing and remembering.

        Wire methods: `session.workflow.journal.get`, `session.workflow.journal.put`.

        Args:
            key: Names the step; another one for another result.
            make: Does it; a plain function is run in a worker thread.

        Returns:
            What it returned, as JSON values.
        """
        from pydantic_core import to_jsonable_python

        remembered = await self._of_run("session.workflow.journal.get", {"key": key})
        if remembered.get("hit"):
            return remembered.get("resultJson")
        result = to_jsonable_python(await call_off_loop(make), bytes_mode="base64")
        await self._of_run("session.workflow.journal.put", {"key": key, "resultJson": result})
        return result

    async def pause(self, key: str) -> None:
        """Pause the run here: this attempt is aborted. The attempt after it, when somebody resumes the run, goes on.

        Wire method: `session.workflow.pauseAtCheckpoint`.

        Args:
            key: Names the place.
        """
        told = await self._of_run("session.workflow.pauseAtCheckpoint", {"key": key})
        if told.get("action") == "pause":
            await self._over.wait()
            self._check()

    async def _log(self, kind: str, text: str) -> None:
        async with self._logging:
            line = {"seq": self._lines, "kind": kind, "text": text}
            self._lines += 1
            await self._of_run("session.workflow.log", {"lines": [line]})

    async def _of_run(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return await self._call(method, {"runId": self.id, "executionToken": self._token, **params})

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._check()
        # A sub-agent takes as long as it takes.
        timeout = {"timeout": None} if method == _AGENT else {}
        answer = await self._peer.request(method, {"sessionId": self.session_id, **params}, **timeout)
        return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}

    def _check(self) -> None:
        if self._over.is_set():
            raise RequestCancelled(f"run {self.id} was aborted or has ended")
