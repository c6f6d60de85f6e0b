"""Clients that join a session and leave it: what they bring, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import Abilities, Client, ClientPort
from copilot_sdk.runtime.core.config import ExternalTool

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


class Members:
    """Lets clients into one session and out of it, and tells those that are there what they can do together."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def attach(self, client: Client) -> None:
        """Adds a client."""
        session, before = self._session, self._abilities()
        session.clients.attach(client)
        if client.skills is not None:
            session.skills.forget()
        session.system_message.forget(client)
        self._tell_abilities(before)

    def set_tools(self, port: ClientPort, tools: Mapping[str, ExternalTool]) -> None:
        """Replaces the tools of a client; calls that nobody can answer any more are given up."""
        session = self._session
        client = session.clients.of(port)
        if client is None:
            return
        before = self._abilities()
        client.tools = tools
        session.external.give_up_orphans()
        self._tell_abilities(before)

    def detach(self, port: ClientPort) -> bool:
        """Removes a client; what only that client could have answered is given up.

        Returns:
            Whether it was a client of this session.
        """
        session = self._session
        before, client = self._abilities(), session.clients.of(port)
        if client is None:
            return False
        session.clients.detach(port)
        if client.skills is not None:
            session.skills.forget()
        session.canvases.left(client)
        session.interests.drop(port)
        session.rate_limits.drop(port)
        self.give_up_orphans()
        self._tell_abilities(before)
        return True

    def give_up_orphans(self) -> None:
        """Answers everything that no client is left to answer."""
        session = self._session
        session.external.give_up_orphans()
        session.commands.give_up_orphans()
        session.permissions.give_up_orphans()
        session.user_input.give_up_orphans()
        session.credits.give_up_orphans()
        session.mcp.give_up_orphans()

    def _abilities(self) -> Abilities | None:
        """What the clients can do together; None where there are none."""
        clients = self._session.clients
        return clients.abilities() if clients else None

    def _tell_abilities(self, before: Abilities | None) -> None:
        """Tells the clients what they can do together, if that is something else than before."""
        session, after = self._session, self._abilities()
        if before is None or after is None:
            return
        if after.tools != before.tools:
            session.emit(types.SessionToolsUpdatedData(model=session.model_id))
        if after.elicitation != before.elicitation:
            ui = types.CapabilitiesChangedUI(elicitation=after.elicitation)
            session.emit(types.CapabilitiesChangedData(ui=ui))
        if after.canvases != before.canvases:
            ui = types.CapabilitiesChangedUI(canvases=after.canvases)
            session.emit(types.CapabilitiesChangedData(ui=ui))
        if after.commands != before.commands:
            commands = [
                {"name": name, "description": text or None} for name, text in sorted(after.commands.items())
            ]
            session.emit(types.CommandsChangedData.model_validate({"commands": commands}))
