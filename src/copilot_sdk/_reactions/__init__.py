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


def questions(callbacks: SessionCallbacks, session_id: Callable[[], str]) -> dict[str, Question]:
    """What answers the events that ask every client, by the type of the event; only what there is a handler for.

    Args:
        callbacks: The handlers.
        session_id: Gives the identifier of the session.

    Raises:
        UsageError: A handler wants other arguments than it gets.
    """
    found: dict[str, Question] = {}
    if run := callbacks.get("commands"):
        found |= commands(run)
    if (show := callbacks.get("on_elicitation")) is not None:
        found["elicitation.requested"] = elicitation(show)
    if (refresh := callbacks.get("on_mcp_headers_refresh")) is not None:
        found["mcp.headers_refresh_required"] = headers_refresh(refresh)
    if (sign_in := callbacks.get("on_mcp_oauth")) is not None:
        found["mcp.oauth_required"] = oauth(sign_in)
    if (decide := callbacks.get("on_permission")) is not None:
        found["permission.requested"] = permission(decide, session_id)
    if (sample := callbacks.get("on_sampling")) is not None:
        found["sampling.requested"] = sampling(sample)
    if (limit := callbacks.get("on_session_limits_exhausted")) is not None:
        found["session_limits_exhausted.requested"] = session_limits(limit)
    return found


def handlers(callbacks: SessionCallbacks) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
    """What answers requests, by method; only what there is a handler for."""
    found: dict[str, Callable[[Any], Awaitable[Any]]] = {}
    if (ask := callbacks.get("on_user_input")) is not None:
        found["userInput.request"] = partial(call_off_loop, ask)
    if hooks := callbacks.get("hooks"):
        found["hooks.invoke"] = partial(invoke_hook, hooks)
    if (approve := callbacks.get("on_exit_plan_mode")) is not None:
        found["exitPlanMode.request"] = partial(decide_on_plan, approve)
    if (switch := callbacks.get("on_auto_mode_switch")) is not None:
        found["autoModeSwitch.request"] = partial(decide_on_switch, switch)
    if transforms := callbacks.get("system_message_transforms"):
        found["systemMessage.transform"] = partial(transform, transforms)
    return found
