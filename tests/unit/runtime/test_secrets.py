"""Values that are told to nobody."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Join, Start, asked_of, text_at

SWITCH = "COPILOT_ENABLE_SECRET_FILTERING"


async def test_secrets_are_taken_out_of_events_files_and_results(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    (tmp_path / "key").write_text("sesame-open and sesame\n")
    runtime = start(
        [Reply(calls=[Call("view", {"path": str(tmp_path / "key")})]), Reply("It is sesame-open!")]
    )
    client = await join(runtime)
    assert await client.call("secrets.addFilterValues", values=["sesame", "sesame-open", ""]) == {"ok": True}
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("say sesame")
    assert "sesame" not in str(client.events)
    assert client.of("user.message")[0]["content"] == "say ******"
    assert client.of("assistant.message")[-1]["content"] == "It is ******!"
    (result,) = client.of("tool.execution_complete")
    assert "****** and ******" in result["result"]["content"]
    assert "sesame" not in asked_of(runtime)[-1].messages[-1].text
    await client.call("session.destroy")
    stored = tmp_path / "home/session-state" / client.session_id / "events.jsonl"
    assert "sesame" not in text_at(str(stored))


async def test_a_secret_that_a_command_prints_in_two_pieces_is_taken_out(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    command = "printf 'a ses'; until test -e gate; do sleep 0.01; done; printf 'ame-open, a s'"
    client = await join(start([Reply(calls=[Call("bash", {"command": command})]), Reply("Done.")]))
    await client.call("secrets.addFilterValues", values=["sesame-open"])
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.send("go")
    await client.until("tool.shell_output", text="a ")
    (tmp_path / "gate").touch()
    await client.until("session.idle")
    pieces = [piece["text"] for piece in client.of("tool.shell_output")]
    assert pieces == ["a ", "******, a ", "s"]
    assert client.of("tool.execution_partial_result")[-1]["partialOutput"] == "a ******, a s"


async def test_secrets_are_taken_out_of_logs_as_long_as_the_runtime_runs(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    runtime = start()
    client = await join(runtime)
    logger = logging.getLogger("copilot_sdk.runtime")
    await client.call("secrets.addFilterValues", values=["sesame"])
    logger.error("say %s", "sesame", exc_info=ValueError("sesame"))
    assert "say ******" in caplog.text
    assert "ValueError: ******" in caplog.text
    assert "sesame" not in caplog.text
    await runtime.runtime.aclose()
    logger.warning("say sesame")
    assert "say sesame" in caplog.text


async def test_secrets_are_taken_only_where_that_is_switched_on(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    client = await join(start())
    with pytest.raises(RpcError, match=f"Set an environment variable of {SWITCH}="):
        await client.call("secrets.addFilterValues", values=["sesame"])
