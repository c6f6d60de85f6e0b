"""What an agent asks of its client: permission, files, terminals, the user, MCP servers."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from copilot_sdk import acp
from copilot_sdk.acp import elicitation
from copilot_sdk.acp.permissions import (
    Policy,
    allow_kinds,
    approve_always,
    approve_once,
    cancelled,
    first_of,
    reject,
    reject_always,
)
from copilot_sdk.acp.types import (
    AuthStatusUpdateNotification,
    CompleteElicitationNotification,
    ConnectMCPRequest,
    ConnectMCPResponse,
    DisconnectMCPRequest,
    FormElicitation,
    MCPResult,
    MessageMCPNotification,
    MessageMCPRequest,
    PermissionOption,
    RequestPermissionRequest,
    URLElicitation,
)
from copilot_sdk.errors import UsageError
from copilot_sdk.providers import MemoryFiles
from tests.support.acp_agent import Json, RawAgent, connected

YES, NO = {"outcome": "selected", "optionId": "yes"}, {"outcome": "selected", "optionId": "no"}
CANCELLED = {"outcome": "cancelled"}

# ----------------------------------------------------------------- permission


async def test_without_a_handler_everything_is_refused_with_one_loud_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with connected() as (_, agent):
        assert [await agent.ask_permission() for _ in range(2)] == [NO, NO]
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "pass on_permission" in warnings[0]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (approve_once(), YES),
        (approve_always(), {"outcome": "selected", "optionId": "always"}),
        (reject(), NO),
        (reject_always(), NO),
        (cancelled(), CANCELLED),
        (None, NO),
        ("always", {"outcome": "selected", "optionId": "always"}),
        (PermissionOption(option_id="yes", name="", kind="allow_once"), YES),
    ],
    ids=str,
)
@pytest.mark.parametrize("plain", [True, False])
async def test_a_handler_decides(answer: Any, outcome: Json, plain: bool) -> None:
    seen: list[RequestPermissionRequest] = []

    def decide(request: RequestPermissionRequest) -> Any:
        seen.append(request)
        return answer

    async def decide_later(request: RequestPermissionRequest) -> Any:
        return decide(request)

    async with connected(on_permission=decide if plain else decide_later) as (_, agent):
        assert await agent.ask_permission("s", title="rm", rawInput={"command": "rm"}) == outcome
    assert (seen[0].session_id, seen[0].tool_call.title, seen[0].tool_call.raw_input) == (
        "s",
        "rm",
        {"command": "rm"},
    )


@pytest.mark.parametrize("answer", ["no such option", 7, {"outcome": "selected"}])
async def test_a_handler_that_fails_allows_nothing(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(on_permission=lambda _: answer) as (_, agent):
        assert await agent.ask_permission() == NO
    async with connected(on_permission=lambda _: 1 // 0) as (_, agent):
        assert await agent.ask_permission() == NO
    assert "UsageError" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_handler_that_still_decides_ends_with_the_client() -> None:
    asked, cleaned = asyncio.Event(), asyncio.Event()

    async def decide(_: RequestPermissionRequest) -> Any:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _step in range(20):
                await asyncio.sleep(0)
            cleaned.set()

    async with connected(on_permission=decide) as (client, agent):
        asking = asyncio.create_task(
            agent.ask("session/request_permission", sessionId="s", toolCall={"toolCallId": "c"}, options=[])
        )
        await asked.wait()
        await client.close()
        assert cleaned.is_set()
        assert (await asking)["error"]["code"] == -32800


async def test_what_the_agent_offers_no_option_for_is_not_allowed_instead() -> None:
    async with connected(on_permission=acp.approve_all) as (_, agent):
        for kinds, expected in ((["allow_always", "reject_once"], "1"), (["allow_always"], None), ([], None)):
            options = [{"optionId": str(i), "name": "x", "kind": kind} for i, kind in enumerate(kinds)]
            asked = {"sessionId": "s", "toolCall": {"toolCallId": "c"}, "options": options}
            answer = (await agent.ask("session/request_permission", **asked))["result"]["outcome"]
            assert answer.get("optionId") == expected


async def test_policies_are_put_together() -> None:
    def by_title(request: RequestPermissionRequest) -> Any:
        return approve_once() if request.tool_call.title == "safe" else None

    for policy in (
        allow_kinds("read", "search") | by_title,
        first_of(by_title, allow_kinds("read", "search")),
    ):
        async with connected(on_permission=policy) as (_, agent):
            calls: list[Json] = [{"kind": "read"}, {"kind": "edit", "title": "safe"}, {"kind": "edit"}, {}]
            assert [await agent.ask_permission(**call) for call in calls] == [YES, YES, NO, NO]
    assert repr(by_title | acp.deny_all) == "<Policy <Policy by_title> | <Policy deny_all>>"
    with pytest.raises(UsageError, match="at least one policy"):
        first_of()
    with pytest.raises(UsageError, match="has to be a function"):
        Policy("yes")  # type: ignore[arg-type]


# ---------------------------------------------------------------------- files


async def read(agent: RawAgent, path: Path | str, **options: Any) -> Any:
    answer = await agent.ask("fs/read_text_file", sessionId="s", path=str(path), **options)
    return answer["result"]["content"] if "result" in answer else answer["error"]["code"]


async def write(agent: RawAgent, path: Path | str, content: str) -> Any:
    answer = await agent.ask("fs/write_text_file", sessionId="s", path=str(path), content=content)
    return answer.get("result", answer.get("error", {}).get("code"))


async def test_files_of_a_folder_are_read_and_written(tmp_path: Path) -> None:
    folder, outside = tmp_path / "project", tmp_path / "secret"
    folder.mkdir()
    outside.write_text("secret")
    (folder / "link").symlink_to(outside)
    (folder / "image").write_bytes(b"\xff\xfe")
    async with connected(files=acp.FolderFiles(folder)) as (_, agent):
        assert await write(agent, folder / "deep" / "a.txt", "one\r\ntwo\nthree") == {}
        assert (folder / "deep" / "a.txt").read_bytes() == b"one\r\ntwo\nthree"
        assert await read(agent, folder / "deep" / "a.txt") == "one\r\ntwo\nthree"
        assert await read(agent, folder / "deep" / "a.txt", line=2) == "two\nthree"
        assert await read(agent, folder / "deep" / "a.txt", line=2, limit=1) == "two\n"
        assert await read(agent, folder / "deep" / "a.txt", limit=0) == ""
        assert await read(agent, folder / "deep" / "a.txt", line=9) == ""
        assert await read(agent, folder / "deep" / "a.txt", line=0) == -32602
        assert await read(agent, folder / "none") == -32002
        assert await read(agent, folder / "image") == -32602
        assert await read(agent, folder) == -32603
        for path in (outside, folder / "link", folder / ".." / "secret", "a.txt", "/"):
            assert await read(agent, path) == -32602
            assert await write(agent, path, "x") == -32602
    assert outside.read_text() == "secret"


async def test_files_that_are_read_only_are_not_written(tmp_path: Path) -> None:
    files = acp.FolderFiles(tmp_path, read_only=True)
    async with connected(files=files) as (_, agent):
        assert await write(agent, tmp_path / "a", "x") == -32601
    with pytest.raises(PermissionError):
        files.write(str(tmp_path / "a"), b"x", None)


async def test_files_can_live_in_memory() -> None:
    files = MemoryFiles()
    async with connected(files=files) as (_, agent):
        assert await write(agent, "/src/a.txt", "ünï") == {}
        assert await read(agent, "/src/a.txt") == "ünï"
        assert await read(agent, "/src/b.txt") == -32002
    assert files.read("/src/a.txt") == "ünï".encode()


async def test_without_files_there_are_none() -> None:
    async with connected() as (_, agent):
        assert await read(agent, "/etc/passwd") == -32601
        answer = await agent.ask("terminal/create", sessionId="s", command="true")
        assert answer["error"]["code"] == -32601


# ------------------------------------------------------------------ terminals


async def terminal(agent: RawAgent, name: str, terminal_id: str, session_id: str = "s") -> Json:
    answer = await agent.ask(f"terminal/{name}", sessionId=session_id, terminalId=terminal_id)
    result: Json = answer["result"] if "result" in answer else answer["error"]
    return result


async def run(agent: RawAgent, command: str, *args: str, **options: Any) -> str:
    answer = await agent.ask("terminal/create", sessionId="s", command=command, args=[*args], **options)
    created: str = answer["result"]["terminalId"]
    return created


async def printed(agent: RawAgent, terminal_id: str) -> Json:
    """Wait until a command has printed something."""
    while True:
        output = await terminal(agent, "output", terminal_id)
        if output["output"]:
            return output


async def test_a_terminal_runs_a_command(tmp_path: Path) -> None:
    async with connected(terminals=acp.LocalTerminals()) as (_, agent):
        program = (
            "import os, sys; print(os.environ['X'], os.getcwd(), file=sys.stderr, flush=True); sys.exit(3)"
        )
        created = await run(
            agent,
            sys.executable,
            "-ISc",
            program,
            cwd=str(tmp_path),
            env=[{"name": "X", "value": "set"}],
        )
        assert await terminal(agent, "wait_for_exit", created) == {"exitCode": 3, "signal": None}
        assert await terminal(agent, "output", created) == {
            "output": f"set {tmp_path}\n",
            "truncated": False,
            "exitStatus": {"exitCode": 3, "signal": None},
        }
        assert (await terminal(agent, "output", created, "other"))["code"] == -32002
        assert await terminal(agent, "release", created) == {}
        assert (await terminal(agent, "output", created))["code"] == -32002
        answer = await agent.ask("terminal/create", sessionId="s", command="no-such-program", args=["x"])
        assert (answer["error"]["code"], "no-such-program" in answer["error"]["message"]) == (-32602, True)


async def test_a_command_that_runs_on_is_killed_and_its_output_kept() -> None:
    async with connected(terminals=acp.LocalTerminals()) as (_, agent):
        created = await run(agent, "echo begun; sleep 600 & wait")
        waiting = asyncio.create_task(terminal(agent, "wait_for_exit", created))
        output = await printed(agent, created)
        assert output == {"output": "begun\n", "truncated": False}
        assert await terminal(agent, "kill", created) == {}
        assert await waiting == {"exitCode": None, "signal": "SIGTERM"}
        assert (await terminal(agent, "output", created))["output"] == "begun\n"
        assert await terminal(agent, "kill", created) == {}


@pytest.mark.parametrize(("limit", "kept"), [(5, "\u20ac\n"), (4, "\u20ac\n"), (3, "\n"), (0, "")])
async def test_the_beginning_of_long_output_goes_first_and_whole_characters_stay(
    limit: int, kept: str
) -> None:
    async with connected(terminals=acp.LocalTerminals()) as (_, agent):
        created = await run(agent, "/bin/echo", "xx\u20ac\u20ac", outputByteLimit=limit)
        await terminal(agent, "wait_for_exit", created)
        output = await terminal(agent, "output", created)
        assert (output["output"], output["truncated"]) == (kept, True)


async def test_commands_end_with_the_connection(tmp_path: Path) -> None:
    async with connected(terminals=acp.LocalTerminals()) as (_, agent):
        created = await run(
            agent, f"trap 'echo ended > {tmp_path}/note; exit' TERM; echo up; sleep 600 & wait"
        )
        await printed(agent, created)
    assert (tmp_path / "note").read_text() == "ended\n"


# ------------------------------------------------------------------- the user


async def elicit(agent: RawAgent, **params: Any) -> Any:
    answer = await agent.ask("elicitation/create", sessionId="s", message="?", **params)
    return answer["result"] if "result" in answer else answer["error"]["code"]


FORM = {"mode": "form", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}
PAGE = {"mode": "url", "elicitationId": "e", "url": "https://example.com"}


async def test_the_user_fills_in_forms_and_visits_pages() -> None:
    class Person(BaseModel):
        name: str

    completed = asyncio.Queue[str]()

    async def complete(notification: CompleteElicitationNotification) -> None:
        await completed.put(notification.elicitation_id)

    def fill_in(form: FormElicitation) -> Any:
        assert form.requested_schema.properties is not None
        assert [*form.requested_schema.properties] == ["name"]
        return next(answers)

    async def visit(page: URLElicitation) -> Any:
        return elicitation.accept() if page.url == "https://example.com" else elicitation.decline()

    answers = iter(
        [elicitation.accept({"name": "Ann"}), elicitation.accept(Person(name="Bob")), elicitation.cancel()]
    )
    options: Any = {"on_form": fill_in, "on_url": visit, "on_elicitation_complete": complete}
    async with connected(**options) as (_, agent):
        assert await elicit(agent, **FORM) == {"action": "accept", "content": {"name": "Ann"}}
        assert await elicit(agent, **FORM) == {"action": "accept", "content": {"name": "Bob"}}
        assert await elicit(agent, **FORM) == {"action": "cancel"}
        assert await elicit(agent, **PAGE) == {"action": "accept"}
        assert await elicit(agent, **{**PAGE, "url": "https://else.example"}) == {"action": "decline"}
        assert await elicit(agent, mode="telepathy") == -32602
        await agent.send(method="elicitation/complete", params={"elicitationId": "e"})
        assert await completed.get() == "e"


async def test_a_question_that_nobody_takes_is_refused() -> None:
    async with connected(on_form=lambda _: elicitation.decline()) as (_, agent):
        assert await elicit(agent, **PAGE) == -32602
        assert await elicit(agent, **FORM) == {"action": "decline"}
        assert await elicit(agent) == -32602
    async with connected() as (_, agent):
        assert await elicit(agent, **FORM) == -32601


async def test_an_answer_that_is_none_is_an_error_of_this_side() -> None:
    for answer in ("yes", None):
        async with connected(on_form=lambda _, given=answer: given) as (_, agent):
            assert await elicit(agent, **FORM) == -32603


async def test_a_change_of_who_is_signed_in_is_told() -> None:
    told = asyncio.Queue[str]()

    async def status(update: AuthStatusUpdateNotification) -> None:
        await told.put(update.state)

    async with connected(on_auth_status=status) as (_, agent):
        await agent.send(method="auth/status_update", params={"state": "authenticated"})
        assert await told.get() == "authenticated"


async def test_mcp_servers_of_the_program_are_reached() -> None:
    told = asyncio.Queue[str]()

    class Servers:
        async def connect(self, params: ConnectMCPRequest) -> ConnectMCPResponse:
            return ConnectMCPResponse(connection_id=f"to {params.server_id}")

        async def message(self, params: MessageMCPRequest) -> MCPResult:
            return MCPResult(result={"method": params.method, "params": params.params})

        async def message_notification(self, params: MessageMCPNotification) -> None:
            await told.put(params.method)

        async def disconnect(self, params: DisconnectMCPRequest) -> None:
            await told.put(params.connection_id)

    async with connected(mcp=Servers()) as (_, agent):
        assert (await agent.ask("mcp/connect", serverId="x"))["result"] == {"connectionId": "to x"}
        message = {"connectionId": "to x", "method": "tools/list", "params": {"a": 1}}
        result = {"result": {"method": "tools/list", "params": {"a": 1}}}
        assert (await agent.ask("mcp/message", **message))["result"] == result
        await agent.send(method="mcp/message", params={**message, "method": "notifications/initialized"})
        assert await told.get() == "notifications/initialized"
        assert (await agent.ask("mcp/disconnect", connectionId="to x"))["result"] == {}
        assert await told.get() == "to x"
