"""The agents that the runtime brings besides the main one."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk.runtime.core.config import AgentDefinition

UNAUTHORED = "general-purpose"
"""The agent that stands in the code; all others are read from definitions."""

_DEFINED = (
    AgentDefinition(
        "explore",
        "You look into a code base and answer the question you are given. You change nothing.",
        display_name="Explore Agent",
        description="Reads code and answers questions about it.",
        tools=("view", "grep", "glob", "report_intent"),
        reasoning_effort="low",
        source="builtin",
    ),
    AgentDefinition(
        "task",
        "You run commands, and report in a few words whether they worked. Quote output only of what failed.",
        display_name="Task Agent",
        description="Runs commands such as tests and builds, and reports how they went.",
        source="builtin",
    ),
    AgentDefinition(
        "code-review",
        "You review the changes you are given. Report what is wrong for certain, with the file and the line, and "
        "how that shows. Say nothing of style, and nothing where nothing is wrong. You change nothing.",
        display_name="Code Review Agent",
        description="Reviews changes and reports what is wrong with them.",
        source="builtin",
    ),
    AgentDefinition(
        "rubber-duck",
        "You are told of a plan, a design or some code, and look for what will not work. Name each flaw that "
        "matters, why it does, and what would help. Leave small things out. You change nothing.",
        display_name="Rubber Duck Agent",
        description="Listens to a plan and says what will not work.",
        source="builtin",
    ),
    AgentDefinition(
        "research",
        "You find out what you are asked, in repositories and on the web. Check what you find against a second "
        "source, and say for each fact where it is from.",
        display_name="Research Agent",
        description="Finds out about a subject, and says where the facts are from.",
        source="builtin",
    ),
    AgentDefinition(
        "rem-agent",
        "You are given what happened in a session. Put what later sessions should know on the context board, and "
        "take off it what does not hold any more.",
        display_name="REM Agent",
        description="Keeps what sessions have learnt on the context board.",
        tools=("context_board",),
        source="builtin",
    ),
    AgentDefinition(
        "security-review",
        "You look for holes in the security of the code you are given: how somebody could make it do what it "
        "should not. Report those alone that you can show, each with the way in and what would close it. You "
        "change nothing.",
        display_name="Security Review Agent",
        description="Looks for holes in the security of code.",
        source="builtin",
    ),
)
_CODED = AgentDefinition(
    UNAUTHORED,
    "You work on the task you are given until it is done, and then say what you did.",
    display_name="General Purpose Agent",
    description="Works on a task of several steps by itself.",
    source="builtin",
)

AGENTS: Mapping[str, AgentDefinition] = {agent.name: agent for agent in (*_DEFINED, _CODED)}
"""All of them, by name."""

_STARTABLE = ("explore", "task", UNAUTHORED, "rubber-duck", "code-review", "research", "security-review")
BUILT_IN = tuple(AGENTS[name] for name in _STARTABLE)
"""Those that a session can start; the others wait for features that sessions here have not."""

_ALWAYS = ("includeAISafety", "includeToolInstructions", "includeNoTmpFileInstructions")
_USUALLY = ("includeParallelToolCalling", "includeEnvironmentContext")
_NEVER = (
    *("includeCustomAgentInstructions", "includeSessionSearchContext", "includeCloudSessionSearchContext"),
    "includeCustomInstructions",
)


def prompt_parts(agent: AgentDefinition) -> dict[str, object]:
    """What the definition of an agent wants in its system message besides its prompt."""
    consolidates = agent.name == "rem-agent"
    return {
        **dict.fromkeys(_ALWAYS, True),
        **dict.fromkeys(_USUALLY, not consolidates),
        **dict.fromkeys(_NEVER, False),
        "includeConsolidationPrompt": consolidates,
        "includeOutputChannelInstructions": "response_text",
    }
