"""The agents of a session: those of the application and of files, and the one that the user has chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.agent_files import agent_folders, find_agents, find_plugin_agents
from copilot_sdk.runtime.core.agent_models import ModelWish
from copilot_sdk.runtime.core.built_in_agents import BUILT_IN, UNAUTHORED
from copilot_sdk.runtime.core.config import AgentDefinition
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_INSTRUCTIONS = (
    "<agent_instructions>\nThe user has chosen an agent with instructions of its own. Follow them as far as the "
    "rest of this message allows.\n\n{prompt}\n</agent_instructions>"
)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the user wants of the agents that the model starts.

    Attributes:
        disabled: The names of those that are turned off.
        wishes: The models to use in place of the usual ones, and how, by the names of the agents.
    """

    disabled: frozenset[str] = frozenset()
    wishes: Mapping[str, ModelWish] = field(default_factory=dict[str, ModelWish])


class CustomAgents:
    """The agents of one session besides the main one.

    Attributes:
        custom: Those of the application, then those of files.
        settings: What the user wants of those that the model starts.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prompts: dict[str, str] = {}
        self._chosen: str | None = None
        self.custom: list[AgentDefinition] = []
        self.settings = AgentSettings()
        self._find()

    def begin(self) -> None:
        """Chooses the agent that the application wants the session to begin with."""
        name = self._session.config.agent
        if name is None:
            return
        try:
            self.select(name)
        except RuntimeFault as fault:
            self._session.emit(
                types.SessionWarningData(warning_type="custom_agent", message=str(fault)), ephemeral=True
            )

    @property
    def built_in(self) -> list[AgentDefinition]:
        """Those of the runtime, unless a custom one has their name."""
        hidden = {agent.name for agent in self.custom}
        return [self._prompted(agent) for agent in BUILT_IN if agent.name not in hidden]

    @property
    def current(self) -> AgentDefinition | None:
        """The one that the user has chosen."""
        return None if self._chosen is None else self._named(self._chosen, self.custom)

    @property
    def instructions(self) -> str:
        """What the chosen agent adds to the system message."""
        current = self.current
        return "" if current is None or not current.prompt else _INSTRUCTIONS.format(prompt=current.prompt)

    def startable(self) -> dict[str, AgentDefinition]:
        """The agents that the model may start, by name."""
        agents = (*self.built_in, *(agent for agent in self.custom if agent.for_model))
        return {agent.name: agent for agent in agents if agent.name not in self.settings.disabled}

    def to_start(self, name: str) -> AgentDefinition:
        """The agent with a name, if it can be started.

        Raises:
            RuntimeFault: It is turned off, or there is none.
        """
        if name in self.settings.disabled:
            raise RuntimeFault(
                f'The "{name}" subagent is turned off. Enable it in /subagents before dispatching it.'
            )
        known = self.startable()
        if name not in known:
            raise RuntimeFault(f"Unknown agent type: {name}. Known types: {', '.join(sorted(known))}")
        return known[name]

    def reload(self) -> None:
        """Looks at the files again."""
        problems = self._find()
        shown = [_update(agent) for agent in self.custom if agent.source is not None]
        self._session.emit(types.SessionCustomAgentsUpdatedData(agents=shown, warnings=problems, errors=[]))

    def select(self, name: str) -> AgentDefinition:
        """Has an agent handle the coming turns.

        Raises:
            RuntimeFault: There is no such agent.
        """
        agent = self._named(name, self.custom)
        if agent is None:
            raise RuntimeFault(f"Custom agent '{name}' not found")
        self._chosen = agent.name
        tools = None if agent.tools is None else list(agent.tools)
        self._session.emit(
            types.SubagentSelectedData(
                agent_name=agent.name, agent_display_name=agent.display_name or agent.name, tools=tools
            )
        )
        return agent

    def deselect(self) -> None:
        """Goes back to the agent of the runtime."""
        self._chosen = None
        self._session.emit(types.SubagentDeselectedData())

    def set_prompt(self, agent_id: str, prompt: str) -> None:
        """Gives an agent another prompt for as long as the session lives.

        Raises:
            RuntimeFault: There is no such agent, or it has no prompt.
        """
        known = {agent.id for agent in (*self.custom, *self.built_in)}
        if agent_id not in known:
            raise RuntimeFault(f"Agent '{agent_id}' is not available in this session.")
        if agent_id == UNAUTHORED and agent_id not in {agent.id for agent in self.custom}:
            raise RuntimeFault(f"Built-in agent '{agent_id}' does not have an authored prompt to override.")
        self._prompts[agent_id] = prompt
        self.custom = [self._prompted(agent) for agent in self.custom]

    def _find(self) -> list[str]:
        """Puts the agents together; returns what is wrong with files."""
        config = self._session.config
        found, problems = find_plugin_agents(self._session.plugins.active)
        if config.config_discovery:
            folders = agent_folders(
                self._session.runtime_home, [config.working_directory], config.agent_directories
            )
            in_folders, more = find_agents(folders)
            found, problems = [*in_folders, *found], [*problems, *more]
        own = list(config.agents)
        taken = {agent.name for agent in own}
        others = [agent for agent in found if agent.name not in taken]
        self.custom = [self._prompted(agent) for agent in (*own, *others)]
        return problems

    def _prompted(self, agent: AgentDefinition) -> AgentDefinition:
        prompt = self._prompts.get(agent.id)
        return agent if prompt is None else replace(agent, prompt=prompt)

    def _named(self, name: str, agents: Iterable[AgentDefinition]) -> AgentDefinition | None:
        return next((agent for agent in agents if agent.name == name), None)


def _update(agent: AgentDefinition) -> types.CustomAgentsUpdatedAgent:
    return types.CustomAgentsUpdatedAgent(
        id=agent.id,
        name=agent.name,
        display_name=agent.display_name or agent.name,
        description=agent.description,
        source=agent.source or "",
        tools=None if agent.tools is None else list(agent.tools),
        user_invocable=agent.for_user is not False,
        model=agent.model,
        disable_model_invocation=not agent.for_model,
    )
