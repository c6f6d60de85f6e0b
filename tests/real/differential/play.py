"""Plays the scenarios of an area on both runtimes at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from tests.real.differential.actor import Actor, Take
from tests.real.differential.scenario import Area
from tests.real.support.client_stage import CLI, REFERENCE, RuntimeKind

Takes = dict[str, tuple[Take, Take]]


async def play(area: Area, folder: Path) -> Takes:
    """What the CLI and the reference runtime did in each scenario."""
    with area.surroundings() as variables:
        cli, ours = await asyncio.gather(
            *(_play_on(kind, area, folder / kind.name, variables) for kind in (CLI, REFERENCE))
        )
    return {name: (cli[name], ours[name]) for name in cli}


async def _play_on(
    kind: RuntimeKind, area: Area, folder: Path, variables: Mapping[str, str]
) -> dict[str, Take]:
    home, work = folder / "home", folder / "work"
    home.mkdir(parents=True)
    work.mkdir()
    # What the CLI does with files of a session is switched off otherwise.
    (home / "settings.json").write_text('{"contextManagementTools": true}')
    environment = {
        **os.environ,
        "COPILOT_HOME": str(home),
        "COPILOT_ENABLE_SECRET_FILTERING": "true",
        "TMPDIR": str(folder),
        **variables,
    }
    async with Actor.open(work, environment, kind.command) as actor:
        await actor.client.request("connect", {})
        return {scenario.name: await actor.play(scenario) for scenario in area.scenarios}
