"""The model provider that environment variables name, as the Copilot CLI reads them."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk.runtime.core.config import PROVIDER_TYPES, ModelProvider

_PREFIX = "COPILOT_PROVIDER_"


def provider_in(environment: Mapping[str, str]) -> ModelProvider | None:
    """The provider that `COPILOT_PROVIDER_BASE_URL` and its companions describe; None without an address.

    Raises:
        ValueError: A variable has a value that means nothing.
    """

    def value(name: str) -> str | None:
        return environment.get(_PREFIX + name) or None

    base_url = value("BASE_URL")
    if base_url is None:
        return None
    kind, wire_api, transport = value("TYPE") or "openai", value("WIRE_API"), value("TRANSPORT")
    if kind not in PROVIDER_TYPES:
        raise ValueError(f"{_PREFIX}TYPE: expected one of {', '.join(PROVIDER_TYPES)}, got {kind!r}")
    if wire_api not in (None, "completions", "responses"):
        raise ValueError(f"{_PREFIX}WIRE_API: expected completions or responses, got {wire_api!r}")
    if transport not in (None, "http", "websockets"):
        raise ValueError(f"{_PREFIX}TRANSPORT: expected http or websockets, got {transport!r}")
    return ModelProvider(
        base_url=base_url,
        type=PROVIDER_TYPES[kind],
        wire_api="responses" if wire_api == "responses" else "completions",
        api_key=value("API_KEY"),
        bearer_token=value("BEARER_TOKEN"),
        api_key_command=value("API_KEY_COMMAND"),
        headers=_headers(value("HEADERS") or ""),
        azure_api_version=value("AZURE_API_VERSION"),
        wire_model=value("WIRE_MODEL"),
        max_prompt_tokens=_tokens(environment, "MAX_PROMPT_TOKENS"),
        max_output_tokens=_tokens(environment, "MAX_OUTPUT_TOKENS"),
        websockets=transport == "websockets",
    )


def model_in(environment: Mapping[str, str]) -> str | None:
    """The id of the model that the environment names."""
    return environment.get(_PREFIX + "MODEL_ID") or environment.get("COPILOT_MODEL") or None


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    # Shells keep a "\n" in double quotes as it is.
    for line in text.replace("\\n", "\n").splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip():
            raise ValueError(f"{_PREFIX}HEADERS: each line is `Name: Value`")
        headers[name.strip()] = value.strip()
    return headers


def _tokens(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(_PREFIX + name)
    if not text:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{_PREFIX}{name}: expected a number of tokens, got {text!r}")
    return int(text)
