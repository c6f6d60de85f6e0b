"""Tools that the model can call and your program runs.

`@tool` makes one of a function: its name, its docstring and its type hints become the definition that the
model reads.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    get_type_hints,
    overload,
)

from copilot_sdk.errors import UsageError, describe_exception

if TYPE_CHECKING:
    from pydantic import BaseModel

    from copilot_sdk._generated.copilot.types import ToolDefinition

P = ParamSpec("P")
R = TypeVar("R")

ResultType: TypeAlias = Literal["success", "failure", "rejected", "denied", "timeout"]
_logger = logging.getLogger("copilot_sdk.tools")


@dataclass(frozen=True, slots=True)
class ToolInvocation:
    """The call that a tool is run for.

    A tool that has a parameter of this type gets it, the model does not see it.
    """

    session_id: str
    tool_call_id: str
    tool_name: str
    working_directory: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """An outcome with more to say than its text.

    Args:
        text: What the model reads.
        result_type: How it went. `rejected` ends the turn; after the others the model goes on.
        error: What went wrong, for the event log.
        session_log: More detailed text for the event log.
        binary: Images and other binary parts, in wire form: `{"type", "data" (base64), "mimeType",
            "description"}`.
        telemetry: Values to keep with the call.
    """

    text: str
    result_type: ResultType = "success"
    error: str | None = None
    session_log: str | None = None
    binary: tuple[dict[str, Any], ...] = ()
    telemetry: dict[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The result as the wire has it."""
        members: dict[str, Any] = {
            "textResultForLlm": self.text,
            "resultType": self.result_type,
            "error": self.error,
            "sessionLog": self.session_log,
            "binaryResultsForLlm": list(self.binary),
            "toolTelemetry": self.telemetry,
        }
        return {name: value for name, value in members.items() if value not in (None, [], {})}


class Tool(Generic[P, R]):
    """A function that the model can call. Calling the tool calls the function.

    Args:
        function: The function, plain or async; a plain one is run in a thread when the model calls it.
        name: Name for the model; the function's name when left out.
        description: What the tool does; the docstring's summary when left out.
        overrides_built_in: True when the tool may take the place of a built-in one of the same name.
        skip_permission: True when it runs without asking for permission.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        overrides_built_in: bool = False,
        skip_permission: bool = False,
    ) -> None:
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", ""))
        if not self.name.isidentifier() and not self.name.replace("-", "_").isidentifier():
            raise UsageError(
                f"a tool needs a name of letters, digits, _ and -, not {self.name!r}; pass name=..."
            )
        self._description = description
        self.overrides_built_in = overrides_built_in
        self.skip_permission = skip_permission
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, as if it were not decorated."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @functools.cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        """Summary and the descriptions of the parameters."""
        from docstring_parser import parse

        parsed = parse(inspect.getdoc(self.function) or "")
        texts = [parsed.short_description, parsed.long_description]
        parameters = {item.arg_name: item.description or "" for item in parsed.params}
        return "\n\n".join(text for text in texts if text), parameters

    @property
    def description(self) -> str:
        """What the model reads about the tool."""
        return self._description if self._description is not None else self._docstring[0]

    @functools.cached_property
    def _signature(self) -> tuple[type[BaseModel], str | None]:
        """The model of the arguments, and the name of the parameter that takes the invocation."""
        from pydantic import ConfigDict, Field, create_model
        from pydantic.fields import FieldInfo

        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {}
        invocation = None
        for parameter in inspect.signature(self.function).parameters.values():
            hint = hints.get(parameter.name, Any)
            if hint is ToolInvocation:
                invocation = parameter.name
                continue
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise UsageError(f"tool {self.name}: parameter {parameter.name!r} must be passable by name")
            text = self._docstring[1].get(parameter.name) or None
            default = ... if parameter.default is parameter.empty else parameter.default
            if not isinstance(default, FieldInfo):
                default = Field(default, description=text) if text else Field(default)
            fields[parameter.name] = (hint, default)
        config = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
        return create_model(f"{self.name}_arguments", __config__=config, **fields), invocation

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        schema = self._signature[0].model_json_schema()
        schema.pop("title", None)
        return schema

    @property
    def definition(self) -> ToolDefinition:
        """The tool as a session is told of it."""
        from copilot_sdk._generated.copilot.types import ToolDefinition

        definition = ToolDefinition(name=self.name, description=self.description, parameters=self.parameters)
        if self.overrides_built_in:
            definition.overrides_built_in_tool = True
        if self.skip_permission:
            definition.skip_permission = True
        return definition

    async def invoke(self, arguments: object, invocation: ToolInvocation) -> str | dict[str, Any]:
        """Run the tool for the model.

        Never raises but for cancellation: what goes wrong is a result for the model.

        Args:
            arguments: The arguments as the model gave them.
            invocation: The call.

        Returns:
            The result in wire form.
        """
        from pydantic import ValidationError

        model, invocation_name = self._signature
        try:
            values = model.model_validate(arguments if arguments is not None else {})
        except ValidationError as error:
            return _failure(
                f"The arguments of {self.name} do not fit: {_explain(error)} Correct them and call again."
            )
        keywords = {name: getattr(values, name) for name in type(values).model_fields}
        if invocation_name is not None:
            keywords[invocation_name] = invocation
        try:
            return _result(await self._run(keywords))
        except Exception as error:
            _logger.exception("the tool %s raised", self.name)
            return _failure(f"The tool {self.name} failed: {describe_exception(error)}")

    async def _run(self, keywords: dict[str, Any]) -> object:
        function: Callable[..., Any] = self.function
        if inspect.iscoroutinefunction(function):
            return await function(**keywords)
        outcome = await asyncio.to_thread(function, **keywords)
        return await outcome if inspect.isawaitable(outcome) else outcome


def _explain(error: Any) -> str:
    return " ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}." for e in error.errors())


def _failure(text: str) -> dict[str, Any]:
    return ToolResult(text, "failure", error=text).to_wire()


def _result(value: object) -> str | dict[str, Any]:
    if isinstance(value, str):
        return value
    if isinstance(value, ToolResult):
        return value.to_wire()
    if value is None:
        return ""
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(value), ensure_ascii=False)


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    overrides_built_in: bool = False,
    skip_permission: bool = False,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a tool of a function, as `@tool` or `@tool(name=..., ...)`.

    Parameters of the function become arguments that the model fills in: type hints, defaults, `Annotated[...,
        Field(...)]` and
    the docstring's parameter section describe them. A parameter of type `ToolInvocation` gets the call
    instead. What the function returns is the result: a string as it is, a `ToolResult` with all it says,
    anything else as JSON.

    Args:
        function: The function, plain or async.
        options: See `Tool`.

    Raises:
        UsageError: The function has no usable name.
    """
    if function is not None:
        return Tool(function)
    return lambda decorated: Tool(decorated, **options)
