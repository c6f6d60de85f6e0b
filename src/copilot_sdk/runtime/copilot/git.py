"""Methods of `git` and `gitHubRepository`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    GitCurrentBranchRemoteResult,
    GitCwdRequest,
    GitHubRepositoryAtPathRequest,
    GitHubRepositoryAtPathResult,
    GitHubRepositoryIdentity,
    GitRemoteRepository,
    GitReposFromRemotesRequest,
    GitReposFromRemotesResult,
    SessionWorkingDirectoryContext,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.git import context_of, remote_of_branch, repositories

router = Router()


@router.on("git.currentBranchRemote", GitCwdRequest)
async def _current_branch_remote(_: Call, params: GitCwdRequest) -> GitCurrentBranchRemoteResult:
    return GitCurrentBranchRemoteResult(remote=await remote_of_branch(params.cwd))


@router.on("git.reposFromRemotes", GitReposFromRemotesRequest)
async def _repos_from_remotes(_: Call, params: GitReposFromRemotesRequest) -> GitReposFromRemotesResult:
    return GitReposFromRemotesResult(
        repositories=[
            GitRemoteRepository(owner=found.owner, name=found.name, host=found.host, remote_name=found.remote)
            for found in await repositories(params.git_root)
        ]
    )


@router.on("git.workingDirectoryContext", GitCwdRequest)
async def _working_directory_context(_: Call, params: GitCwdRequest) -> SessionWorkingDirectoryContext:
    context = await context_of(params.cwd)
    repository = context.repository
    return SessionWorkingDirectoryContext(
        cwd=params.cwd,
        git_root=context.root,
        repository=None if repository is None else f"{repository.owner}/{repository.name}",
        host_type=None if repository is None else "github",
        repository_host=None if repository is None else repository.host,
        branch=context.branch,
        head_commit=context.head,
    )


@router.on("gitHubRepository.atPath", GitHubRepositoryAtPathRequest)
async def _at_path(_: Call, params: GitHubRepositoryAtPathRequest) -> GitHubRepositoryAtPathResult:
    found = next(iter(await repositories(params.path)), None)
    if found is None:
        return GitHubRepositoryAtPathResult(repository=None)
    return GitHubRepositoryAtPathResult(
        repository=GitHubRepositoryIdentity(owner=found.owner, name=found.name, host=found.host)
    )
