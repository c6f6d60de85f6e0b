from __future__ import annotations

import pytest

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports._listener import Listener
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair


async def test_a_connection_that_comes_as_its_listener_ends_is_closed_without_being_served() -> None:
    async def serve(_: Transport) -> None:
        raise AssertionError("it has come too late")

    near, far = memory_pair()
    listener = Listener(serve)

    async def stop_listening() -> None:
        listener.serve(near)

    listener.opened("memory", 0, stop_listening)
    await listener.aclose()
    with pytest.raises(ConnectionClosed):
        await far.receive()
