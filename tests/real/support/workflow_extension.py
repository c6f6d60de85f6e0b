"""An extension in Python that offers workflows; the CLI starts it as a process."""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel

from copilot_sdk import sync
from copilot_sdk.extension import join_session
from copilot_sdk.providers import WorkflowRun, Workflows, workflow


class Verdict(BaseModel):
    """What an agent thinks."""

    good: bool


@workflow(phases=["Read", "Judge"])
async def review(files: list[str], run: WorkflowRun) -> dict[str, object]:
    """Reviews files."""
    await run.phase("Read")
    read = await run.agent(f"Read {files[0]}.", label="reader")
    await run.phase("Judge")
    verdict = await run.agent("Judge it.", output=Verdict)
    await run.log("judged")
    kept = await run.step("kept", lambda: len(files))
    return {"read": read, "good": verdict and verdict.good, "kept": kept}


@workflow(phases=[])
async def endless(run: WorkflowRun) -> None:
    """Never ends."""
    await run.log("begun")
    await asyncio.Event().wait()


@workflow(phases=[])
def staged(run: sync.WorkflowRun) -> int:
    """Pauses in between."""
    first = run.step("first", os.getpid)
    run.pause("between")
    return int(first == os.getpid())


async def main() -> None:
    """Joins the session and stays until it ends."""
    handlers = Workflows([review, endless, staged])
    async with join_session(handlers={"workflow": handlers}) as session:
        async for _ in session.events():
            pass


if __name__ == "__main__":
    asyncio.run(main())
