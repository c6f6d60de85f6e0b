"""How a message gets into a conversation: told to the clients, and put the way the model is to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.hooks import block_reason, remark_of
from copilot_sdk.runtime.core.prompts import describe_attachments, notification_text, reminder_text
from copilot_sdk.runtime.core.queue import Prompt

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent

_PLAN_MARK = "[[PLAN]] "


def take_in(agent: Agent, prompt: Prompt, *, text: str | None = None) -> None:
    """Adds a prompt to the conversation of an agent and emits its event.

    Args:
        agent: Who gets it.
        prompt: The message.
        text: What the model gets, where it is another text than that of the prompt with its attachments.
    """
    if prompt.delivery == "steering":
        prompt.done.set()
    if prompt.notice is not None:
        agent.emit(
            types.SystemNotificationData.model_validate({"content": prompt.text, "kind": prompt.notice})
        )
        agent.say(notification_text(prompt.text))
        return
    described, images = describe_attachments(prompt.attachments)
    seen = text if text is not None else prompt.text + described
    data = types.UserMessageData.model_validate(
        {
            "content": prompt.shown,
            "transformedContent": seen if seen != prompt.shown else None,
            "attachments": list(prompt.attachments) or None,
            "source": prompt.source,
            "agentMode": prompt.agent_mode if prompt.agent_mode != "interactive" else None,
            "isAutopilotContinuation": prompt.continuation or None,
            "delivery": prompt.delivery,
            "interactionId": agent.exchange.id,
            "turnId": str(agent.exchange.steps),
            "supportedNativeDocumentMimeTypes": None if prompt.delivery == "steering" else [],
            "messageId": prompt.id,
        }
    )
    agent.session.emit(data, agent_id=agent.id)
    agent.say(seen, images)


async def take_in_with_hooks(agent: Agent, prompt: Prompt) -> bool:
    """Adds a prompt to the conversation after the clients' hooks have seen it.

    Returns:
        Whether the agent is to work on it: a hook may forbid that.
    """
    hooks, modes = agent.session.hooks, agent.session.modes
    submitted = await hooks.invoke("userPromptSubmitted", {"prompt": prompt.text}, agent=agent)
    reason = block_reason(submitted)
    if reason is not None:
        agent.session.emit(
            types.SessionWarningData(
                warning_type="policy_blocked", message=reason, originating_message_id=prompt.id
            ),
            agent_id=agent.id,
            ephemeral=True,
        )
        return False
    modified = submitted.get("modifiedPrompt")
    text = modified if isinstance(modified, str) else prompt.text
    notice = modes.notice() if agent.id is None else None
    mark = _PLAN_MARK if agent.id is None and modes.effective == "plan" else ""
    described, _ = describe_attachments(prompt.attachments)
    parts = (notice, f"{mark}{text}{described}", reminder_text(remark_of(submitted)))
    seen = "\n\n".join(part for part in parts if part)
    details = {"prompt": text, "transformedPrompt": seen}
    transformed = (await hooks.invoke("userPromptTransformed", details, agent=agent)).get(
        "modifiedTransformedPrompt"
    )
    take_in(agent, prompt, text=transformed if isinstance(transformed, str) else seen)
    if notice is not None:
        modes.noticed()
    return True
