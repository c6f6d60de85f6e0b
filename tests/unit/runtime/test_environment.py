"""The variables of the environment that name a model."""

from __future__ import annotations

import pytest

from copilot_sdk.runtime.__main__ import main
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.models.environment import model_in, provider_in


def _variables(**named: str) -> dict[str, str]:
    return {f"COPILOT_PROVIDER_{name}": value for name, value in {"BASE_URL": "http://x", **named}.items()}


def test_without_an_address_there_is_no_provider() -> None:
    assert provider_in({}) is None
    assert provider_in(_variables(BASE_URL="", TYPE="bogus")) is None


def test_an_address_alone_is_a_provider_like_openai() -> None:
    assert provider_in(_variables()) == ModelProvider("http://x")


def test_each_variable_says_one_thing_of_the_provider() -> None:
    found = provider_in(
        _variables(
            TYPE="azure",
            WIRE_API="responses",
            TRANSPORT="websockets",
            API_KEY="k",
            BEARER_TOKEN="t",
            API_KEY_COMMAND="echo k",
            AZURE_API_VERSION="1",
            WIRE_MODEL="w",
            MAX_PROMPT_TOKENS="50",
            MAX_OUTPUT_TOKENS="5",
            HEADERS="X-A: 1\nX-B:2\\nX-C: 3:4\n",
        )
    )
    assert found == ModelProvider(
        "http://x",
        type="azure",
        wire_api="responses",
        api_key="k",
        bearer_token="t",
        api_key_command="echo k",
        azure_api_version="1",
        wire_model="w",
        max_prompt_tokens=50,
        max_output_tokens=5,
        websockets=True,
        headers={"X-A": "1", "X-B": "2", "X-C": "3:4"},
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TYPE", "bogus", "expected one of openai, azure, anthropic, got 'bogus'"),
        ("WIRE_API", "bogus", "expected completions or responses, got 'bogus'"),
        ("TRANSPORT", "pigeons", "expected http or websockets, got 'pigeons'"),
        ("HEADERS", "nonsense", "each line is `Name: Value`"),
        ("MAX_OUTPUT_TOKENS", "many", "expected a number of tokens, got 'many'"),
        ("MAX_PROMPT_TOKENS", "0", "expected a number of tokens, got '0'"),
    ],
)
def test_a_value_that_means_nothing_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, told: str
) -> None:
    for variable, given in _variables(**{name: value}).items():
        monkeypatch.setenv(variable, given)
    assert main(["--stdio"]) == 2
    assert capsys.readouterr().err == f"error: COPILOT_PROVIDER_{name}: {told}\n"


def test_a_provider_without_a_model_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COPILOT_PROVIDER_BASE_URL", "http://x")
    assert main(["--stdio"]) == 2
    assert "needs a model: set COPILOT_MODEL or COPILOT_PROVIDER_MODEL_ID" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "model"),
    [
        ({}, None),
        ({"COPILOT_MODEL": "a"}, "a"),
        ({"COPILOT_MODEL": "a", "COPILOT_PROVIDER_MODEL_ID": "b"}, "b"),
    ],
)
def test_the_id_of_the_provider_is_nearer_than_that_of_the_model(
    variables: dict[str, str], model: str | None
) -> None:
    assert model_in(variables) == model
