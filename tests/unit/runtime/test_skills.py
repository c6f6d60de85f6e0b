"""Skills that a client provides."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.providers import Skill, Skills
from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, types

LIST, READ = "skillProvider.list", "skillProvider.read"
GREETING = Skill("greeting", "How to greet people here", "Always say *ahoy*.")
PARTING = Skill("parting", "How to <part>", "Say farewell.")


def using(*names: str) -> list[Reply]:
    return [*(Reply(calls=[Call("skill", {"skill": name})]) for name in names), Reply("done")]


def serving(client: Client, *skills: Skill) -> None:
    client.serve({"skill_provider": Skills(skills)})


async def test_the_model_reads_a_skill_of_the_client(start: Start, join: Join) -> None:
    runtime = start(using("greeting"))
    client = await join(runtime)
    serving(client, GREETING, PARTING)
    await client.open(hasSkillProvider=True)
    assert not client.asked
    events = await client.turn("greet")
    assert client.asked == [
        (LIST, {"sessionId": client.session_id}),
        (READ, {"sessionId": client.session_id, "name": "greeting"}),
    ]
    first, second = asked_of(runtime)
    (tool,) = [tool for tool in first.tools if tool.name == "skill"]
    assert "<name>greeting</name>" in tool.description
    assert "How to &lt;part&gt;" in tool.description
    result, context = second.messages[-2:]
    assert result.text.startswith('Skill "greeting" loaded successfully.')
    assert context.role == "user"
    assert "Always say *ahoy*." in context.text
    seen = types(events)
    assert seen.index("tool.execution_complete") < seen.index("skill.invoked")
    (invoked,) = client.of("skill.invoked")
    assert (invoked["name"], invoked["trigger"], invoked["source"]) == ("greeting", "agent-invoked", "sdk")
    (got,) = (await client.call("session.skills.getInvoked"))["skills"]
    assert (got["name"], got["content"]) == ("greeting", "Always say *ahoy*.")


async def test_skills_are_listed_and_asked_for_once(start: Start, join: Join) -> None:
    client = await join(start([Reply("hi")]))
    serving(client, PARTING, GREETING)
    await client.open(hasSkillProvider=True, disabledSkills=["parting"])
    listed = (await client.call("session.skills.list"))["skills"]
    assert [(skill["name"], skill["source"], skill["enabled"]) for skill in listed] == [
        ("greeting", "sdk", True),
        ("parting", "sdk", False),
    ]
    await client.call("session.skills.ensureLoaded")
    await client.turn("go")
    assert len(client.asked_for(LIST)) == 1
    loaded = client.of("session.skills_loaded")[-1]["skills"]
    assert [skill["name"] for skill in loaded] == ["greeting", "parting"]
    assert await client.call("session.skills.reload") == {"warnings": [], "errors": []}
    assert len(client.asked_for(LIST)) == 2


async def test_options_that_say_nothing_of_skills_leave_them_alone(start: Start, join: Join) -> None:
    client = await join(start())
    serving(client, GREETING)
    await client.open(hasSkillProvider=True)
    for options, times in (({}, 1), ({"enableStreaming": True}, 1), ({"enableSkills": True}, 2)):
        await client.call("session.options.update", **options)
        await client.call("session.skills.list")
        assert len(client.asked_for(LIST)) == times


async def test_a_skill_that_is_disabled_or_not_for_the_model_is_not_found(start: Start, join: Join) -> None:
    runtime = start(using("greeting", "mine", "nobody"))
    client = await join(runtime)
    serving(client, GREETING, PARTING)
    listed = [
        {"name": name, "description": name, "disableModelInvocation": name == "mine"}
        for name in ("greeting", "mine", "parting")
    ]
    client.answers[LIST] = lambda _: {"skills": listed}
    await client.open(hasSkillProvider=True)
    await client.call("session.skills.disable", name="greeting")
    await client.turn("go")
    results = [message.text for message in asked_of(runtime)[-1].messages if message.role == "tool"]
    assert results == [
        f'Skill "{name}" not found. Available skills: parting' for name in ("greeting", "mine", "nobody")
    ]
    assert not client.asked_for(READ)
    await client.call("session.skills.enable", name="greeting")
    names = {skill["name"]: skill["enabled"] for skill in client.of("session.skills_loaded")[-1]["skills"]}
    assert names == {"greeting": True, "mine": True, "parting": True}


def refuse(_: Json) -> Json:
    raise InternalError("it broke")


async def test_a_skill_that_cannot_be_read_is_a_failure_of_the_call(start: Start, join: Join) -> None:
    runtime = start(using("greeting"), provider_seconds=0.5)
    client = await join(runtime)
    serving(client, GREETING)
    client.answers[READ] = refuse
    await client.open(hasSkillProvider=True)
    await client.turn("go")
    (outcome,) = client.of("tool.execution_complete")
    assert (
        outcome["error"]["message"]
        == "Failed to load SDK-provided skill: skill provider read callback failed"
    )
    told = asked_of(runtime)[-1].messages[-1].text
    assert told == 'Failed to load SDK-provided skill "greeting". Its provider may be unavailable.'
    assert not client.of("skill.invoked")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"skills": [{"name": "x y", "description": "d"}]}, "SDK skill provider descriptor name is invalid"),
        ({"skills": [{"name": "x"}]}, "skill provider list response was invalid"),
        (None, "skill provider list response was invalid"),
        (
            {"skills": [{"name": "dup", "description": "1"}, {"name": "dup", "description": "2"}]},
            "SDK skill provider catalog contains duplicate invocation names",
        ),
    ],
)
async def test_a_list_that_makes_no_sense_is_told_when_asked(
    start: Start, join: Join, answer: object, problem: str
) -> None:
    client = await join(start([Reply("hi")]))
    client.answers[LIST] = lambda _: answer
    await client.open(hasSkillProvider=True)
    await client.turn("go")
    assert client.of("assistant.message")[0]["content"] == "hi"
    told = await client.call("session.skills.reload")
    assert told == {"warnings": [], "errors": [f"Failed to load SDK-provided skills: {problem}"]}


async def test_a_client_that_says_nothing_does_not_hold_the_turn(start: Start, join: Join) -> None:
    client = await join(start([Reply("hi")], provider_seconds=0.01))
    client.answers[LIST] = lambda _: asyncio.Event().wait()
    await client.open(hasSkillProvider=True)
    await client.turn("go")
    assert client.of("assistant.message")[0]["content"] == "hi"


async def test_what_a_skill_said_is_known_when_the_session_is_resumed(start: Start, join: Join) -> None:
    runtime = start([*using("greeting"), Reply("Ahoy.")])
    client = await join(runtime)
    serving(client, GREETING)
    await client.open(hasSkillProvider=True)
    await client.turn("greet")
    await client.call("session.destroy")
    await client.call("session.resume")
    await client.turn("again")
    last = asked_of(runtime)[-1]
    assert [message.role for message in last.messages[1:]] == [
        *("user", "assistant", "tool", "user", "assistant", "user")
    ]
    assert "Always say *ahoy*." in last.messages[4].text
    assert "skill" not in [tool.name for tool in last.tools]


async def test_a_client_that_joins_brings_its_skills(start: Start, join: Join) -> None:
    runtime = start([Reply("one"), *using("greeting")])
    one, two = await join(runtime), await join(runtime)
    await one.open()
    await one.turn("first")
    serving(two, GREETING)
    two.session_id = one.session_id
    await two.call("session.resume", hasSkillProvider=True)
    await one.turn("second")
    assert two.asked_for(READ)
    await two.peer.aclose()
    (session,) = runtime.runtime.sessions
    while len(list(session.clients)) > 1:
        await one.call("ping")
    assert (await one.call("session.skills.list"))["skills"] == []
