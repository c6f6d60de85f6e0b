"""The provider of models that a client of the Agent Client Protocol sets."""

from __future__ import annotations

from urllib.parse import urlsplit

from copilot_sdk._generated.acp.types import (
    DisableProviderRequest,
    ListProvidersResponse,
    ProviderCurrentConfig,
    ProviderInfo,
    SetProviderRequest,
)
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.core.config import PROVIDER_TYPES, ModelProvider

_ID = "main"


class Providers:
    """One provider, for the sessions that are opened from then on; the runtime's own models while none is set.

    Attributes:
        current: The provider that is set.
    """

    def __init__(self) -> None:
        self.current: ModelProvider | None = None

    def listed(self) -> ListProvidersResponse:
        """What can be set, and what is; headers are not told, since there are credentials among them."""
        current = self.current
        told = (
            None
            if current is None
            else ProviderCurrentConfig(api_type=current.type, base_url=current.base_url)
        )
        info = ProviderInfo(provider_id=_ID, supported=[*PROVIDER_TYPES], required=False, current=told)
        return ListProvidersResponse(providers=[info])

    def set(self, params: SetProviderRequest) -> None:
        """Sets the provider, in place of the one before.

        Raises:
            InvalidParams: There is no such provider, or it cannot be reached like that.
        """
        _check(params.provider_id)
        kind = PROVIDER_TYPES.get(params.api_type)
        if kind is None:
            known = ", ".join(PROVIDER_TYPES)
            raise InvalidParams(f"apiType: expected one of {known}, got {params.api_type!r}")
        if urlsplit(params.base_url).scheme not in ("http", "https"):
            raise InvalidParams("baseUrl: it has to begin with http:// or https://")
        self.current = ModelProvider(base_url=params.base_url, type=kind, headers=params.headers or {})

    def disable(self, params: DisableProviderRequest) -> None:
        """Goes back to the runtime's own models; nothing happens where they are used already.

        Raises:
            InvalidParams: There is no such provider.
        """
        _check(params.provider_id)
        self.current = None


def _check(provider_id: str) -> None:
    if provider_id != _ID:
        raise InvalidParams(f"providerId: there is no provider {provider_id!r}; there is {_ID!r}")
