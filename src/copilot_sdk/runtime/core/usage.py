"""What a session has used: requests, tokens, time and changed lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from copilot_sdk.runtime.core.models.base import Usage


@dataclass(slots=True)
class ModelTotals:
    """Totals of one model."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(slots=True)
class UsageTotals:
    """Totals of one session."""

    user_requests: int = 0
    ai_credits: float = 0.0
    api_milliseconds: int = 0
    models: dict[str, ModelTotals] = field(default_factory=dict[str, ModelTotals])
    last_input_tokens: int = 0
    last_output_tokens: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    files_modified: dict[str, None] = field(default_factory=dict[str, None])

    def record_call(self, model: str, usage: Usage, milliseconds: int, *, main_agent: bool) -> None:
        """Adds one model call."""
        totals = self.models.setdefault(model, ModelTotals())
        totals.requests += 1
        totals.input_tokens += usage.input_tokens
        totals.output_tokens += usage.output_tokens
        totals.cache_read_tokens += usage.cache_read_tokens
        totals.cache_write_tokens += usage.cache_write_tokens
        totals.reasoning_tokens += usage.reasoning_tokens
        self.api_milliseconds += milliseconds
        self.ai_credits += usage.ai_credits
        if main_agent:
            self.last_input_tokens = usage.input_tokens
            self.last_output_tokens = usage.output_tokens

    def record_change(self, path: str, *, added: int, removed: int) -> None:
        """Adds one change of a file."""
        self.lines_added += added
        self.lines_removed += removed
        self.files_modified[path] = None
