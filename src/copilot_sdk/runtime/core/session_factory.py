"""How sessions come to life: new ones, and those that were stored before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.faults import RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.storage import SessionRecord, closed_on_failure
from copilot_sdk.runtime.core.workspace import WorkContext

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.runtime import Runtime


class SessionFactory:
    """Makes the sessions of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._signing_in: set[str] = set()

    async def make(self, identifier: str, config: SessionConfig, context: WorkContext) -> Session:
        """Makes a new session.

        Args:
            identifier: Its id.
            config: Its settings.
            context: What there is in its working directory.

        Raises:
            RuntimeFault: It cannot be stored, or its GitHub tokens are those of another one.
        """
        record = _new_record(identifier, config, context)
        async with self._signed_in(identifier, config):
            storage = await self._runtime.place.make(record)
            async with closed_on_failure(storage):
                session = Session(self._runtime, record, config, storage)
                await session.rewind.open(wanted=config.tracks_files)
        return session

    async def revive(self, session_id: str, configure: Callable[[SessionRecord], SessionConfig]) -> Session:
        """Brings a stored session back to life.

        Args:
            session_id: Which one.
            configure: Gives its settings; what they leave open is as it was.

        Raises:
            SessionNotFound: None of that id is stored.
            RuntimeFault: The working directory cannot be used, or what is stored cannot be read.
        """
        place = self._runtime.place
        record = await place.find(session_id)
        if record is None:
            raise SessionNotFound(session_id)
        config = configure(record)
        place.look_around(config.working_directory)
        config.model = config.model or record.model
        async with self._signed_in(session_id, config):
            storage, events = await place.load(record)
            async with closed_on_failure(storage):
                session = Session(self._runtime, record, config, storage, events)
                await session.rewind.open(wanted=config.tracks_files)
        return session

    @asynccontextmanager
    async def _signed_in(self, session_id: str, config: SessionConfig) -> AsyncGenerator[None]:
        """Opens a session whose GitHub tokens no other session uses."""
        tokens = config.github
        if tokens is None:
            yield
            return
        live = self._runtime.sessions
        others = {session.config.github.registration for session in live if session.config.github}
        if tokens.registration in others | self._signing_in:
            raise RuntimeFault(f'GitHub token provider registration "{tokens.registration}" already exists')
        self._signing_in.add(tokens.registration)
        try:
            await tokens.sign_in(session_id)
            yield
        finally:
            self._signing_in.discard(tokens.registration)


def _new_record(identifier: str, config: SessionConfig, context: WorkContext) -> SessionRecord:
    moment = stamp(now())
    return SessionRecord(
        id=identifier,
        started_at=moment,
        modified_at=moment,
        cwd=context.cwd,
        git_root=context.git_root,
        repository=context.repository,
        branch=context.branch,
        name=config.name,
        named_by_user=config.name is not None,
        model=config.model,
        client_name=config.client_name,
    )
