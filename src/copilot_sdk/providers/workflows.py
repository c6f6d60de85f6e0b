"""Workflows: functions that a program, as an extension of the runtime, offers to a session.

They are experimental, as the wire's own.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from copilot_sdk._blocking import WorkflowRun as BlockingWorkflowRun
from copilot_sdk._callbacks import call_off_loop
from copilot_sdk._docstring import documented
from copilot_sdk.errors import InvalidParams, UsageError
from copilot_sdk.providers.base import Provider
from copilot_sdk.providers.workflow_run import WorkflowRun

if TYPE_CHECKING:
    from copilot_sdk._arguments import Arguments
    from copilot_sdk._generated.copilot.types import (
        WorkflowAbortRequest,
        WorkflowAckResult,
        WorkflowDeclaration,
        WorkflowDeclaredLimits,
        WorkflowExecuteRequest,
        WorkflowExecuteResult,
    )
    from copilot_sdk._rpc.peer import Peer

P = ParamSpec("P")
R = TypeVar("R")


class Workflow(Generic[P, R]):
    """A function that a session can run as a workflow. Calling the workflow calls the function.

    Args:
        function: The function, plain or async; a plain one is run in a worker thread.
        name: Name by which it is run; the function's name when left out.
        description: What it does; the docstring's text when left out.
        phases: Titles of the phases that a run goes through, in order; a mapping has more about each of them.
        limits: What a run may use up.

    Raises:
        UsageError: The function has no name, or two phases have the same title.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        phases: Sequence[str] | Mapping[str, str] = (),
        limits: WorkflowDeclaredLimits | None = None,
    ) -> None:
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", ""))
        if not self.name:
            raise UsageError(f"the workflow of {function!r} needs a name; pass name=...")
        for title in phases:
            if list(phases).count(title) > 1:
                raise UsageError(f"workflow {self.name}: two phases have the title {title!r}")
        self._description = description
        self.phases = phases
        self.limits = limits
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, as if it were not decorated."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Workflow {self.name}>"

    @property
    def plain(self) -> bool:
        """Whether the function is run in a worker thread."""
        return not inspect.iscoroutinefunction(self.function)

    @functools.cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        return documented(self.function)

    @functools.cached_property
    def _arguments(self) -> Arguments:
        from copilot_sdk._arguments import Arguments

        hidden = BlockingWorkflowRun if self.plain else WorkflowRun
        return Arguments(f"workflow {self.name}", self.function, self._docstring[1], hidden)

    @property
    def declaration(self) -> WorkflowDeclaration:
        """The workflow as a session is told of it.

        Raises:
            UsageError: The function cannot be called with named arguments, or a type hint has no JSON Schema.
        """
        from copilot_sdk._generated.copilot.types import WorkflowDeclaration, WorkflowPhaseDeclaration

        titles = self.phases
        if isinstance(titles, Mapping):
            phases = [WorkflowPhaseDeclaration(title=title, detail=more) for title, more in titles.items()]
        else:
            phases = [WorkflowPhaseDeclaration(title=title) for title in titles]
        declaration = WorkflowDeclaration(
            name=self.name,
            description=self._docstring[0] if self._description is None else self._description,
            phases=phases,
            args_schema=self._arguments.schema,
        )
        if self.limits is not None:
            declaration.limits = self.limits
        return declaration

    async def invoke(self, arguments: object, run: WorkflowRun) -> object:
        """Run the workflow.

        Raises:
            InvalidParams: The arguments do not fit.
            Exception: Whatever the function raised.
        """
        face = BlockingWorkflowRun(run, asyncio.get_running_loop()) if self.plain else run
        try:
            keywords = self._arguments.read(arguments, face)
        except ValueError as error:
            raise InvalidParams(f"the arguments of workflow {self.name} do not fit: {error}") from None
        return await call_off_loop(self.function, **keywords)


class Workflows(Provider):
    """The workflows of an extension: `handlers={"workflow": Workflows([...])}` on its client.

    An extension is a process that the runtime has started; see `ExtensionLauncher`. Its client announces the workflows
    when it resumes the session that the runtime has started it for; the runtime refuses those of other clients.

    What a function returns is the result of the run and needs a form in JSON; what it raises is the run's error. When a
    run is aborted, an async function is cancelled; what a plain one returns is dropped, and the methods of its run
    raise. Since runtime 1.0.102.

    Args:
        workflows: The workflows.

    Raises:
        UsageError: Something is no workflow, or two have the same name.
    """

    def __init__(self, workflows: Iterable[Workflow[..., Any]]) -> None:
        self._workflows: dict[str, Workflow[..., Any]] = {}
        self._peer: Peer | None = None
        self._runs: dict[tuple[str, str], tuple[asyncio.Event, asyncio.Task[Any] | None]] = {}
        given: Iterable[Any] = workflows
        for item in given:
            if not isinstance(item, Workflow):
                raise UsageError(f"{item!r} is no workflow; make one of a function with @workflow")
            if item.name in self._workflows:
                raise UsageError(f"two workflows have the name {item.name!r}")
            self._workflows[item.name] = item

    @property
    def declarations(self) -> list[WorkflowDeclaration]:
        """The workflows as a session is told of them."""
        return [workflow.declaration for workflow in self._workflows.values()]

    async def register(self, peer: Peer) -> None:
        """Remember the connection: runs tell over it how far they are."""
        self._peer = peer

    async def execute(self, params: WorkflowExecuteRequest) -> WorkflowExecuteResult:
        """Run a workflow. Wire method: `workflow.execute`."""
        from pydantic_core import to_jsonable_python

        from copilot_sdk._generated.copilot.types import WorkflowExecuteResult

        workflow = self._workflows.get(params.name)
        if workflow is None:
            problem = {"code": "workflow_not_found", "name": params.name}
            raise InvalidParams(f"no workflow has the name {params.name!r}", problem)
        assert self._peer is not None  # noqa: S101 - a provider is registered before it is asked
        over = asyncio.Event()
        run = WorkflowRun(self._peer, params.session_id, params.run_id, params.execution_token, over)
        attempt = (params.run_id, params.execution_token)
        self._runs[attempt] = over, asyncio.current_task()
        try:
            result = await workflow.invoke(params.args, run)
        finally:
            over.set()
            del self._runs[attempt]
        if result is None:
            return WorkflowExecuteResult()
        return WorkflowExecuteResult(result=to_jsonable_python(result, bytes_mode="base64"))

    async def abort(self, params: WorkflowAbortRequest) -> WorkflowAckResult:
        """Stop a run. Wire method: `workflow.abort`."""
        from copilot_sdk._generated.copilot.types import WorkflowAckResult

        over, task = self._runs.get((params.run_id, params.execution_token), (None, None))
        if over is not None and task is not None:
            over.set()
            task.cancel()
        return WorkflowAckResult()


@overload
def workflow(function: Callable[P, R], /) -> Workflow[P, R]: ...


@overload
def workflow(
    *,
    name: str | None = None,
    description: str | None = None,
    phases: Sequence[str] | Mapping[str, str] = (),
    limits: WorkflowDeclaredLimits | None = None,
) -> Callable[[Callable[P, R]], Workflow[P, R]]: ...


def workflow(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    phases: Sequence[str] | Mapping[str, str] = (),
    limits: WorkflowDeclaredLimits | None = None,
) -> Workflow[P, R] | Callable[[Callable[P, R]], Workflow[P, R]]:
    """Make a workflow of a function, as `@workflow` or `@workflow(phases=[...], ...)`.

    The parameters of the function are the properties of the run's input, described by type hints, defaults and the
    docstring as those of a tool. A parameter of type `WorkflowRun` gets the run instead; in a plain function, which
    runs in a worker thread, it is a `copilot_sdk.sync.WorkflowRun`.

    Args:
        function: The function, plain or async.
        name: See `Workflow`.
        description: See `Workflow`.
        phases: See `Workflow`.
        limits: See `Workflow`.

    Raises:
        UsageError: See `Workflow`.
    """

    def make(decorated: Callable[P, R]) -> Workflow[P, R]:
        return Workflow(decorated, name=name, description=description, phases=phases, limits=limits)

    return make if function is None else make(function)
