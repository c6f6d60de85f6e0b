"""Methods of `session.instructions` and `instructions`: files with instructions for agents."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    InstructionDiscoveryPath,
    InstructionDiscoveryPathList,
    InstructionsDiscoverRepoSourcesRequest,
    InstructionsDiscoverRequest,
    InstructionsGetDiscoveryPathsRequest,
    InstructionsGetSourcesResult,
    InstructionsInitPromptResult,
    InstructionSource,
    ServerInstructionSourceList,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.instructions import (
    INIT_PROMPT,
    InstructionPlace,
    Instructions,
    find_instructions,
    instruction_places,
)

router = Router()


@router.plain("instructions.clearCache")
async def _clear_cache(call: Call) -> None:
    for session in call.runtime.sessions:
        session.instructions.forget()


@router.plain("instructions.getInitPrompt")
async def _init_prompt(_: Call) -> InstructionsInitPromptResult:
    return InstructionsInitPromptResult(prompt=INIT_PROMPT)


@router.plain("session.instructions.getSources")
async def _get_sources(call: Call) -> InstructionsGetSourcesResult:
    return InstructionsGetSourcesResult(sources=_describe(call.session.instructions.found, of_project=False))


@router.plain("session.instructions.reload")
async def _reload(call: Call) -> InstructionsGetSourcesResult:
    call.session.instructions.forget()
    return InstructionsGetSourcesResult(sources=_describe(call.session.instructions.found, of_project=False))


@router.on("instructions.discover", InstructionsDiscoverRequest)
async def _discover(call: Call, params: InstructionsDiscoverRequest) -> ServerInstructionSourceList:
    found = find_instructions(_places(call, params))
    return ServerInstructionSourceList(sources=_describe(found, of_project=True))


@router.on("instructions.discoverRepoSources", InstructionsDiscoverRepoSourcesRequest)
async def _discover_of_repository(
    _: Call, params: InstructionsDiscoverRepoSourcesRequest
) -> ServerInstructionSourceList:
    more = [Path(folder) for folder in params.additional_dirs or ()]
    found = find_instructions(instruction_places(None, [Path(params.location)], more))
    return ServerInstructionSourceList(sources=_describe(found, of_project=False))


@router.on("instructions.getDiscoveryPaths", InstructionsGetDiscoveryPathsRequest)
async def _paths(call: Call, params: InstructionsGetDiscoveryPathsRequest) -> InstructionDiscoveryPathList:
    return InstructionDiscoveryPathList(
        paths=[
            InstructionDiscoveryPath(
                path=str(place.path),
                location=place.location,
                kind="directory" if place.is_folder else "file",
                preferred_for_creation=place.preferred,
                project_path=None if place.project is None else str(place.project),
            )
            for place in _places(call, params)
        ]
    )


def _places(
    call: Call, params: InstructionsDiscoverRequest | InstructionsGetDiscoveryPathsRequest
) -> list[InstructionPlace]:
    return instruction_places(
        None if params.exclude_host_instructions else call.runtime.home,
        [Path(path) for path in params.project_paths or ()],
        [Path(path) for path in params.instruction_directories or ()],
    )


def _describe(found: Iterable[Instructions], *, of_project: bool) -> list[InstructionSource]:
    return [
        InstructionSource(
            id=instructions.id,
            label=instructions.label,
            source_path=instructions.shown,
            content=instructions.content,
            type=instructions.place.kind,
            location=instructions.place.location,
            apply_to=None if instructions.apply_to is None else list(instructions.apply_to),
            description=instructions.description,
            project_path=str(instructions.place.project)
            if of_project and instructions.place.project is not None
            else None,
        )
        for instructions in found
    ]
