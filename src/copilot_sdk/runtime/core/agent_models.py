"""Which model a background agent uses, and how hard that thinks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from copilot_sdk._model.json_values import is_array

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.config import AgentDefinition, SessionConfig

SelectionSource = Literal[
    "explicit_override", "configured_preference", "agent_definition_default", "session_inheritance"
]
TaskSource = Literal["task_argument", "subagent_configuration", "custom_agent_definition", "unset"]

_INHERIT = "inherit"
_OF_COPILOT = re.compile(r"\s*\(copilot\)$", re.IGNORECASE)
_TASK_SOURCES: dict[SelectionSource, TaskSource] = {
    "explicit_override": "task_argument",
    "configured_preference": "subagent_configuration",
    "agent_definition_default": "custom_agent_definition",
    "session_inheritance": "unset",
}


@dataclass(frozen=True, slots=True)
class ModelWish:
    """What somebody wants of the model of an agent; None leaves it to others.

    Attributes:
        model: The id of the model.
        effort: How hard it is to think.
        tier: Which size of context window to use; `inherit` for that of the session.
    """

    model: str | None = None
    effort: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class AgentModel:
    """The model of an agent.

    Attributes:
        id: Its id; None for whichever the session uses.
        effort: How hard it thinks; None leaves it to the model.
        tier: Which size of context window it uses; None for the usual one.
        source: Who chose it.
        override: What the call of the tool wanted.
        preference: What the settings of the user want.
    """

    id: str | None
    effort: str | None
    tier: str | None
    source: SelectionSource
    override: str | None = None
    preference: str | None = None

    @property
    def task_source(self) -> TaskSource:
        """Where the choice came from, in the words that the start of an agent is told in."""
        return _TASK_SOURCES[self.source]


def choose(
    order: ModelWish, setting: ModelWish, definition: AgentDefinition, config: SessionConfig, model_id: str
) -> AgentModel:
    """The model of an agent that is about to start.

    Args:
        order: What whoever starts the agent wants.
        setting: What the settings of the user want.
        definition: The agent.
        config: The settings of the session.
        model_id: The model that the session uses.
    """
    source: SelectionSource
    if order.model is not None:
        source, chosen = "explicit_override", order.model
    elif setting.model is not None:
        source, chosen = "configured_preference", setting.model
    elif definition.model is not None:
        source, chosen = "agent_definition_default", definition.model
    else:
        source, chosen = "session_inheritance", None
    # What the session asks of its own model says nothing about another one.
    inherited = config.reasoning_effort if chosen in (None, model_id) else None
    return AgentModel(
        id=chosen,
        effort=order.effort or setting.effort or definition.reasoning_effort or inherited,
        tier=config.context_tier if setting.tier in (None, _INHERIT) else setting.tier,
        source=source,
        override=order.model,
        preference=setting.model,
    )


@dataclass(frozen=True, slots=True)
class AvailableModel:
    """A model that a session can use."""

    id: str
    name: str | None


def wanted_models(text: str) -> list[str]:
    """The models that an agent wants, by falling preference.

    Args:
        text: What its definition says, as JSON or plain.
    """
    try:
        wanted: object = json.loads(text)
    except ValueError:
        wanted = text
    if is_array(wanted):
        return [model for model in wanted if isinstance(model, str)]
    return [wanted if isinstance(wanted, str) else text]


def first_available(wanted: Iterable[str], available: Sequence[AvailableModel]) -> str | None:
    """The id of the first of some models that is available; None if none is.

    Args:
        wanted: Their ids or names, however capitalised; editors put `(copilot)` behind them.
        available: The models.
    """
    for model in wanted:
        label = _OF_COPILOT.sub("", model.strip()).lower()
        for candidate in available:
            if label in (candidate.id.lower(), (candidate.name or candidate.id).lower()):
                return candidate.id
    return None
