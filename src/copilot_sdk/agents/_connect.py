"""Ways to an agent of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from copilot_sdk import acp, synaps, tau
    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.types import SessionUpdate
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.agents._conversation import Conversation
    from copilot_sdk.agents._tau import TauSession
    from copilot_sdk.client import CopilotClient
    from copilot_sdk.options import SessionCreateOptions
    from copilot_sdk.session import Session
    from copilot_sdk.synaps.events import SynapsEvent
    from copilot_sdk.tau.events import ChatEvent
    from copilot_sdk.transports.base import Transport

KINDS = ("copilot", "acp", "synaps", "tau")
_OPTIONS = {"synaps": ("client",), "tau": ("client", "cwd", "model")}


@overload
def connect(
    kind: Literal["copilot"],
    *,
    client: CopilotClient | None = None,
    **options: Unpack[SessionCreateOptions],
) -> Conversation[Session, SessionEvent]: ...


@overload
def connect(
    kind: Literal["acp"],
    *,
    agent: Sequence[str] | Transport | Connector,
    cwd: str | os.PathLike[str] = ".",
    **options: Unpack[ClientOptions],
) -> Conversation[acp.Session, SessionUpdate]: ...


@overload
def connect(
    kind: Literal["synaps"], *, client: synaps.Client | None = None
) -> Conversation[synaps.Client, SynapsEvent]: ...


@overload
def connect(
    kind: Literal["tau"],
    *,
    client: tau.Client | None = None,
    cwd: str | os.PathLike[str] = ".",
    model: str | None = None,
) -> Conversation[TauSession[tau.Client], ChatEvent]: ...


def connect(kind: str, **options: Any) -> Conversation[Any, Any]:
    """A conversation with an agent; `async with` opens it.

    Args:
        kind: The protocol that the agent speaks: `copilot`, `acp`, `synaps` or `tau`.
        options: Where the agent is and what it is given.

            - `copilot`: the options of `CopilotClient.create_session`, and `client`, an open `CopilotClient`; the
              Copilot CLI is started when it is left out.
            - `acp`: `agent`, the command that starts the agent or a way to one that runs; `cwd`, the folder that it
              works in; and the options of `copilot_sdk.acp.connect`.
            - `synaps`: `client`, what `copilot_sdk.synaps.connect` gives, not yet entered.
            - `tau`: `client`, an open `copilot_sdk.tau.Client`, for which the daemon of this user is reached when it
              is left out; `cwd`, the folder that the agent works in; `model`.

    Raises:
        UsageError: There is no such kind, or an option is missing, unknown or of another type.
    """
    _check_options(kind, options)
    match kind:
        case "copilot":
            return _copilot(**options)
        case "acp":
            return _acp(**options)
        case "synaps":
            return _synaps(**options)
        case "tau":
            return _tau(**options)
        case _:
            raise UsageError(f"kind has to be one of {', '.join(KINDS)}, not {kind!r}")


def _check_options(kind: str, options: Mapping[str, object]) -> None:
    from copilot_sdk._unknown import unknown

    if kind == "acp" and "agent" not in options:
        raise UsageError("connect('acp') needs agent, such as agent=['copilot', '--acp']")
    if names := unknown(options, _OPTIONS.get(kind, options)):
        raise UsageError(f"connect({kind!r}) has no option {names}")


def _check_client(client: object, wanted: type) -> None:
    if not (client is None or isinstance(client, wanted)):
        name = f"{wanted.__module__.removesuffix('.client')}.{wanted.__name__}"
        raise UsageError(f"client has to be a {name}, not {client!r}")


def _copilot(
    client: CopilotClient | None = None, **options: Unpack[SessionCreateOptions]
) -> Conversation[Session, SessionEvent]:
    from copilot_sdk.agents._copilot import CopilotConversation
    from copilot_sdk.client import CopilotClient

    _check_client(client, CopilotClient)
    return CopilotConversation(client, options)


def _acp(
    agent: Sequence[str] | Transport | Connector,
    cwd: str | os.PathLike[str] = ".",
    **options: Unpack[ClientOptions],
) -> Conversation[acp.Session, SessionUpdate]:
    from copilot_sdk.agents._acp import ACPConversation

    return ACPConversation(agent, cwd, options)


def _synaps(client: synaps.Client | None = None) -> Conversation[synaps.Client, SynapsEvent]:
    from copilot_sdk.agents._synaps import SynapsConversation
    from copilot_sdk.synaps import Client
    from copilot_sdk.synaps import connect as connect_synaps

    _check_client(client, Client)
    return SynapsConversation(client or connect_synaps())


def _tau(
    client: tau.Client | None = None, cwd: str | os.PathLike[str] = ".", model: str | None = None
) -> Conversation[TauSession[tau.Client], ChatEvent]:
    from copilot_sdk.agents._tau import TauConversation
    from copilot_sdk.tau import Client

    _check_client(client, Client)
    return TauConversation(client, cwd, model)
