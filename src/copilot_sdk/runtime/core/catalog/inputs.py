"""What a server on a card wants to be given before it can run: values, and secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object

Category = Literal["environment-variable", "runtime-argument", "package-argument", "header", "url-variable"]
Place = tuple[Category, str]
"""Where an input goes, and what it is called there."""
ValueType = Literal["string", "number", "boolean", "path"]

_TYPES: Mapping[str, ValueType] = {"number": "number", "boolean": "boolean", "filepath": "path"}
_BASED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
_LONGEST_TITLE = 200
_LONGEST_DESCRIPTION = 1000


class OddInput(Exception):
    """A card describes an input in a way that nobody could fill it in."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is no secret.

    Attributes:
        category: Where it goes.
        key: What it is called there.
        type: What it has to be.
        choices: All that it may be; none for anything of its type.
        required: Whether nothing works without it.
        repeated: Whether it may be given more than once.
        default: What it is unless it is given.
        title: What people call it.
        description: What it is for.
        settled: Whether what the card has as its default can be used.
    """

    category: Category
    key: str
    type: ValueType
    choices: tuple[str, ...]
    required: bool
    repeated: bool
    default: str | None
    title: str | None
    description: str | None
    settled: bool

    @property
    def missing(self) -> bool:
        """Whether somebody has to be asked for it."""
        return not self.settled or (self.required and self.default is None)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, by the placeholder that stands in its place; its title is what people call it."""

    key: str
    placeholder: str
    title: str | None


@dataclass(slots=True)
class Inputs:
    """The inputs of one way to run a server, each once.

    Attributes:
        origin: What makes the placeholders of its secrets unlike those of others.
    """

    origin: str
    _values: dict[Place, Value] = field(default_factory=dict[Place, Value])
    _secrets: dict[Place, Secret] = field(default_factory=dict[Place, Secret])
    _untitled: dict[Place, Secret] = field(default_factory=dict[Place, Secret])

    @property
    def values(self) -> list[Value]:
        """The values, in the order of the card."""
        secrets = {**self._secrets, **self._untitled}
        return [value for place, value in self._values.items() if place not in secrets]

    @property
    def secrets(self) -> list[Secret]:
        """The secrets, in the order of the card; last those that have no title."""
        untitled = [secret for place, secret in self._untitled.items() if place not in self._secrets]
        return [*self._secrets.values(), *untitled]

    @property
    def complete(self) -> bool:
        """Whether nobody has to be asked for anything."""
        return not self.secrets and not any(value.missing for value in self.values)

    def add(
        self,
        category: Category,
        key: str | None,
        described: Mapping[str, object],
        *,
        repeated: bool = False,
        unnamed: str = "",
    ) -> None:
        """Adds an input, with the variables of its value.

        Args:
            category: Where it goes.
            key: What it is called there; None for one that nobody could give.
            described: What the card says of it.
            repeated: Whether it may be given more than once.
            unnamed: What it is called as a secret that has no name.

        Raises:
            OddInput: The card makes no sense here.
        """
        named = key is not None and _text(described, "value") is None
        secret = _flag(described, "isSecret")
        if key is not None and named:
            self._keep(category, key, described, title=key, repeated=repeated, secret=secret)
        for name, variable in variables_of(described).items():
            self._keep(category, name, variable, secret=secret or _flag(variable, "isSecret"))
        if secret and not named:
            place = (category, key or unnamed)
            self._untitled.setdefault(place, Secret(place[1], self._placeholder(*place), None))

    def add_to_address(self, name: str, described: Mapping[str, object]) -> str | None:
        """Adds a variable of an address.

        Returns:
            What stands in its place as long as nobody has given it: its value, its default or a placeholder.

        Raises:
            OddInput: The card makes no sense here.
        """
        fixed, secret = _text(described, "value"), _flag(described, "isSecret")
        if fixed is not None and not secret:
            return fixed
        return self._keep("url-variable", name, described, secret=secret)

    def add_undeclared(self, name: str) -> None:
        """Adds a variable of an address that the card does not describe."""
        self._keep("url-variable", name, {"isRequired": True}, title=name)

    def _keep(
        self,
        category: Category,
        key: str,
        described: Mapping[str, object],
        *,
        title: str | None = None,
        repeated: bool = False,
        secret: bool = False,
    ) -> str | None:
        """Keeps an input; returns what stands in its place as long as nobody has given it."""
        value = _value(category, key, described, title, repeated=repeated)
        place = (category, key)
        if secret:
            known = self._secrets.setdefault(place, Secret(key, self._placeholder(*place), title))
            return known.placeholder
        first = self._values.setdefault(place, value)
        if replace(first, title=None, description=None) != replace(value, title=None, description=None):
            raise OddInput
        return value.default

    def _placeholder(self, category: Category, key: str) -> str:
        digest = sha256(f"{self.origin}\n{category}\n{key}".encode()).hexdigest()
        return f"${{secret:{digest}}}"


def _value(
    category: Category, key: str, described: Mapping[str, object], title: str | None, *, repeated: bool
) -> Value:
    description = None if described.get("description") is None else _text(described, "description")
    if len(title or "") > _LONGEST_TITLE or len(description or "") > _LONGEST_DESCRIPTION:
        raise OddInput
    kind = _TYPES.get(str(described.get("format")), "string")
    choices = _choices(described)
    default = _text(described, "default")
    settled = default is None or (default in choices if choices else _fits(default, kind))
    return Value(
        category=category,
        key=key,
        type=kind,
        choices=choices,
        required=_flag(described, "isRequired"),
        repeated=repeated,
        default=default if settled else None,
        title=title,
        description=description,
        settled=settled,
    )


def variables_of(described: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """What a card says of the variables of a text, by their names.

    Raises:
        OddInput: It makes no sense.
    """
    variables = described.get("variables")
    if variables is None:
        return {}
    if not is_object(variables):
        raise OddInput
    found: dict[str, Mapping[str, object]] = {}
    for name, variable in variables.items():
        if not name or not is_object(variable):
            raise OddInput
        found[name] = variable
    return found


def _text(described: Mapping[str, object], name: str) -> str | None:
    """A text; None if it is not there."""
    if name not in described:
        return None
    value = described[name]
    if not isinstance(value, str):
        raise OddInput
    return value


def _flag(described: Mapping[str, object], name: str) -> bool:
    value = described.get(name)
    if value is None or isinstance(value, bool):
        return value is True
    raise OddInput


def _choices(described: Mapping[str, object]) -> tuple[str, ...]:
    value = described.get("choices")
    if value is None:
        return ()
    choices = [choice for choice in value if isinstance(choice, str) and choice] if is_array(value) else None
    if choices is None or not is_array(value) or len(set(choices)) != len(value):
        raise OddInput
    return tuple(choices)


def _fits(text: str, kind: ValueType) -> bool:
    if kind == "boolean":
        return text in ("true", "false")
    if kind != "number" or not text.strip() or _BASED.fullmatch(text.strip()):
        return True
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False
