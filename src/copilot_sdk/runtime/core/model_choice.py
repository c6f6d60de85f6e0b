"""Which model a session uses, and how."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.startup_model import StartupModel

AUTO = "auto"
"""The id that leaves the choice of a model to the runtime."""


class ModelChoice:
    """The model of one session.

    Attributes:
        limited: Models that are out of reach because of a rate limit.
        allowed: The models that a host lets the session use, in order; None for all.
        offered: The ids of the models that the service offers, once a list of them was loaded.
        pinned: Whether somebody has chosen for this session, so that settings have no say any more.
        auto_tier: The preference of `auto`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.limited: set[str] = set()
        self.allowed: tuple[str, ...] | None = None
        self.offered: frozenset[str] | None = None
        self.pinned = session.resumed
        self.auto_tier: str | None = None

    @property
    def id(self) -> str:
        """The id that was chosen."""
        return self._session.config.model or self._session.default_model

    @property
    def state(self) -> dict[str, object]:
        """The choice, as the wire shows it."""
        config = self._session.config
        state: dict[str, object] = {"modelId": self.id}
        if config.reasoning_effort:
            state["reasoningEffort"] = config.reasoning_effort
        if config.context_tier:
            state["contextTier"] = config.context_tier
        if self.auto_tier:
            state["autoTier"] = self.auto_tier
        return state

    @cached_property
    def startup(self) -> StartupModel:
        """What settings ask for at the start."""
        from copilot_sdk.runtime.core.startup_model import StartupModel

        return StartupModel(self._session, self)

    @property
    def described(self) -> str:
        """The choice, in words."""
        effort = self._session.config.reasoning_effort
        name = "Auto" if self.id == AUTO else self.id
        return f"{name} ({effort})" if effort else name

    @property
    def summarizes(self) -> bool:
        """Whether the model tells of its thoughts unless it is told not to."""
        return self.id != AUTO and not self.id.startswith("gemini")

    def switch(
        self,
        model: str,
        *,
        source: str,
        effort: str | None = None,
        summary: str | None = None,
        tier: str | None = None,
        cause: str | None = None,
    ) -> None:
        """Changes the model and what goes with it.

        Args:
            model: The model.
            source: Who wants that, in the wire's words.
            effort: How hard it is to think; None keeps that for the same model.
            summary: How much of its thoughts it is to tell; None keeps that.
            tier: Which size of context window to use; None keeps that for the same model.
            cause: Why the model changes although the user did not say so.

        Raises:
            RuntimeFault: The host does not allow this model.
        """
        if self.allowed is not None and model not in self.allowed:
            names = ", ".join(map(repr, self.allowed))
            raise RuntimeFault(f"Model {model!r} is not allowed by policy. The host allows {names}.")
        session, config, previous = self._session, self._session.config, self.id
        before_effort, before_summary, same = (
            config.reasoning_effort,
            config.reasoning_summary,
            model == previous,
        )
        config.model = session.record.model = model
        config.reasoning_effort = effort or (before_effort if same else None)
        config.reasoning_summary = summary or before_summary
        config.context_tier = tier or (config.context_tier if same else None)
        self.pinned = self.pinned or source != "automatic"
        session.emit(
            types.SessionModelChangeData.model_validate(
                {
                    "previousModel": previous,
                    "newModel": model,
                    "previousReasoningEffort": before_effort,
                    "reasoningEffort": config.reasoning_effort,
                    "previousReasoningSummary": before_summary,
                    "reasoningSummary": config.reasoning_summary,
                    "contextTier": config.context_tier,
                    "source": source,
                    "cause": cause,
                }
            )
        )
        session.touch()

    def restrict(self, models: Iterable[str] | None) -> None:
        """Lets the session use certain models only, and takes the first of them where it uses another one.

        Args:
            models: Their ids; None for all models.

        Raises:
            RuntimeFault: There is none, or one is no id.
        """
        if models is None:
            self.allowed = None
            return
        wanted = sorted(set(models))
        if not wanted:
            raise RuntimeFault("Host allowedModels must contain at least one model id")
        for model in wanted:
            if not model.strip():
                raise RuntimeFault("Host allowedModels contains an empty model id")
            if "*" in model:
                raise RuntimeFault(
                    f'Host allowedModels entry "{model}" must be an exact model id, not a glob'
                )
        self.allowed = tuple(wanted)
        if self.id not in self.allowed:
            self.switch(wanted[0], source="automatic")

    async def resolved(self) -> str:
        """The model to ask: the chosen one, or for `auto` the first that is on offer and not out of reach."""
        if self.id != AUTO:
            return self.id
        session = self._session
        offered = [model.id for model in await session.model.catalogue() if model.id != AUTO]
        usable = [model for model in offered if model not in self.limited]
        chosen = next(iter(usable or offered), session.default_model)
        session.emit(
            types.SessionAutoModeResolvedData(
                chosen_model=chosen, available_models=offered, fallback=not usable
            )
        )
        return chosen
