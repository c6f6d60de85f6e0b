"""How a message gets into a conversation: told to the clients, and put the way the model is to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import SessionWarningData, SystemNotificationData, UserMessageData
from copilot_sdk.runtime.core.prompts import describe_attachments, notification_text
from copilot_sdk.runtime.core.queue import Prompt

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent


def take_in(agent: Agent, prompt: Prompt, *, text: str | None = None, steering: bool = False) -> None:
    """Adds a prompt to the conversation of an agent and emits its event.

    Args:
        agent: Who gets it.
        prompt: The message.
        text: What the model gets, where it is another text than that of the prompt with its attachments.
        steering: Whether it breaks into a running turn.
    """
    if steering:
        prompt.done.set()
    if prompt.notice is not None:
        agent.emit(SystemNotificationData.model_validate({"content": prompt.text, "kind": prompt.notice}))
        agent.say(notification_text(prompt.text))
        return
    described, images = describe_attachments(prompt.attachments)
    seen = text if text is not None else prompt.text + described
    data = UserMessageData.model_validate(
        {
            "content": prompt.shown,
            "transformedContent": seen if seen != prompt.shown else None,
            "attachments": list(prompt.attachments) or None,
            "source": prompt.source,
            "agentMode": prompt.agent_mode,
            "interactionId": agent.exchange.id,
        }
    )
    extra: dict[str, object] = {"messageId": prompt.id}
    if steering and agent.id is None:
        extra["delivery"] = "steering"
    agent.session.emit(data, agent_id=agent.id, event_id=prompt.id, extra=extra)
    agent.say(seen, images)


async def take_in_with_hooks(agent: Agent, prompt: Prompt) -> bool:
    """Adds a prompt to the conversation after the clients' hooks have seen it.

    Returns:
        Whether the agent is to work on it: a hook may forbid that.
    """
    hooks = agent.session.hooks
    output = await hooks.invoke("userPromptSubmitted", {"prompt": prompt.text})
    if output.get("decision") == "block":
        reason = str(output.get("reason") or "A hook blocked the prompt.")
        agent.emit(SessionWarningData(warning_type="policy_blocked", message=reason))
        return False
    described, _ = describe_attachments(prompt.attachments)
    seen = str(output.get("modifiedPrompt", prompt.text)) + described
    transformed = await hooks.invoke(
        "userPromptTransformed", {"prompt": prompt.text, "transformedPrompt": seen}
    )
    take_in(agent, prompt, text=str(transformed.get("modifiedTransformedPrompt", seen)))
    if isinstance(remark := output.get("additionalContext"), str):
        agent.say(remark)
    return True
