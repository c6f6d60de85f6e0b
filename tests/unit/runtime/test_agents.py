"""Agents besides the main one, through `session.agent`, `agents` and `session.fleet`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, EmbeddedRuntime, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

HELPER = (
    "---\nname: helper\ndescription: Helps\ntools: [view, grep]\nmodel: model-x\n---\nYou are a helper.\n"
)
PLAIN = "---\ndescription: Plain\nuser-invocable: false\n---\n\nPlain prompt.\n"
MINE = "---\nname: Mine Agent\ndescription: Of the user\ndisable-model-invocation: true\n---\nMine.\n"
OWN = {
    "name": "own",
    "prompt": "Own prompt.",
    "displayName": "Own!",
    "description": "of app",
    "tools": ["view"],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project and a user with agents in files, some of which are broken."""
    files = {
        "work/.github/agents/helper.agent.md": HELPER,
        "work/.github/agents/broken.md": "no settings\n",
        "work/.github/agents/odd.md": "---\ndescription: x\ntools: 5\n---\n",
        "work/.claude/agents/plain.md": PLAIN,
        "work/.claude/agents/helper.md": PLAIN,
        "home/agents/mine.agent.md": MINE,
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "work"


@pytest.fixture
def runtime(start: Start) -> EmbeddedRuntime:
    return start(lambda _: Reply("done"))


@pytest.fixture
async def client(runtime: EmbeddedRuntime, join: Join, project: Path) -> Client:
    client = await join(runtime)
    await client.open(workingDirectory=str(project), enableConfigDiscovery=True, customAgents=[OWN])
    return client


def last_request(runtime: EmbeddedRuntime) -> tuple[str, set[str]]:
    """The system message and the tools of the newest request."""
    request = asked_of(runtime)[-1]
    return request.messages[0].text, {tool.name for tool in request.tools}


async def test_agents_are_found_in_the_folders_of_user_and_project(client: Client, project: Path) -> None:
    agents = (await client.call("session.agent.list"))["agents"]
    assert [agent["id"] for agent in agents] == ["own", "mine", "helper", "plain"]
    assert agents[2] == {
        "id": "helper",
        "name": "helper",
        "displayName": "helper",
        "description": "Helps",
        "path": str(project / ".github/agents/helper.agent.md"),
        "source": "project",
        "userInvocable": True,
        "disableModelInvocation": False,
        "tools": ["view", "grep"],
        "model": "model-x",
        "models": ["model-x"],
    }
    assert (agents[1]["disableModelInvocation"], agents[3]["userInvocable"]) == (True, False)
    assert (agents[3]["tools"], agents[0].get("source")) == (["*"], None)


async def test_without_discovery_there_are_those_of_the_application(
    start: Start, join: Join, project: Path
) -> None:
    client = await join(start())
    await client.open(workingDirectory=str(project), customAgents=[OWN])
    assert [agent["id"] for agent in (await client.call("session.agent.list"))["agents"]] == ["own"]


async def test_built_in_agents_and_prompts_are_listed_on_demand(client: Client) -> None:
    listed = await client.call("session.agent.list", includeBuiltInAgents=True, includePrompt=True)
    by_id = {agent["id"]: agent for agent in listed["agents"]}
    assert by_id["explore"]["source"] == "builtin"
    assert by_id["plain"]["prompt"] == "Plain prompt.\n"


async def test_reloading_finds_new_files_and_tells_of_broken_ones(client: Client, project: Path) -> None:
    (project / ".github/agents/later.md").write_text("---\ndescription: Later\n---\nLater.\n")
    agents = (await client.call("session.agent.reload"))["agents"]
    assert [agent["id"] for agent in agents] == ["own", "mine", "helper", "later", "plain"]
    (told,) = client.of("session.custom_agents_updated")
    assert [agent["id"] for agent in told["agents"]] == ["mine", "helper", "later", "plain"]
    broken, odd = told["warnings"]
    assert ("broken.md" in broken, "'tools' has to be a list" in odd) == (True, True)


async def test_the_chosen_agent_adds_its_prompt_and_takes_away_tools(
    client: Client, runtime: EmbeddedRuntime
) -> None:
    await client.turn("before")
    before = last_request(runtime)
    chosen = await client.call("session.agent.select", name="helper")
    assert chosen["agent"]["id"] == "helper"
    assert client.of("subagent.selected") == [
        {"agentName": "helper", "agentDisplayName": "helper", "tools": ["view", "grep"]}
    ]
    await client.turn("chosen")
    system, tools = last_request(runtime)
    assert (tools, "You are a helper." in system) == ({"view", "grep"}, True)
    assert await client.call("session.agent.getCurrent") == chosen
    await client.call("session.agent.deselect")
    assert (await client.call("session.agent.getCurrent")).get("agent") is None
    assert client.of("subagent.deselected") == [{}]
    await client.turn("after")
    assert last_request(runtime) == before


async def test_a_session_begins_with_the_agent_that_is_wanted(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(customAgents=[OWN], agent="own")
    assert (await client.call("session.agent.getCurrent"))["agent"]["id"] == "own"


async def test_a_session_that_wants_an_unknown_agent_is_warned(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(customAgents=[OWN], agent="nobody")
    assert client.of("session.warning")[0]["message"] == "Custom agent 'nobody' not found"


async def test_an_unknown_agent_cannot_be_chosen(client: Client) -> None:
    with pytest.raises(RpcError, match="Custom agent 'Own!' not found"):
        await client.call("session.agent.select", name="Own!")


async def test_an_agent_gets_another_prompt(client: Client, runtime: EmbeddedRuntime) -> None:
    await client.call("session.agent.select", name="own")
    await client.call("session.agent.setPrompt", id="own", prompt="Another prompt.")
    await client.turn("hi")
    assert "Another prompt." in last_request(runtime)[0]
    await client.call("session.agent.setPrompt", id="explore", prompt="Explore like this.")
    task = {"agentType": "explore", "prompt": "look", "name": "x"}
    await client.call("session.tasks.startAgent", **task)
    await client.until("subagent.completed")
    assert any("Explore like this." in request.messages[0].text for request in asked_of(runtime))
    with pytest.raises(RpcError, match="'general-purpose' does not have an authored prompt"):
        await client.call("session.agent.setPrompt", id="general-purpose", prompt="x")
    with pytest.raises(RpcError, match="'nobody' is not available"):
        await client.call("session.agent.setPrompt", id="nobody", prompt="x")


async def test_the_model_starts_agents_of_files_that_let_it(client: Client) -> None:
    task = {"agentType": "plain", "prompt": "look", "name": "x"}
    await client.call("session.tasks.startAgent", **task)
    await client.until("subagent.completed", agentName="plain")
    with pytest.raises(RpcError, match="Unknown agent type: Mine Agent"):
        await client.call("session.tasks.startAgent", **{**task, "agentType": "Mine Agent"})


async def test_agents_are_discovered_without_a_session(client: Client, project: Path) -> None:
    async def found(**params: object) -> list[str]:
        return [agent["id"] for agent in (await client.call("agents.discover", **params))["agents"]]

    assert await found() == ["mine"]
    assert await found(projectPaths=[str(project)]) == ["mine", "helper", "plain"]
    assert await found(projectPaths=[str(project)], excludeHostAgents=True) == ["helper", "plain"]
    assert await found(agentDirectories=[str(project / ".claude/agents")]) == ["mine", "helper", "plain"]


async def test_the_folders_of_agents_are_listed(client: Client, project: Path, tmp_path: Path) -> None:
    paths = (await client.call("agents.getDiscoveryPaths", projectPaths=[str(project)]))["paths"]
    assert paths == [
        {"path": str(tmp_path / "home/agents"), "scope": "user", "preferredForCreation": True},
        {
            "path": str(project / ".github/agents"),
            "scope": "project",
            "preferredForCreation": True,
            "projectPath": str(project),
        },
        {
            "path": str(project / ".claude/agents"),
            "scope": "project",
            "preferredForCreation": False,
            "projectPath": str(project),
        },
    ]


async def test_a_fleet_is_started_with_a_prompt(client: Client) -> None:
    assert await client.call("session.fleet.start", prompt="build it", wait=True) == {"started": True}
    message = client.of("user.message")[0]
    assert message["content"] == "Fleet deployed: build it"
    assert message["transformedContent"].endswith("build it")


async def test_the_agents_of_the_runtime_are_told(client: Client) -> None:
    told = await client.call("agents.getBuiltins")
    names = told["names"]
    assert told == {"names": names, "disableableNames": names, "yamlBasedNames": names[:-1]}
    offered = (await client.call("agents.getAvailableBuiltins"))["agents"]
    assert {agent["name"] for agent in offered} == {*names} - {"rem-agent"}
    assert all(agent["description"] for agent in offered)


async def test_the_agents_of_the_runtime_are_defined(client: Client) -> None:
    for name in (await client.call("agents.getBuiltins"))["yamlBasedNames"]:
        answer = await client.call("agents.getBuiltinDefinition", name=name)
        definition = json.loads(answer["definitionJson"])
        answer = await client.call("agents.getBuiltinListingDefinition", name=name)
        listed = json.loads(answer["definitionJson"])
        assert definition["prompt"]
        assert definition["__nativeCustomAgent"] == {**listed, "prompt": definition["prompt"]}
        assert (listed["id"], listed["prompt"]) == (f"{name}.agent.yaml", "")


async def test_an_agent_that_stands_in_the_code_is_listed_and_not_defined(client: Client) -> None:
    answer = await client.call("agents.getBuiltinListingDefinition", name="general-purpose")
    assert json.loads(answer["definitionJson"])["tools"] == ["*"]
    with pytest.raises(RpcError, match="'general-purpose' is not a built-in agent with a definition"):
        await client.call("agents.getBuiltinDefinition", name="general-purpose")
    with pytest.raises(RpcError, match="'nobody' is not a built-in agent"):
        await client.call("agents.getBuiltinListingDefinition", name="nobody")


MODELS = '[{"id": "one", "name": "First"}, {"id": "two"}]'


@pytest.mark.parametrize(
    ("wanted", "decision"),
    [
        ('["zero", "TWO"]', {"targetModel": "two"}),
        ("first (copilot)", {"targetModel": "one"}),
        ('"zero"', {"warning": 'Agent model "zero" is not available; using current model instead'}),
        ("[]", {"warning": "Agent models [] are not available; using current model instead"}),
    ],
)
async def test_the_first_model_that_is_there_is_chosen(client: Client, wanted: str, decision: Json) -> None:
    arguments = {"agentModelsJson": wanted, "availableModelsJson": MODELS}
    assert await client.call("agents.customAgentInitialModelDecision", **arguments) == decision


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ("{", "availableModelsJson: Expecting"),
        ("{}", "availableModelsJson: Expected array, received object"),
        ("[1]", r"availableModelsJson\.0: Expected object, received number"),
        ("[{}]", r"availableModelsJson\.0\.id: Expected string, received null"),
        ('[{"id": "a", "name": 1}]', r"availableModelsJson\.0\.name: Expected string, received number"),
    ],
)
async def test_what_is_wrong_with_available_models_is_named(
    client: Client, models: str, problem: str
) -> None:
    with pytest.raises(RpcError, match=problem):
        await client.call(
            "agents.customAgentInitialModelDecision", agentModelsJson="a", availableModelsJson=models
        )


TASK = {"agent_type": "helper", "prompt": "look", "name": "x"}
OF_APP = {"name": "helper", "prompt": "You help."}


@pytest.mark.parametrize(
    ("agent", "setting", "call", "used", "source"),
    [
        ({}, {}, {}, ("scripted", "high"), "session_inheritance"),
        ({"model": "other"}, {}, {}, ("other", None), "agent_definition_default"),
        ({"reasoningEffort": "low"}, {}, {}, ("scripted", "low"), "session_inheritance"),
        (
            {"model": "other", "reasoningEffort": "low"},
            {"model": "scripted", "effortLevel": "medium"},
            {},
            ("scripted", "medium"),
            "configured_preference",
        ),
        ({"model": "other"}, {"effortLevel": "low"}, {}, ("other", "low"), "agent_definition_default"),
        (
            {"model": "other", "reasoningEffort": "low"},
            {"model": "third"},
            {"model": "scripted"},
            ("scripted", "low"),
            "explicit_override",
        ),
        ({}, {"effortLevel": "low"}, {"reasoning_effort": "max"}, ("scripted", "max"), "session_inheritance"),
        ({}, {}, {"model": "other"}, ("other", None), "explicit_override"),
    ],
)
async def test_an_agent_thinks_with_the_model_and_as_hard_as_who_starts_it_wants(
    start: Start,
    join: Join,
    agent: Json,
    setting: Json,
    call: Json,
    used: tuple[str, str | None],
    source: str,
) -> None:
    runtime = start([Reply(calls=[Call("task", {**TASK, **call})]), Reply("seen"), Reply("done")])
    client = await join(runtime)
    await client.open(model="scripted", reasoningEffort="high", customAgents=[{**OF_APP, **agent}])
    await client.call("session.tools.updateSubagentSettings", subagents={"agents": {"helper": setting}})
    await client.turn("go")
    (asked,) = [request for request in asked_of(runtime) if request.agent_id]
    assert (asked.model, asked.reasoning_effort) == used
    (configured,) = client.of("subagent.configured")
    assert (configured["model"], configured.get("reasoningEffort")) == used
    assert client.of("subagent.completed")[0]["modelSelectionSource"] == source
    assert {request.reasoning_effort for request in asked_of(runtime) if not request.agent_id} == {"high"}


@pytest.mark.parametrize(
    ("setting", "tier"),
    [
        ({}, "long_context"),
        ({"contextTier": "default"}, "default"),
        ({"model": "other"}, "long_context"),
        ({"model": "other", "contextTier": "inherit"}, "long_context"),
    ],
)
async def test_an_agent_has_a_context_of_the_size_that_the_settings_want(
    start: Start, join: Join, setting: Json, tier: str | None
) -> None:
    client = await join(start([Reply("seen")]))
    await client.open(model="scripted", contextTier="long_context", customAgents=[OF_APP])
    await client.call("session.tools.updateSubagentSettings", subagents={"agents": {"helper": setting}})
    await client.call("session.tasks.startAgent", agentType="helper", prompt="look", name="x")
    assert (await client.until("subagent.configured"))["data"].get("contextTier") == tier
    await client.until("subagent.completed")
