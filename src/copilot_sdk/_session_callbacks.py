"""What a program gives a session to call, in one object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        AutoModeSwitchRequest,
        AutoModeSwitchResponse,
        ExitPlanModeDecision,
        ExitPlanModeRequest,
        SamplingRequestedData,
        SessionLimitsExhaustedRequestedData,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionCallbacks:
    """The tools and handlers of this client for a session; see `CopilotClient.create_session`.

    Raises:
        UsageError: A handler is no function, or two commands have the same name.
    """

    tools: Sequence[Tool[..., Any]] = ()
    on_permission: PermissionHandler | None = None
    on_user_input: UserInputHandler | None = None
    on_elicitation: ElicitationHandler | None = None
    hooks: Hooks | None = None
    commands: Sequence[Command] = ()
    on_exit_plan_mode: ExitPlanModeHandler | None = None
    on_auto_mode_switch: AutoModeSwitchHandler | None = None
    on_sampling: SamplingHandler | None = None
    on_session_limits_exhausted: SessionLimitsHandler | None = None
    on_mcp_oauth: MCPOAuthHandler | None = None
    on_mcp_headers_refresh: MCPHeadersRefreshHandler | None = None
    system_message_transforms: Mapping[str, SectionTransform] = field(
        default_factory=dict[str, SectionTransform]
    )

    def __post_init__(self) -> None:
        functions = {
            "on_permission": self.on_permission,
            "on_user_input": self.on_user_input,
            "on_elicitation": self.on_elicitation,
            "on_exit_plan_mode": self.on_exit_plan_mode,
            "on_auto_mode_switch": self.on_auto_mode_switch,
            "on_sampling": self.on_sampling,
            "on_session_limits_exhausted": self.on_session_limits_exhausted,
            "on_mcp_oauth": self.on_mcp_oauth,
            "on_mcp_headers_refresh": self.on_mcp_headers_refresh,
        }
        for name, function in functions.items():
            if function is not None and not callable(function):
                raise UsageError(f"{name} has to be a function, not {function!r}")
        for section, transform in self.system_message_transforms.items():
            if not callable(transform):
                raise UsageError(f"the transform of {section} has to be a function, not {transform!r}")
        names = [command.name for command in self.commands]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two commands have the name {name!r}")

    def announced(self, options: Mapping[str, object]) -> dict[str, object]:
        """What the runtime is told of them: options of create and resume that are not the caller's to set.

        Args:
            options: The caller's options; the system message among them gets the sections to transform.

        Raises:
            UsageError: The system message is to be transformed and otherwise changed at once.
        """
        told: dict[str, object] = {
            "request_permission": self.on_permission is not None,
            "request_user_input": self.on_user_input is not None or None,
            "request_elicitation": self.on_elicitation is not None or None,
            "request_exit_plan_mode": self.on_exit_plan_mode is not None or None,
            "request_auto_mode_switch": self.on_auto_mode_switch is not None or None,
            "hooks": bool(self.hooks) or None,
            "commands": [command.definition for command in self.commands] or None,
        }
        if self.system_message_transforms:
            told["system_message"] = self._with_transforms(options.get("system_message"))
        return told

    def _with_transforms(self, given: Any) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        if given is not None:
            raw = dict(cast("Mapping[str, Any]", given)) if isinstance(given, Mapping) else given.to_wire()
        if raw.get("mode", "customize") != "customize":
            raise UsageError("sections of the system message can be transformed in mode 'customize' alone")
        sections = dict(cast("Mapping[str, Any]", raw.get("sections") or {}))
        if both := sorted(sections.keys() & self.system_message_transforms.keys()):
            raise UsageError(f"the section {both[0]} has a change and a transform; give one of them")
        sections |= {name: {"action": "transform"} for name in self.system_message_transforms}
        return {**raw, "mode": "customize", "sections": sections}
