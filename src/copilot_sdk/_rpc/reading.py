"""The reader of a connection: takes what comes until it ends, and says why it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from copilot_sdk.errors import ConnectionClosed, ProtocolError, describe_exception
from copilot_sdk.transports.base import InputEnded

if TYPE_CHECKING:
    import logging

    from copilot_sdk.transports.base import Transport


async def read_until_end(
    transport: Transport,
    take: Callable[[bytes], None],
    on_end: Callable[[ConnectionClosed], None],
    logger: logging.Logger,
    *,
    on_input_end: Callable[[ConnectionClosed], Awaitable[None]] | None = None,
) -> None:
    """Take messages until the connection ends, or something goes wrong; the transport is closed then.

    Args:
        transport: Gives the messages.
        take: Takes one.
        on_end: Called with the reason, also when this is cancelled.
        logger: Is told with the traceback when `take` raises what is no error of the peer.
        on_input_end: Awaited before `on_end` where the other side sends nothing more and may still read.
    """
    reason = ConnectionClosed("its reader was cancelled")
    try:
        while True:
            take(await transport.receive())
    except ConnectionClosed as closed:
        reason = closed
        if isinstance(closed, InputEnded) and on_input_end is not None:
            await on_input_end(closed)
    except ProtocolError as fault:
        reason = ConnectionClosed(str(fault))
        reason.__cause__ = fault
    except Exception as error:
        logger.exception("reading from %s failed", transport.describe())
        reason = ConnectionClosed(f"reading failed: {describe_exception(error)}")
        reason.__cause__ = error
    finally:
        on_end(reason)
    await transport.aclose()
