"""Wire names to Python names, in one place.

`session.tasks.promoteToBackground` is the method `promote_to_background` of `TasksAPI` in `session_tasks.py`; the
wire type `McpOauthLoginRequest` is the class `MCPOAuthLoginRequest`.
"""

from __future__ import annotations

import keyword
import re
from functools import cache

_WORDS = {
    "Acp": "ACP",
    "Api": "API",
    "Cli": "CLI",
    "Fs": "FS",
    "Hmac": "HMAC",
    "Http": "HTTP",
    "Https": "HTTPS",
    "Json": "JSON",
    "Llm": "LLM",
    "Lsp": "LSP",
    "Mcp": "MCP",
    "Oauth": "OAuth",
    "Rpc": "RPC",
    "Sse": "SSE",
    "Ui": "UI",
    "Uri": "URI",
    "Url": "URL",
    "Urls": "URLs",
}
_JOINED = {"git_hub": "github", "o_auth": "oauth", "web_socket": "websocket", "sub_agent": "subagent"}

# Attributes that a pydantic model already has; a field of that name gets a trailing underscore.
_MODEL_ATTRIBUTES = frozenset(
    {
        "construct", "copy", "fields", "from_orm", "json", "misfits", "parse_file", "parse_obj", "parse_raw", "raw",
        "schema", "schema_json", "to_wire", "update_forward_refs", "validate",
        *(
            f"model_{name}"
            for name in (
                "computed_fields", "config", "construct", "copy", "dump", "dump_json", "extra", "fields", "fields_set",
                "json_schema", "parametrized_name", "post_init", "rebuild", "validate", "validate_json",
                "validate_strings",
            )
        ),
    }
)  # fmt: skip
# Built-in types that annotations use: a field of that name would hide them from the fields below it.
_ANNOTATIONS = frozenset({"bool", "dict", "float", "int", "list", "str"})


@cache
def class_name(wire: str) -> str:
    """Python class for a wire type: acronyms upper case, everything else as the schema spells it."""
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", wire) if part)
    return re.sub(r"[A-Z][a-z]+(?![a-z])", lambda match: _WORDS.get(match[0], match[0]), name)


def event_class(wire: str) -> str:
    """Python class for an event type: `assistant.message_delta` is `AssistantMessageDelta`."""
    return class_name(wire)


@cache
def snake(wire: str) -> str:
    """Lower case with underscores: `promoteToBackground` is `promote_to_background`."""
    text = re.sub(r"[^0-9A-Za-z]+", "_", wire).strip("_")
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower()
    for apart, together in _JOINED.items():
        text = re.sub(rf"(?<![a-z]){apart}(?![a-z])", together, text)
    return text


def identifier(wire: str) -> str:
    """A snake-case name that can stand in code."""
    text = snake(wire)
    if not text:
        return "empty"
    if text[0].isdigit():
        text = f"n{text}"
    return f"{text}_" if keyword.iskeyword(text) else text


def field_name(wire: str) -> str:
    """Python attribute for a wire member."""
    name = identifier(wire)
    return f"{name}_" if name in _MODEL_ATTRIBUTES or name in _ANNOTATIONS else name


def constant(value: str) -> str:
    """Upper-case constant for an enum value: `read-only` is `READ_ONLY`."""
    name = identifier(value).upper()
    return name if name != "EMPTY" or value == "empty" else "EMPTY_STRING"


def to_camel(name: str) -> str:
    """What pydantic's alias generator makes of a snake-case name."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


_SECRET = re.compile(
    r"(token|secret|api_?key|password|hmac|headers(json)?|authorization)$|^(env|secrets)$", re.IGNORECASE
)


def is_secret(wire: str, owner: str) -> bool:
    """True for a member whose value may be a credential and must not show in a repr.

    Args:
        wire: Its name on the wire.
        owner: The name of the type that it is a member of.
    """
    return _SECRET.search(wire) is not None or ("Secret" in owner and wire in {"value", "values"})
