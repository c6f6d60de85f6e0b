"""Messages between sessions that wait for a reply."""

from __future__ import annotations

import asyncio
from itertools import count

from copilot_sdk.runtime.core.faults import RuntimeFault

REPLY_SECONDS = 300.0


class Mail:
    """The messages of one daemon, numbered `m1`, `m2` and so on.

    Args:
        seconds: How long to wait for a reply.
    """

    def __init__(self, seconds: float = REPLY_SECONDS) -> None:
        self._seconds = seconds
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[str]] = {}

    def new_id(self, *, waits: bool) -> str:
        """The id of a new message; one that waits can be replied to."""
        message_id = f"m{next(self._numbers)}"
        if waits:
            self._waiting[message_id] = asyncio.get_running_loop().create_future()
        return message_id

    def reply(self, message_id: str, content: str) -> None:
        """Hands in a reply.

        Raises:
            RuntimeFault: Nobody waits for it.
        """
        waiting = self._waiting.get(message_id)
        if waiting is None or waiting.done():
            raise RuntimeFault(f"no message {message_id} waits for a reply")
        waiting.set_result(content)

    async def answer(self, message_id: str) -> str:
        """Waits for the reply to a message.

        Raises:
            RuntimeFault: None came in time.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._waiting[message_id]
        except TimeoutError:
            raise RuntimeFault(f"await_reply timed out (msg_id={message_id})") from None
        finally:
            del self._waiting[message_id]
