"""Files with instructions, through `session.instructions` and `instructions`."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

FILES = {
    "home/copilot-instructions.md": "Of the user.\n",
    "work/.github/copilot-instructions.md": "Of the project.\n",
    "work/AGENTS.md": "For agents.\n",
    "work/.github/instructions/py.instructions.md": (
        "---\napplyTo: '**/*.py'\ndescription: py rules\n---\nFor Python.\n"
    ),
    "work/.github/instructions/bad.instructions.md": "---\n: [\n---\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "work"


async def sources(client: Client, method: str, **params: object) -> list[Json]:
    found: list[Json] = (await client.call(method, **params))["sources"]
    return found


async def test_the_model_gets_the_instructions(start: Start, join: Join, project: Path) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    await client.open(workingDirectory=str(project))
    await client.turn("hi")
    text = asked_of(runtime)[0].messages[0].text
    positions = [text.index(content) for content in ("Of the user.", "Of the project.", "For agents.")]
    assert positions == sorted(positions)
    assert (
        "* .github/instructions/py.instructions.md for **/*.py: py rules" in text,
        "For Python." in text,
    ) == (
        True,
        False,
    )


async def test_the_sources_are_listed_and_read_again(start: Start, join: Join, project: Path) -> None:
    client = await join(start())
    await client.open(workingDirectory=str(project))
    found = await sources(client, "session.instructions.getSources")
    assert [source["id"] for source in found] == [
        "home-copilot",
        "repo-copilot",
        "model-agents-md",
        "vscode-instructions/.github/instructions/py.instructions.md",
    ]
    assert found[3] == {
        "id": "vscode-instructions/.github/instructions/py.instructions.md",
        "label": "py.instructions.md",
        "sourcePath": ".github/instructions/py.instructions.md",
        "content": FILES["work/.github/instructions/py.instructions.md"],
        "type": "vscode",
        "location": "repository",
        "applyTo": ["**/*.py"],
        "description": "py rules",
    }
    (project / "CLAUDE.md").write_text("Later.\n")
    assert await sources(client, "session.instructions.getSources") == found
    again = await sources(client, "session.instructions.reload")
    assert [source["label"] for source in again if source not in found] == ["CLAUDE.md"]
    (project / "CLAUDE.md").unlink()
    assert await client.call("instructions.clearCache") is None
    assert await sources(client, "session.instructions.getSources") == found


async def test_instructions_are_discovered_without_a_session(
    start: Start, join: Join, project: Path, tmp_path: Path
) -> None:
    client = await join(start())
    (user,) = await sources(client, "instructions.discover")
    assert (user["id"], user["sourcePath"]) == (
        "home-copilot",
        str(tmp_path / "home/copilot-instructions.md"),
    )
    of_project = await sources(
        client, "instructions.discover", projectPaths=[str(project)], excludeHostInstructions=True
    )
    assert {source["projectPath"] for source in of_project} == {str(project)}
    assert len(of_project) == 3


async def test_the_places_for_instructions_are_listed(
    start: Start, join: Join, project: Path, tmp_path: Path
) -> None:
    client = await join(start())
    params = {"projectPaths": [str(project)]}
    paths = (await client.call("instructions.getDiscoveryPaths", **params))["paths"]
    shown = [(path["path"], path["kind"], path["preferredForCreation"]) for path in paths]
    assert shown == [
        (str(tmp_path / "home/copilot-instructions.md"), "file", True),
        (str(tmp_path / "home/instructions"), "directory", False),
        (str(project / ".github/copilot-instructions.md"), "file", True),
        (str(project / "AGENTS.md"), "file", False),
        (str(project / "CLAUDE.md"), "file", False),
        (str(project / "GEMINI.md"), "file", False),
        (str(project / ".github/instructions"), "directory", False),
    ]


async def test_the_instructions_of_a_repository_are_found_without_those_of_the_user(
    start: Start, join: Join, project: Path
) -> None:
    client = await join(start())
    found = await sources(client, "instructions.discoverRepoSources", location=str(project))
    assert [source["label"] for source in found] == [
        ".github/copilot-instructions.md",
        "AGENTS.md",
        "py.instructions.md",
    ]
    assert await sources(client, "instructions.discoverRepoSources", location=str(project / "none")) == []
