"""What a program gives a session to call: what there is, whether it can be used, what the runtime is told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk._generated.copilot.handlers import Handlers
    from copilot_sdk._generated.copilot.types import (
        AutoModeSwitchRequest,
        AutoModeSwitchResponse,
        ExitPlanModeDecision,
        ExitPlanModeRequest,
        SamplingRequestedData,
        SessionLimitsExhaustedRequestedData,
        SystemMessageSectionName,
        UIHandlePendingSamplingResponse,
        UISessionLimitsExhaustedResponse,
        UserInputRequest,
        UserInputResponse,
    )
    from copilot_sdk.commands import Command
    from copilot_sdk.elicitation import ElicitationHandler
    from copilot_sdk.hooks import Hooks
    from copilot_sdk.mcp import MCPHeadersRefreshHandler, MCPOAuthHandler
    from copilot_sdk.permissions import PermissionHandler
    from copilot_sdk.tools import Tool

UserInputHandler: TypeAlias = "Callable[[UserInputRequest], Awaitable[UserInputResponse] | UserInputResponse]"
"""Answers a question of the agent to the user; a plain function is run in a worker thread."""

EventHandler: TypeAlias = "Callable[[SessionEvent], Awaitable[None] | None]"
"""Takes each event of a session; a plain function runs on the event loop and must not block."""

ExitPlanModeHandler: TypeAlias = (
    "Callable[[ExitPlanModeRequest], Awaitable[ExitPlanModeDecision] | ExitPlanModeDecision]"
)
"""Decides whether a plan is carried out; a plain function is run in a worker thread."""

AutoModeSwitchHandler: TypeAlias = (
    "Callable[[AutoModeSwitchRequest], Awaitable[AutoModeSwitchResponse] | AutoModeSwitchResponse]"
)
"""Decides by `yes`, `yes_always` or `no` on a switch of models; a plain function is run in a worker thread."""

SamplingReply: TypeAlias = "UIHandlePendingSamplingResponse | None"
SamplingHandler: TypeAlias = "Callable[[SamplingRequestedData], Awaitable[SamplingReply] | SamplingReply]"
"""Answers an MCP server that wants a model's reply; None refuses. A plain function is run in a worker thread."""

LimitsDecision: TypeAlias = "UISessionLimitsExhaustedResponse"
SessionLimitsHandler: TypeAlias = (
    "Callable[[SessionLimitsExhaustedRequestedData], Awaitable[LimitsDecision] | LimitsDecision]"
)
"""Decides what happens when a limit is used up; a plain function is run in a worker thread."""

SectionTransform: TypeAlias = "Callable[[str], Awaitable[str] | str]"
"""Gives a section of the system message its new text; a plain function is run in a worker thread."""


class SessionCallbacks(TypedDict, total=False):
    """What this program gives a session to call: tools, and functions that answer what the runtime asks.

    A function may be async, or plain: a plain one runs in a worker thread and may block. What it raises is logged to
    `copilot_sdk.callbacks`, and the runtime gets an answer all the same. None is the same as leaving one out.
    """

    tools: Sequence[Tool[..., Any]]
    """Tools that the model can call and this program runs; see `copilot_sdk.tool`. When one raises, the model reads
    what went wrong.
    """

    on_event: EventHandler | None
    """Takes every event of the session, from the first one on, `session.start` too. Otherwise it is as
    `session.on("*", ...)`: an async one holds up nobody, a plain one runs on the event loop and must not block.
    """

    on_permission: PermissionHandler | None
    """Decides on permission requests; see `copilot_sdk.permissions`. When it raises, the request is refused. Without
    it the runtime refuses what needs permission, unless another client decides.
    """

    on_user_input: UserInputHandler | None
    """Answers the agent's questions to the user. When it raises, the agent reads that nobody could answer. Without it
    the agent cannot ask.
    """

    on_elicitation: ElicitationHandler | None
    """Shows the user forms and addresses; see `copilot_sdk.elicitation`. When it raises, the form is cancelled."""

    hooks: Hooks | None
    """Functions that look in at places of a turn; see `copilot_sdk.hooks`. One that raises has said nothing."""

    commands: Sequence[Command]
    """Slash commands that this program runs. When one raises, the runtime is told the error."""

    on_exit_plan_mode: ExitPlanModeHandler | None
    """Decides whether a plan is carried out. When it raises, the plan is not approved."""

    on_auto_mode_switch: AutoModeSwitchHandler | None
    """Decides on a switch of models after a rate limit. When it raises, the answer is `no`."""

    on_sampling: SamplingHandler | None
    """Answers MCP servers that want a model's reply. When it raises, they are refused."""

    on_session_limits_exhausted: SessionLimitsHandler | None
    """Decides what happens when a limit is used up. When it raises, the limit stays."""

    on_mcp_oauth: MCPOAuthHandler | None
    """Gives the OAuth token for an MCP server that asks for one; see `copilot_sdk.mcp`. When it raises, the sign-in is
    cancelled.
    """

    on_mcp_headers_refresh: MCPHeadersRefreshHandler | None
    """Gives the headers for MCP servers that are configured with `headers_refresh_ttl_ms`; see `copilot_sdk.mcp`. When
    it raises, the runtime is told so.
    """

    system_message_transforms: Mapping[SystemMessageSectionName, SectionTransform] | None
    """Functions that give sections of the system message their new text, by section; known ones are in
    `copilot_sdk.values.SystemMessageSectionName`. One that raises leaves its section as it is.
    """

    handlers: Handlers | None
    """Serve what the runtime asks for this session, an object for each namespace; they come before those of the
    client. When one raises, the runtime is told the error.
    """


def split(options: Mapping[str, object]) -> tuple[SessionCallbacks, dict[str, object]]:
    """The callbacks among the options of a session, and the options of the wire.

    Raises:
        UsageError: A handler is no function, or two commands have the same name.
    """
    names = SessionCallbacks.__optional_keys__
    given = {name: value for name, value in options.items() if name in names and value is not None}
    for name, value in given.items():
        if name.startswith("on_") and not callable(value):
            raise UsageError(f"{name} has to be a function, not {value!r}")
    callbacks = cast("SessionCallbacks", given)
    for section, transform in (callbacks.get("system_message_transforms") or {}).items():
        if not callable(transform):
            raise UsageError(f"the transform of {section} has to be a function, not {transform!r}")
    commands = [command.name for command in callbacks.get("commands", ())]
    for name in commands:
        if commands.count(name) > 1:
            raise UsageError(f"two commands have the name {name!r}")
    return callbacks, {name: value for name, value in options.items() if name not in names}


def announced(callbacks: SessionCallbacks, options: Mapping[str, object]) -> dict[str, object]:
    """What the runtime is told of callbacks: options of create and resume that are not the caller's to set.

    Args:
        callbacks: See `split`.
        options: The caller's options; the system message among them gets the sections to transform.

    Raises:
        UsageError: The system message is to be transformed and otherwise changed at once.
    """
    told: dict[str, object] = {
        "request_permission": "on_permission" in callbacks,
        "request_user_input": "on_user_input" in callbacks or None,
        "request_elicitation": "on_elicitation" in callbacks or None,
        "request_exit_plan_mode": "on_exit_plan_mode" in callbacks or None,
        "request_auto_mode_switch": "on_auto_mode_switch" in callbacks or None,
        "hooks": bool(callbacks.get("hooks")) or None,
        "commands": [command.definition for command in callbacks.get("commands", ())] or None,
    }
    if transforms := callbacks.get("system_message_transforms"):
        told["system_message"] = _with_transforms(options.get("system_message"), transforms)
    return told


def _with_transforms(given: Any, transforms: Mapping[str, SectionTransform]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    if given is not None:
        raw = dict(cast("Mapping[str, Any]", given)) if isinstance(given, Mapping) else given.to_wire()
    if raw.get("mode", "customize") != "customize":
        raise UsageError("sections of the system message can be transformed in mode 'customize' alone")
    sections = dict(cast("Mapping[str, Any]", raw.get("sections") or {}))
    if both := sorted(sections.keys() & transforms.keys()):
        raise UsageError(f"the section {both[0]} has a change and a transform; give one of them")
    sections |= {name: {"action": "transform"} for name in transforms}
    return {**raw, "mode": "customize", "sections": sections}
