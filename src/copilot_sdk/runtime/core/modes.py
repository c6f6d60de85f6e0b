"""The modes of a session: interactive, plan and autopilot, and what each of them changes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import MODES, AgentMode
from copilot_sdk.runtime.core.objective import Objective
from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.shell_text import changes_files

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.objective import Current
    from copilot_sdk.runtime.core.session import Session

_CONTINUE = "The task is not marked as complete. Go on with it, and call task_complete when it is done."
_NOTICES = {
    "interactive": "Plan mode and autopilot mode are over. Ask the user where something is unclear.",
    "plan": (
        "Plan mode is active. Look around, but change nothing outside the session folder. Write the plan to {plan} "
        "and show it with exit_plan_mode; carry it out when it is approved, and not before."
    ),
    "autopilot": (
        "Autopilot mode is active. The user may not be there: decide yourself, work until the task is done, and "
        "then call task_complete."
    ),
}


class Modes:
    """The mode of a session, and that of its running turn where a message brought another one.

    Attributes:
        objective: What the autopilot is to bring about.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_turn: AgentMode | None = None
        self._told: AgentMode = "interactive"
        self._summary: str | None = None
        self.objective = Objective(session)

    @property
    def current(self) -> AgentMode:
        """The mode of the session."""
        return MODES.get(self._session.record.mode, "interactive")

    @property
    def effective(self) -> AgentMode:
        """The mode that the agent works in now."""
        return self._of_turn or self.current

    def set(self, mode: str) -> None:
        """Changes the mode of the session, and of the turn that runs."""
        session, previous, new = self._session, self.current, MODES[mode]
        if self._of_turn is not None:
            self._of_turn = new
        if new == previous:
            return
        session.record.mode = new
        session.emit(types.SessionModeChangedData(previous_mode=previous, new_mode=new))
        self.objective.mode_changed(new)
        session.touch()

    def begin_turn(self, prompt: Prompt) -> None:
        """Takes the mode that a message was sent in for its turn."""
        self._of_turn = MODES.get(prompt.agent_mode or "")
        self._summary = None
        self.objective.reserved = False

    def end_turn(self) -> None:
        """Goes back to the mode of the session."""
        self._of_turn = None

    def notice(self) -> str | None:
        """What the agent has to be told about the mode before it goes on; None if it knows."""
        if self.effective == self._told:
            return None
        text = _NOTICES[self.effective].format(plan=self._session.plan.path)
        return f"<mode_changed_notice>\n{text}\n</mode_changed_notice>"

    def noticed(self, *, content: str | None = None) -> None:
        """Records that the agent was told of the mode; `content` is the notice where it came by itself."""
        self._told = self.effective
        self._session.emit(types.SessionModeNoticeDeliveredData(mode=self._told, content=content))

    def obstacle(self, tool: str, asks: Iterable[Ask]) -> str | None:
        """Why the mode does not permit what a tool is about to do.

        Args:
            tool: Its name.
            asks: What it is about to do.
        """
        if self.effective != "plan":
            return None
        folder = self._session.folder.resolve()
        for ask in asks:
            if ask.kind == "shell" and changes_files(ask.argument):
                what = "The shell command would change files and"
            elif ask.kind == "write" and not Path(ask.argument).is_relative_to(folder):
                what = f"`{tool}`"
            else:
                continue
            return (
                f"{what} was blocked: in plan mode nothing is changed outside the session folder. Finish the plan "
                "and call exit_plan_mode to have it approved."
            )
        return None

    def complete(self, summary: str) -> None:
        """Records that the agent says the task is complete."""
        self._summary = summary

    def continuation(self, message_id: str | None, done: int) -> Prompt | None:
        """The prompt that has the agent go on in autopilot mode; None if it may rest.

        Args:
            message_id: The message that the work began with.
            done: How many such prompts it has had already.
        """
        session, complete = self._session, self._summary is not None
        if complete:
            session.emit(types.SessionTaskCompleteData(summary=self._summary, success=True))
        if self.effective != "autopilot" or not session.config.autopilot.continues:
            return None
        if (current := self.objective.active) is not None:
            return self._towards(current, message_id)
        if complete or done >= session.config.autopilot.most:
            self.stopped("task_complete" if complete else "cap_reached", message_id)
            return None
        return _continuation(_CONTINUE)

    def _towards(self, current: Current, message_id: str | None) -> Prompt | None:
        """The prompt that has the agent go on towards the objective; None if that is reached, or costs too much."""
        if self._summary is not None:
            if not self.objective.complete(self._summary):
                self.stopped("task_complete", message_id)
            return None
        if current.exhausted:
            self.objective.pause("credit_limit")
            self._session.emit(types.AbortData(reason="autopilot_credit_limit"))
            self.stopped("aborted", message_id)
            return None
        self.objective.note_continuation()
        return _continuation(f"{_CONTINUE} The objective is:\n\n{current.objective}")

    def stopped(self, reason: str, message_id: str | None) -> None:
        """Tells that the agent is not sent on any more, if it worked in autopilot mode."""
        if self.effective == "autopilot" and self._session.config.autopilot.continues:
            self._session.emit(types.SessionAutopilotStoppedData(reason=reason, request_id=message_id))


def _continuation(text: str) -> Prompt:
    return Prompt(
        id=new_id(),
        text=text,
        display="",
        source="autopilot",
        agent_mode="autopilot",
        continuation=True,
    )
