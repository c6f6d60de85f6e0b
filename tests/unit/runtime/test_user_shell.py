"""Commands that a client runs beside the agent, through `session.shell`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import InvalidParams, RpcError
from copilot_sdk.runtime import Call, EmbeddedRuntime, Reply
from tests.unit.runtime.harness import Client, Join, Start, asked_of, is_alive, text_at

HOLD = "mkfifo gate; echo $$ > pid.tmp; mv pid.tmp pid; read line < gate"


@pytest.fixture
def runtime(start: Start) -> EmbeddedRuntime:
    return start(lambda _: Reply("done"))


@pytest.fixture
async def client(runtime: EmbeddedRuntime, join: Join, tmp_path: Path) -> Client:
    client = await join(runtime)
    await client.open(workingDirectory=str(tmp_path))
    return client


def is_there(path: Path) -> bool:
    return path.exists()


async def started(client: Client, folder: Path) -> int:
    """Waits until the held command runs; returns its process id."""
    async with asyncio.timeout(10):
        while not is_there(folder / "pid"):
            await client.call("ping")
    return int(text_at(str(folder / "pid")))


async def until_there(client: Client, path: Path) -> str:
    async with asyncio.timeout(10):
        while not is_there(path):
            await client.call("ping")
    return text_at(str(path))


async def test_a_command_runs_by_itself_in_its_folder(client: Client, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    command = "pwd > out.tmp; mv out.tmp out"
    result = await client.call("session.shell.exec", command=command, cwd=str(tmp_path / "sub"))
    assert await until_there(client, tmp_path / "sub/out") == f"{tmp_path / 'sub'}\n"
    async with asyncio.timeout(10):
        while (await client.call("session.shell.kill", processId=result["processId"]))["killed"]:
            await client.call("ping")


async def test_a_command_is_killed(client: Client, tmp_path: Path) -> None:
    process = (await client.call("session.shell.exec", command=HOLD))["processId"]
    pid = await started(client, tmp_path)
    assert await client.call("session.shell.kill", processId=process, signal="SIGKILL") == {"killed": True}
    await client.until_dead(pid)
    assert await client.call("session.shell.kill", processId="nobody") == {"killed": False}
    with pytest.raises(InvalidParams, match="signal: expected one of SIGTERM, SIGKILL, SIGINT"):
        await client.call("session.shell.kill", processId=process, signal="SIGHUP")


async def test_a_command_ends_when_its_time_is_up(client: Client, tmp_path: Path) -> None:
    await client.call("session.shell.exec", command=HOLD, timeout=500)
    await client.until_dead(await started(client, tmp_path))


async def test_a_command_ends_with_its_session(client: Client, tmp_path: Path) -> None:
    await client.call("session.shell.exec", command=HOLD)
    pid = await started(client, tmp_path)
    await client.call("session.destroy")
    assert not is_alive(pid)


async def test_a_command_without_a_folder_is_refused(client: Client) -> None:
    with pytest.raises(RpcError, match="Failed to start shell process"):
        await client.call("session.shell.exec", command="pwd", cwd="/nowhere/at/all")


async def test_a_command_of_the_user_is_told_piece_by_piece(client: Client) -> None:
    command = "echo out; echo err >&2; exit 2"
    result = await client.call("session.shell.executeUserRequested", requestId="1", command=command)
    assert (result["success"], result["exitCode"]) == (False, 2)
    assert sorted(result["output"].split()) == ["err", "out"]
    call = {"toolCallId": result["toolCallId"]}
    (requested,) = client.of("tool.user_requested")
    assert requested.items() >= {**call, "toolName": "local_shell"}.items()
    assert requested["arguments"]["command"] == command
    pieces = {piece["stream"]: piece["text"] for piece in client.of("tool.shell_output")}
    assert pieces == {"stdout": "out\n", "stderr": "err\n"}
    assert [piece["sequence"] for piece in client.of("tool.shell_output")] == [0, 1]
    assert client.of("tool.execution_partial_result")[-1]["partialOutput"] == result["output"]
    (complete,) = client.of("tool.execution_complete")
    assert (complete["isUserRequested"], complete["shellExecution"]) == (True, {"exitCode": 2})
    assert complete["error"]["message"] == result["error"]


async def test_the_agent_is_told_what_the_user_ran(client: Client, runtime: EmbeddedRuntime) -> None:
    await client.call("session.shell.executeUserRequested", requestId="1", command="echo fine")
    await client.turn("now")
    _, told, prompt = asked_of(runtime)[-1].messages
    assert (told.role, "echo fine" in told.text, "exit code 0" in told.text) == ("user", True, True)
    assert prompt.text == "now"


async def test_what_the_user_runs_does_not_part_a_call_from_its_result(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("wait", {})]), Reply("done")])
    client = await join(runtime)
    tool = {"name": "wait", "description": "d", "skipPermission": True}
    await client.open(tools=[tool])
    await client.send("go")
    request = (await client.until("external_tool.requested"))["data"]
    await client.call("session.shell.executeUserRequested", requestId="1", command="echo fine")
    answer = {"requestId": request["requestId"], "result": "waited"}
    await client.call("session.tools.handlePendingToolCall", **answer)
    await client.until("session.idle")
    assert [message.role for message in asked_of(runtime)[-1].messages][2:] == ["assistant", "tool", "user"]


async def test_a_command_of_the_user_is_canceled(client: Client, tmp_path: Path) -> None:
    asking = asyncio.ensure_future(
        client.call("session.shell.executeUserRequested", requestId="1", command=f"echo begun; {HOLD}")
    )
    pid = await started(client, tmp_path)
    with pytest.raises(RpcError, match="requestId"):
        await client.call("session.shell.executeUserRequested", requestId="1", command="true")
    assert await client.call("session.shell.cancelUserRequested", requestId="1") == {"cancelled": True}
    result = await asking
    assert (result["success"], result["output"]) == (False, "begun")
    assert result["error"].endswith("Shell command canceled.")
    assert not is_alive(pid)
    assert await client.call("session.shell.cancelUserRequested", requestId="1") == {"cancelled": False}


# ------------------------------------------------------------- detached commands


async def test_the_output_of_a_detached_command_is_read_piece_by_piece(
    start: Start, join: Join, tmp_path: Path
) -> None:
    arguments = {"command": f"echo one; {HOLD}; echo two; exit 3", "description": "d", "detach": True}
    client = await join(start([Reply(calls=[Call("bash", {**arguments, "mode": "async"})]), Reply("done")]))
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.send("go")
    await client.until("tool.execution_complete")
    (task,) = (await client.call("session.tasks.list"))["tasks"]
    first = await client.call("session.tasks.readOutput", id=task["id"], waitMs=30_000)
    assert (first["text"], "exit" in first) == ("one\n", False)
    await client.call("session.shell.executeUserRequested", requestId="1", command="echo > gate")
    second = await client.call(
        "session.tasks.readOutput", id=task["id"], cursor=first["cursor"], waitMs=30_000
    )
    assert second["text"] == "two\n"
    ended = await client.call(
        "session.tasks.readOutput", id=task["id"], cursor=second["cursor"], waitMs=30_000
    )
    assert (ended["text"], ended["exit"]) == ("", {"status": "failed", "exitCode": 3})
    again = await client.call("session.tasks.readOutput", id=task["id"])
    assert again["text"] == "one\ntwo\n"
    with pytest.raises(InvalidParams, match="cursor"):
        await client.call("session.tasks.readOutput", id=task["id"], cursor="x")
    with pytest.raises(InvalidParams, match="0 through 30000"):
        await client.call("session.tasks.readOutput", id=task["id"], waitMs=30_001)
    with pytest.raises(InvalidParams, match="No detached shell task with id 'nobody'"):
        await client.call("session.tasks.readOutput", id="nobody")
