"""Tools made of functions."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    ParamSpec,
    TypedDict,
    TypeVar,
    Unpack,
    get_args,
    overload,
)

from copilot_sdk._callbacks import Contained, call_off_loop
from copilot_sdk._docstring import documented
from copilot_sdk._tracing import mark_failed
from copilot_sdk.errors import UsageError
from copilot_sdk.tools._invocation import ToolInvocation
from copilot_sdk.tools._result import failure, wire_result

if TYPE_CHECKING:
    from copilot_sdk._arguments import Arguments
    from copilot_sdk._generated.copilot.types import ToolDefinition, ToolNamespace

P = ParamSpec("P")
R = TypeVar("R")

Deferral = Literal["auto", "never"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FAILURE_CHARACTERS = 1000


class ToolOptions(TypedDict, total=False):
    """What else can be said of a tool; see `Tool`."""

    overrides_built_in: bool
    skip_permission: bool
    is_terminal: bool
    defer: Deferral | None
    namespace: ToolNamespace | str | None
    metadata: Mapping[str, Any] | None


class Tool(Generic[P, R]):
    """A function that the model can call. Calling the tool calls the function.

    Args:
        function: The function, plain or async; a plain one is run in a thread when the model calls it.
        name: Name for the model; the function's name when left out.
        description: What the tool does; the docstring's summary when left out.
        overrides_built_in: True when the tool may take the place of a built-in one of the same name.
        skip_permission: True when it runs without asking for permission.
        is_terminal: True when a successful call ends the turn, without another request to the model; after one that
            fails the model goes on. Since runtime 1.0.81.
        defer: `never` to show the tool to the model from the start, also in a session that holds tools back until the
            model searches for them; `auto`, as when left out, to leave that to the runtime. Since runtime 1.0.81.
        namespace: Group of tools that it belongs to, for models that know such groups: its name, or a
            `ToolNamespace` with a description. Since runtime 1.0.102.
        metadata: Data of your own about the tool, which the runtime carries along. Since runtime 1.0.81.

    Raises:
        UsageError: The function or the namespace has no usable name, the function is a method that belongs to no
            object yet, or `defer` is another word.
    """

    declared_only: ClassVar[bool] = False
    """True if the program answers the calls by hand."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        overrides_built_in: bool = False,
        skip_permission: bool = False,
        is_terminal: bool = False,
        defer: Deferral | None = None,
        namespace: ToolNamespace | str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", ""))
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"a tool needs a name of letters, digits, _ and -, not {self.name!r}; pass name=..."
            )
        if _is_unbound_method(function):
            raise UsageError(
                f"tool {self.name}: a method cannot be called without its object; "
                f"make a tool of a bound one, tool(an_object.{self.name})"
            )
        if defer is not None and defer not in get_args(Deferral):
            raise UsageError(f"tool {self.name}: defer is 'auto' or 'never', not {defer!r}")
        group = namespace if namespace is None or isinstance(namespace, str) else namespace.name
        if group is not None and not _NAMESPACE.fullmatch(group):
            raise UsageError(
                f"tool {self.name}: a namespace has a name of 1 to 64 letters, digits, _ and -, not {group!r}"
            )
        self._description = description
        self.overrides_built_in = overrides_built_in
        self.skip_permission = skip_permission
        self.is_terminal = is_terminal
        self.defer = defer
        self.namespace = namespace
        self.metadata = metadata
        # The attributes of the function stay its own: one called `name` would replace that of the tool.
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, as if it were not decorated."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @functools.cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        """Summary and the descriptions of the parameters."""
        return documented(self.function)

    @property
    def description(self) -> str:
        """What the model reads about the tool."""
        return self._description if self._description is not None else self._docstring[0]

    @functools.cached_property
    def _arguments(self) -> Arguments:
        from copilot_sdk._arguments import Arguments

        return Arguments(f"tool {self.name}", self.function, self._docstring[1], ToolInvocation)

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments.

        Raises:
            UsageError: The function cannot be called with named arguments, or a type hint has no JSON Schema.
        """
        return self._arguments.schema

    @property
    def definition(self) -> ToolDefinition:
        """The tool as a session is told of it."""
        from copilot_sdk._generated.copilot.types import ToolDefinition, ToolNamespace

        group = self.namespace
        options: dict[str, Any] = {
            "overrides_built_in_tool": self.overrides_built_in,
            "skip_permission": self.skip_permission,
            "is_terminal": self.is_terminal,
            "defer": self.defer,
            "namespace": ToolNamespace(name=group) if isinstance(group, str) else group,
            "metadata": self.metadata,
        }
        return ToolDefinition(
            name=self.name,
            description=self.description,
            parameters=self.parameters,
            **{name: value for name, value in options.items() if value},
        )

    async def invoke(self, arguments: object, invocation: ToolInvocation) -> str | dict[str, Any]:
        """Run the tool for the model.

        Never raises but for cancellation: what goes wrong is a result for the model.

        Args:
            arguments: The arguments as the model gave them.
            invocation: The call.

        Returns:
            The result in wire form.
        """
        try:
            keywords = self._arguments.read(arguments, invocation)
        except ValueError as error:
            mark_failed(error)
            return failure(f"The arguments of {self.name} do not fit: {error} Correct them and call again.")
        with Contained(f"tool {self.name}") as call:
            try:
                result = wire_result(await call_off_loop(self.function, **keywords))
            except asyncio.CancelledError:
                invocation.cancel()
                raise
            if isinstance(result, dict) and (outcome := result.get("resultType", "success")) != "success":
                mark_failed(outcome)
            return result
        return failure(f"The tool {self.name} failed: {(call.problem or '')[:_FAILURE_CHARACTERS]}")


def _is_unbound_method(function: Callable[..., Any]) -> bool:
    return inspect.isfunction(function) and function.__code__.co_varnames[:1] in {("self",), ("cls",)}


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, **options: Unpack[ToolOptions]
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    **options: Unpack[ToolOptions],
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a tool of a function, as `@tool` or `@tool(name=..., ...)`.

    Parameters of the function become arguments that the model fills in: type hints, defaults, `Annotated` with
    `Field(...)`, and the docstring's parameter section describe them. A parameter of type `ToolInvocation` gets
    the call instead. What the function returns is the result: a string as it is, a `ToolResult` with all it says,
    anything else as JSON.

    A plain function runs in a worker thread. When the turn is aborted, somebody else answers the call or the session
    ends, an async function is cancelled, and what a plain one returns is dropped; `ToolInvocation.cancelled` tells it.

    Args:
        function: The function, plain or async; a bound method, or a `functools.partial` with a name, too.
        name: See `Tool`.
        description: What the tool does.
        options: `overrides_built_in`, `skip_permission`, `is_terminal`, `defer`, `namespace` and `metadata`; see
            `Tool`.

    Raises:
        UsageError: See `Tool`.
    """

    def make(decorated: Callable[P, R]) -> Tool[P, R]:
        return Tool(decorated, name=name, description=description, **options)

    return make if function is None else make(function)
