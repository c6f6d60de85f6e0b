"""The models of the Copilot service, for those who are signed in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from copilot_sdk._model.json_values import is_object, objects_in, texts_in
from copilot_sdk._version import __version__
from copilot_sdk.runtime.core.accounts import Accounts, Identity
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import ModelEvent, ModelInfo, ModelRequest
from copilot_sdk.runtime.core.models.chat_completions import ChatCompletions
from copilot_sdk.runtime.core.models.http import HTTPModel, Refusal, Target, ask, get, merged
from copilot_sdk.runtime.core.models.messages import VERSION, Messages
from copilot_sdk.runtime.core.models.responses import Responses
from copilot_sdk.runtime.core.models.wire import Wire, count

_HEADERS = {
    "Copilot-Integration-Id": "copilot-developer-cli",
    "Editor-Version": f"copilot-sdk-runtime/{__version__}",
    "OpenAI-Intent": "conversation-agent",
    "X-GitHub-Api-Version": "2026-08-01",
}
_CONTEXT_WINDOW = 128_000

Entry = Mapping[str, object]


class CopilotModels(HTTPModel):
    """The models that the Copilot service has for an account."""

    def __init__(self, accounts: Accounts, url: str) -> None:
        """Prepares to ask the service.

        Args:
            accounts: Who is signed in.
            url: The address of the service.
        """
        super().__init__()
        self._accounts = accounts
        self._url = url.rstrip("/")
        self._entries: dict[str, Sequence[Entry]] = {}

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Asks the service, in the API that it has for the model."""
        account = request.account
        if account is None:
            raise ModelFault("Nobody is signed in who could use the models of the service")
        wire = await self._wire_for(request.model, account)
        version = {"anthropic-version": VERSION} if isinstance(wire, Messages) else {}
        target = Target(
            wire=wire,
            url=self._url + wire.path,
            model=request.model,
            headers=merged(_headers(account), version),
            explain=_explain,
        )
        async with aclosing(ask(self._http, target, request)) as events:
            async for event in events:
                yield event

    async def catalogue(self) -> Sequence[ModelInfo]:
        """The models for who is signed in."""
        return await self.catalogue_of(await self._accounts.required())

    async def catalogue_of(self, account: Identity) -> Sequence[ModelInfo]:
        """See `ModelService.catalogue_of`."""
        listed = await get(self._http, f"{self._url}/models", _headers(account), _explain)
        entries = self._entries[account.token] = objects_in(listed.get("data"))
        return [_info(entry) for entry in entries if entry.get("model_picker_enabled") and "id" in entry]

    async def _wire_for(self, model: str, account: Identity) -> Wire:
        if account.token not in self._entries:
            await self.catalogue_of(account)
        served = next(
            (
                texts_in(entry.get("supported_endpoints"))
                for entry in self._entries[account.token]
                if entry.get("id") == model
            ),
            (),
        )
        wires: tuple[Wire, ...] = (Messages(), Responses(), ChatCompletions())
        return next((wire for wire in wires if wire.path in served), wires[-1])


def _headers(account: Identity) -> dict[str, str]:
    return {**_HEADERS, "Authorization": f"Bearer {account.token}"}


def _explain(refusal: Refusal) -> ModelFault:
    match refusal.status:
        case 401 | 403:
            text = f"The Copilot service turned the account down (HTTP {refusal.status}): {refusal.message}"
            return refusal.fault(f"{text}\nThe sign-in may have run out.", error_type="authorization")
        case 402:
            return refusal.fault(refusal.message, error_type="quota")
        case 429:
            return refusal.fault(error_type="rate_limit")
        case _:
            return refusal.fault()


def _info(entry: Entry) -> ModelInfo:
    capabilities = entry.get("capabilities")
    known = capabilities if is_object(capabilities) else {}
    supports = known.get("supports")
    efforts = texts_in(supports.get("reasoning_effort")) if is_object(supports) else []
    return ModelInfo(
        id=str(entry["id"]),
        name=str(entry.get("name") or entry["id"]),
        context_window=count(known.get("limits"), "max_context_window_tokens") or _CONTEXT_WINDOW,
        reasoning_efforts=tuple(efforts),
        details=entry,
    )
