"""Options of sessions and clients, to write them down once and use them more than once.

    options: SessionOptions = {"model": "gpt-5", "tools": [lookup], "on_permission": approve_all}
    session = await client.create_session(**options)
    ...
    session = await client.resume_session(session.id, **options)

All options are optional. Which method takes one is told by the class that it is in: `SessionOptions` are for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from copilot_sdk._generated.copilot.options import (
    SessionCreateWireOptions,
    SessionResumeWireOptions,
    SessionWireOptions,
)
from copilot_sdk._session_callbacks import (
    AutoModeSwitchHandler,
    EventHandler,
    ExitPlanModeHandler,
    SamplingHandler,
    SectionTransform,
    SessionCallbacks,
    SessionLimitsHandler,
    UserInputHandler,
)

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.handlers import Handlers
    from copilot_sdk._generated.copilot.types import ConnectClientInfo
    from copilot_sdk.frames import FrameHandler
    from copilot_sdk.providers import SessionFS
    from copilot_sdk.recovery import Recovery

__all__ = [
    "AutoModeSwitchHandler",
    "ClientOptions",
    "EventHandler",
    "ExitPlanModeHandler",
    "SamplingHandler",
    "SectionTransform",
    "SessionCallbacks",
    "SessionCreateOptions",
    "SessionLimitsHandler",
    "SessionOptions",
    "SessionResumeOptions",
    "UserInputHandler",
]


class SessionOptions(SessionCallbacks, SessionWireOptions, total=False):
    """What `create_session` and `resume_session` take alike: callbacks, and options of the wire."""


class SessionCreateOptions(SessionOptions, SessionCreateWireOptions, total=False):
    """What `create_session` takes."""

    session_id: str | None
    """Identifier for the session; a random one when left out."""


class SessionResumeOptions(SessionOptions, SessionResumeWireOptions, total=False):
    """What `resume_session` takes beside the identifier."""


class ClientOptions(TypedDict, total=False):
    """What every client takes, however it reaches its runtime."""

    start_timeout: float
    """Seconds that starting, connecting and the handshake may take together; 60 when left out."""

    request_timeout: float | None
    """Seconds that a request may take unless the call says otherwise; 120 when left out, None for no limit."""

    handlers: Handlers | None
    """Serve what the runtime asks of this client, for all sessions: an object for each namespace."""

    session_fs: SessionFS | None
    """Keeps the files of all sessions in place of the runtime; see `copilot_sdk.providers`."""

    client_info: ConnectClientInfo | None
    """The program that uses this package, for the telemetry of the runtime: its name and version as those of the
    editor, those of a part of it as those of the extension. Since runtime 1.0.81; an older one is not told.
    """

    recovery: Recovery | None
    """Get over a lost connection: reach the runtime again, or start it anew, and go on with the sessions; see
    `copilot_sdk.recovery`. When left out, a lost connection ends everything that used it.
    """

    on_frame: FrameHandler | None
    """Sees every message that is sent or received; see `copilot_sdk.frames`. What it raises is logged the first time
    and changes nothing.
    """
