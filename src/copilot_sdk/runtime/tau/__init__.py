"""The front of tau: the daemon that keeps sessions behind a unix socket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.models.base import Model
    from copilot_sdk.runtime.tau.daemon import Daemon


def embedded(model: Model | None = None, *, home: Path | None = None) -> Daemon:
    """Makes a daemon that lives in the running event loop.

    Args:
        model: The model of all sessions; None plays the directives in the prompt.
        home: The folder of its sessions; None makes one that is deleted at the end.

    Returns:
        The daemon, to be used as an asynchronous context manager or closed with `aclose`.
    """
    from copilot_sdk.runtime.core.runtime import Runtime
    from copilot_sdk.runtime.tau.daemon import Daemon

    return Daemon(Runtime(home=home, model=model))
