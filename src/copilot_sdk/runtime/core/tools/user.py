"""Tools that speak to the user: ask_user, report_intent, exit_plan_mode, task_complete."""

from __future__ import annotations

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.core.permission_rules import Rule
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    ToolContext,
    ToolResult,
    flag,
    flag_argument,
    schema,
    text,
    text_argument,
)

_APPROVED = {
    "interactive": "The plan was approved, and plan mode is over. Carry the plan out now.",
    "autopilot": "The plan was approved. Autopilot mode is active: carry the plan out to its end without asking.",
    "autopilot_fleet": (
        "The plan was approved. Autopilot mode is active: carry the plan out to its end without asking, and give "
        "parts of it to agents of their own."
    ),
    "exit_only": "The plan was approved, and plan mode is over. Wait for the user to say what comes next.",
}


class AskUser(AsksNothing):
    """Puts a question to the user."""

    name = "ask_user"
    description = "Ask the user a question and wait for the answer."
    parameters = schema(
        ["question"],
        question=text("The question."),
        choices={"type": "array", "items": {"type": "string"}, "description": "Answers to choose from."},
        allow_freeform=flag("Whether other answers are possible."),
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Asks."""
        answer = await context.session.user_input.ask(
            text_argument(arguments, "question"),
            texts_in(arguments.get("choices")),
            allow_freeform=flag_argument(arguments, "allow_freeform", True),
            call_id=context.call_id,
            agent_id=context.agent.id,
        )
        verb = "responded" if answer.freeform else "selected"
        return ToolResult(f"User {verb}: {answer.text}")


class ReportIntent(AsksNothing):
    """Says what the agent is about to do."""

    name = "report_intent"
    description = "Tell the user in a few words what you are about to do."
    parameters = schema(["intent"], intent=text("What you are about to do, in four words at most."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Says it."""
        intent = text_argument(arguments, "intent")
        context.agent.intent = intent
        context.agent.emit(types.AssistantIntentData(intent=intent))
        return ToolResult("Intent logged")


class ExitPlanMode(AsksNothing):
    """Proposes the plan to the user; approved, it is carried out."""

    name = "exit_plan_mode"
    description = "Show the user the finished plan and ask whether to carry it out."
    parameters = schema(["summary"], summary=text("The plan in a few lines."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Proposes."""
        session = context.session
        summary = text_argument(arguments, "summary")
        decision = await session.plan.propose(summary, call_id=context.call_id)
        if decision.get("approved") is not True:
            feedback = decision.get("feedback")
            if not feedback:
                return ToolResult(
                    "The plan was not approved.", "rejected", error="The plan was not approved."
                )
            return ToolResult(f"The plan was not approved. The user says: {feedback}")
        action = str(decision.get("selectedAction") or "interactive")
        session.modes.set("autopilot" if action.startswith("autopilot") else "interactive")
        if decision.get("autoApproveEdits") is True:
            session.permissions.approved_rules.append(Rule("write"))
        return ToolResult(_APPROVED.get(action, _APPROVED["interactive"]))


class TaskComplete(AsksNothing):
    """Says that the task is done, in autopilot mode."""

    name = "task_complete"
    description = "Say that the task is complete. Do so only when you have checked that it is."
    parameters = schema(["summary"], summary=text("What was done."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Says it."""
        summary = text_argument(arguments, "summary")
        context.session.modes.complete(summary)
        return ToolResult(summary, detail=f"Task completed: {summary}", ends_turn=True)
