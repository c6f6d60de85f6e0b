"""Requests of MCP servers for a reply of a model, which clients answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import SamplingCompletedData, SamplingRequestedData
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

SamplingResult = Mapping[str, object]


class Sampling:
    """The sampling requests of a session that wait for an answer."""

    def __init__(self, session: Session) -> None:
        self.requests: Inquiries[str, SamplingResult | None] = Inquiries(session)

    async def ask(self, server: str, mcp_request_id: str | int) -> SamplingResult | None:
        """Has a client answer a request of an MCP server; None turns it down."""

        def requested(request_id: str) -> Payload:
            return SamplingRequestedData(
                request_id=request_id, server_name=server, mcp_request_id=mcp_request_id
            )

        def completed(request_id: str, _: SamplingResult | None) -> Payload:
            return SamplingCompletedData(request_id=request_id)

        return await self.requests.put(Inquiry(server, requested, completed, None))
