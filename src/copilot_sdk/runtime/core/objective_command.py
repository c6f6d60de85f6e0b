"""The slash command of the autopilot: its mode is switched, or it is given an objective."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.objective import Current, Origin
    from copilot_sdk.runtime.core.session import Session

    AutopilotResult = (
        types.SlashCommandTextResult | types.SlashCommandAgentPromptResult | types.SlashCommandCompletedResult
    )

_OPTION = "--max-ai-credits"
_LIMIT = re.compile(rf"(?:^|\s){_OPTION}(?:=|\s+|$)(\S*)")
_GONE = ("clear", "pause", "resume", "status")
_PROMPT = (
    "The user has given the autopilot an objective:\n\n{objective}\n\nWork on it step by step, check each step, and "
    "call task_complete once all of it is done and checked, and not before."
)


class _Misused(Exception):
    """The command does not make sense; the text says how it would."""


async def run(session: Session, text: str) -> AutopilotResult:
    """Runs the command with the text behind its name."""
    kept = session.modes.objective
    await kept.load()
    try:
        return _answer_to(session, text)
    except _Misused as misuse:
        return _text(str(misuse))
    finally:
        await kept.flush()


def _answer_to(session: Session, text: str) -> AutopilotResult:
    word = text.lower()
    if word in ("", "on", "off"):
        on = session.modes.current != "autopilot" if word == "" else word == "on"
        return _switch(session, "autopilot" if on else "interactive")
    if word in _GONE:
        return _text(f"Give the autopilot an objective, or go on with a paused one: {_OPTION} <number>.")
    objective, limit = _parsed(text)
    return _resume(session, limit) if not objective and limit else _begin(session, objective, limit)


def _parsed(text: str) -> tuple[str, float | None]:
    """The objective, and how many AI credits may be used for it."""
    match = _LIMIT.search(text)
    if match is None:
        return text, None
    if not match[1]:
        raise _Misused(f"{_OPTION} needs a number.")
    try:
        limit = float(match[1])
    except ValueError:
        limit = 0.0
    if not 0 < limit < float("inf"):
        raise _Misused(f"{_OPTION}: expected a number above 0, got {match[1]!r}.")
    rest = f"{text[: match.start()]} {text[match.end() :]}"
    return rest.strip(), limit


def _switch(session: Session, mode: str) -> AutopilotResult:
    if session.modes.current == mode:
        return types.SlashCommandCompletedResult(message=f"Already in {mode} mode.")
    session.modes.set(mode)
    return types.SlashCommandCompletedResult(message=f"Switched to {mode} mode.")


def _begin(session: Session, objective: str, limit: float | None) -> AutopilotResult:
    kept = session.modes.objective
    before = kept.current
    current = kept.set(objective, limit, _origin(session))
    session.modes.set("autopilot")
    replaces = before is not None and before.status != "completed"
    done = f"In place of objective #{before.id}" if before is not None and replaces else "Begun"
    return _answer(session, current, done, "Autopilot objective")


def _resume(session: Session, limit: float) -> AutopilotResult:
    kept = session.modes.objective
    if kept.current is None or kept.current.status == "completed":
        raise _Misused("There is no objective to go on with.")
    if kept.active is not None:
        raise _Misused(f"Autopilot objective #{kept.current.id} is active already.")
    kept.resume(limit, _origin(session))
    session.modes.set("autopilot")
    return _answer(session, kept.current, "Resumed", "Resume autopilot objective")


def _origin(session: Session) -> Origin:
    if session.modes.current == "plan":
        raise _Misused("Leave plan mode before you give the autopilot an objective.")
    if session.modes.current != "autopilot":
        return "objective"
    before = session.modes.objective.current
    return "user" if before is None or before.status == "completed" else before.autopilot_origin


def _answer(session: Session, current: Current, done: str, title: str) -> AutopilotResult:
    kept = session.modes.objective
    if kept.reserved or session.turns.processing:
        return _text(
            f"{done}: autopilot objective #{current.id}, {current.objective}. The agent goes on with it."
        )
    kept.reserved = True
    return types.SlashCommandAgentPromptResult(
        prompt=_PROMPT.format(objective=current.objective),
        display_prompt=f"{title}: {current.objective}",
        mode="autopilot",
        reservation_token=new_id(),
    )


def _text(text: str) -> AutopilotResult:
    return types.SlashCommandTextResult(text=text)
