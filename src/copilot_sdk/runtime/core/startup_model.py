"""The model that settings ask for at the start of a session: of an organization, a repository, the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.model_choice import AUTO

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.model_choice import ModelChoice
    from copilot_sdk.runtime.core.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A model that somebody asks for, and what is to go with it."""

    model: str | None = None
    effort: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What settings ask for.

    Attributes:
        managed: The wish of the organization.
        repository: That of the repository.
        repository_auto_tier: Which preference of `auto` the repository wants.
        command_line: The model of the command line, which the session was made with already.
        resuming: Whether a session is being resumed whose model is not known yet.
        auto_tier: The preference of `auto` of a session that has none.
    """

    managed: Wish
    repository: Wish
    repository_auto_tier: str | None = None
    command_line: str | None = None
    resuming: bool = False
    auto_tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        applied: Whether a model was chosen, though it may be the one from before.
        deferred: Whether it is too early to tell: no list of models was loaded.
        message: How the model changed, in words.
        warning: Why a wish was not granted.
    """

    applied: bool = False
    deferred: bool = False
    message: str | None = None
    warning: str | None = None


_KEPT = Outcome()
_TOO_EARLY = Outcome(deferred=True)


class StartupModel:
    """Grants what settings ask for, until somebody has chosen for the session."""

    def __init__(self, session: Session, choice: ModelChoice) -> None:
        self._session = session
        self._choice = choice
        self._confirmed = False

    def lay_over(self, overlay: Overlay) -> Outcome:
        """Has the session use the model that settings ask for, if it may.

        Raises:
            RuntimeFault: The repository wants a preference of `auto` that is not on offer.
        """
        outcome = self._lay_over(overlay)
        session, choice, tier = self._session, self._choice, overlay.auto_tier
        if tier and tier != choice.auto_tier and not (outcome.deferred or session.resumed):
            choice.auto_tier = tier
            told = {
                "previousModel": choice.id,
                "newModel": choice.id,
                "autoTier": tier,
                "source": "startup",
            }
            session.emit(types.SessionModelChangeData.model_validate(told))
        return outcome

    def _lay_over(self, overlay: Overlay) -> Outcome:
        choice, repository = self._choice, overlay.repository
        if choice.pinned:
            return _KEPT
        if repository.model and (overlay.command_line or overlay.resuming):
            choice.pinned = True
            return _KEPT
        if overlay.managed.model:
            return _KEPT if overlay.command_line else self._managed(overlay.managed)
        if repository.model:
            return self._of_repository(repository, overlay.repository_auto_tier)
        return _TOO_EARLY if overlay.resuming else self._keep(repository)

    def _managed(self, wish: Wish) -> Outcome:
        if wish.model == self._choice.id:
            return _KEPT
        return self._wished(wish, "The organization asks for the model", pins=False)

    def _of_repository(self, wish: Wish, auto_tier: str | None) -> Outcome:
        if wish.model == AUTO and auto_tier:
            raise RuntimeFault(f"Auto preference {auto_tier!r} is not on offer; leave it out")
        return self._wished(wish, "The repository asks for the model", pins=True)

    def _wished(self, wish: Wish, who: str, *, pins: bool) -> Outcome:
        choice, model = self._choice, wish.model
        if model is None or (model != AUTO and choice.offered is None):
            return _TOO_EARLY
        if model != AUTO and model not in (choice.offered or ()):
            choice.pinned = pins
            return Outcome(warning=f"{who} {model!r}, which is not on offer; the model stays the same.")
        return self._switch(Wish(model=model, effort=wish.effort, tier=wish.tier), pins=pins)

    def _keep(self, wish: Wish) -> Outcome:
        """Confirms the model that the session was made with, once, or has it work in another way."""
        if self._session.config.model is None:
            return _TOO_EARLY
        if wish.effort or wish.tier:
            return self._switch(Wish(model=self._choice.id, effort=wish.effort, tier=wish.tier), pins=True)
        return _TOO_EARLY if self._confirmed else self._switch(Wish(model=self._choice.id), pins=False)

    def _switch(self, wish: Wish, *, pins: bool) -> Outcome:
        choice, model = self._choice, wish.model or self._choice.id
        before = choice.described
        changed = model != choice.id or bool(wish.effort or wish.tier)
        choice.switch(model, source="sdk", effort=wish.effort, tier=wish.tier)
        choice.pinned, self._confirmed = pins, True
        return Outcome(
            applied=True, message=f"Model changed from {before} to {choice.described}" if changed else None
        )
