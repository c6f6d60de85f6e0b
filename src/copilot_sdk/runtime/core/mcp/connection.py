"""A connection to an MCP server. Loading this module loads the `mcp` package, which takes its time."""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import httpx2
from mcp import types
from mcp.client.client import Client
from mcp.client.session import ClientRequestContext
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from copilot_sdk._generated.copilot.types import MCPListChangedData
from copilot_sdk._model.json_values import is_object
from copilot_sdk._version import __version__
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.credentials import (
    CredentialRequests,
    Credentials,
    Refusal,
    challenge_of,
)
from copilot_sdk.runtime.core.mcp.faults import ConnectFault, ConnectionLost, NeedsAuth, ServerError
from copilot_sdk.runtime.core.mcp.process import ServerProcess
from copilot_sdk.runtime.core.mcp.roots import without_roots
from copilot_sdk.runtime.core.mcp.sampling import Refused
from copilot_sdk.runtime.core.mcp.spec import EnvMode, ServerSpec
from copilot_sdk.runtime.core.mcp.trail import Trail
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.shells import environment

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

    from copilot_sdk.runtime.core.session import Session

Json = dict[str, object]

_logger = logging.getLogger("copilot_sdk.runtime")

_CLIENT = types.Implementation(name="copilot-sdk-runtime", version=__version__)
_REFUSED = -1
_LISTS: Mapping[type, str] = {
    types.ToolListChangedNotification: "mcp.tools.list_changed",
    types.ResourceListChangedNotification: "mcp.resources.list_changed",
    types.PromptListChangedNotification: "mcp.prompts.list_changed",
}
_MOST_PAGES = 100
_END_SECONDS = 10.0
_UNAUTHORIZED = 401


class Connection:
    """One connection, from `open` to `close`.

    Attributes:
        spec: The server.
        tools: Its tools, as it describes them.
        stale: Whether it said that they are others by now.
    """

    def __init__(
        self,
        session: Session,
        spec: ServerSpec,
        requests: CredentialRequests,
        env_mode: EnvMode,
        trail: Trail,
    ) -> None:
        self.spec = spec
        self.tools: list[Json] = []
        self.stale = False
        self._session = session
        self._env_mode: EnvMode = env_mode
        self._trail = trail
        self._credentials = Credentials(session, spec, requests)
        self._process: ServerProcess | None = None
        self._client: Client | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def title(self) -> str | None:
        """What the server calls itself, for people."""
        info = None if self._client is None else self._client.server_info
        return None if info is None else info.title

    @property
    def instructions(self) -> str | None:
        """What the server says about its use."""
        return None if self._client is None else self._client.instructions

    async def open(self) -> None:
        """Connects to the server and reads its tools.

        Raises:
            ConnectFault: It could not be reached, or not in time.
            NeedsAuth: It wants credentials that nobody has given.
        """
        seconds = self.spec.timeout or self._session.limits.mcp_seconds
        self._trail.lifecycle("info", f"starting {self.spec.transport} MCP connection")
        self._task = self._session.scope.start(self._run(), name=f"MCP server {self.spec.name}")
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({self._opened})
            self._opened.result()
            self._trail.lifecycle("info", f"{self.spec.transport} MCP connection initialized")
        except TimeoutError as error:
            self._note_failure()
            await self.close()
            raise ConnectFault(f"MCP request timed out after {seconds * 1_000:.0f} ms") from error
        except BaseException:
            self._note_failure()
            await self.close()
            raise

    def _note_failure(self) -> None:
        self._trail.lifecycle("error", f'MCP connection failed for "{self.spec.name}"')

    async def close(self) -> None:
        """Ends the connection, and the process of the server with all that it started."""
        if self._client is not None:
            self._trail.lifecycle("info", "MCP connection stopped")
        self._closing.set()
        task = self._task
        if task is None:
            return
        if self._opened.done():
            await asyncio.wait({task}, timeout=_END_SECONDS)
        await end_all({task})

    async def _run(self) -> None:
        try:
            async with Client(
                without_roots(self._trail.follow(self._streams())),
                client_info=_CLIENT,
                cache=None,
                sampling_callback=self._sample,
                elicitation_callback=self._elicit if self._session.user_input.can_show_forms else None,
                message_handler=self._hear,
            ) as client:
                self._client = client
                await self.reload()
                self._opened.set_result(None)
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001 - whatever a server does wrong, the session lives on
            reason = _first(error)
            if self._opened.done():
                _logger.debug("MCP server %s: the end was not clean: %r", self.spec.name, reason)
            else:
                self._fail(self._fault(reason))
        finally:
            self._client = None
            if not self._opened.done():
                self._fail(ConnectFault("The connection was closed before it was open"))

    def _fail(self, fault: RuntimeFault) -> None:
        self._opened.set_exception(fault)
        # Whoever wanted the connection may have gone, and asyncio complains of what nobody has looked at.
        self._opened.exception()

    @asynccontextmanager
    async def _streams(self) -> AsyncGenerator[TransportStreams, None]:
        spec, auth = self.spec, _Auth(self._credentials)
        if spec.transport == "sse":
            async with sse_client(spec.url, headers=dict(spec.headers), auth=auth) as streams:
                yield streams
        elif spec.transport == "http":
            async with create_mcp_http_client(headers=dict(spec.headers), auth=auth) as http:
                async with streamable_http_client(spec.url, http_client=http) as streams:
                    yield streams
        else:
            variables = {**environment(), **spec.variables(self._env_mode)}
            if shutil.which(spec.command, path=variables.get("PATH")) is None:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
            with ServerProcess(self._trail.stderr) as self._process:
                command, *arguments = self._process.command(spec.command, *spec.arguments)
                parameters = StdioServerParameters(
                    command=command,
                    args=arguments,
                    env=variables,
                    cwd=spec.working_directory(self._session.config.working_directory),
                    encoding_error_handler="replace",
                )
                async with stdio_client(parameters, errlog=self._process.errors) as streams:
                    yield streams

    def _fault(self, error: BaseException) -> RuntimeFault:
        if self._credentials.refused:
            return NeedsAuth()
        if isinstance(error, OSError) and error.strerror and not self.spec.is_remote:
            code = f"{error.strerror} (os error {error.errno})"
            return ConnectFault(f"failed to spawn MCP server process: {code}")
        if _is_closed(error) and self._process is not None:
            words = self._process.last_words
            text = "MCP server process exited before completing the MCP initialize handshake"
            self._trail.lifecycle("error", text)
            return ConnectFault(f"{text}; last stderr: {words}" if words else text)
        return ConnectFault(f"failed to initialize MCP client: {str(error) or type(error).__name__}")

    async def reload(self) -> None:
        """Reads the tools of the server again."""
        self.stale = False
        found: list[Json] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._connected().list_tools(cursor=cursor)
            found += [_json(tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                break
        self.tools = found

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        meta: Mapping[str, object] | None = None,
        progress: ProgressFnT | None = None,
    ) -> Json:
        """Calls a tool.

        Args:
            tool: The name that the server gave it.
            arguments: Its arguments.
            meta: The `_meta` of the request.
            progress: Is told how far the call has come.

        Returns:
            The `CallToolResult` of the protocol.

        Raises:
            RuntimeFault: There is no result.
        """
        limits = self._session.limits

        return await self._ask(
            lambda client: client.call_tool(
                tool,
                dict(arguments),
                read_timeout_seconds=self.spec.timeout or limits.answer_seconds,
                progress_callback=progress,
                meta=cast("types.RequestParamsMeta | None", meta),
            ),
            seconds=limits.answer_seconds,
        )

    async def resources(self, cursor: str | None) -> Json:
        """One page of its resources."""
        return await self._ask(lambda client: client.list_resources(cursor=cursor))

    async def resource_templates(self, cursor: str | None) -> Json:
        """One page of its resource templates."""
        return await self._ask(lambda client: client.list_resource_templates(cursor=cursor))

    async def read_resource(self, uri: str) -> Json:
        """What stands at one of its addresses."""
        return await self._ask(lambda client: client.read_resource(uri))

    async def prompts(self, cursor: str | None) -> Json:
        """One page of its prompts."""
        return await self._ask(lambda client: client.list_prompts(cursor=cursor))

    async def prompt(self, name: str, arguments: dict[str, str]) -> Json:
        """The messages of one of its prompts."""
        return await self._ask(lambda client: client.get_prompt(name, arguments))

    async def _ask(
        self, request: Callable[[Client], Awaitable[BaseModel]], *, seconds: float | None = None
    ) -> Json:
        limit = self.spec.timeout or seconds or self._session.limits.mcp_seconds
        try:
            async with asyncio.timeout(limit):
                return _json(await request(self._connected()))
        except TimeoutError as error:
            raise ServerError(f"MCP request timed out after {limit * 1_000:.0f} ms") from error
        except MCPError as error:
            if _is_closed(error):
                raise ConnectionLost(
                    "MCP request failed: MCP transport closed before the tool responded"
                ) from error
            if self._credentials.refused:
                raise NeedsAuth from error
            raise ServerError(f"MCP error {error.error.code}: {error.error.message}") from error

    def _connected(self) -> Client:
        if self._client is None:
            raise ConnectionLost("MCP request failed: Transport closed")
        return self._client

    async def _hear(self, message: object) -> None:
        event = _LISTS.get(type(message))
        if event is not None:
            self.stale = self.stale or isinstance(message, types.ToolListChangedNotification)
            self._session.emit(MCPListChangedData(server_name=self.spec.name), kind=event, ephemeral=True)

    async def _elicit(
        self,
        context: ClientRequestContext,  # noqa: ARG002 - the package passes it by this name
        params: types.ElicitRequestParams,
    ) -> types.ElicitResult | types.ErrorData:
        asked = _json(params)
        schema = asked.get("requestedSchema")
        decision = await self._session.user_input.fill_in(
            params.message,
            schema if is_object(schema) else None,
            source=self.spec.name,
            url=asked.get("url"),
        )
        return types.ElicitResult.model_validate(dict(decision))

    async def _sample(
        self, context: ClientRequestContext, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.ErrorData:
        try:
            result = await self._session.mcp.sampling.request(
                self.spec.name, context.request_id, _json(params)
            )
        except Refused as refusal:
            return types.ErrorData(code=_REFUSED, message=str(refusal))
        return types.CreateMessageResult.model_validate(result)


class _Auth(httpx2.Auth):
    """Adds the credentials of a server to its requests, and has them renewed when it refuses them."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Sends a request, and once more with other credentials if it is refused."""
        request.headers.update(await self._credentials.current())
        response = yield request
        if response.status_code != _UNAUTHORIZED:
            return
        challenge = challenge_of(response.headers.get("WWW-Authenticate", ""))
        body = (await response.aread()).decode(errors="replace")
        metadata = await _text_at(challenge.get("resourceMetadataUrl"))
        if await self._credentials.renewed(Refusal(dict(response.headers), body, challenge, metadata)):
            request.headers.update(await self._credentials.current())
            response = yield request
            self._credentials.settle(accepted=response.status_code != _UNAUTHORIZED)


async def _text_at(url: str | None) -> str | None:
    """What stands at an address; None if nothing can be had there."""
    if url is None:
        return None
    try:
        async with create_mcp_http_client() as http:
            found = await http.get(url)
    except httpx2.HTTPError:
        return None
    return found.text if found.is_success else None


def _json(model: BaseModel) -> Json:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _first(error: BaseException) -> BaseException:
    """The first of the errors that a task group hands up together."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    return _first(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, MCPError) and error.error.code == types.CONNECTION_CLOSED
