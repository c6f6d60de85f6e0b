"""What a client provides to all sessions of a runtime."""

from __future__ import annotations

from typing import Generic, TypeVar

from copilot_sdk.runtime.core.clients import ClientPort

ThingT = TypeVar("ThingT")


class Provided(Generic[ThingT]):
    """Something of which there is one for all sessions.

    Attributes:
        thing: What is provided; None until a client does. It stays when the client goes, and fails from then on:
            sessions that a client was to serve must not silently be served otherwise.
    """

    def __init__(self) -> None:
        self.thing: ThingT | None = None
        self._owner: ClientPort | None = None

    def take(self, port: ClientPort, thing: ThingT) -> bool:
        """Takes something from a client, in place of what it provided before.

        Returns:
            Whether it was taken: it is not while another client provides it.
        """
        if self._owner not in (None, port):
            return False
        self._owner, self.thing = port, thing
        return True

    def release(self, port: ClientPort) -> None:
        """Lets others provide it when the client is gone that did."""
        if self._owner is port:
            self._owner = None
