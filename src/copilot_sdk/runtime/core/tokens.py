"""Bearer tokens for model providers, from the clients of a session."""

from __future__ import annotations

from copilot_sdk.runtime.core.clients import ClientFault, ClientNonsense, Clients, ClientSilent
from copilot_sdk.runtime.core.faults import ModelFault


async def bearer_token(clients: Clients, session_id: str, provider: str) -> str:
    """Asks the latest client that gives tokens for a provider.

    Raises:
        ModelFault: There is no such client, or it gave none; worth another try if the client said so itself.
    """
    give = next(
        (client.bearer_tokens[provider] for client in clients.latest() if provider in client.bearer_tokens),
        None,
    )
    if give is None:
        raise ModelFault(
            f'Cannot acquire a bearer token for provider "{provider}": no client connection registered for session '
            f'"{session_id}". The client that gave them is gone, or never said that it would.',
            retryable=False,
        )
    try:
        return await give(session_id)
    except ClientNonsense as fault:
        raise ModelFault(f"Provider token response was invalid: {fault}", retryable=False) from fault
    except ClientFault as fault:
        again = not isinstance(fault, ClientSilent)
        raise ModelFault(f"Provider token request failed: {fault}", retryable=again) from fault
