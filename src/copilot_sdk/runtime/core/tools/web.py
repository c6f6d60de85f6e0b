"""The tool for the web: web_fetch."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    ToolContext,
    ToolError,
    ToolResult,
    number,
    number_argument,
    schema,
    text,
    text_argument,
)

_CHARACTERS = 20_000
_BYTES = 5_000_000
_SECONDS = 30.0


class WebFetch:
    """Fetches what is at an address."""

    name = "web_fetch"
    description = "Fetch the text at an http or https address. Long texts come in parts; see `start_index`."
    parameters = schema(
        ["url"],
        url=text("The address."),
        max_length=number("How many characters to show at most."),
        start_index=number("The character to begin with, for the parts after the first."),
    )

    def asks(self, _context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to fetch."""
        return asks.to_fetch(_address(arguments))

    async def run(self, _context: ToolContext, arguments: Arguments) -> ToolResult:
        """Fetches."""
        url = _address(arguments)
        start = int(number_argument(arguments, "start_index", 0))
        end = start + int(number_argument(arguments, "max_length", _CHARACTERS))
        content = await _fetch(url)
        more = f"\n<the text goes on; its next part has start_index {end}>" if len(content) > end else ""
        return ToolResult(f"{content[start:end]}{more}")


def _address(arguments: Arguments) -> str:
    url = text_argument(arguments, "url")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ToolError(f"'{url}' is no http or https address.")
    return url


async def _fetch(url: str) -> str:
    try:
        import httpx
    except ImportError as error:
        raise ToolError("Fetching needs httpx, which is not installed here.") from error
    # A redirect leads to an address that nobody has been asked about.
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
        try:
            async with client.stream("GET", url) as response:
                if response.is_redirect:
                    raise ToolError(f"{url} leads on to {response.headers.get('location')}; fetch that.")
                if response.is_error:
                    raise ToolError(f"{url} answered with status {response.status_code}.")
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _BYTES:
                        raise ToolError(f"{url} holds more than {_BYTES} bytes.")
                return body.decode(response.encoding or "utf-8", "replace")
        except httpx.HTTPError as error:
            raise ToolError(f"{url} cannot be fetched: {str(error) or type(error).__name__}") from error
