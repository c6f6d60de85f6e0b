"""An extension: a program that joins the session of whoever starts it."""

from __future__ import annotations

import asyncio
import os

from copilot_sdk import tool
from copilot_sdk.extension import join_session


@tool(skip_permission=True)
async def process_id() -> int:
    """Process that offers this tool."""
    return os.getpid()


async def main() -> None:
    """Offers the tool until the session ends."""
    async with join_session(tools=[process_id]) as session:
        print("this goes to stderr")
        async for _ in session.events():
            pass


if __name__ == "__main__":
    asyncio.run(main())
