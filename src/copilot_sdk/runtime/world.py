"""What a runtime is given when it starts as a process: its model, and who can sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core.accounts import PUBLIC_HOST, TOKEN_VARIABLES, Accounts, Credentials
from copilot_sdk.runtime.core.models.base import Model
from copilot_sdk.runtime.core.models.environment import model_in, provider_in
from copilot_sdk.runtime.core.models.scripted import ScriptedModel
from copilot_sdk.runtime.core.scripted_accounts import ScriptedAccounts


@dataclass(frozen=True, slots=True)
class World:
    """The model of all sessions that bring no provider, its id, and the accounts."""

    model: Model
    default_model: str | None
    accounts: Accounts


def world_of(
    environment: Mapping[str, str], *, script: Path | None, token: str | None, auto_login: bool
) -> World:
    """Reads the environment.

    The model is the first of these that is there: a script, the provider that the environment names, the Copilot
    service behind `COPILOT_API_URL`, and a scripted model that obeys the directives in the prompt.

    Args:
        environment: The variables.
        script: The file that the command line names.
        token: The token of the account that the command line names.
        auto_login: Whether to look for a token in the environment.

    Raises:
        ImportError: A library is missing.
        OSError: The script cannot be read.
        ValueError: The script or a variable has a value that means nothing.
    """
    default_model = model_in(environment)
    named = script or environment.get("COPILOT_RUNTIME_SCRIPT")
    if named:
        scripted = ScriptedAccounts.from_file(named)
        accounts = Accounts() if scripted is None else scripted.for_runtime()
        model = ScriptedModel.from_file(named, keep_requests=False)
        return World(model, default_model, accounts)
    provider = provider_in(environment)
    if provider is not None:
        from copilot_sdk.runtime.core.models.provider import ProviderModel

        if default_model is None:
            raise ValueError(
                "COPILOT_PROVIDER_BASE_URL needs a model: set COPILOT_MODEL or COPILOT_PROVIDER_MODEL_ID"
            )
        return World(ProviderModel(provider), default_model, Accounts())
    url = environment.get("COPILOT_API_URL")
    if url and environment.get("COPILOT_OFFLINE", "").lower() != "true":
        from copilot_sdk.runtime.core.github import GitHubAccounts
        from copilot_sdk.runtime.core.models.copilot import CopilotModels

        given = _credentials(environment, token, auto_login=auto_login)
        service = GitHubAccounts(environment.get("COPILOT_DEBUG_GITHUB_API_URL"))
        accounts = Accounts(service, given, needed=True)
        return World(CopilotModels(accounts, url), default_model, accounts)
    return World(ScriptedModel(keep_requests=False), default_model, Accounts())


def _credentials(
    environment: Mapping[str, str], token: str | None, *, auto_login: bool
) -> Credentials | None:
    name = environment.get("COPILOT_GH_HOST") or environment.get("GH_HOST")
    host = PUBLIC_HOST if not name else f"https://{name.removeprefix('https://')}"
    if token:
        return Credentials("token", token, host)
    for variable in TOKEN_VARIABLES if auto_login else ():
        if found := environment.get(variable):
            return Credentials("env", found, host, variable)
    return None
