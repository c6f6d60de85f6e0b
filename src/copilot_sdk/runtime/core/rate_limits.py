"""What happens when a model is out of reach because of a rate limit: the user may go on with another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import ClientPort
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.model_choice import AUTO
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]

_NO: Decision = {"response": "no"}
_YES = ("yes", "yes_always")


class RateLimits:
    """Switches of one session to the `auto` model.

    Attributes:
        always: Whether the user is not asked about it.
        switches: Switches that wait for the user to agree to them, by the models they lead away from.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.always = False
        self._direct: dict[str, ClientPort] = {}
        self.switches: Inquiries[str, Decision] = Inquiries(session)

    def register_direct(self, port: ClientPort) -> str:
        """Records that a client answers the event, so that none is asked directly; returns its handle."""
        handle = new_id()
        self._direct[handle] = port
        return handle

    def unregister_direct(self, handle: str) -> bool:
        """Takes that back.

        Returns:
            Whether the handle was known.
        """
        known = self._direct.pop(handle, None) is not None
        self._give_up_orphans()
        return known

    def drop(self, port: ClientPort) -> None:
        """Takes back all that a client has registered."""
        self._direct = {handle: owner for handle, owner in self._direct.items() if owner is not port}
        self._give_up_orphans()

    def _give_up_orphans(self) -> None:
        if not self._asks_somebody():
            self.switches.give_up()

    def _asks_somebody(self) -> bool:
        return bool(self._direct) or any(client.answers_switches for client in self._session.clients)

    def can_switch(self, fault: ModelFault) -> bool:
        """Whether the session can go on with the `auto` model after a fault, if the user agrees."""
        session = self._session
        own_provider = session.config.provider is not None
        limited = fault.error_type == "rate_limit" and session.model_id != AUTO and not own_provider
        return limited and (self.always or self._asks_somebody())

    async def offer(self, fault: ModelFault) -> bool:
        """Asks the user whether to switch, and switches.

        Returns:
            Whether the session has another model now.
        """
        session, limited = self._session, self._session.model_id
        decision = {"response": "yes"} if self.always else await self._ask(fault, limited)
        if decision.get("response") not in _YES:
            return False
        self.always = self.always or decision.get("response") == "yes_always"
        session.model_choice.limited.add(limited)
        text = f"{limited} has reached a rate limit. The session goes on in auto mode."
        session.emit(types.SessionInfoData(info_type="auto_mode_switch", message=text))
        session.model_choice.switch(AUTO, source="automatic", cause="rate_limit_auto_switch")
        return True

    async def _ask(self, fault: ModelFault, limited: str) -> Decision:
        session = self._session
        seconds = None if fault.retry_after is None else int(fault.retry_after)

        def requested(request_id: str) -> Payload:
            return types.AutoModeSwitchRequestedData(
                request_id=request_id, error_code=fault.code, retry_after_seconds=seconds
            )

        def completed(request_id: str, decision: Decision | None) -> Payload:
            shown = decision if decision is not None and decision.get("response") in _YES else _NO
            return types.AutoModeSwitchCompletedData.model_validate({"requestId": request_id, **shown})

        async def ask_client() -> Decision:
            client = next((client for client in session.clients if client.answers_switches), None)
            if client is None:
                return _NO
            return await client.port.confirm_switch(session.id, fault.code, fault.retry_after)

        ask = None if self._direct else ask_client
        return await self.switches.put(Inquiry(limited, requested, completed, _NO, ask=ask))
