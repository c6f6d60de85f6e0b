"""Scripts of a model in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.runtime import (
    Account,
    Call,
    ModelRequest,
    Quota,
    Reply,
    ScriptedAccounts,
    ScriptedModel,
    Usage,
)
from copilot_sdk.runtime.core.models.base import (
    Completed,
    Message,
    ModelEvent,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from copilot_sdk.runtime.core.models.script_file import ScriptFile
from copilot_sdk.runtime.world import world_of
from tests.unit.runtime.harness import Join, Start

SCRIPT = '''
models = ["big", "small"]

[[replies]]
reasoning = "I have to see it first."
text = ["Let me ", "look."]
calls = [{ name = "view", arguments = { path = "a.py" } }, { name = "odd", arguments = "{broken", id = "c" }]

[[replies]]
text = """
It prints
hello."""
finishReason = "length"
delay = 0
usage = { inputTokens = 1200, outputTokens = 30, cacheReadTokens = 1000, aiCredits = 0.5 }

[[replies]]
error = { status = 429, message = "slow down", retryAfter = 1, code = "busy" }

[accounts.gho_octocat]
login = "octocat"
signedIn = true
quotas = { premium_interactions = { entitlement = 300, used = 58 }, chat = {} }

[accounts.gho_mona]
login = "mona"
plan = "business"
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.toml"
    path.write_text(SCRIPT)
    return path


async def _play(model: ScriptedModel, prompt: str = "hi") -> list[ModelEvent]:
    return [event async for event in model.respond(ModelRequest("m", [Message("user", prompt)]))]


async def test_a_script_is_played_in_order_and_then_the_prompt_is_obeyed(script: Path) -> None:
    model = ScriptedModel.from_file(script)
    first = await _play(model)
    assert first[:3] == [ReasoningDelta("I have to see it first."), TextDelta("Let me "), TextDelta("look.")]
    assert first[3:5] == [
        ToolCallDelta("call_1_0", "view", '{"path": "a.py"}'),
        ToolCallDelta("c", "odd", "{broken"),
    ]
    assert isinstance(first[5], Completed)
    assert first[5].tool_calls == (
        ToolCall("call_1_0", "view", '{"path": "a.py"}'),
        ToolCall("c", "odd", "{broken"),
    )
    second = await _play(model)
    assert second[0] == TextDelta("It prints\nhello.")
    usage = Usage(input_tokens=1200, output_tokens=30, cache_read_tokens=1000, ai_credits=0.5)
    assert isinstance(second[1], Completed)
    assert (second[1].finish_reason, second[1].usage) == ("length", usage)
    with pytest.raises(Exception, match="slow down") as failed:
        await _play(model)
    fault = failed.value
    assert vars(fault) | {
        "retry_after": 1,
        "code": "busy",
        "status": 429,
        "error_type": "rate_limit",
    } == vars(fault)
    assert (await _play(model, "!say done"))[0] == TextDelta("done")
    assert [info.id for info in await model.catalogue()] == ["big", "small"]


def test_accounts_of_a_script_can_sign_in(script: Path) -> None:
    accounts = ScriptedAccounts.from_file(script)
    assert accounts is not None
    assert accounts.signed_in == "gho_octocat"
    assert accounts.accounts == {
        "gho_octocat": Account(
            "octocat", quotas={"premium_interactions": Quota(300, used=58), "chat": Quota(None)}
        ),
        "gho_mona": Account("mona", plan="business"),
    }


def test_a_script_without_accounts_has_none(tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text("")
    assert ScriptedAccounts.from_file(path) is None


@pytest.mark.parametrize("shape", ["list", "object"])
async def test_a_script_may_be_json(tmp_path: Path, shape: str) -> None:
    replies = [{"text": ["a", "b"], "finishReason": "stop"}]
    path = tmp_path / "script.json"
    path.write_text(json.dumps(replies if shape == "list" else {"replies": replies}))
    assert (await _play(ScriptedModel.from_file(path)))[:2] == [TextDelta("a"), TextDelta("b")]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.toml", "[[replies]]\ntxt = 'x'", "replies.0.txt: Extra inputs are not permitted"),
        ("s.toml", "[[replies]]\ncalls = [{}]", "replies.0.calls.0.name: Field required"),
        ("s.toml", "[[replies]]\ndelay = -1", "replies.0.delay: Input should be greater than or equal to 0"),
        ("s.toml", "[accounts.x]", "accounts.x.login: Field required"),
        ("s.toml", "models = []", "models: List should have at least 1 item"),
        ("s.toml", "replies =", "Invalid value"),
        ("s.json", "nonsense", "Expecting value"),
        ("s.json", "7", "value: Input should be"),
    ],
)
def test_a_file_that_is_no_script_is_refused_with_the_place(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match="is no script: ") as refused:
        ScriptFile.read(path)
    assert str(refused.value).startswith(f"{path} is no script: ")
    assert told in str(refused.value)


async def test_a_script_comes_before_whatever_else_the_environment_names(script: Path) -> None:
    environment = {
        "COPILOT_PROVIDER_BASE_URL": "http://x",
        "COPILOT_API_URL": "http://y",
        "COPILOT_MODEL": "small",
    }
    for named, given in (
        (script, environment),
        (None, {**environment, "COPILOT_RUNTIME_SCRIPT": str(script)}),
    ):
        world = world_of(given, script=named, token=None, auto_login=True)
        assert isinstance(world.model, ScriptedModel)
        assert world.default_model == "small"
        identity = await world.accounts.current()
        assert identity is not None
        assert identity.login == "octocat"


async def test_what_is_added_is_played_before_the_rest_of_the_script() -> None:
    model = ScriptedModel([Reply("later")])
    model.says("one", Reply("two", calls=[Call("view")]))
    said = [(await _play(model))[0] for _ in range(3)]
    assert said == [TextDelta("one"), TextDelta("two"), TextDelta("later")]


async def test_a_delay_passes_before_each_piece(start: Start, join: Join) -> None:
    client = await join(
        start([Reply(["a", "b"], delay=0.01), Reply(calls=[Call("nope")], delay=0.01), Reply("c")])
    )
    await client.open(streaming=True)
    await client.turn("hi")
    await client.turn("hi")
    assert client.of("assistant.usage")[0]["duration"] >= 20
    assert client.of("assistant.usage")[1]["duration"] >= 10


async def test_a_directive_delays_an_answer(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("!delay 0.02\n!say late")
    await client.turn("!delay soon\n!say now")
    assert [message["content"] for message in client.of("assistant.message")] == ["late", "now"]
    assert client.of("assistant.usage")[0]["duration"] >= 20
