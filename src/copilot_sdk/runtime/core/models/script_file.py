"""Scripts of a model in a file: TOML, or JSON of the same shape.

    models = ["scripted", "small"]

    [[replies]]
    reasoning = "I have to see it first."
    text = ["Let me ", "look."]                # a list is streamed in these pieces
    calls = [{ name = "view", arguments = { path = "a.py" } }]

    [[replies]]
    delay = 0.5                                # seconds before each piece
    text = "It prints hello."
    usage = { inputTokens = 1200, outputTokens = 30, cacheReadTokens = 1000 }

    [[replies]]
    error = { status = 429, message = "slow down", retryAfter = 1 }

    [accounts.gho_octocat]                     # by token
    login = "octocat"
    signedIn = true
    quotas = { premium_interactions = { entitlement = 300, used = 58 } }

Replies are used up in order by the requests; after the last one the directives of the prompt are obeyed. In JSON a list
of replies stands for a file that has nothing else.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from copilot_sdk._model.base import problems
from copilot_sdk._model.json_values import is_array
from copilot_sdk.runtime.core.faults import ModelFault, fault_of_status
from copilot_sdk.runtime.core.models.base import Usage
from copilot_sdk.runtime.core.models.scripted import Call, Reply
from copilot_sdk.runtime.core.scripted_accounts import Account, Quota

_TOML = ".toml"
_DEFAULT_MODELS = ("scripted",)


class _Entry(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class _CallEntry(_Entry):
    name: str
    arguments: dict[str, object] | str = Field(default_factory=dict[str, object])
    id: str = ""


class _ErrorEntry(_Entry):
    status: int = 500
    message: str = ""
    code: str | None = None
    retry_after: float | None = None

    def fault(self) -> ModelFault:
        message = self.message or f"the model answered with status {self.status}"
        return fault_of_status(self.status, message, code=self.code, retry_after=self.retry_after)


class _UsageEntry(_Entry):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    ai_credits: float = 0.0


class _ReplyEntry(_Entry):
    text: str | list[str] = ""
    reasoning: str | list[str] = ""
    calls: list[_CallEntry] = []
    finish_reason: str = ""
    delay: float = Field(default=0.0, ge=0)
    usage: _UsageEntry | None = None
    error: _ErrorEntry | None = None

    def reply(self) -> Reply:
        return Reply(
            text=self.text,
            reasoning=self.reasoning,
            calls=[Call(call.name, call.arguments, call.id) for call in self.calls],
            finish_reason=self.finish_reason,
            usage=None if self.usage is None else Usage(**self.usage.model_dump()),
            delay=self.delay,
            error=None if self.error is None else self.error.fault(),
        )


class _QuotaEntry(_Entry):
    entitlement: int | None = None
    used: int = 0
    overage_permitted: bool = False


class _AccountEntry(_Entry):
    login: str
    plan: str = "individual_pro"
    signed_in: bool = False
    quotas: dict[str, _QuotaEntry] = {}
    organizations: list[str] = []

    def account(self) -> Account:
        quotas = {name: Quota(**quota.model_dump()) for name, quota in self.quotas.items()}
        return Account(self.login, self.plan, quotas, tuple(self.organizations))


class ScriptFile(_Entry):
    """What a script file holds."""

    models: list[str] = Field(default=[*_DEFAULT_MODELS], min_length=1)
    replies: list[_ReplyEntry] = []
    accounts: dict[str, _AccountEntry] = {}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no script; the text says where.
        """
        text = path.read_text(encoding="utf-8")
        try:
            value: object = tomllib.loads(text) if path.suffix == _TOML else json.loads(text)
            return cls.model_validate({"replies": value} if is_array(value) else value)
        except ValidationError as error:
            raise ValueError(f"{path} is no script: {'; '.join(problems(error))}") from error
        except ValueError as error:
            raise ValueError(f"{path} is no script: {error}") from error

    def known_accounts(self) -> Mapping[str, Account]:
        """The accounts by token."""
        return {token: entry.account() for token, entry in self.accounts.items()}

    def signed_in(self) -> str | None:
        """The token of whom is signed in from the start."""
        return next((token for token, entry in self.accounts.items() if entry.signed_in), None)
