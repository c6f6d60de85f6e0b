"""Methods of `session.agent`, `session.fleet` and `agents`: the agents besides the main one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    AgentDiscoveryPath,
    AgentDiscoveryPathList,
    AgentGetCurrentResult,
    AgentInfo,
    AgentList,
    AgentListRequest,
    AgentReloadResult,
    AgentsCustomAgentInitialModelDecisionParams,
    AgentsCustomAgentInitialModelDecisionResult,
    AgentsDiscoverRequest,
    AgentSelectRequest,
    AgentSelectResult,
    AgentSetPromptRequest,
    AgentsGetAvailableBuiltinsResult,
    AgentsGetBuiltinDefinitionRequest,
    AgentsGetBuiltinDefinitionResult,
    AgentsGetBuiltinListingDefinitionRequest,
    AgentsGetBuiltinListingDefinitionResult,
    AgentsGetBuiltinsResult,
    AgentsGetDiscoveryPathsRequest,
    BuiltinAgentSummary,
    FleetStartRequest,
    FleetStartResult,
    ServerAgentList,
)
from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.agent_files import AgentFolder, agent_folders, find_agents, find_plugin_agents
from copilot_sdk.runtime.core.agent_models import AvailableModel, first_available, wanted_models
from copilot_sdk.runtime.core.built_in_agents import AGENTS, BUILT_IN, UNAUTHORED, prompt_parts
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import AgentDefinition
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import to_json
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.setting_kinds import type_name

router = Router()

_FLEET = (
    "Lead a fleet: split the work into parts that do not wait for one another, give each to an agent of its own "
    "with the `task` tool, several at once, and keep the todos of the session up to date. Check what comes back "
    "before you say that the work is done."
)


@router.on("session.agent.list", AgentListRequest)
async def _list(call: Call, params: AgentListRequest) -> AgentList:
    agents = call.session.agents
    shown = [*agents.custom, *(agents.built_in if params.include_built_in_agents else ())]
    return AgentList(agents=describe(shown, with_prompt=bool(params.include_prompt)))


@router.plain("session.agent.reload")
async def _reload(call: Call) -> AgentReloadResult:
    agents = call.session.agents
    agents.reload()
    return AgentReloadResult(agents=describe(agents.custom))


@router.plain("session.agent.getCurrent")
async def _get_current(call: Call) -> AgentGetCurrentResult:
    current = call.session.agents.current
    return AgentGetCurrentResult(agent=None if current is None else describe([current])[0])


@router.on("session.agent.select", AgentSelectRequest)
async def _select(call: Call, params: AgentSelectRequest) -> AgentSelectResult:
    return AgentSelectResult(agent=describe([call.session.agents.select(params.name)])[0])


@router.plain("session.agent.deselect")
async def _deselect(call: Call) -> None:
    call.session.agents.deselect()


@router.on("session.agent.setPrompt", AgentSetPromptRequest)
async def _set_prompt(call: Call, params: AgentSetPromptRequest) -> None:
    call.session.agents.set_prompt(params.id, params.prompt)


@router.on("session.fleet.start", FleetStartRequest)
async def _start_fleet(call: Call, params: FleetStartRequest) -> FleetStartResult:
    prompt = Prompt(
        id=new_id(),
        text=f"{_FLEET}\n\n{params.prompt}" if params.prompt else _FLEET,
        display=f"Fleet deployed: {params.prompt}" if params.prompt else "Fleet deployed",
        attachments=[to_json(attachment) for attachment in params.attachments or ()],
    )
    call.session.turns.send(prompt)
    if params.wait:
        await prompt.done.wait()
    return FleetStartResult(started=True)


@router.on("agents.discover", AgentsDiscoverRequest)
async def _discover(call: Call, params: AgentsDiscoverRequest) -> ServerAgentList:
    found, _ = find_agents(_folders(call, params))
    if not params.exclude_host_agents:
        plugins = call.runtime.plugins.to_discover(for_projects=bool(params.project_paths))
        found += find_plugin_agents(plugins)[0]
    return ServerAgentList(agents=describe(found))


@router.on("agents.getDiscoveryPaths", AgentsGetDiscoveryPathsRequest)
async def _discovery_paths(call: Call, params: AgentsGetDiscoveryPathsRequest) -> AgentDiscoveryPathList:
    return AgentDiscoveryPathList(
        paths=[
            AgentDiscoveryPath(
                path=str(folder.path),
                scope=folder.scope,
                preferred_for_creation=folder.preferred,
                project_path=None if folder.project is None else str(folder.project),
            )
            for folder in _folders(call, params)
        ]
    )


@router.plain("agents.getBuiltins")
async def _built_in(_: Call) -> AgentsGetBuiltinsResult:
    names = list(AGENTS)
    defined = [name for name in names if name != UNAUTHORED]
    return AgentsGetBuiltinsResult(names=names, disableable_names=names, yaml_based_names=defined)


@router.on("agents.getBuiltinDefinition", AgentsGetBuiltinDefinitionRequest)
async def _definition(_: Call, params: AgentsGetBuiltinDefinitionRequest) -> AgentsGetBuiltinDefinitionResult:
    agent = AGENTS.get(params.name)
    if agent is None or agent.name == UNAUTHORED:
        raise RuntimeFault(f"name: '{params.name}' is not a built-in agent with a definition")
    definition = {
        "name": agent.name,
        "displayName": agent.display_name,
        "description": agent.description,
        "reasoningEffort": agent.reasoning_effort,
        "tools": _tools(agent),
        "promptParts": prompt_parts(agent),
        "prompt": agent.prompt,
        "__nativeCustomAgent": {**_listed(agent), "prompt": agent.prompt},
    }
    given = {name: value for name, value in definition.items() if value is not None}
    return AgentsGetBuiltinDefinitionResult(definition_json=json.dumps(given))


@router.on("agents.getBuiltinListingDefinition", AgentsGetBuiltinListingDefinitionRequest)
async def _listing_definition(
    _: Call, params: AgentsGetBuiltinListingDefinitionRequest
) -> AgentsGetBuiltinListingDefinitionResult:
    agent = AGENTS.get(params.name)
    if agent is None:
        raise RuntimeFault(f"name: '{params.name}' is not a built-in agent")
    return AgentsGetBuiltinListingDefinitionResult(definition_json=json.dumps(_listed(agent)))


def _listed(agent: AgentDefinition) -> dict[str, object]:
    """An agent of the runtime in the form of custom ones, without its prompt."""
    return {
        "name": agent.name,
        "displayName": agent.display_name,
        "description": agent.description,
        "tools": _tools(agent),
        "prompt": "",
        "disableModelInvocation": not agent.for_model,
        "id": agent.id if agent.name == UNAUTHORED else f"{agent.id}.agent.yaml",
        "source": agent.source,
        "userInvocable": False,
    }


def _tools(agent: AgentDefinition) -> list[str]:
    return ["*"] if agent.tools is None else list(agent.tools)


@router.on("agents.customAgentInitialModelDecision", AgentsCustomAgentInitialModelDecisionParams)
async def _initial_model(
    _: Call, params: AgentsCustomAgentInitialModelDecisionParams
) -> AgentsCustomAgentInitialModelDecisionResult:
    wanted = wanted_models(params.agent_models_json)
    found = first_available(wanted, _models(params.available_models_json))
    if found is not None:
        return AgentsCustomAgentInitialModelDecisionResult(target_model=found)
    if len(wanted) == 1:
        missing = f'Agent model "{wanted[0]}" is'
    else:
        missing = f"Agent models {json.dumps(wanted, separators=(',', ':'), ensure_ascii=False)} are"
    return AgentsCustomAgentInitialModelDecisionResult(
        warning=f"{missing} not available; using current model instead"
    )


def _models(text: str) -> list[AvailableModel]:
    try:
        models: object = json.loads(text)
    except ValueError as error:
        raise RuntimeFault(f"availableModelsJson: {error}") from error
    if not is_array(models):
        raise RuntimeFault(f"availableModelsJson: Expected array, received {type_name(models)}")
    return [_model(f"availableModelsJson.{index}", model) for index, model in enumerate(models)]


def _model(place: str, model: object) -> AvailableModel:
    if not is_object(model):
        raise RuntimeFault(f"{place}: Expected object, received {type_name(model)}")
    identifier, name = model.get("id"), model.get("name")
    if not isinstance(identifier, str):
        raise RuntimeFault(f"{place}.id: Expected string, received {type_name(identifier)}")
    if name is not None and not isinstance(name, str):
        raise RuntimeFault(f"{place}.name: Expected string, received {type_name(name)}")
    return AvailableModel(identifier, name)


@router.plain("agents.getAvailableBuiltins")
async def _available_built_in(_: Call) -> AgentsGetAvailableBuiltinsResult:
    return AgentsGetAvailableBuiltinsResult(
        agents=[BuiltinAgentSummary(name=agent.name, description=agent.description) for agent in BUILT_IN]
    )


def _folders(call: Call, params: AgentsDiscoverRequest | AgentsGetDiscoveryPathsRequest) -> list[AgentFolder]:
    return agent_folders(
        None if params.exclude_host_agents else call.runtime.home,
        [Path(path) for path in params.project_paths or ()],
        [Path(path) for path in params.agent_directories or ()],
    )


def describe(agents: Iterable[AgentDefinition], *, with_prompt: bool = False) -> list[AgentInfo]:
    """Agents, as the wire shows them."""
    return [
        AgentInfo(
            id=agent.id,
            name=agent.name,
            display_name=agent.display_name or agent.name,
            description=agent.description,
            path=None if agent.path is None else str(agent.path),
            source=agent.source,
            user_invocable=agent.for_user,
            disable_model_invocation=None if agent.source is None else not agent.for_model,
            tools=None if agent.tools is None else list(agent.tools),
            model=agent.model,
            models=None if agent.model is None else [agent.model],
            prompt=agent.prompt if with_prompt else None,
        )
        for agent in agents
    ]
