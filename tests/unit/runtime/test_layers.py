"""What the runtime imports, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from copilot_sdk.runtime.__main__ import main

RUNTIME = Path(__file__).parents[3] / "src/copilot_sdk/runtime"


def test_the_core_knows_no_front() -> None:
    core = (path.read_text(encoding="utf-8") for path in (RUNTIME / "core").rglob("*.py"))
    assert not any("copilot_sdk.runtime.copilot" in text for text in core)


def test_an_embedded_runtime_loads_no_http_client() -> None:
    code = "import sys, copilot_sdk.runtime; print(sorted({'httpx', 'websockets'} & set(sys.modules)))"
    environment = {"PYTHONPATH": str(RUNTIME.parents[1])}
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert loaded.stdout == "[]\n"


def test_without_an_http_client_an_endpoint_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.delitem(sys.modules, "copilot_sdk.runtime.core.models.http", raising=False)
    monkeypatch.delitem(sys.modules, "copilot_sdk.runtime.core.models.provider", raising=False)
    monkeypatch.setenv("COPILOT_PROVIDER_BASE_URL", "http://127.0.0.1:1/v1")

    assert main(["--stdio"]) == 2
    assert "error: a model behind an endpoint needs httpx; install it" in capsys.readouterr().err
