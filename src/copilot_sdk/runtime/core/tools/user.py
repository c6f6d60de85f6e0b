"""Tools that speak to the user: ask_user, report_intent, exit_plan_mode."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import AssistantIntentData
from copilot_sdk._model.json_values import texts_in
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
        return ToolResult(f"User responded: {answer.text}")


class ReportIntent(AsksNothing):
    """Says what the agent is about to do."""

    name = "report_intent"
    description = "Tell the user in a few words what you are about to do."
    parameters = schema(["intent"], intent=text("What you are about to do, in four words at most."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Says it."""
        intent = text_argument(arguments, "intent")
        context.agent.intent = intent
        context.agent.emit(AssistantIntentData(intent=intent))
        return ToolResult("Intent logged")


class ExitPlanMode(AsksNothing):
    """Proposes a plan to the user; approved, it is carried out."""

    name = "exit_plan_mode"
    description = "Show the user the finished plan and ask whether to carry it out."
    parameters = schema(["summary"], summary=text("The plan in a few lines."), plan=text("The whole plan."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Proposes."""
        session = context.session
        summary = text_argument(arguments, "summary")
        decision = await session.user_input.propose_plan(summary, text_argument(arguments, "plan", summary))
        if decision.get("approved") is not True:
            feedback = decision.get("feedback")
            return ToolResult(f"The plan was not approved. {feedback or ''}".strip())
        autopilot = str(decision.get("selectedAction", "")).startswith("autopilot")
        session.set_mode("autopilot" if autopilot else "interactive")
        return ToolResult("The plan was approved. Carry it out.")
