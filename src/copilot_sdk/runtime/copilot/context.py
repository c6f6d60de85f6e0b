"""Methods of `session.metadata` that tell what fills the context."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    ContextHeaviestMessage,
    MetadataContextAttributionResult,
    MetadataContextHeaviestMessagesRequest,
    MetadataContextHeaviestMessagesResult,
    MetadataContextInfoRequest,
    MetadataContextInfoResult,
    MetadataRecomputeContextTokensRequest,
    MetadataRecomputeContextTokensResult,
    SessionContextAttribution,
    SessionContextAttributionCategories,
    SessionContextAttributionCompactions,
    SessionContextAttributionEntriesItem,
    SessionContextInfo,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.context import COMPACTION_SHARE, context_of, tokens_of, tool_tokens
from copilot_sdk.runtime.core.models.base import Message
from copilot_sdk.runtime.core.session import Session

router = Router()

_BUFFER_SHARE = 0.05
_USUAL_COUNT = 10
_LABEL_CHARACTERS = 50
_ROLES = {"assistant": "asst"}


@router.on("session.metadata.contextInfo", MetadataContextInfoRequest)
async def _context_info(call: Call, params: MetadataContextInfoRequest) -> MetadataContextInfoResult:
    session = call.session
    if not session.agent.history:
        return MetadataContextInfoResult()
    context, limit = context_of(session), params.prompt_token_limit
    info = SessionContextInfo(
        model_name=params.selected_model or session.model_id,
        system_tokens=context.system,
        conversation_tokens=context.conversation,
        tool_definitions_tokens=context.tools,
        mcp_tools_tokens=0,
        total_tokens=context.total,
        prompt_token_limit=limit,
        compaction_threshold=int(limit * COMPACTION_SHARE),
        limit=limit,
        buffer_tokens=int(limit * _BUFFER_SHARE),
    )
    return MetadataContextInfoResult(context_info=info)


@router.on("session.metadata.recomputeContextTokens", MetadataRecomputeContextTokensRequest)
async def _recompute(
    call: Call, _: MetadataRecomputeContextTokensRequest
) -> MetadataRecomputeContextTokensResult:
    context = context_of(call.session)
    return MetadataRecomputeContextTokensResult(
        total_tokens=context.system + context.conversation,
        messages_token_count=context.conversation,
        system_token_count=context.system,
    )


@router.plain("session.metadata.getContextAttribution")
async def _attribution(call: Call) -> MetadataContextAttributionResult:
    session = call.session
    if not session.agent.history:
        return MetadataContextAttributionResult(context_attribution=None)
    context = context_of(session)
    buffer = int(context.limit * _BUFFER_SHARE)
    attribution = SessionContextAttribution(
        total_tokens=context.total,
        model_id=session.model_id,
        model_source="selected" if session.config.model else "default",
        prompt_token_limit=context.limit,
        limit=context.limit,
        buffer_tokens=buffer,
        compaction_threshold=int(context.limit * COMPACTION_SHARE),
        categories=SessionContextAttributionCategories(
            system_prompt=context.system,
            custom_instructions=0,
            system_tools=context.tools,
            mcp_tools=0,
            messages=context.conversation,
            free_space=max(context.limit - context.total - buffer, 0),
            buffer=buffer,
        ),
        entries=_entries(session, context.system, context.tools),
        compactions=SessionContextAttributionCompactions(count=session.compaction.count),
    )
    return MetadataContextAttributionResult(context_attribution=attribution)


@router.on("session.metadata.getContextHeaviestMessages", MetadataContextHeaviestMessagesRequest)
async def _heaviest(
    call: Call, params: MetadataContextHeaviestMessagesRequest
) -> MetadataContextHeaviestMessagesResult:
    session = call.session
    history = session.agent.history
    if not history:
        return MetadataContextHeaviestMessagesResult(total_tokens=0, messages=[])
    weighed = [
        ContextHeaviestMessage(
            id=f"message-{index}",
            label=_label(message),
            role=message.role,
            tokens=tokens_of([message]),
        )
        for index, message in enumerate(history)
    ]
    weighed.sort(key=lambda message: message.tokens, reverse=True)
    count = params.limit if params.limit and params.limit > 0 else _USUAL_COUNT
    return MetadataContextHeaviestMessagesResult(
        total_tokens=context_of(session).total, messages=weighed[:count]
    )


def _entries(session: Session, system: int, tools: int) -> list[SessionContextAttributionEntriesItem]:
    return [
        SessionContextAttributionEntriesItem(
            kind="system", id="systemPrompt", label="System prompt", tokens=system
        ),
        SessionContextAttributionEntriesItem(
            kind="system", id="toolDefinitions", label="Tool definitions", tokens=tools
        ),
        *(
            SessionContextAttributionEntriesItem(
                kind="toolDefinition",
                id=f"toolDefinition:{tool.name}",
                label=tool.name,
                tokens=tool_tokens(tool),
                parent_id="toolDefinitions",
            )
            for tool in session.toolbox(sub_agent=False).values()
        ),
    ]


def _label(message: Message) -> str:
    text = " ".join(message.text.split())
    if not text:
        text = "-> " + ", ".join(call.name for call in message.tool_calls)
    shown = text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…"
    return f"{_ROLES.get(message.role, message.role)}: {shown}"
