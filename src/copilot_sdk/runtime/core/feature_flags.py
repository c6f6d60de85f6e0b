"""Which features are there for somebody: by whom they are meant for, by the environment, by settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.feature_flag_table import FLAGS, Availability

LIST_VARIABLE = "COPILOT_CLI_ENABLED_FEATURE_FLAGS"
_SWITCHES = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Population:
    """Whom features are asked for.

    Attributes:
        staff: Whether they work for GitHub or Microsoft.
        experimental: Whether they want to try what is not finished.
        team: Whether they belong to the team that makes the CLI.
        of_github: Whether they work for GitHub; None if that was never recorded.
        of_microsoft: Whether they work for Microsoft; None if that was never recorded.
    """

    staff: bool
    experimental: bool
    team: bool
    of_github: bool | None = None
    of_microsoft: bool | None = None

    def has(self, availability: Availability) -> bool:
        """Whether a feature is meant for them."""
        unrecorded = self.staff and self.of_github is None and self.of_microsoft is None
        return {
            "on": True,
            "team": self.team,
            "staff-and-experimental": self.staff and self.experimental,
            "staff-or-experimental": self.staff or self.experimental,
            "staff": self.staff,
            "staff-github": self.of_github is True or unrecorded,
            "staff-microsoft": self.of_microsoft is True or unrecorded,
            "experimental": self.experimental,
            "off": False,
        }[availability]


def declared(population: Population) -> dict[str, bool]:
    """All features, as they are meant."""
    return {name: population.has(flag.availability) for name, flag in FLAGS.items()}


def resolved(
    base: Mapping[str, bool],
    environment: Mapping[str, str],
    settings: object,
    overrides: Mapping[str, bool],
) -> dict[str, bool]:
    """Which features are there in the end.

    Args:
        base: The features to begin with; others are there by an override alone.
        environment: The variables that may turn some on or off: a list of names, and a variable for each.
        settings: The settings of the user, which stand above the variables.
        overrides: What stands above all.
    """
    found = dict(base)
    names = {name.lower(): name for name in base}

    def switch(name: str, value: object) -> None:
        known = names.get(name.lower())
        if known is not None and isinstance(value, bool):
            found[known] = value

    for name in environment.get(LIST_VARIABLE, "").split(","):
        switch(name.strip(), True)
    for name in base:
        switch(name, _SWITCHES.get(environment.get(name, "").lower()))
    for name, value in _of_settings(settings if is_object(settings) else {}):
        switch(name, value)
    return {**found, **overrides}


def _of_settings(settings: Mapping[str, object]) -> list[tuple[str, object]]:
    """The features that settings turn on and off, in the order in which they count."""
    old, new = settings.get("feature_flags"), settings.get("enabledFeatureFlags")
    # The list is what there was before, and counts where there is nothing newer.
    listed = old.get("enabled") if is_object(old) and not is_object(new) else None
    search, memory = settings.get("toolSearch"), settings.get("memory")
    agents = settings.get("subagents")
    tools = "contextManagementTools"
    return [
        *((name, True) for name in (listed if is_array(listed) else ()) if isinstance(name, str)),
        ("TOOL_SEARCH", search),
        ("TOOL_SEARCH_DISABLED", not search if isinstance(search, bool) else None),
        ("CONTEXT_MANAGEMENT_TOOLS", settings.get(tools)),
        ("CONTEXT_MANAGEMENT_TOOLS_SUBAGENTS", agents.get(tools) if is_object(agents) else None),
        *(new.items() if is_object(new) else ()),
        ("copilot-feature-agentic-memory-disabled", not memory if isinstance(memory, bool) else None),
        ("CONNECTORS", settings.get("connectors")),
    ]
