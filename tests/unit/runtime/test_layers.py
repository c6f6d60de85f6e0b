"""What the runtime imports, and what it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from copilot_sdk.runtime.__main__ import main
from copilot_sdk.runtime.copilot.methods import METHODS, MODULES, area_of, router_of

RUNTIME = Path(__file__).parents[3] / "src/copilot_sdk/runtime"


def test_the_core_knows_no_front() -> None:
    fronts = [path.parent.name for path in RUNTIME.glob("*/__init__.py") if path.parent.name != "core"]
    core = [path.read_text(encoding="utf-8") for path in (RUNTIME / "core").rglob("*.py")]
    assert {"copilot", "synaps"} <= set(fronts)
    assert [front for front in fronts for text in core if f"copilot_sdk.runtime.{front}" in text] == []


def test_each_method_is_looked_for_in_the_module_that_serves_it() -> None:
    files = (RUNTIME / "copilot").glob("*.py")
    modules = [path.stem for path in files if "router = Router()" in path.read_text(encoding="utf-8")]
    assert set(MODULES) == set(modules)
    areas = {module: {area_of(method) for method, _ in router_of(module)} for module in modules}
    assert areas == {module: set(named.split()) for module, named in MODULES.items()}
    assert all(method in METHODS for method in METHODS)
    assert "nobody.serves.this" not in METHODS


def loaded_by(program: str) -> list[str]:
    """What a program prints as JSON, in an interpreter of its own."""
    environment = {"PYTHONPATH": str(RUNTIME.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    loaded: list[str] = json.loads(done.stdout)
    return loaded


def test_an_embedded_runtime_loads_no_http_client_and_no_event_and_builds_no_model() -> None:
    program = """
import json, sys
from pydantic import BaseModel
from copilot_sdk.runtime import embedded

def below(kind):
    for child in kind.__subclasses__():
        yield child
        yield from below(child)

def is_built(kind):
    generic = kind.__pydantic_generic_metadata__["parameters"]
    return vars(kind).get("__pydantic_complete__") and not generic

built = [kind.__name__ for kind in below(BaseModel) if is_built(kind)]
events = [name for name in sys.modules if name.startswith("copilot_sdk._generated.copilot.events.")]
print(json.dumps([*sorted({"httpx", "websockets"} & set(sys.modules)), *events, *built]))
"""
    assert loaded_by(program) == []


def test_a_process_greets_its_clients_before_it_loads_pydantic_or_the_core() -> None:
    program = """
import asyncio, json, sys
import copilot_sdk.runtime.__main__
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.transports.memory import memory_pair

async def greet():
    ours, theirs = memory_pair()
    info = {"editorName": "an editor"}
    async with Reception(theirs, token="secret"), Peer(ours, default_timeout=10) as peer:
        assert (await peer.request("connect", {"token": "secret", "clientInfo": info}))["ok"] is True
        assert (await peer.request("ping", {"message": "x"}))["message"] == "pong: x"

asyncio.run(greet())
parts = ("copilot_sdk._generated.copilot.", "copilot_sdk._model.", "copilot_sdk.runtime.core.session")
print(json.dumps([name for name in sys.modules if name in {"pydantic", "httpx"} or name.startswith(parts)]))
"""
    assert set(loaded_by(program)) <= {"copilot_sdk._model.json_values"}


def test_without_an_http_client_an_endpoint_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.delitem(sys.modules, "copilot_sdk.runtime.core.models.http", raising=False)
    monkeypatch.delitem(sys.modules, "copilot_sdk.runtime.core.models.provider", raising=False)
    monkeypatch.setenv("COPILOT_PROVIDER_BASE_URL", "http://127.0.0.1:1/v1")

    assert main(["--stdio"]) == 2
    assert "error: a model behind an endpoint needs httpx; install it" in capsys.readouterr().err
