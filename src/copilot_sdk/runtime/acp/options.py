"""The modes of a session and its options: mode, model, effort and whether everything is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from copilot_sdk._generated.acp.types import (
    SessionConfigOption,
    SessionConfigSelect,
    SessionConfigSelectOption,
    SessionMode,
    SessionModeState,
)
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.core.config import AgentMode
from copilot_sdk.runtime.core.models.base import ModelInfo
from copilot_sdk.runtime.core.permissions import ALLOW_ALL, MANUAL
from copilot_sdk.runtime.core.session import Session

_WHERE = "https://agentclientprotocol.com/protocol/session-modes#"

_MODES: dict[str, tuple[AgentMode, str, str]] = {
    f"{_WHERE}agent": ("interactive", "Agent", "Works on what you say, and asks where it has to."),
    f"{_WHERE}plan": ("plan", "Plan", "Looks around and makes a plan, which you approve first."),
    f"{_WHERE}autopilot": ("autopilot", "Autopilot", "Goes on by itself until the task is done."),
}
_IDS = {mode: identifier for identifier, (mode, _, _) in _MODES.items()}
_ALLOW_ALL = {"on": ALLOW_ALL, "off": MANUAL}


def modes_of(session: Session) -> SessionModeState:
    """The modes, and the one that a session is in."""
    return SessionModeState(
        current_mode_id=_IDS[session.modes.current],
        available_modes=[
            SessionMode(id=identifier, name=name, description=description)
            for identifier, (_, name, description) in _MODES.items()
        ],
    )


def set_mode(session: Session, identifier: str) -> None:
    """Puts a session into a mode.

    Raises:
        InvalidParams: There is no such mode.
    """
    known = _MODES.get(identifier)
    if known is None:
        raise InvalidParams(f"Invalid mode {identifier!r}. Supported values: {', '.join(_MODES)}.")
    session.modes.set(known[0])


def options_of(session: Session, models: Sequence[ModelInfo]) -> list[SessionConfigOption]:
    """The options of a session, with their values of now.

    Args:
        session: The session.
        models: The models that it can use.
    """
    options: list[SessionConfigOption] = [_mode(session)]
    if models:
        options.append(_model(session, models))
    efforts = _efforts(session, models)
    if efforts:
        options.append(_effort(session, efforts))
    return [*options, _allow_all(session)]


def set_option(session: Session, models: Sequence[ModelInfo], option: str, value: object) -> None:
    """Sets an option of a session.

    Raises:
        InvalidParams: There is no such option or value.
    """
    offered = next((one for one in options_of(session, models) if getattr(one, "id", None) == option), None)
    if not isinstance(offered, SessionConfigSelect):
        raise InvalidParams(f"Unknown config option {option!r}.")
    values = [one.value for one in offered.options if isinstance(one, SessionConfigSelectOption)]
    if not isinstance(value, str) or value not in values:
        raise InvalidParams(
            f"Invalid value {value!r} for config option {option!r}. Supported values: {', '.join(values)}."
        )
    match option:
        case "mode":
            set_mode(session, value)
        case "model":
            set_model(session, models, value)
        case "reasoning_effort":
            session.model_choice.switch(session.model_id, source="sdk", effort=value)
        case _:
            if not session.permissions.set_mode(_ALLOW_ALL[value]):
                raise InvalidParams("An administrator has disabled approving everything at once")


def set_model(session: Session, models: Sequence[ModelInfo], model: str) -> None:
    """Changes the model of a session.

    Raises:
        InvalidParams: There is no such model.
    """
    known = [one.id for one in models]
    if model not in known:
        raise InvalidParams(f"Invalid model {model!r}. Supported values: {', '.join(known)}.")
    session.model_choice.switch(model, source="sdk")


def _mode(session: Session) -> SessionConfigSelect:
    return SessionConfigSelect(
        id="mode",
        name="Mode",
        description="How the agent works.",
        category="mode",
        current_value=_IDS[session.modes.current],
        options=[
            SessionConfigSelectOption(value=identifier, name=name, description=description)
            for identifier, (_, name, description) in _MODES.items()
        ],
    )


def _model(session: Session, models: Sequence[ModelInfo]) -> SessionConfigSelect:
    choices = [SessionConfigSelectOption(value=model.id, name=model.name) for model in models]
    if session.model_id not in [model.id for model in models]:
        choices.insert(0, SessionConfigSelectOption(value=session.model_id, name=session.model_id))
    return SessionConfigSelect(
        id="model",
        name="Model",
        description="The model that answers.",
        category="model",
        current_value=session.model_id,
        options=choices,
    )


def _efforts(session: Session, models: Sequence[ModelInfo]) -> Sequence[str]:
    return next((model.reasoning_efforts for model in models if model.id == session.model_id), ())


def _effort(session: Session, efforts: Sequence[str]) -> SessionConfigSelect:
    current = session.config.reasoning_effort or ""
    # Until an effort is chosen, the model takes one of its own; clients need to be shown one that can be set.
    usual = "medium" if "medium" in efforts else efforts[0]
    return SessionConfigSelect(
        id="reasoning_effort",
        name="Reasoning effort",
        description="How hard the model thinks before it answers.",
        category="thought_level",
        current_value=current if current in efforts else usual,
        options=[SessionConfigSelectOption(value=effort, name=effort.capitalize()) for effort in efforts],
    )


def _allow_all(session: Session) -> SessionConfigSelect:
    return SessionConfigSelect(
        id="allow_all",
        category="permissions",
        name="Allow all",
        description="Whether tools, paths and addresses are allowed without asking.",
        current_value="on" if session.permissions.mode == ALLOW_ALL else "off",
        options=[
            SessionConfigSelectOption(value="on", name="On", description="Ask for nothing"),
            SessionConfigSelectOption(value="off", name="Off", description="Ask for each request"),
        ],
    )
