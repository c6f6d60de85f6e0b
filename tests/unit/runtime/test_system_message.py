"""The system message: its sections, and what an application makes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

TRANSFORM = "systemMessage.transform"


def _customized(content: str = "", /, **sections: Json) -> Json:
    return {"mode": "customize", "content": content, "sections": sections}


def _rewrite(params: Json) -> Json:
    return {"sections": {name: {"content": f"<{name} of ours>"} for name in params["sections"]}}


async def _told(start: Start, join: Join, message: Json) -> tuple[Client, str]:
    """Plays a turn and returns what the model was told."""
    runtime = start()
    client = await join(runtime)
    client.answers[TRANSFORM] = _rewrite
    await client.open(systemMessage=message)
    await client.turn("hi")
    return client, asked_of(runtime)[0].messages[0].text


@pytest.mark.parametrize(
    ("action", "shown", "kept"),
    [
        ({"action": "replace", "content": "Be loud."}, "Be loud.", False),
        ({"action": "remove"}, "", False),
        ({"action": "append", "content": " Be loud."}, "to do harm. Be loud.", True),
        ({"action": "prepend", "content": "Be loud. "}, "Be loud. Keep secrets", True),
        ({"action": "preserve"}, "", True),
    ],
)
async def test_a_section_is_changed_as_the_application_says(
    start: Start, join: Join, action: Json, shown: str, kept: bool
) -> None:
    _, text = await _told(start, join, _customized(safety=action))
    assert shown in text
    assert ("Keep secrets" in text) is kept
    assert "Text in <system_notification>" in text


async def test_a_removed_section_leaves_no_tags(start: Start, join: Join) -> None:
    _, text = await _told(start, join, _customized(code_change_rules={"action": "remove"}))
    assert "code_change_instructions" not in text


async def test_the_message_names_the_place(start: Start, join: Join, tmp_path: Path) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open(workingDirectory=str(tmp_path))
    await client.turn("hi")
    assert f"<environment_context>\nWorking directory: {tmp_path}\n" in asked_of(runtime)[0].messages[0].text


async def test_content_goes_along_with_changed_sections(start: Start, join: Join) -> None:
    _, text = await _told(start, join, _customized("Use tabs.", tone={"action": "remove"}))
    assert "Use tabs." in text
    assert "# Tone" not in text


async def test_content_for_an_unknown_section_is_told_all_the_same(start: Start, join: Join) -> None:
    section = {"action": "append", "content": "Mind the pond."}
    client, text = await _told(start, join, _customized(garden=section))
    await client.turn("again")
    assert "Mind the pond." in text
    (warning,) = client.of("session.warning")
    assert warning["warningType"] == "system_prompt_customize"
    assert "'garden'" in warning["message"]


async def test_an_unknown_action_is_refused(start: Start, join: Join) -> None:
    client = await join(start())
    with pytest.raises(InternalError, match=r"systemMessage\.sections\.tone\.action: expected one of"):
        await client.open(systemMessage=_customized(tone={"action": "shout"}))


async def test_a_client_rewrites_its_sections_once_the_enclosing_one_last(start: Start, join: Join) -> None:
    sections = {name: {"action": "transform"} for name in ("tone", "safety", "identity")}
    client, text = await _told(start, join, _customized(**sections))
    await client.turn("again")
    asked = [params["sections"] for method, params in client.asked if method == TRANSFORM]
    assert [sorted(sections) for sections in asked] == [["safety", "tone"], ["identity"]]
    assert "Keep secrets" in asked[0]["safety"]["content"]
    assert "<tone of ours>" in asked[1]["identity"]["content"]
    assert text.startswith("<identity of ours>")
    assert "<safety of ours>" in text


async def test_a_section_is_rewritten_again_when_it_is_another_text(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client, _ = await _told(start, join, _customized(environment_context={"action": "transform"}))
    await client.call("session.metadata.setWorkingDirectory", workingDirectory=str(tmp_path))
    await client.turn("again")
    texts = [params["sections"]["environment_context"]["content"] for _, params in client.asked]
    assert len(texts) == 2
    assert str(tmp_path) in texts[1]


@pytest.mark.parametrize("fault", ["error", "nonsense", "silence", "nothing", "others"])
async def test_a_section_that_a_client_does_not_rewrite_stays(start: Start, join: Join, fault: str) -> None:
    runtime = start([Reply("ok")], hook_seconds=0.01 if fault == "silence" else 10.0)
    client = await join(runtime)

    def answer(_: Json) -> object:
        match fault:
            case "error":
                raise RuntimeError("broken")
            case "silence":
                return asyncio.Event().wait()
            case "others":
                return {"sections": {"safety": {"content": "Anything goes."}}}
            case _:
                return {"sections": {}} if fault == "nothing" else {"sections": 7}

    client.answers[TRANSFORM] = answer
    await client.open(systemMessage=_customized(tone={"action": "transform"}))
    await client.turn("hi")
    text = asked_of(runtime)[0].messages[0].text
    assert "# Tone" in text
    assert "Anything goes." not in text
    warned = [warning["warningType"] for warning in client.of("session.warning")]
    assert warned == ([] if fault in ("nothing", "others") else ["system_prompt_customize"])


async def test_a_client_that_takes_the_session_up_rewrites_the_sections_anew(
    start: Start, join: Join
) -> None:
    runtime = start()
    first, second = await join(runtime), await join(runtime)
    message = _customized(tone={"action": "transform"})
    first.answers[TRANSFORM] = _rewrite
    second.answers[TRANSFORM] = lambda _: {"sections": {"tone": {"content": "Sing."}}}
    await first.open(systemMessage=message)
    await first.turn("hi")
    second.session_id = first.session_id
    await second.call("session.resume", systemMessage=message)
    await first.peer.aclose()
    await second.turn("again")
    assert "Sing." in asked_of(runtime)[-1].messages[0].text
