"""What a model reads of a tool, made of a function."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from copilot_sdk import Tool, ToolInvocation, ToolResult, UsageError, tool
from copilot_sdk.tools import Binary, declare_tool
from copilot_sdk.types import ToolNamespace

CALL = ToolInvocation("s", "c", "t")


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    number: int = Field(1, description="House number.")


class Person(BaseModel):
    name: str
    home: Address | None = None


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float
    field0: str = "kept"


class Filters(TypedDict, total=False):
    since: str


class Unknowable:
    """No JSON stands for this."""


def properties(made: Tool[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.parameters["properties"]
    return found


def call(made: Tool[..., Any], arguments: Any = None) -> Any:
    return asyncio.run(made.invoke(arguments, CALL))


# ------------------------------------------------------------------ definitions


def test_hints_defaults_and_docstring_make_the_definition() -> None:
    @tool
    def search(text: str, limit: int = 10, exact: bool = False) -> str:
        """Search the archive.

        Looks at titles first.

        Args:
            text: What to look for.
            limit: How many results
                at most.
        """
        return text

    assert search.definition.to_wire() == {
        "name": "search",
        "description": "Search the archive.\n\nLooks at titles first.",
        "parameters": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {
                "text": {"type": "string", "description": "What to look for."},
                "limit": {"type": "integer", "default": 10, "description": "How many results\nat most."},
                "exact": {"type": "boolean", "default": False},
            },
        },
    }


def test_a_tool_without_parameters_has_an_empty_object() -> None:
    @tool
    def now() -> str:
        return "now"

    assert now.parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert call(now) == call(now, {}) == "now"


def test_options_of_the_decorator_go_into_the_definition() -> None:
    @tool(
        name="look-up",
        description="Better.",
        overrides_built_in=True,
        skip_permission=True,
        is_terminal=True,
        defer="never",
        namespace=ToolNamespace(name="archive", description="What is old."),
        metadata={"example.com/owner": {"team": 7}},
    )
    def lookup() -> str:
        """Worse."""
        return ""

    assert lookup.definition.to_wire() == {
        "name": "look-up",
        "description": "Better.",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
        "overridesBuiltInTool": True,
        "skipPermission": True,
        "isTerminal": True,
        "defer": "never",
        "namespace": {"name": "archive", "description": "What is old."},
        "metadata": {"example.com/owner": {"team": 7}},
    }


def test_a_declared_tool_has_the_same_options() -> None:
    declared = declare_tool(
        "ask", description="Asks.", parameters={"type": "object"}, is_terminal=True, namespace="people"
    )
    assert declared.definition.to_wire() == {
        "name": "ask",
        "description": "Asks.",
        "parameters": {"type": "object"},
        "isTerminal": True,
        "namespace": {"name": "people"},
    }


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"defer": "always"}, "defer is 'auto' or 'never', not 'always'"),
        ({"namespace": "two words"}, "not 'two words'"),
        ({"namespace": ToolNamespace(name="n" * 65)}, "1 to 64 letters"),
        ({"namespace": ""}, "not ''"),
    ],
)
def test_an_option_that_the_runtime_would_not_take_is_refused(options: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=f"tool now: .*{problem}"):
        tool(name="now", **options)(lambda: "now")


def test_an_option_that_does_not_exist_is_refused() -> None:
    options: Any = {"terminal": True}
    with pytest.raises(TypeError, match="terminal"):
        tool(**options)(lambda: "now")


def test_choices_unions_and_constraints_are_described() -> None:
    @tool
    def paint(
        mode: Literal["fast", "slow"],
        colour: Colour,
        size: Annotated[int, Field(ge=1, le=5, description="In cm.")],
        names: list[str],
        note: str | None = None,
        where: Point | None = None,
        filters: Filters | None = None,
    ) -> str:
        return f"{colour.name} {size} {where} {filters}"

    found = properties(paint)
    assert found["mode"]["enum"] == ["fast", "slow"]
    assert found["size"] == {"type": "integer", "minimum": 1, "maximum": 5, "description": "In cm."}
    assert found["names"] == {"type": "array", "items": {"type": "string"}}
    assert found["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    arguments = {"mode": "fast", "colour": "red", "size": 3, "names": [], "where": {"x": 1, "y": 2}}
    assert call(paint, arguments) == "RED 3 Point(x=1.0, y=2.0, field0='kept') None"


def test_models_arrive_as_models() -> None:
    @tool
    def greet(person: Person, others: list[Person] | None = None) -> str:
        assert isinstance(person, Person)
        return f"{person.name} {person.home.street if person.home else None} {len(others or [])}"

    assert "Person" in greet.parameters["$defs"]
    person = {"name": "Ada", "home": {"street": "Main"}}
    assert call(greet, {"person": person, "others": [{"name": "Bob"}]}) == "Ada Main 1"


def test_the_annotation_says_more_than_the_docstring() -> None:
    @tool
    def both(
        a: Annotated[int, Field(description="By the annotation.")], b: int = Field(2, description="By it.")
    ) -> int:
        """Both.

        Args:
            a: By the docstring.
            b: By the docstring.
        """
        return a + b

    assert properties(both)["a"]["description"] == "By the annotation."
    assert properties(both)["b"] == {"type": "integer", "default": 2, "description": "By it."}
    assert call(both, {"a": 1}) == "3"


def test_names_that_mean_something_to_python_or_pydantic_are_only_names() -> None:
    @tool
    def odd(
        model_config: int,
        schema: str,
        _hidden: str = "h",
        json: str = "j",
        copy: str = "c",
        field0: str = "f",
        class_: Annotated[str, Field(alias="class")] = "k",
        from_: Annotated[str, Field(alias="from")] = "v",
    ) -> list[object]:
        return [model_config, schema, _hidden, json, copy, field0, class_, from_]

    assert list(properties(odd)) == [
        "model_config", "schema", "_hidden", "json", "copy", "field0", "class", "from",
    ]  # fmt: skip
    assert call(odd, {"model_config": 1, "schema": "s", "_hidden": "H", "class": "K", "from": "F"}) == (
        '[1, "s", "H", "j", "c", "f", "K", "F"]'
    )


def test_a_default_that_has_no_json_is_left_out_of_the_schema() -> None:
    @tool
    def quiet(when: Any = Unknowable) -> str:
        return str(when is Unknowable)

    assert properties(quiet) == {"when": {}}
    assert call(quiet) == "True"


def test_the_invocation_is_hidden_from_the_model() -> None:
    @tool
    def who(call: ToolInvocation, maybe: ToolInvocation | None = None, word: str = "w") -> str:
        assert maybe is call
        return call.tool_call_id + word

    assert list(properties(who)) == ["word"]
    assert call(who) == "cw"
    forged = {"call": {"session_id": "x"}, "maybe": None}
    assert call(who, forged)["resultType"] == "failure"


def test_numpy_and_sphinx_docstrings_are_read_too() -> None:
    def numpy(a: int) -> None:
        """Short.

        Parameters
        ----------
        a : int
            The number.
        """

    def sphinx(a: int) -> None:
        """Short.

        :param a: The number.
        """

    for function in (numpy, sphinx):
        made = tool(function)
        assert made.description == "Short."
        assert properties(made)["a"]["description"] == "The number."


class Node(BaseModel):
    name: str
    below: list[Node] = []


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    title: str


def test_a_type_that_is_used_once_is_described_where_it_is_used() -> None:
    @tool
    def move(
        point: Annotated[Point, Field(description="Where to.")], colour: Colour = Colour.RED
    ) -> None: ...

    assert "$defs" not in move.parameters
    assert properties(move)["point"]["description"] == "Where to."
    assert list(properties(move)["point"]["properties"]) == ["x", "y", "field0"]
    assert properties(move)["colour"] == {"enum": ["red", "blue"], "type": "string", "default": "red"}


def test_only_types_that_are_used_again_are_definitions() -> None:
    @tool
    def draw(start: Point, end: Point, tree: Node, home: Address) -> None: ...

    assert set(draw.parameters["$defs"]) == {"Point", "Node"}
    assert properties(draw)["start"] == {"$ref": "#/$defs/Point"}
    assert properties(draw)["home"]["properties"]["street"] == {"type": "string"}
    assert "'title'" not in str(draw.parameters)


def test_what_a_discriminator_names_stays_a_definition_and_fields_may_be_called_title() -> None:
    @tool
    def pet(animal: Annotated[Cat | Dog, Field(discriminator="kind")]) -> None: ...

    definitions = pet.parameters["$defs"]
    assert properties(pet)["animal"]["discriminator"]["mapping"] == {
        "cat": "#/$defs/Cat",
        "dog": "#/$defs/Dog",
    }
    assert definitions["Dog"]["properties"]["title"] == {"type": "string"}
    assert call(pet, {"animal": {"kind": "dog", "title": "Rex"}}) == ""


@pytest.mark.parametrize("described", [Address, Point, Filters])
def test_the_arguments_of_a_declared_tool_can_be_a_type(described: type) -> None:
    declared = declare_tool("ask", description="Asks.", parameters=described)
    assert declared.parameters["type"] == "object"
    assert declared.parameters["properties"]
    assert "title" not in declared.parameters


def test_a_declared_tool_of_an_unknowable_type_says_so() -> None:
    declared = declare_tool("ask", description="Asks.", parameters=Unknowable)
    with pytest.raises(UsageError, match=r"tool ask: .* cannot be described to a model"):
        _ = declared.definition


# -------------------------------------------------------------- kinds of callables


def test_a_tool_is_still_the_function() -> None:
    def twice(number: int) -> int:
        """Twice."""
        return 2 * number

    twice.name = "not the tool's"  # type: ignore[attr-defined]
    made = tool(twice)
    assert (made(4), made.name, made.__doc__, vars(made)["__name__"]) == (8, "twice", "Twice.", "twice")
    assert repr(made) == "<Tool twice>"
    assert inspect.unwrap(made) is twice


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    def price(self, item: str, count: int = 1) -> str:
        """Price of an item."""
        return f"{self.name} {item} {count}"

    @staticmethod
    def rate(of: str) -> str:
        return of

    @classmethod
    def open(cls, day: str) -> str:
        return f"{cls.__name__} {day}"

    async def __call__(self, item: str) -> str:
        return f"called {self.name} {item}"


def test_methods_of_objects_and_classes_can_be_tools() -> None:
    shop = Shop("corner")
    price = tool(shop.price)
    assert price.description == "Price of an item."
    assert list(properties(price)) == ["item", "count"]
    assert call(price, {"item": "tea"}) == "corner tea 1"
    assert call(tool(Shop.rate), {"of": "x"}) == "x"
    assert call(tool(Shop.open), {"day": "Monday"}) == "Shop Monday"


def test_an_object_that_can_be_called_needs_a_name() -> None:
    with pytest.raises(UsageError, match=r"pass name="):
        tool(Shop("corner"))
    made = Tool(Shop("corner"), name="shop")
    assert list(properties(made)) == ["item"]
    assert call(made, {"item": "tea"}) == "called corner tea"


def test_a_partial_needs_a_name_and_hides_what_it_binds() -> None:
    def request(key: str, path: str, times: int = 1) -> str:
        return f"{key} {path} {times}"

    for bound in (functools.partial(request, "secret"), functools.partial(request, key="secret")):
        with pytest.raises(UsageError, match=r"pass name="):
            tool(bound)
        made = Tool(bound, name="request")
        assert properties(made) == {"path": {"type": "string"}, "times": {"type": "integer", "default": 1}}
        assert "secret" not in str(made.definition.to_wire())
        assert call(made, {"path": "/", "times": 2}) == "secret / 2"
        assert call(made, {"path": "/", "key": "mine"})["resultType"] == "failure"


@pytest.mark.parametrize("name", ["", "two words", "naïve", "a.b", "x" * 129, "a\n"])
def test_a_name_that_models_do_not_take_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="needs a name of letters"):
        tool(name=name or "<>")(lambda: "")


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(UsageError, match=r"<lambda>.*pass name="):
        tool(lambda: "")
    assert tool(name="ok")(lambda: "fine").parameters["properties"] == {}


def test_a_method_without_its_object_is_refused_where_it_is_written() -> None:
    with pytest.raises(UsageError, match=r"tool price: .*tool\(an_object\.price\)"):
        tool(Shop.price)


def takes_star(*words: str) -> None: ...
def takes_stars(**words: str) -> None: ...
def takes_positions(a: int, /) -> None: ...
def takes_unknowable(a: Unknowable) -> None: ...
def takes_unresolvable(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (takes_star, "'words' must be passable by name"),
        (takes_stars, "'words' must be passable by name"),
        (takes_positions, "'a' must be passable by name"),
        (takes_unknowable, "cannot be described to a model"),
        (takes_unresolvable, "type hints cannot be resolved.*module level"),
        (len, "must be passable by name"),
        (min, "its parameters are not known"),
    ],
)
def test_a_function_that_cannot_be_a_tool_says_why(function: Callable[..., Any], message: str) -> None:
    made = tool(function)
    with pytest.raises(UsageError, match=f"(?s)tool {made.name}: .*{message}"):
        _ = made.definition


# --------------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("text", "text"),
        ("", ""),
        (None, ""),
        (5, "5"),
        ({"ä": [1, None]}, '{"ä": [1, null]}'),
        (Address(street="s", number=1), '{"street": "s", "number": 1}'),
        (Point(1, 2), '{"x": 1, "y": 2, "field0": "kept"}'),
        (Colour.RED, '"red"'),
        (ToolResult("t"), {"textResultForLlm": "t", "resultType": "success"}),
        (ToolResult("", "denied"), {"textResultForLlm": "", "resultType": "denied"}),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), '"2026-01-02T03:04:00Z"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.50"), '"1.50"'),
        ({3}, "[3]"),
        ({"raw": b"\xff"}, '{"raw": "_w=="}'),
        (
            b"\xff\x00",
            {
                "textResultForLlm": "2 bytes of application/octet-stream",
                "resultType": "success",
                "binaryResultsForLlm": [
                    {"type": "resource", "data": "/wA=", "mimeType": "application/octet-stream"}
                ],
            },
        ),
        (
            Binary(b"hi", "image/png", "A dot.", {"width": 1}),
            {
                "textResultForLlm": "A dot.",
                "resultType": "success",
                "binaryResultsForLlm": [
                    {
                        "type": "image",
                        "data": "aGk=",
                        "mimeType": "image/png",
                        "description": "A dot.",
                        "metadata": {"width": 1},
                    }
                ],
            },
        ),
        (
            ToolResult("t", contents=({"type": "text", "text": "b"},), references=("view",)),
            {
                "textResultForLlm": "t",
                "resultType": "success",
                "contents": [{"type": "text", "text": "b"}],
                "toolReferences": ["view"],
            },
        ),
    ],
)
def test_what_a_function_returns_is_sent_as_text_or_json(value: Any, wire: Any) -> None:
    def function() -> Any:
        return value

    assert call(Tool(function, name="f")) == wire


def test_many_problems_are_cut_short() -> None:
    @tool
    def few() -> None: ...

    text = call(few, {f"extra{number}": 1 for number in range(30)})["textResultForLlm"]
    assert "And 20 more." in text
    assert "extra10" not in text


def test_a_secret_in_an_exception_is_masked_for_the_model() -> None:
    @tool
    def leak() -> None:
        raise ValueError("api_key=hunter2hunter2 was refused")

    assert "hunter2" not in call(leak)["textResultForLlm"]


def test_lax_values_of_models_are_understood() -> None:
    @tool
    def count(number: int) -> str:
        assert type(number) is int
        return str(number)

    assert call(count, {"number": "7"}) == "7"
