"""The cases `acp_*`: clients of the Agent Client Protocol, ours and the official one, with the same agent.

Nothing is imported here that a side would have to import itself: the clock of the first times starts in a bare
interpreter.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Protocol

    from benchmarks.processes import Metrics

    class Client(Protocol):
        """What a case needs of a client whose session is open."""

        async def updates(self, count: int) -> int:
            """Have so many updates sent and give how many came, each of them typed."""
            ...

        async def prompt(self) -> object:
            """A prompt without updates."""
            ...

        async def echo(self) -> object:
            """A prompt whose text comes back as an update; gives the text."""
            ...

        async def request(self) -> object:
            """A request that is not of the protocol, whose result is its params."""
            ...

    Work = Callable[[Client], Awaitable[Any]]


UPDATES = 10_000
CALLS = 200
SAID = "Say it again."
_FEW, _MANY = 3, 10
ECHOED: dict[str, Any] = {"text": "x" * 100, "number": 7}


def measure(side: str, case: str, peer: list[str]) -> Metrics:
    """The metrics of a sample."""
    agent = [*peer[:-1], peer[-1].replace("peer.py", "acp_peer.py")]
    if case == "acp_echo":
        agent = [peer[0], "-P", peer[-1].replace("peer.py", "acp_agents.py"), side]
    if case == "acp_first_update":
        from benchmarks.worker import startup

        package = "copilot_sdk" if side == "ours" else "acp"
        return startup(package, lambda: run(side, agent, lambda client: client.updates(1)))
    metrics: Metrics = run(side, agent, STEADY[case])
    return metrics


def run(side: str, agent: list[str], work: Work) -> Any:
    """Do something with a client."""
    import asyncio

    return asyncio.run((with_ours if side == "ours" else with_official)(agent, work))


async def with_ours(agent: list[str], work: Work) -> Any:
    """The client of copilot_sdk."""
    from copilot_sdk import acp

    async with acp.connect(agent) as client:
        session = await client.new_session("/")

        class Ours:
            async def updates(self, count: int) -> int:
                came = 0
                async for update in session.prompt(str(count), buffer=count):
                    came += update.content.text == "word "  # type: ignore[union-attr]
                return came

            async def prompt(self) -> object:
                return await session.prompt("nothing")

            async def echo(self) -> object:
                return "".join([text async for text in session.prompt(SAID).text()])

            async def request(self) -> object:
                return await client.request("_echo", ECHOED)

        return await work(Ours())


async def with_official(agent: list[str], work: Work) -> Any:
    """The client of the official SDK."""
    from benchmarks.acp_agents import leave_out_tracing

    leave_out_tracing()
    import acp  # pyright: ignore[reportMissingImports]

    came, heard = 0, ""

    class Hearing(acp.Client):  # type: ignore[misc]
        async def session_update(self, session_id: str, update: Any, **_: Any) -> None:  # noqa: ARG002
            nonlocal came, heard
            heard = update.content.text
            came += heard == "word "

    hearing: Any = Hearing
    async with acp.spawn_agent_process(lambda _: hearing(), *agent) as (connection, _):
        await connection.initialize(protocol_version=acp.PROTOCOL_VERSION)
        session_id = (await connection.new_session(cwd="/", mcp_servers=[])).session_id

        class Official:
            async def updates(self, count: int) -> int:
                nonlocal came
                came = 0
                await connection.prompt(session_id=session_id, prompt=[acp.text_block(str(count))])
                return came

            async def prompt(self) -> object:
                return await connection.prompt(session_id=session_id, prompt=[acp.text_block("nothing")])

            async def echo(self) -> object:
                nonlocal heard
                heard = ""
                await connection.prompt(session_id=session_id, prompt=[acp.text_block(SAID)])
                return heard

            async def request(self) -> object:
                return await connection.ext_method("echo", ECHOED)

        return await work(Official())


async def many_updates(client: Client) -> Metrics:
    from benchmarks.steady import timed

    async def once() -> None:
        if (came := await client.updates(UPDATES)) != UPDATES:
            raise RuntimeError(f"{came} updates came of {UPDATES}")

    await client.updates(10)
    return await timed(once, UPDATES, passes=_FEW)


async def echoed(client: Client) -> None:
    if (heard := await client.echo()) != SAID:
        raise RuntimeError(f"{heard!r} came back of {SAID!r}")


def sequential(call: Callable[[Client], Awaitable[object]]) -> Callable[[Client], Awaitable[Metrics]]:
    async def measured(client: Client) -> Metrics:
        from benchmarks.steady import timed

        await call(client)

        async def one_after_another() -> None:
            for _ in range(CALLS):
                await call(client)

        return await timed(one_after_another, CALLS, passes=_MANY)

    return measured


STEADY: dict[str, Callable[[Client], Awaitable[Metrics]]] = {
    "acp_updates": many_updates,
    "acp_prompt": sequential(lambda client: client.prompt()),
    "acp_request": sequential(lambda client: client.request()),
    "acp_echo": sequential(echoed),
}
