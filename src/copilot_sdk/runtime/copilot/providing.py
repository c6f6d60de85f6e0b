"""How a client becomes the one that provides something to all sessions."""

from __future__ import annotations

from typing import TypeVar

from copilot_sdk.runtime.copilot.router import Call
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.provided import Provided

ThingT = TypeVar("ThingT")


def provide(call: Call, provided: Provided[ThingT], thing: ThingT, role: str, *, become: str) -> None:
    """Takes what the client of a call provides.

    Args:
        call: The request that offers it.
        provided: Where it goes.
        thing: What is provided.
        role: What the client is then.
        become: What it wants, in front of that.

    Raises:
        RuntimeFault: There are sessions already, or another client provides it.
    """
    if call.runtime.sessions:
        raise RuntimeFault(
            f"Cannot {become} {role} while sessions are active. "
            f"Call {call.method} before creating any sessions."
        )
    if not provided.take(call.connection, thing):
        raise RuntimeFault(f"Another client is already the {role}.")
