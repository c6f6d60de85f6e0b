"""What a session is told at its start, and may be told again later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.accounts import Identity
    from copilot_sdk.runtime.core.file_system import FileSystem
    from copilot_sdk.runtime.core.sandbox.config import SandboxConfig
    from copilot_sdk.runtime.core.terminals import Terminals

from copilot_sdk.runtime.core.github_tokens import GitHubTokens
from copilot_sdk.runtime.core.mcp.spec import EnvMode, ServerSpec

AgentMode = Literal["interactive", "plan", "autopilot"]
MODES: Mapping[str, AgentMode] = {
    "interactive": "interactive",
    "plan": "plan",
    "autopilot": "autopilot",
}
"""The modes by their wire names."""


@dataclass(frozen=True, slots=True)
class ExternalTool:
    """A tool that a client runs; `parameters` is a JSON schema, one that is terminal ends the turn when it succeeds."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=lambda: {"type": "object", "properties": {}})
    overrides_built_in: bool = False
    skip_permission: bool = False
    is_terminal: bool = False


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """An agent besides the main one: the user can choose it, and the `task` tool can start it.

    Attributes:
        name: What it is called by.
        prompt: Its instructions.
        display_name: What people see; the name if empty.
        description: What it is for.
        tools: The only tools it gets; None or `*` for all.
        model: The model it uses; None for that of the session.
        reasoning_effort: How hard that is to think; None leaves it to others.
        mcp_servers: MCP servers of its own, by name.
        id: What it is told apart by; the name unless it comes from a file.
        path: The file that defines it, if one does.
        source: Where it comes from; None for the application.
        for_user: Whether the user can choose it; None where nobody said.
        for_model: Whether the model can start it.
    """

    name: str
    prompt: str
    display_name: str = ""
    description: str = ""
    tools: tuple[str, ...] | None = None
    model: str | None = None
    reasoning_effort: str | None = None
    mcp_servers: Mapping[str, ServerSpec] = field(default_factory=dict[str, ServerSpec])
    id: str = ""
    path: Path | None = None
    source: Literal["user", "project", "plugin", "builtin"] | None = None
    for_user: bool | None = None
    for_model: bool = True

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", self.name)


ProviderType = Literal["openai", "azure", "anthropic"]
WireAPI = Literal["completions", "responses"]
PROVIDER_TYPES: Mapping[str, ProviderType] = {
    "openai": "openai",
    "azure": "azure",
    "anthropic": "anthropic",
}
"""The types of providers by their wire names."""


@dataclass(frozen=True, slots=True)
class ModelProvider:
    """A provider to use in place of the runtime's model; secrets stay out of the repr.

    Attributes:
        base_url: Its address, in front of the path of the API.
        type: Which kind it is: what it calls its paths and where it wants credentials.
        wire_api: The API that it speaks; `anthropic` has one of its own.
        api_key: The key that lets one in.
        bearer_token: A token that does so; it wins over the key.
        api_key_command: A shell command that prints a fresh key for each request; it wins over the key.
        headers: Added to each request.
        azure_api_version: The version of the API at Azure; None for its API without versions.
        wire_model: The model to ask for in place of the one that the session names.
        display_name: What people call the model.
        max_prompt_tokens: The longest prompt that the model takes.
        max_output_tokens: Upper bound for one answer.
        name: What clients know it by.
        websockets: Whether it is to be spoken to over websockets, where a client opens them.
        asks_for_token: Whether a client gives the token for each request.
    """

    base_url: str
    type: ProviderType = "openai"
    wire_api: WireAPI = "completions"
    api_key: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    api_key_command: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    azure_api_version: str | None = None
    wire_model: str | None = None
    display_name: str | None = None
    max_prompt_tokens: int | None = None
    max_output_tokens: int | None = None
    name: str = "default"
    websockets: bool = False
    asks_for_token: bool = False


SectionAction = Literal["replace", "remove", "append", "prepend", "transform", "preserve"]
SECTION_ACTIONS: Mapping[str, SectionAction] = {
    "replace": "replace",
    "remove": "remove",
    "append": "append",
    "prepend": "prepend",
    "transform": "transform",
    "preserve": "preserve",
}
"""What can be done with a section of the system message, by wire names."""


@dataclass(frozen=True, slots=True)
class Section:
    """What the application does with a section of the system message."""

    action: SectionAction
    content: str = ""


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """What the application adds to the system message, or puts in its place.

    Attributes:
        replaces: Whether `content` is the whole message.
        content: A text of the application's own.
        sections: What it does with single sections, by their ids.
    """

    replaces: bool = False
    content: str = ""
    sections: Mapping[str, Section] = field(default_factory=dict[str, Section])


@dataclass(frozen=True, slots=True)
class Autopilot:
    """Whether the agent is sent on in autopilot mode until the task is complete, and how often at most."""

    continues: bool = True
    most: int = 5


@dataclass(frozen=True, slots=True)
class ManagedPermissions:
    """Rules of an administrator, which stand above all others; each like `Shell(rm)` or `Read`.

    Attributes:
        deny: What is refused.
        ask: What is asked about in any case.
        allow: What needs no asking.
        limit_to: The domains outside of which nothing may be reached; None for no limit.
        bypass_disabled: Whether requests may not be approved all at once.
        document: The document that they come from; None where there is none.
    """

    deny: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    limit_to: tuple[str, ...] | None = None
    bypass_disabled: bool = False
    document: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a conversation is compacted by itself; the shares are of the context, from 0 to 1.

    Attributes:
        enabled: Whether it is at all.
        background: The share at which that begins, while the turn goes on.
        exhausted: The share at which the turn waits for it.
    """

    enabled: bool = True
    background: float = 0.8
    exhausted: float = 0.95


@dataclass(slots=True)
class SessionConfig:
    """The settings of one session.

    Attributes:
        working_directory: Where tools run and relative paths begin.
        model: The id of the model; None for the first that is on offer.
        reasoning_effort: How hard the model is to think.
        reasoning_summary: How much of its thoughts it is to tell.
        context_tier: Which size of context window to use.
        streaming: Whether answers come in pieces.
        sub_agent_streaming: Whether those of background agents do too.
        system_prompt: What the application says in the system message.
        provider: The provider of the application's own, if any.
        named_providers: Providers of the application's own, by their names; models may be added to them.
        named_models: Who provides the models that the application names, by their ids.
        identity: Whom the session works for; None for who is signed in at the runtime.
        available_tools: The only tools to offer; None offers all.
        excluded_tools: Tools not to offer.
        disabled_skills: Skills not to offer.
        skills: Whether there are skills at all; None for those that the other settings lead to.
        skill_directories: Folders of the application in which skills are looked for.
        ignored_skills: Folders in which none are looked for.
        agents: Agents of the application's own.
        agent: The one of them that the session begins with.
        config_discovery: Whether agents and skills are looked for in the folders of the user and of the project, and
            what the plugins of the user bring is used.
        agent_directories: Further folders in which they are looked for then.
        plugin_directories: Folders of plugins that the session has besides.
        github: Where the session gets GitHub tokens from, if anywhere.
        additional_directories: Directories the tools may use besides the working directory.
        autopilot: How autopilot mode goes on.
        managed: The rules of an administrator.
        max_ai_credits: How many AI credits the session may use; None for any number.
        mcp_servers: MCP servers besides those of the user's configuration, by name; one of its names goes before it.
        disabled_mcp_servers: The names of MCP servers that are turned off.
        env_value_mode: What the values of variables in the settings of MCP servers mean.
        name: The name the user gave.
        extensions: Whether extensions are launched.
        hook_directories: Folders with more hooks in files.
        telemetry: Whether what happens is measured.
        client_name: The program the session belongs to.
        compaction: When the conversation is compacted by itself.
        sandbox: The sandbox that commands are to run in, if any.
        tracks_files: Whether changes of files are recorded, so that they can be undone.
        files: The files that tools see; None for those where the session is stored.
        terminals: Where commands are run that are not detached; None for processes of the runtime.
    """

    working_directory: Path
    model: str | None = None
    reasoning_effort: str | None = None
    reasoning_summary: str | None = None
    context_tier: str | None = None
    streaming: bool = False
    sub_agent_streaming: bool = True
    system_prompt: SystemPrompt = field(default_factory=SystemPrompt)
    provider: ModelProvider | None = None
    named_providers: Mapping[str, ModelProvider] = field(default_factory=dict[str, ModelProvider])
    named_models: Mapping[str, ModelProvider] = field(default_factory=dict[str, ModelProvider])
    identity: Identity | None = None
    github: GitHubTokens | None = None
    available_tools: frozenset[str] | None = None
    excluded_tools: frozenset[str] = frozenset()
    disabled_skills: frozenset[str] = frozenset()
    skills: bool | None = None
    skill_directories: tuple[Path, ...] = ()
    ignored_skills: tuple[Path, ...] = ()
    agents: Sequence[AgentDefinition] = ()
    agent: str | None = None
    config_discovery: bool = False
    agent_directories: tuple[Path, ...] = ()
    plugin_directories: tuple[Path, ...] = ()
    additional_directories: tuple[Path, ...] = ()
    autopilot: Autopilot = Autopilot()
    managed: ManagedPermissions = ManagedPermissions()
    max_ai_credits: float | None = None
    mcp_servers: Mapping[str, ServerSpec] = field(default_factory=dict[str, ServerSpec])
    disabled_mcp_servers: tuple[str, ...] = ()
    env_value_mode: EnvMode = "direct"
    name: str | None = None
    extensions: bool = False
    hook_directories: tuple[Path, ...] = ()
    telemetry: bool = True
    client_name: str | None = None
    compaction: Thresholds = Thresholds()
    sandbox: SandboxConfig | None = None
    tracks_files: bool = False
    files: FileSystem | None = None
    terminals: Terminals | None = None

    @property
    def in_sandbox(self) -> bool:
        """Whether commands are to run in a sandbox."""
        return self.sandbox is not None and self.sandbox.enabled

    def offers(self, tool: str) -> bool:
        """Whether the tool filters let a tool through; an exclusion wins."""
        if tool in self.excluded_tools:
            return False
        return self.available_tools is None or tool in self.available_tools


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the runtime waits and how often it tries.

    Attributes:
        hook_seconds: For the answer of a client to a hook, or to a section of the system message that it rewrites;
            after that the client counts as silent.
        answer_seconds: For what a client or its user does at leisure: tools and commands of the client, permissions,
            questions, forms, plans.
        task_wait_seconds: For `session.tasks.waitForPending`.
        retry_delays: Seconds before each new try of a model call that failed for the moment; their number is
            the number of tries. None waits as the CLI does: five times, from half a second to 8 s; from 6 to 21 s
            after status 429, one second each where an answer broke off; and twice one second after status 401.
        retry_after_seconds: The longest pause before a new try that a provider may ask for.
        shell_wait_seconds: How long the `bash` tool waits before it leaves a command to the background.
        cancel_seconds: For the answer of a client that is to stop a task of its own.
        extension_seconds: For an extension that was launched to join its session.
        provider_seconds: For the answer of a client to a request for something it provides.
        mcp_seconds: For an MCP server to be connected to and to answer, unless its settings say otherwise; a tool call
            may take as long as what users do at leisure.
        stop_seconds: Between asking a process to end and killing it.
    """

    hook_seconds: float = 60.0
    answer_seconds: float = 3600.0
    task_wait_seconds: float = 600.0
    retry_delays: tuple[float, ...] | None = None
    retry_after_seconds: float = 180.0
    shell_wait_seconds: float = 120.0
    cancel_seconds: float = 5.0
    extension_seconds: float = 30.0
    provider_seconds: float = 60.0
    mcp_seconds: float = 60.0
    stop_seconds: float = 2.0
