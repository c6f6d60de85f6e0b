"""What a client's user is asked: permissions, questions, plans and forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from copilot_sdk._generated.acp.types import (
    CreateElicitationResponse,
    Diff,
    ElicitationAccept,
    ElicitationDecline,
    ElicitationSchema,
    EnumOption,
    FormElicitation,
    PermissionOption,
    PermissionToolCall,
    SelectedPermissionOutcome,
    StringPropertySchema,
    URLElicitation,
)
from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.acp.agent_session import usual_options
from copilot_sdk.errors import CopilotError
from copilot_sdk.runtime.acp.tool_looks import location, text_content
from copilot_sdk.runtime.core.clients import ClientFault, UserAnswer
from copilot_sdk.runtime.core.decisions import UNAVAILABLE
from copilot_sdk.runtime.core.permission_rules import Ask

if TYPE_CHECKING:
    from copilot_sdk.acp.agent import Agent

Json = Mapping[str, object]

_KINDS = {"shell": "execute", "read": "read", "write": "edit", "url": "fetch", "path": "read"}
_ANSWER = "answer"
_PLAN_OPTIONS = {
    "interactive": PermissionOption(option_id="interactive", name="Carry it out", kind="allow_once"),
    "autopilot": PermissionOption(
        option_id="autopilot", name="Carry it out without asking", kind="allow_always"
    ),
    "reject": PermissionOption(option_id="reject", name="Go on planning", kind="reject_once"),
}


class Questions:
    """Puts questions of one session to the client."""

    def __init__(self, agent: Agent, session_id: str) -> None:
        self._agent = agent
        self._session_id = session_id

    async def permission(self, ask: Ask, call_id: str) -> Json:
        """Asks whether a tool may do something.

        Args:
            ask: What it wants to do.
            call_id: The tool call.

        Returns:
            The decision, as the core takes it.
        """
        try:
            answer = await self._agent.client.session.request_permission(
                session_id=self._session_id, tool_call=_asked_for(ask, call_id), options=usual_options()
            )
        except CopilotError:
            return UNAVAILABLE
        outcome = answer.outcome
        chosen = outcome.option_id if isinstance(outcome, SelectedPermissionOutcome) else None
        if chosen == "allow_once":
            return {"kind": "approve-once"}
        if chosen == "allow_always":
            return _approval(ask)
        # Whatever else a client says is no permission.
        return {"kind": "reject"}

    async def answer(self, question: str, choices: Sequence[str], *, freeform: bool) -> UserAnswer:
        """Asks the user something.

        Raises:
            ClientFault: The user gave no answer.
        """
        field = StringPropertySchema(title="Answer")
        if choices and not freeform:
            field.one_of = [EnumOption(const=choice, title=choice) for choice in choices]
        elif choices:
            field.description = f"For example: {', '.join(choices)}"
        form = ElicitationSchema(properties={_ANSWER: field}, required=[_ANSWER])
        answer = await self._elicit(
            FormElicitation(session_id=self._session_id, message=question, requested_schema=form)
        )
        text = (answer.content or {}).get(_ANSWER) if isinstance(answer, ElicitationAccept) else None
        if not isinstance(text, str):
            raise ClientFault("the user did not answer")
        return UserAnswer(text, freeform=text not in choices)

    async def plan(self, call_id: str, plan: Json) -> Json:
        """Asks whether a plan may be carried out; the decision is that of the core."""
        content = str(plan.get("planContent") or plan.get("summary") or "")
        call = PermissionToolCall(
            tool_call_id=call_id,
            title="Ready to carry out the plan",
            kind="switch_mode",
            status="pending",
            content=[text_content(content)],
        )
        try:
            answer = await self._agent.client.session.request_permission(
                session_id=self._session_id, tool_call=call, options=list(_PLAN_OPTIONS.values())
            )
        except CopilotError as error:
            raise ClientFault(str(error)) from error
        outcome = answer.outcome
        chosen = outcome.option_id if isinstance(outcome, SelectedPermissionOutcome) else "reject"
        if chosen not in ("interactive", "autopilot"):
            return {"approved": False}
        return {"approved": True, "selectedAction": chosen}

    async def form(self, asked: Json) -> Json:
        """Has the user fill in a form or visit an address; the decision is that of the core."""
        message = str(asked.get("message"))
        try:
            if asked.get("mode") == "url":
                answer = await self._elicit(
                    URLElicitation(
                        session_id=self._session_id,
                        message=message,
                        elicitation_id=str(asked.get("requestId")),
                        url=str(asked.get("url")),
                    )
                )
            else:
                form = ElicitationSchema.model_validate(asked.get("requestedSchema") or {})
                answer = await self._elicit(
                    FormElicitation(session_id=self._session_id, message=message, requested_schema=form)
                )
        except ClientFault:
            return {"action": "cancel"}
        if isinstance(answer, ElicitationAccept):
            return {"action": "accept", "content": dict(answer.content or {})}
        return {"action": "decline" if isinstance(answer, ElicitationDecline) else "cancel"}

    async def _elicit(self, asked: FormElicitation | URLElicitation) -> CreateElicitationResponse:
        try:
            return await self._agent.client.elicitation.create(asked)
        except CopilotError as error:
            raise ClientFault(str(error)) from error


def _asked_for(ask: Ask, call_id: str) -> PermissionToolCall:
    request, kind = ask.request, ask.kind
    call = PermissionToolCall(
        tool_call_id=call_id,
        title=str(request.get("intention") or request.get("toolTitle") or request.get("toolName") or kind),
        kind=_KINDS.get(kind, "other"),
        status="pending",
    )
    match kind:
        case "shell":
            call.raw_input = {"command": request.get("fullCommandText")}
        case "write":
            call.raw_input = {"fileName": request.get("fileName"), "diff": request.get("diff")}
            call.locations = [location(ask.argument)]
            call.content = [_diff(edit) for edit in objects_in(request.get("fileEdits"))]
        case "read" | "path":
            call.raw_input = {"path": ask.argument}
            call.locations = [location(ask.argument)]
        case "url":
            call.raw_input = {"url": ask.argument}
        case _:
            call.raw_input = request.get("args", request.get("toolArgs"))
    return call


def _diff(edit: Json) -> Diff:
    before, after = edit.get("before"), edit.get("after")
    return Diff(
        path=str(after.get("path")) if is_object(after) else "",
        old_text=str(before.get("content")) if is_object(before) else None,
        new_text=str(after.get("content")) if is_object(after) else "",
    )


def _approval(ask: Ask) -> Json:
    """An approval that holds for the session, as far as it can be given for more than once."""
    if ask.kind == "path":
        return {"kind": "approve-for-session"}
    if ask.kind == "url":
        return {"kind": "approve-for-session", "domain": urlsplit(ask.argument).hostname or ""}
    if ask.approval is None:
        return {"kind": "approve-once"}
    return {"kind": "approve-for-session", "approval": ask.approval}
