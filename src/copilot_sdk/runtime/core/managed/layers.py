"""What documents of several administrators add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.managed import permissions, sandbox
from copilot_sdk.runtime.core.managed.documents import Channel, is_concrete
from copilot_sdk.runtime.core.managed.keys import SANDBOX
from copilot_sdk.runtime.core.managed.kinds import Place
from copilot_sdk.runtime.core.managed.values import SURFACES

Json = Mapping[str, object]

ORDER = (
    *("model", "autoTier", "fusionTier", "features", "remoteControl", "enabledPlugins"),
    *("extraKnownMarketplaces", "permissions", "strictKnownMarketplaces", "shellShortcut", "telemetry"),
    *("vscode", "allowedMcpServers", "deniedMcpServers", "sandbox", "forceRemoteSettingsRefresh"),
    *("strictPluginOnlyCustomization", "allowManagedMcpServersOnly", "allowManagedHooksOnly"),
    *("forceLoginOrgs", "requireBase64ImageAttachments", "effortLevel", "contextTier"),
)
"""What can be in force, in the order in which it is told. Policy helpers are there to be run, not to be in force."""

_LOCKED_SURFACES = {"allowManagedMcpServersOnly": "mcp", "allowManagedHooksOnly": "hooks"}
_OF_MODELS = ("effortLevel", "contextTier")
_TIER_OF_AUTO = {"efficiency": "standard", "balance": "standard", "intelligence": "high"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A document, and where it comes from."""

    channel: Channel
    settings: Json


@dataclass(frozen=True, slots=True)
class Effective:
    """What is in force.

    Attributes:
        settings: The settings.
        sandbox_declined: Whether the server advises a sandbox, which there is not here.
    """

    settings: dict[str, object]
    sandbox_declined: bool


def effective(layers: Sequence[Layer]) -> Effective:
    """What documents add up to; members that are not known are left out, and their values taken as they are.

    Args:
        layers: The documents, the strongest first.
    """
    documents = [layer.settings for layer in layers]
    found = {name: document[name] for document in reversed(documents) for name in ORDER if name in document}
    for name in ("permissions", "sandbox", "strictPluginOnlyCustomization", *_LOCKED_SURFACES, *_OF_MODELS):
        found.pop(name, None)
    if of_permissions := permissions.layers_of(documents):
        found["permissions"] = permissions.merged(of_permissions)
    sandboxes, declined = _sandbox(layers)
    if sandboxes is not None:
        found["sandbox"] = sandboxes
    found |= _surfaces(documents)
    source = next((document for document in documents if "model" in document), None)
    if source is not None and is_concrete(source["model"]):
        found |= {name: source[name] for name in _OF_MODELS if name in source}
    return Effective({name: found[name] for name in ORDER if name in found}, declined)


def _sandbox(layers: Sequence[Layer]) -> tuple[Json | None, bool]:
    """The sandbox, and whether it is one that the server only advises."""
    found = {layer.channel: value for layer in layers if is_object(value := layer.settings.get("sandbox"))}
    if not found:
        return None, False
    merged: dict[str, object] = (
        dict(*found.values()) if len(found) == 1 else sandbox.merged([*found.values()])
    )
    wanted = [channel for channel, value in found.items() if value.get("enabled") is True]
    # Nothing here can run commands in a sandbox, so one that is merely advised is none.
    declined = wanted == ["server"] and merged.get("failIfUnavailable") is not True
    return ({**merged, "enabled": False} if declined else merged), declined


def _surfaces(documents: Sequence[Json]) -> dict[str, object]:
    locked: set[str] = set()
    flags: dict[str, object] = {}
    for document in documents:
        strict = document.get("strictPluginOnlyCustomization")
        locked.update(SURFACES if strict is True else permissions.strings_in(strict))
        for name, surface in _LOCKED_SURFACES.items():
            if document.get(name) is True:
                flags[name] = True
                locked.add(surface)
    surfaces = [surface for surface in SURFACES if surface in locked]
    if not surfaces:
        return flags
    return {"strictPluginOnlyCustomization": True if len(surfaces) == len(SURFACES) else surfaces, **flags}


def with_floor(device: Json | None, floor: object) -> Json | None:
    """The document of a device with the least that its sandbox has to do, in place of what it says of that itself.

    Raises:
        RuntimeFault: The floor is none.
    """
    if floor is None:
        return device
    errors: list[tuple[str, str]] = []
    least = SANDBOX.read(floor, Place("deviceSandboxFloor", errors))
    if errors or not is_object(least):
        raise RuntimeFault("; ".join(f"{path}: {problem}" for path, problem in errors))
    return {**(device or {}), "sandbox": least}


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A setting with a value that hosts make use of as it is.

    Attributes:
        value: The value.
        overridable: Whether users may choose another one.
        channel: Where it comes from.
    """

    value: str
    overridable: bool
    channel: Channel


@dataclass(frozen=True, slots=True)
class Resolved:
    """What canonical documents add up to, as hosts are told.

    Attributes:
        settings: The settings in force.
        values: Those whose values hosts make use of as they are.
        channels: Where documents come from that have anything in them.
        allows_intersected: Whether several of them say what is allowed.
    """

    settings: dict[str, object]
    values: dict[str, TypedValue]
    channels: frozenset[Channel]
    allows_intersected: bool

    @property
    def bypass_disabled(self) -> bool:
        """Whether requests may not be approved all at once."""
        found = self.settings.get("permissions")
        return is_object(found) and permissions.BYPASS in found

    @property
    def source(self) -> str:
        """Where the settings come from, in a word."""
        if not self.channels:
            return "none"
        return "mixed" if len(self.channels) > 1 else next(iter(self.channels))


def resolve(layers: Sequence[Layer]) -> Resolved:
    """What canonical documents add up to.

    Args:
        layers: The documents, the strongest first.
    """
    settings = effective(layers).settings
    if "fusionTier" not in settings and (tier := _tier_of_auto(settings.get("autoTier"))) is not None:
        settings["fusionTier"] = tier
    of_permissions = permissions.layers_of([layer.settings for layer in layers])
    return Resolved(
        settings=settings,
        values=_values(layers, settings),
        channels=frozenset(layer.channel for layer in layers if layer.settings),
        allows_intersected=permissions.allow_lists(of_permissions) > 1,
    )


def _tier_of_auto(tier: object) -> object:
    """The tier that stands for an older one, in the same form; None if none does."""
    if is_object(tier):
        inner = _tier_of_auto(tier.get("overridable"))
        return None if inner is None else {"overridable": inner}
    return _TIER_OF_AUTO.get(tier) if isinstance(tier, str) else None


def _values(layers: Sequence[Layer], settings: Json) -> dict[str, TypedValue]:
    found: dict[str, TypedValue] = {}
    of_model = next((layer for layer in layers if layer.settings.get("model")), None)
    if of_model is not None:
        found["model"] = TypedValue(str(of_model.settings["model"]), True, of_model.channel)
    for name in ("autoTier", "fusionTier"):
        if name in settings:
            given = "autoTier" if not any(name in layer.settings for layer in layers) else name
            source = next(layer for layer in layers if given in layer.settings)
            found[name] = _typed(settings[name], source.channel)
    for name in _OF_MODELS:
        if of_model is not None and name in of_model.settings:
            found[name] = _typed(of_model.settings[name], of_model.channel)
    return found


def _typed(value: object, channel: Channel) -> TypedValue:
    if is_object(value):
        return TypedValue(str(value["overridable"]), True, channel)
    return TypedValue(str(value), value == "unmanaged", channel)
