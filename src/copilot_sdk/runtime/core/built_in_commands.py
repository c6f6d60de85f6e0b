"""The slash commands that the runtime runs itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core import objective_command
from copilot_sdk.runtime.core.context import context_of
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.permissions import ALLOW_ALL, MANUAL

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

    CommandResult = (
        types.SlashCommandTextResult | types.SlashCommandAgentPromptResult | types.SlashCommandCompletedResult
    )

_REVIEW = "Review the changes of this working directory for defects, and name each with file and line."


@dataclass(frozen=True, slots=True)
class BuiltInCommand:
    """A slash command of the runtime.

    Attributes:
        name: Its name, without the slash.
        description: What it does.
        run: Runs it with the text behind its name and returns the wire's result.
        aliases: Other names.
        hint: What may stand behind the name.
        required: Whether something has to stand there.
        choices: Words that may stand there, with what each does.
        during_turn: Whether it can be run while the agent works.
        opens_session: Whether a new session can begin with it.
    """

    name: str
    description: str
    run: Callable[[Session, str], Awaitable[CommandResult]]
    aliases: Sequence[str] = ()
    hint: str | None = None
    required: bool = False
    choices: Mapping[str, str] | None = None
    during_turn: bool = True
    opens_session: bool = True


def find(name: str) -> BuiltInCommand | None:
    """The command with a name or an alias."""
    return next((command for command in BUILT_IN if name in (command.name, *command.aliases)), None)


def _text(text: str) -> CommandResult:
    return types.SlashCommandTextResult(text=text)


def _usage_fault(usage: str) -> RuntimeFault:
    return RuntimeFault(f"Usage: {usage}")


async def _add_dir(session: Session, text: str) -> CommandResult:
    if not text:
        raise _usage_fault("/add-dir <directory>")
    folder = session.paths.add(Path(text))
    return _text(f"The tools may now use {folder}.")


async def _list_dirs(session: Session, _: str) -> CommandResult:
    if session.paths.unrestricted:
        return _text("Paths are not checked in this session: every directory may be used.")
    return _text("\n".join(["Directories the tools may use:", *map(str, session.paths.directories())]))


async def _allow_all(session: Session, text: str) -> CommandResult:
    modes = {"": ALLOW_ALL, "on": ALLOW_ALL, "off": MANUAL, "show": None}
    return _switch_permissions(session, modes, text, "/allow-all [on|off|show]")


async def _permissions(session: Session, text: str) -> CommandResult:
    modes = {"": None, "default": MANUAL, "allow-all": ALLOW_ALL, "show": None}
    return _switch_permissions(session, modes, text, "/permissions [default|allow-all|show]")


def _switch_permissions(
    session: Session, modes: Mapping[str, str | None], text: str, usage: str
) -> CommandResult:
    if text not in modes:
        raise _usage_fault(usage)
    gate, mode = session.permissions, modes[text]
    if mode is not None and not gate.set_mode(mode):
        raise RuntimeFault(f"An administrator has disabled the permission mode {mode}")
    return _text(f"Permission mode: {gate.mode}")


async def _reset_allowed_tools(session: Session, _: str) -> CommandResult:
    session.permissions.forget_approvals(saved_too=True)
    session.permissions.set_mode(MANUAL)
    return _text(
        "What was approved for this session and this location is forgotten, and each request is asked."
    )


async def _plan(_: Session, text: str) -> CommandResult:
    # Whoever called it changes the mode, with the prompt or without one.
    if text:
        return types.SlashCommandAgentPromptResult(prompt=text, display_prompt=text, mode="plan")
    return types.SlashCommandCompletedResult(mode="plan")


async def _cwd(session: Session, text: str) -> CommandResult:
    if text:
        session.move_to(session.config.working_directory / text)
    return _text(f"Current working directory: {session.config.working_directory}")


async def _model(session: Session, text: str) -> CommandResult:
    if text:
        session.model_choice.switch(text, source="sdk")
    return types.SlashCommandCompletedResult(message=f"The model is {session.model_id}.")


async def _rename(session: Session, text: str) -> CommandResult:
    if not text:
        raise _usage_fault("/rename <name>")
    session.rename(text, by_user=True)
    return _text(f"The session is called {text}.")


async def _review(_: Session, text: str) -> CommandResult:
    about = f": {text}" if text else ": the changes of this working directory"
    return types.SlashCommandAgentPromptResult(
        prompt=f"{_REVIEW} {text}".strip(), display_prompt=f"Review{about}"
    )


async def _session(session: Session, text: str) -> CommandResult:
    word, _, rest = text.partition(" ")
    if word == "rename":
        return await _rename(session, rest.strip())
    if word == "plan":
        return _text(await session.plan.read() or "There is no plan.")
    if word not in ("", "info"):
        raise _usage_fault("/session [info|plan|rename <name>]")
    record = session.record
    return _text(
        f"ID: {session.id}\nWorking directory: {session.config.working_directory}\n"
        f"Name: {record.name or record.summary or '(none)'}\nTurns: {record.turns}"
    )


async def _usage(session: Session, _: str) -> CommandResult:
    usage = session.usage
    models = usage.models.values()
    return _text(
        f"Changes: +{usage.lines_added} -{usage.lines_removed}\nRequests: {sum(m.requests for m in models)}\n"
        f"Tokens: input {sum(m.input_tokens for m in models)}, output {sum(m.output_tokens for m in models)}"
    )


async def _context(session: Session, _: str) -> CommandResult:
    counts = context_of(session)
    return _text(
        f"System message: {counts.system} tokens\nTools: {counts.tools} tokens\n"
        f"Conversation: {counts.conversation} tokens"
    )


_SWITCHES = {"on": "Ask for nothing", "off": "Ask for each request", "show": "Show the mode"}

BUILT_IN: Sequence[BuiltInCommand] = (
    BuiltInCommand("add-dir", "Let the tools use a directory.", _add_dir, hint="directory", required=True),
    BuiltInCommand(
        "allow-all",
        "Approve all permission requests.",
        _allow_all,
        aliases=("yolo",),
        hint="[on|off|show]",
        choices=_SWITCHES,
    ),
    BuiltInCommand(
        "permissions",
        "Change how permission requests are handled.",
        _permissions,
        hint="[default|allow-all|show]",
        choices={
            "default": "Ask for each request",
            "allow-all": "Ask for nothing",
            "show": "Show the mode",
        },
    ),
    BuiltInCommand(
        "autopilot",
        "Switch autopilot mode, or give the autopilot an objective.",
        objective_command.run,
        aliases=("goal",),
        hint="[on|off|objective] [--max-ai-credits number]",
        choices={"on": "Switch to autopilot mode", "off": "Switch to interactive mode"},
    ),
    BuiltInCommand("context", "Show what fills the context window.", _context, opens_session=False),
    BuiltInCommand(
        "cwd",
        "Show or change the working directory.",
        _cwd,
        aliases=("cd",),
        hint="directory",
        during_turn=False,
    ),
    BuiltInCommand("list-dirs", "List the directories the tools may use.", _list_dirs),
    BuiltInCommand("model", "Show or change the model.", _model, aliases=("models",), hint="model"),
    BuiltInCommand("plan", "Switch to plan mode, or plan what the prompt says.", _plan, hint="prompt"),
    BuiltInCommand("rename", "Give the session a name.", _rename, hint="name", required=True),
    BuiltInCommand("reset-allowed-tools", "Forget what was approved.", _reset_allowed_tools),
    BuiltInCommand(
        "review",
        "Have the changes reviewed.",
        _review,
        hint="additional instructions",
        during_turn=False,
    ),
    BuiltInCommand(
        "session",
        "Show the session.",
        _session,
        aliases=("sessions",),
        opens_session=False,
        hint="[info|plan|rename <name>]",
        choices={"info": "Show details", "plan": "Show the plan", "rename": "Give it a name"},
    ),
    BuiltInCommand("usage", "Show what the session has used.", _usage, opens_session=False),
)
"""The commands, in the order in which they are listed."""
