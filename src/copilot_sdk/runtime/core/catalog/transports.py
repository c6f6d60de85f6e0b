"""The ways to run a server that its card offers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.catalog.addresses import check_endpoint
from copilot_sdk.runtime.core.catalog.inputs import Category, Inputs, OddInput, variables_of
from copilot_sdk.runtime.core.catalog.refusals import Refusal

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_REMOTE = ("streamable-http", "sse")
_PACKAGES = ("npm", "pypi", "oci", "docker")
_LONGEST_ENDPOINT = 2048
_LONGEST_IDENTIFIER = 512


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run a server.

    Attributes:
        id: Tells it from the other ways of the same card.
        transport: The wire's name of its transport.
        inputs: What it has to be given.
        fields: What an entry in the configuration would have, by name.
        endpoint: Where the server is; empty for a package.
        package: The kind and the name of the package; None for a server elsewhere.
    """

    id: str
    transport: str
    inputs: Inputs
    fields: Sequence[str]
    endpoint: str = ""
    package: tuple[str, str] | None = None


def choices_of(packages: Sequence[object], remotes: Sequence[object], digest: str) -> list[Choice]:
    """The ways that can be used, those with packages first.

    Args:
        packages: What the card says of packages.
        remotes: What it says of servers elsewhere.
        digest: The digest of the card.

    Raises:
        Refusal: There are none, or one makes no sense.
    """
    try:
        choices = [*_packaged(packages, digest), *_elsewhere(remotes, digest)]
    except OddInput as error:
        text = "The card describes a way to run the server that makes no sense."
        raise _unavailable("remote-enumeration-unavailable", text) from error
    if choices:
        return choices
    if any(is_object(remote) and _is_strange(remote) for remote in remotes) or (
        packages and not remotes and all(is_object(package) and _is_foreign(package) for package in packages)
    ):
        raise _unavailable(
            "transport-not-supported", "The card offers only transports that are unknown here."
        )
    raise _unavailable("no-eligible-transport", "The card offers no transport that could be used.")


def _unavailable(reason: str, message: str) -> Refusal:
    return Refusal("unavailable-transport", message, reason=reason)


def _word(described: Mapping[str, object], name: str) -> str | None:
    value = described.get(name)
    return value if isinstance(value, str) and value else None


def _is_strange(remote: Mapping[str, object]) -> bool:
    kind = _word(remote, "type")
    return kind is not None and kind not in _REMOTE


def _is_foreign(package: Mapping[str, object]) -> bool:
    """Whether a package is whole, but of a kind or with a transport that is unknown here."""
    transport = package.get("transport")
    kind = _word(transport, "type") if is_object(transport) else None
    registry = _word(package, "registryType")
    if not is_object(transport) or kind is None or registry is None or _word(package, "identifier") is None:
        return False
    if kind in _REMOTE:
        return _word(transport, "url") is not None
    return kind != "stdio" or registry not in _PACKAGES


def _packaged(packages: Sequence[object], digest: str) -> Iterator[Choice]:
    for index, package in enumerate(packages):
        if not is_object(package) or _is_foreign(package):
            continue
        registry, identifier = _word(package, "registryType"), _word(package, "identifier")
        transport = package.get("transport")
        if (
            registry is None
            or identifier is None
            or not is_object(transport)
            or transport.get("type") != "stdio"
        ):
            continue
        if len(identifier) > _LONGEST_IDENTIFIER or not isinstance(package.get("version", ""), str):
            raise OddInput
        choice = f"package:{index}"
        inputs = Inputs(f"{digest}\n{choice}")
        variables = _list(package, "environmentVariables")
        _add_named(inputs, "environment-variable", variables)
        _add_arguments(inputs, "runtime-argument", _list(package, "runtimeArguments", nullable=False))
        _add_arguments(inputs, "package-argument", _list(package, "packageArguments", nullable=False))
        fields = ["args", "command", *(["env"] if variables else []), "tools", "type"]
        yield Choice(choice, "stdio", inputs, fields, package=(registry, identifier))


def _elsewhere(remotes: Sequence[object], digest: str) -> Iterator[Choice]:
    for index, remote in enumerate(remotes):
        if not is_object(remote):
            continue
        transport, url = _word(remote, "type"), _word(remote, "url")
        if transport is None or transport not in _REMOTE or url is None:
            continue
        choice = f"remote:{index}"
        inputs = Inputs(f"{digest}\n{choice}")
        headers = _list(remote, "headers")
        _add_named(inputs, "header", headers)
        endpoint = _endpoint(inputs, url, remote)
        fields = [*(["headers"] if headers else []), "tools", "type", "url"]
        yield Choice(choice, transport, inputs, fields, endpoint=endpoint)


def _endpoint(inputs: Inputs, url: str, remote: Mapping[str, object]) -> str:
    declared = variables_of(remote)
    known = {name: inputs.add_to_address(name, variable) for name, variable in declared.items()}
    for name in _VARIABLE.findall(url):
        if name not in known:
            inputs.add_undeclared(name)

    endpoint = _VARIABLE.sub(lambda found: known.get(found[1]) or found[0], url)
    check_endpoint(endpoint)
    if len(endpoint) > _LONGEST_ENDPOINT:
        raise OddInput
    return endpoint


def _list(described: Mapping[str, object], name: str, *, nullable: bool = True) -> list[Mapping[str, object]]:
    value = described.get(name, [])
    if value is None and nullable:
        return []
    if not is_array(value):
        raise OddInput
    members = [member for member in value if is_object(member)]
    if len(members) != len(value):
        raise OddInput
    return [*members]


def _add_named(inputs: Inputs, category: Category, described: Sequence[Mapping[str, object]]) -> None:
    names = [_word(each, "name") for each in described]
    if len(set(names)) != len(names):
        raise OddInput
    for name, each in zip(names, described, strict=True):
        if name is None:
            raise OddInput
        inputs.add(category, name, each)


def _add_arguments(inputs: Inputs, category: Category, described: Sequence[Mapping[str, object]]) -> None:
    for index, each in enumerate(described):
        kind = each.get("type")
        if kind not in ("named", "positional"):
            raise OddInput
        key = _word(each, "name" if kind == "named" else "valueHint")
        repeated = each.get("isRepeated") is True
        inputs.add(category, key, each, repeated=repeated, unnamed=f"argument-{index}")
