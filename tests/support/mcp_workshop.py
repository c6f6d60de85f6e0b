"""A Model Context Protocol server made with `mcp`, with something of everything, for tests that need a real one.

    python -m tests.support.mcp_workshop [--as-before] [--after SECONDS]
    with WorkshopOverHTTP() as server: ...  # connect to server.url

Starting it takes seconds: `mcp_forge` keeps one warm for tests that need many.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import uvicorn
from mcp import types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.runner import serve_loop
from mcp.server.stdio import stdio_server
from pydantic import BaseModel

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
INSTRUCTIONS = "Measure twice, cut once."

workshop = MCPServer(
    "workshop", version="1.2.3", title="The Workshop", instructions=INSTRUCTIONS, log_level="CRITICAL"
)


class Sum(BaseModel):
    """What `add` gives back."""

    total: int


class Color(BaseModel):
    """What `ask_color` wants to know."""

    color: str


@workshop.tool(title="Echo", annotations=types.ToolAnnotations(read_only_hint=True))
def echo(text: str) -> types.CallToolResult:
    """Gives the text back."""
    return said(text)


@workshop.tool()
def note(text: str) -> types.CallToolResult:
    """Writes a note down."""
    return said(f"noted: {text}")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> Sum:
    """Adds two numbers."""
    return Sum(total=a + b)


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def show() -> types.CallToolResult:
    """Shows something of every kind."""
    data = base64.b64encode(PIXEL).decode()
    return types.CallToolResult(
        content=[
            types.TextContent(type="text", text="all kinds"),
            types.ImageContent(type="image", data=data, mime_type="image/png"),
            types.AudioContent(type="audio", data=data, mime_type="audio/wav"),
            types.EmbeddedResource(
                type="resource",
                resource=types.TextResourceContents(
                    uri="memo://one", mime_type="text/plain", text="first memo"
                ),
            ),
            types.EmbeddedResource(
                type="resource",
                resource=types.BlobResourceContents(uri="memo://blob", mime_type="image/png", blob=data),
            ),
            types.ResourceLink(
                type="resource_link",
                uri="memo://one",
                name="one",
                description="a memo",
                mime_type="text/plain",
            ),
        ],
        structured_content={"kinds": 6},
    )


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def fail(reason: str) -> types.CallToolResult:
    """Ends with an error of the tool's own."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=reason)], is_error=True)


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def work(ctx: Context) -> types.CallToolResult:
    """Reports progress, then is done."""
    await ctx.report_progress(1, 2, "half way")
    await ctx.report_progress(2, 2)
    return said("worked")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def wait() -> types.CallToolResult:
    """Never ends."""
    await asyncio.Event().wait()
    return said("unreachable")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def ask_color(ctx: Context) -> types.CallToolResult:
    """Asks the user for a color."""
    answer = await ctx.elicit("Which color?", Color)
    return said(f"{answer.action}: {answer.data.color if answer.action == 'accept' else None}")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def ask_model(question: str, ctx: Context) -> types.CallToolResult:
    """Asks the model of the session."""
    answer = await ctx.request_context.session.create_message(
        messages=[types.SamplingMessage(role="user", content=types.TextContent(type="text", text=question))],
        max_tokens=100,
        system_prompt="Answer in a word.",
    )
    content = answer.content
    return said(f"{answer.model}: {content.text if isinstance(content, types.TextContent) else content}")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def roots(ctx: Context) -> types.CallToolResult:
    """Lists the roots that the client shows."""
    listed = await ctx.request_context.session.list_roots()
    return said(" ".join(str(root.uri) for root in listed.roots))


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def surroundings(name: str) -> types.CallToolResult:
    """Tells a variable of the environment and the working directory."""
    return said(f"{os.environ.get(name)} in {Path.cwd()}")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def variables() -> types.CallToolResult:
    """Tells the names of all variables of the environment."""
    return said(" ".join(sorted(os.environ)))


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
def spawn() -> types.CallToolResult:
    """Starts a process that outlives the server; tells the ids of both."""
    child = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return said(f"{os.getpid()} {child.pid}")


@workshop.tool(annotations=types.ToolAnnotations(read_only_hint=True))
async def grow(ctx: Context) -> types.CallToolResult:
    """Adds the tool `fresh`."""
    workshop.add_tool(fresh)
    session = ctx.request_context.session
    await session.send_tool_list_changed()
    await session.send_resource_list_changed()
    await session.send_prompt_list_changed()
    return said("grown")


@workshop.tool()
def crash() -> types.CallToolResult:
    """Ends the server at once."""
    os._exit(3)


@workshop.tool(meta={"ui": {"resourceUri": "ui://board", "visibility": ["app"]}})
def board(size: int) -> types.CallToolResult:
    """Draws a board in an app."""
    return said(f"a board of {size}")


@workshop.tool(meta={"ui": {"resourceUri": "ui://board", "visibility": ["model"]}})
def advise() -> types.CallToolResult:
    """Is for the model alone."""
    return said("advice")


def fresh() -> types.CallToolResult:
    """Came later."""
    return said("fresh")


@workshop.resource("memo://one", name="one", title="One", mime_type="text/plain")
def one() -> str:
    """The first memo."""
    return "first memo"


@workshop.resource("memo://blob", name="blob", mime_type="image/png")
def blob() -> bytes:
    """A picture."""
    return PIXEL


@workshop.resource("ui://board", name="board", mime_type="text/html;profile=mcp-app")
def board_view() -> str:
    """The view of a board."""
    return "<p>board</p>"


@workshop.resource("memo://day/{day}", name="day", mime_type="text/plain")
def day(day: str) -> str:
    """The memo of a day."""
    return f"memo of {day}"


@workshop.prompt(title="Review")
def review(code: str) -> str:
    """Asks for a review."""
    return f"Review this: {code}"


def said(text: str) -> types.CallToolResult:
    """A result that is one text."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


async def serve_as_before() -> None:
    """Serves on stdin and stdout as servers did before 2026-07-28: with a handshake, and questions of their own."""
    server = workshop._lowlevel_server
    async with stdio_server() as (incoming, outgoing), server.lifespan(server) as state:
        await serve_loop(server, incoming, outgoing, lifespan_state=state)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves on stdin and stdout until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--as-before", action="store_true")
    parser.add_argument("--after", type=float, default=0.0, help="seconds before it begins")
    options = parser.parse_args(arguments)
    time.sleep(options.after)
    asyncio.run(serve_as_before() if options.as_before else workshop.run_stdio_async())


class WorkshopOverHTTP:
    """The same server over HTTP on loopback, in a thread.

    Attributes:
        url: The address to connect to.
        requests: The headers of each request that came.
    """

    def __init__(self, transport: str = "http") -> None:
        http = transport == "http"
        self.requests: list[dict[str, str]] = []
        self._app = workshop.streamable_http_app() if http else workshop.sse_app()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/{'mcp' if http else 'sse'}"
        config = uvicorn.Config(
            self._record, log_level="critical", timeout_graceful_shutdown=0, lifespan="on", interface="asgi3"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: self._server.run(sockets=[self._socket]), name="workshop over HTTP"
        )

    async def _record(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.requests.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await self._app(scope, receive, send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


if __name__ == "__main__":
    main()
