"""Results of MCP servers, given back as results of tools."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import AnyUrl, BaseModel, Field

from copilot_sdk import ToolResult, UsageError

DATA = "AAEC"
BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Two files."},
    {"type": "image", "data": DATA, "mimeType": "image/png"},
    {"type": "audio", "data": DATA, "mimeType": "audio/wav"},
    {"type": "resource_link", "name": "notes", "uri": "file:///notes.txt"},
    {"type": "resource", "resource": {"uri": "file:///a.txt", "mimeType": "text/plain", "text": "inside"}},
    {"type": "resource", "resource": {"uri": "file:///a.zip", "mimeType": "application/zip", "blob": DATA}},
    {"type": "resource", "resource": {"uri": "file:///a.gif", "mimeType": "image/gif", "blob": DATA}},
    {"type": "resource", "resource": {"blob": DATA}},
    {"type": "hologram", "depth": 3},
]


def test_the_model_reads_and_sees_what_it_can_and_clients_are_shown_everything() -> None:
    assert ToolResult.from_mcp({"content": BLOCKS, "isError": False}).to_wire() == {
        "textResultForLlm": "Two files.\ninside",
        "resultType": "success",
        "binaryResultsForLlm": [
            {"type": "image", "data": DATA, "mimeType": "image/png"},
            {"type": "resource", "data": DATA, "mimeType": "application/zip", "description": "file:///a.zip"},
            {"type": "image", "data": DATA, "mimeType": "image/gif", "description": "file:///a.gif"},
            {"type": "resource", "data": DATA, "mimeType": "application/octet-stream"},
        ],
        "contents": BLOCKS,
    }


def test_an_error_is_a_failure() -> None:
    result = ToolResult.from_mcp({"content": [{"type": "text", "text": "no such file"}], "isError": True})
    assert (result.text, result.result_type) == ("no such file", "failure")


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ([], '{"total": 3}'),
        (["Found some."], 'Found some.\n{"total": 3}'),
        (['{ "total": 3 }'], '{ "total": 3 }'),
        (["{"], '{\n{"total": 3}'),
    ],
)
def test_structured_content_is_read_once(texts: list[str], read: str) -> None:
    content = [{"type": "text", "text": text} for text in texts]
    assert ToolResult.from_mcp({"content": content, "structuredContent": {"total": 3}}).text == read


class Link(BaseModel):
    type: Literal["resource_link"] = "resource_link"
    uri: AnyUrl
    mime_type: str | None = Field(None, alias="mimeType")


class CallToolResult(BaseModel):
    """As the models of the package `mcp` are."""

    meta: dict[str, Any] | None = Field(None, alias="_meta")
    content: list[Link]
    structured_content: dict[str, Any] | None = Field(None, alias="structuredContent")
    is_error: bool = Field(False, alias="isError")


def test_models_do_as_well_as_mappings() -> None:
    link = {"type": "resource_link", "uri": "https://example.com/"}
    given = {"content": [link], "structuredContent": {"a": 1}, "isError": True}
    result = ToolResult.from_mcp(CallToolResult.model_validate(given))
    assert result.to_wire() == {
        "textResultForLlm": '{"a": 1}',
        "resultType": "failure",
        "contents": [link],
    }
    assert ToolResult.from_mcp({"content": [Link.model_validate(link)]}).contents == result.contents


@pytest.mark.parametrize("given", [None, "text", 5, {}, {"content": "text"}, {"content": ["text"]}])
def test_what_is_no_result_of_mcp_is_refused(given: object) -> None:
    with pytest.raises(UsageError, match="CallToolResult"):
        ToolResult.from_mcp(given)
