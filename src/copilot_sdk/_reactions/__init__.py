"""How a client answers each kind of thing that the runtime asks of it, one module for each kind.

Some kinds are events, broadcast to every client of a session; others are requests to one client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk._reactions.commands import commands
from copilot_sdk._reactions.hooks import invoke_hook
from copilot_sdk._reactions.mcp import headers_refresh, oauth
from copilot_sdk._reactions.modes import decide_on_plan, decide_on_switch
from copilot_sdk._reactions.permissions import permission
from copilot_sdk._reactions.question import Question as Question
from copilot_sdk._reactions.questions import elicitation, sampling, session_limits
from copilot_sdk._reactions.system_message import transform

if TYPE_CHECKING:
    from copilot_sdk._session_callbacks import SessionCallbacks


def questions(callbacks: SessionCallbacks) -> dict[str, Question]:
    """What answers the events that ask every client, by the type of the event; only what there is a handler for."""
    found: dict[str, Question] = {}
    if callbacks.commands:
        found |= commands(callbacks.commands)
    if callbacks.on_elicitation is not None:
        found["elicitation.requested"] = elicitation(callbacks.on_elicitation)
    if callbacks.on_mcp_headers_refresh is not None:
        found["mcp.headers_refresh_required"] = headers_refresh(callbacks.on_mcp_headers_refresh)
    if callbacks.on_mcp_oauth is not None:
        found["mcp.oauth_required"] = oauth(callbacks.on_mcp_oauth)
    if callbacks.on_permission is not None:
        found["permission.requested"] = permission(callbacks.on_permission)
    if callbacks.on_sampling is not None:
        found["sampling.requested"] = sampling(callbacks.on_sampling)
    if callbacks.on_session_limits_exhausted is not None:
        found["session_limits_exhausted.requested"] = session_limits(callbacks.on_session_limits_exhausted)
    return found


def handlers(callbacks: SessionCallbacks) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
    """What answers requests, by method; only what there is a handler for."""
    found: dict[str, Callable[[Any], Awaitable[Any]]] = {}
    if callbacks.on_user_input is not None:
        found["userInput.request"] = partial(call_off_loop, callbacks.on_user_input)
    if callbacks.hooks:
        found["hooks.invoke"] = partial(invoke_hook, callbacks.hooks)
    if callbacks.on_exit_plan_mode is not None:
        found["exitPlanMode.request"] = partial(decide_on_plan, callbacks.on_exit_plan_mode)
    if callbacks.on_auto_mode_switch is not None:
        found["autoModeSwitch.request"] = partial(decide_on_switch, callbacks.on_auto_mode_switch)
    if callbacks.system_message_transforms:
        found["systemMessage.transform"] = partial(transform, callbacks.system_message_transforms)
    return found
