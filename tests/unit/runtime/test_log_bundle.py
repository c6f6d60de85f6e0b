"""Logs of a session that are gathered for somebody to look at."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from tests.unit.runtime.harness import Join, Json, Start, text_at

COLLECT = "session.debug.collectLogs"


def names_in(path: Path) -> list[str]:
    """The members of an archive."""
    with tarfile.open(path) as archive:
        return archive.getnames()


async def test_logs_are_gathered_in_a_folder_without_secrets(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_ENABLE_SECRET_FILTERING", "true")
    client = await join(start())
    await client.open()
    await client.turn("hello")
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "deep" / "a.txt").write_text("say sesame")
    await client.call("secrets.addFilterValues", values=["sesame"])
    notes: Json = {"kind": "directory", "path": str(tmp_path / "notes")}
    gone: Json = {"kind": "file", "path": str(tmp_path / "gone"), "bundlePath": "gone"}
    out = tmp_path / "out"
    result = await client.call(
        COLLECT,
        destination={"kind": "directory", "outputDirectory": str(out)},
        additionalEntries=[
            {**notes, "bundlePath": "red"},
            {**notes, "bundlePath": "plain", "redaction": "none"},
            gone,
        ],
    )
    assert (result["kind"], result["path"]) == ("directory", str(out))
    assert [(entry["bundlePath"], entry["source"]) for entry in result["entries"]] == [
        ("events.jsonl", "events"),
        ("red/deep/a.txt", "additional"),
        ("plain/deep/a.txt", "additional"),
    ]
    assert result["skippedEntries"] == [
        {"bundlePath": "gone", "path": str(tmp_path / "gone"), "reason": "not found"}
    ]
    assert '"session.start"' in text_at(str(out / "events.jsonl"))
    assert text_at(str(out / "red/deep/a.txt")) == "say ******"
    assert text_at(str(out / "plain/deep/a.txt")) == "say sesame"
    for entry, problem in (
        ({**gone, "required": True}, "Required debug log entry"),
        ({**gone, "bundlePath": "../x"}, "bundlePath: expected a relative path"),
        ({**gone, "bundlePath": "/x"}, "bundlePath: expected a relative path"),
    ):
        with pytest.raises(RpcError, match=problem):
            await client.call(
                COLLECT,
                destination={"kind": "directory", "outputDirectory": str(out)},
                additionalEntries=[entry],
            )


async def test_logs_are_gathered_in_an_archive(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hello")
    archive: Json = {"kind": "archive", "outputPath": str(tmp_path / "logs.tgz"), "noOverwrite": True}
    result = await client.call(COLLECT, destination=archive)
    assert result["kind"] == "archive"
    assert names_in(tmp_path / "logs.tgz") == ["events.jsonl"]
    with pytest.raises(RpcError, match="exists already"):
        await client.call(COLLECT, destination=archive)
    with pytest.raises(RpcError, match=r"No debug log files found to save\."):
        await client.call(COLLECT, destination=archive, include={"events": False})
