"""Questions to the model on the side: about the conversation, but not part of it."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import Message, ModelRequest, TextDelta

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_SYSTEM = (
    "The user asks a question on the side about the conversation. Answer it briefly from what was said. You have no "
    "tools, and the user cannot answer questions of yours."
)


async def ask_aside(session: Session, question: str) -> str:
    """Asks the model, tells the answer piece by piece and returns it.

    Raises:
        ModelFault: The model could not be used.
    """
    query = new_id()

    def tell(phase: str, **details: str) -> None:
        data = {"requestId": query, "phase": phase, **details}
        session.emit(
            types.UIEphemeralQueryData.model_validate(data), kind="ui.ephemeral_query", ephemeral=True
        )

    history = session.agent.history
    # Calls that still run have no results, and no provider takes a conversation with such calls.
    settled = history[:-1] if history and history[-1].tool_calls else history
    model = await session.model_choice.resolved()
    request = ModelRequest(
        model=model,
        messages=[Message("system", _SYSTEM), *settled, Message("user", question)],
        session_id=session.id,
        account=await session.account.for_model(model),
    )
    tell("started")
    said: list[str] = []
    try:
        async with aclosing(session.model.respond(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    said.append(event.text)
                    tell("chunk", chunk=event.text)
    except ModelFault as fault:
        tell("failed", error=fault.message)
        raise
    answer = "".join(said)
    tell("completed", answer=answer)
    return answer
