"""Kinds of values with rules of their own in the documents of administrators: rules, hosts, programs, servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.addresses import read_address
from copilot_sdk.runtime.core.hosts import read_hosts
from copilot_sdk.runtime.core.managed.kinds import (
    NAMED,
    Flag,
    Items,
    Json,
    Kind,
    Place,
    Record,
    Table,
    Text,
    Whole,
    one_of,
)
from copilot_sdk.runtime.core.managed.rules import BadRule, bounds, read_rule
from copilot_sdk.runtime.core.sandbox.proxy import managed_proxy

SURFACES = ("skills", "agents", "hooks", "mcp")
"""Where customizations come from, that can be left to plugins alone."""

_PROGRAM = re.compile(r"/.*[^/]|~[/\\].*[^/\\]|(?!\.{1,2}$)[^~/\\][^/\\]*", re.DOTALL)
_PROGRAM_SHAPE: Json = {
    "type": "string",
    "minLength": 1,
    "pattern": r"^(/.*[^/]|~[/\\].*[^/\\]|[^~/\\][^/\\]*)$",
}
_NO_PROGRAM = "Expected an absolute path, one that begins with `~/`, or the name of a program"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_PROXY = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#][!-~]*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Surfaces(Kind):
    """Whether customizations are left to plugins: all, none, or those of some kinds.

    What cannot be read leaves all of them to plugins.
    """

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        """The flag, or the list without repetitions."""
        if isinstance(value, bool):
            return value
        if is_array(value) and all(item in SURFACES for item in value):
            return list(dict.fromkeys(value))
        return True

    def shape(self) -> Json:
        """Either form."""
        kinds: Json = {
            "type": "array",
            "items": {"type": "string", "enum": list(SURFACES)},
            "uniqueItems": True,
        }
        return one_of(
            {"description": "Whether those of all kinds are.", "type": "boolean"},
            {"description": "The kinds that are.", **kinds},
        )


@dataclass(frozen=True, kw_only=True)
class Rule(Text):
    """A permission rule."""

    def read(self, value: object, place: Place) -> object:
        """The rule, as it is written."""
        try:
            read_rule(value)
        except BadRule as error:
            return place.fail(str(error))
        return value


@dataclass(frozen=True, kw_only=True)
class Bounds(Items):
    """A list of rules that bound what may be reached; one that cannot be read closes the bounds altogether."""

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        """The list, or an empty one."""
        return [text for text, _ in bounds(value)]


@dataclass(frozen=True, kw_only=True)
class Hosts(Kind):
    """A list of hosts; those that cannot be read are left out."""

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        """The list."""
        texts = (text for text in value if isinstance(text, str)) if is_array(value) else ()
        return [text for text in texts if read_hosts([text])]

    def shape(self) -> Json:
        """An array."""
        return {"type": "array", "items": {"$ref": "#/$defs/hostPattern"}}


HOST_SCHEMA: Json = {
    "description": "A host by name or number, `*.` with a name for all hosts below it, or `*` for every host.",
    "type": "string",
    "minLength": 1,
    "pattern": r"^(\*|(\*\.)?[\w-]+(\.[\w-]+)*\.*|\[?[0-9A-Fa-f:]+\]?)$",
}


@dataclass(frozen=True, kw_only=True)
class ProxyURL(Kind):
    """The address of a proxy."""

    def read(self, value: object, place: Place) -> object:
        """The address."""
        if not isinstance(value, str):
            return place.expected("string", value)
        problem = _problem_of_proxy(value)
        return value if problem is None else place.fail(problem)

    def shape(self) -> Json:
        """A string."""
        return {"type": "string", "minLength": 1, "pattern": f"^{_PROXY.pattern}$"}


PROXY = Record(
    about="The proxy on the way.",
    required=("url",),
    members={
        "url": ProxyURL(
            about="Its address, without credentials.",
            notes={"x-composition": {"strategy": "managed-precedence"}},
        )
    },
)
"""A proxy."""


def _problem_of_proxy(url: str) -> str | None:
    address = read_address(url)
    if not url:
        return "must not be empty"
    if address is not None and address.scheme not in ("http", "https"):
        return "must use the http or https scheme"
    if address is not None and "@" in url.partition("://")[2].partition("/")[0]:
        return "must not have credentials in it"
    if address is not None and ":" in address.host:
        return "must use an IPv4 endpoint"
    if re.match(r"https?://[^/?#]*:0+(?:[/?#]|$)", url, re.IGNORECASE):
        return "must use a port between 1 and 65535"
    if managed_proxy(url) is None or _PROXY.fullmatch(url) is None:
        return "must be a valid proxy URL"
    return None


@dataclass(frozen=True, kw_only=True)
class Program(Kind):
    """A program: by an absolute path, by one in the home of the user, or by its name."""

    def read(self, value: object, place: Place) -> object:
        """The path or name."""
        if not isinstance(value, str):
            return place.expected("string", value)
        if not value.strip():
            return place.fail("Expected a non-empty string")
        return value if value == value.strip() and _PROGRAM.fullmatch(value) else place.fail(_NO_PROGRAM)

    def shape(self) -> Json:
        """A string."""
        return _PROGRAM_SHAPE


_SERVER_NAME = r"[A-Za-z0-9_./-]+"
_ONE_WAY = "Expected exactly one of 'serverUrl', 'serverCommand' and 'serverName', and nothing else"


@dataclass(frozen=True, kw_only=True)
class Server(Kind):
    """An MCP server: by its address, its command, or its name.

    Attributes:
        listed: Whether it is one to allow, the name of which has to be a plain one.
    """

    listed: bool

    def read(self, value: object, place: Place) -> object:
        """The object."""
        if not is_object(value):
            return place.expected("object", value)
        ways = self._ways()
        if len(value) != 1 or not value.keys() <= ways.keys():
            return place.fail(_ONE_WAY)
        return {name: ways[name].read(member, place.at(name)) for name, member in value.items()}

    def _ways(self) -> Mapping[str, Kind]:
        label: Kind = Text(about="Its name.", empty=NAMED.empty, shown=NAMED.shown)
        if self.listed:
            label = Text(
                about="Its name: letters, digits, `_`, `.`, `/` and `-`.",
                empty=NAMED.empty,
                pattern=_SERVER_NAME,
                problem="Expected letters, digits, `_`, `.`, `/` and `-` alone",
                shown={"pattern": f"^{_SERVER_NAME}$"},
            )
        return {
            "serverUrl": Text(
                about="Its address; `*` stands for anything.", empty=NAMED.empty, shown=NAMED.shown
            ),
            "serverCommand": Items(about="Its command and all arguments.", of=NAMED, at_least_one=True),
            "serverName": label,
        }

    def shape(self) -> Json:
        """A reference to the definition."""
        return {"$ref": f"#/$defs/{self.definition_name}"}

    @property
    def definition_name(self) -> str:
        """What the definition is called."""
        return "mcpAllowMatcher" if self.listed else "mcpDenyMatcher"

    def definition(self) -> Json:
        """The definition: one of three objects."""
        ways = (
            Record(members={name: kind}, required=(name,)).schema() for name, kind in self._ways().items()
        )
        return {"description": "An MCP server, by one of three members.", "type": "object", **one_of(*ways)}


@dataclass(frozen=True, slots=True)
class SourceShape:
    """One way to say where a marketplace is: what has to be said, and what may be."""

    required: str
    members: Mapping[str, Kind]


_PINS: Mapping[str, Kind] = {
    "ref": Text(about="A branch, a tag or a commit."),
    "path": Text(about="The folder of the plugins in the repository."),
}
_REPOSITORY = Text(about="The repository as `owner/name`.", shown={"pattern": "^[^/:]+/[^/:]+$"})
_GIT_URL = Text(about="The address of the repository.", shown={"format": "uri"})
SOURCES: Mapping[str, SourceShape] = {
    "github": SourceShape("repo", {"repo": _REPOSITORY, **_PINS}),
    "git": SourceShape("url", {"url": _GIT_URL, **_PINS}),
    "url": SourceShape(
        "url",
        {
            "url": Text(about="The address of the catalog.", shown={"format": "uri"}),
            "headers": Table(about="Headers to ask for it with.", of=Text()),
        },
    ),
    "npm": SourceShape("package", {"package": Text(about="The package.")}),
    "file": SourceShape("path", {"path": Text(about="The file of the catalog.")}),
    "directory": SourceShape("path", {"path": Text(about="The folder of the catalog.")}),
    "hostPattern": SourceShape("hostPattern", {"hostPattern": Text(about="A pattern of hosts.")}),
    "pathPattern": SourceShape("pathPattern", {"pathPattern": Text(about="A pattern of paths.")}),
}
"""The ways to say where a marketplace is, by the names of the ways."""


@dataclass(frozen=True, kw_only=True)
class Source(Kind):
    """Where a marketplace is.

    Attributes:
        ways: The ways to say it that are known here.
    """

    ways: tuple[str, ...]

    def read(self, value: object, place: Place) -> object:
        """The object, without what does not belong to its way."""
        if not is_object(value):
            return place.expected("object", value)
        way = value.get("source")
        if not isinstance(way, str):
            return place.at("source").fail("Required")
        if way not in self.ways:
            return place.at("source").fail("Invalid discriminator value")
        shape = SOURCES[way]
        if shape.required not in value:
            return place.at(shape.required).fail("Required")
        found = Record(members=shape.members).read(value, place)
        return {"source": way, **found} if is_object(found) else None

    def shape(self) -> Json:
        """One of several objects."""
        return one_of(*(self.way_schema(way) for way in self.ways))

    @staticmethod
    def way_schema(way: str) -> Json:
        """The schema of one way."""
        shape = SOURCES[way]
        members = {name: kind.schema() for name, kind in shape.members.items()}
        return {
            "type": "object",
            "required": ["source", shape.required],
            "properties": {"source": {"const": way}, **members},
            "additionalProperties": False,
        }


@dataclass(frozen=True, kw_only=True)
class SourceOfMarketplace(Source):
    """Where a marketplace is that runtimes are to know; what is wrong with it is not told in detail."""

    def read(self, value: object, place: Place) -> object:
        """The object."""
        errors: list[tuple[str, str]] = []
        found = super().read(value, Place("", errors))
        return place.fail("Invalid input") if errors else found

    def shape(self) -> Json:
        """An object with one of several sets of members."""
        kinds: Json = {"description": "The way to say it.", "type": "string", "enum": list(self.ways)}
        ways: list[Json] = []
        for way in self.ways:
            whole = dict(self.way_schema(way))
            del whole["type"]
            ways.append(whole)
        return {"type": "object", "required": ["source"], "properties": {"source": kinds}, **one_of(*ways)}


class RemoteControl(Record):
    """Who may control sessions from elsewhere; where that depends on a sign-in, it has to be said where to."""

    def read(self, value: object, place: Place) -> object:
        """The object."""
        found = super().read(value, place)
        places = ("githubDotComOrganizations", "githubEnterpriseCloudDomains")
        if is_object(value) and value.get("mode") == "requireSSO" and not value.keys() & set(places):
            return place.fail(f"requireSSO needs {' or '.join(places)}")
        return found

    def shape(self) -> Json:
        """An object."""
        needs = [{"required": [name]} for name in self.members if name != "mode"]
        signed_in: Json = {"properties": {"mode": {"const": "requireSSO"}}, "required": ["mode"]}
        return {**super().shape(), "allOf": [{"if": signed_in, "then": {"anyOf": needs}}]}


class Captures(Record):
    """What is captured: a name that is not known is an error, lest somebody takes it for protected."""

    def read(self, value: object, place: Place) -> object:
        """The object."""
        for name in value.keys() - self.members.keys() if is_object(value) else ():
            place.at(name).fail("Unknown telemetry capture setting")
        return super().read(value, place)


_REFRESH_MILLISECONDS = 1_740_000
_HEADERS = Record(
    members={
        "path": Program(),
        "args": Items(of=Text(), notes={"default": []}),
        "refreshIntervalMs": Whole(
            least=1,
            problem="Expected a whole number of milliseconds from 1 on",
            notes={"default": _REFRESH_MILLISECONDS},
        ),
    },
    required=("path",),
)


@dataclass(frozen=True, kw_only=True)
class HeadersProvider(Kind):
    """A command that prints headers, or false for none."""

    def read(self, value: object, place: Place) -> object:
        """False, or the object with what goes without saying."""
        if value is False:
            return value
        if not is_object(value):
            return place.fail("Expected false or object")
        if value.keys() - _HEADERS.members.keys():
            return place.fail("Unknown telemetry headers provider setting")
        found = _HEADERS.read(value, place)
        return {"args": [], "refreshIntervalMs": _REFRESH_MILLISECONDS, **found} if is_object(found) else None

    def shape(self) -> Json:
        """Either form."""
        return one_of({"const": False}, _HEADERS.schema())


class Telemetry(Record):
    """Where measurements go; headers are of use only where it is said where to."""

    def read(self, value: object, place: Place) -> object:
        """The object."""
        if is_object(value) and is_object(value.get("headersProvider")) and "endpoint" not in value:
            place.at("headersProvider").fail("headersProvider needs an endpoint beside it")
        return super().read(value, place)

    def shape(self) -> Json:
        """An object."""
        with_headers: Json = {
            "properties": {"headersProvider": {"type": "object"}},
            "required": ["headersProvider"],
        }
        return {**super().shape(), "allOf": [{"if": with_headers, "then": {"required": ["endpoint"]}}]}


def flags(notes: Json, **abouts: str) -> Sequence[tuple[str, Kind]]:
    """Several flags that say the same of themselves besides what they are about."""
    return [(name, Flag(about=about, notes=notes)) for name, about in abouts.items()]
