"""Ollama on this machine: whether it runs, and which models it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Ollama is asked with httpx; install it, or this package with its extra 'runtime'", name=missing.name
    ) from missing

from copilot_sdk._model.json_values import is_array, is_object, objects_in, texts_in

Json = Mapping[str, object]
Code = Literal["unreachable", "failed"]

DEFAULT_ENDPOINT = "http://127.0.0.1:11434"
_SECONDS = 5.0


class OllamaFault(Exception):
    """It did not answer, or not as it should; `code` is that of the wire."""

    def __init__(self, code: Code, message: str) -> None:
        self.code: Code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that it has; `tag` and `shown` are what it says of it in lists and alone.

    Attributes:
        name: What it is called.
        tag: Its entry in the list.
        shown: What is said of it alone.
        problem: Why that is not known; None if it is.
    """

    name: str
    tag: Json
    shown: Json = field(default_factory=dict[str, object])
    problem: str | None = None

    @property
    def abilities(self) -> list[str] | None:
        """What it can do; None if that is not known."""
        found = self.shown.get("capabilities")
        return texts_in(found) if is_array(found) else None

    @property
    def architecture(self) -> str | None:
        """What kind of network it is."""
        found = self._about.get("general.architecture")
        return found if isinstance(found, str) else None

    @property
    def context_tokens(self) -> int | None:
        """How many tokens it takes."""
        found = self._about.get(f"{self.architecture}.context_length")
        return found if isinstance(found, int) else None

    @property
    def _about(self) -> Json:
        found = self.shown.get("model_info")
        return found if is_object(found) else {}


def endpoint_of(text: str) -> str:
    """The address of an Ollama, in the form in which two that are equal are the same.

    Raises:
        ValueError: It is none, or not of this machine.
    """
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("endpoint must not include credentials")
    if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or ""):
        raise ValueError("only loopback Ollama endpoints are supported")
    if parts.query or parts.fragment:
        raise ValueError("endpoint must not include a query or fragment")
    if parts.path not in ("", "/"):
        raise ValueError("endpoint must not include a path")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Ollama:
    """Asks the Ollama at an address."""

    def __init__(self, endpoint: str) -> None:
        # The address is one of this machine, where no proxy is between.
        self._http = httpx.AsyncClient(base_url=endpoint, timeout=_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        """Opens its connections."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes its connections."""
        await self._http.__aexit__(kind, error, trace)

    async def version(self) -> str:
        """Which version it is.

        Raises:
            OllamaFault: It does not say.
        """
        found = (await self._ask("GET", "/api/version", "Ollama version")).get("version")
        if not isinstance(found, str):
            raise _invalid("Ollama version", "`version` is no text")
        return found

    async def models(self) -> list[OllamaModel]:
        """The models that can complete a text, or may be able to.

        Raises:
            OllamaFault: It does not say.
        """
        purpose = "Ollama model inventory"
        found = (await self._ask("GET", "/api/tags", purpose)).get("models")
        if not is_array(found) or not all(
            is_object(tag) and isinstance(tag.get("name"), str) for tag in found
        ):
            raise _invalid(purpose, "`models` is no list of models")
        models = [await self._model(tag) for tag in objects_in(found)]
        return [model for model in models if model.abilities is None or "completion" in model.abilities]

    async def _model(self, tag: Json) -> OllamaModel:
        name, purpose = str(tag["name"]), "Ollama model details"
        body = {"model": name, "verbose": False}
        try:
            shown = await self._ask("POST", "/api/show", purpose, body)
            if not shown.keys() & {"capabilities", "model_info"}:
                raise _invalid(purpose, "response contains neither capabilities nor model metadata")
        except OllamaFault as fault:
            return OllamaModel(name, tag, problem=str(fault))
        return OllamaModel(name, tag, shown)

    async def _ask(self, verb: str, path: str, purpose: str, body: Json | None = None) -> Json:
        try:
            response = await self._http.request(verb, path, json=body)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise OllamaFault(
                "unreachable", f"Ollama is unavailable during {purpose}: request failed: {reason}"
            ) from error
        if not response.is_success:
            raise OllamaFault("failed", f"Ollama returned HTTP {response.status_code} for {purpose}")
        try:
            found: object = json.loads(response.content)
        except ValueError as error:
            raise _invalid(purpose, str(error)) from error
        if not is_object(found):
            raise _invalid(purpose, "it is no object")
        return found


def _invalid(purpose: str, problem: str) -> OllamaFault:
    return OllamaFault("failed", f"Ollama returned an invalid response for {purpose}: {problem}")
