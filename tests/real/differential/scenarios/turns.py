"""Turns: what every program does."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.support.model_server import Failure, Reply, ToolCall, Usage

TURNS = Area("Turns")

_NOTICES = known(
    "Why the model is asked again is said in words of its own.", "event session.info /data/message: value"
)


@TURNS.scenario()
async def a_plain_turn(actor: Actor) -> None:
    """A session is created, a prompt answered in pieces, and the session looked at."""
    session = await actor.create()
    await actor.turn(session, "Say hello.", Reply(["Hel", "lo."], usage=Usage(1200, 30, cached_tokens=800)))


@TURNS.scenario()
async def a_turn_with_reasoning(actor: Actor) -> None:
    """The model thinks before it speaks."""
    session = await actor.create()
    await actor.turn(session, "Say hello.", Reply(["Hel", "lo."], reasoning=["A greeting ", "is due."]))


@TURNS.scenario()
async def turns_that_are_not_streamed(actor: Actor) -> None:
    """Two prompts in a session that does not stream."""
    session = await actor.create(streaming=False)
    await actor.turn(session, "Say hello.", Reply("Hello.", reasoning="A greeting."))
    await actor.turn(session, "And again.", Reply("Hello again."))


@TURNS.scenario()
async def an_abort_while_the_model_speaks(actor: Actor) -> None:
    """A turn is ended after the first piece, and another one follows."""
    session = await actor.create()
    start = await actor.send(session, "Talk.", Reply(["One ", "two."], hold=actor.hold(), hold_after=1))
    await actor.event(session, "assistant.message_delta", after=start)
    await actor.call("session.abort", {"sessionId": session, "reason": "user_initiated"})
    await actor.idle(session, after=start)
    await actor.turn(session, "Still there?", Reply("Yes."))


@TURNS.scenario()
async def a_model_that_refuses(actor: Actor) -> None:
    """The model answers with status 400, and to the next prompt with a text."""
    session = await actor.create()
    await actor.turn(session, "Go on.", Failure(400, "The scripted model refuses."))
    await actor.turn(session, "And now?", Reply("Better."))


@TURNS.scenario()
async def a_model_that_is_busy(actor: Actor) -> None:
    """The model answers with status 429 and is asked again."""
    session = await actor.create()
    await actor.turn(
        session, "Go on.", Failure(429, "The scripted model is busy.", {"retry-after": "0"}), Reply("Done.")
    )


@TURNS.scenario(_NOTICES)
async def a_model_that_fails_for_a_moment(actor: Actor) -> None:
    """The model answers with status 500, and is asked again."""
    session = await actor.create()
    await actor.turn(session, "Go on.", Failure(500, "The scripted model stumbles."), Reply("Done."))


_COMPACTED = (
    _NOTICES,
    known(
        "The CLI counts the system message among the messages of such a compaction, and messages of the user "
        "alone among the tokens that it frees.",
        "event session.compaction_complete /data/preCompactionMessagesLength: value",
        "event session.compaction_complete /data/tokensRemoved: value",
        "event session.compaction_complete /data/compactionTokensUsed/*: cli only",
    ),
    known(
        "The CLI measures the context once afterwards, and against nine tenths of its size; the reference runtime "
        "measures it at the end of the compaction and in front of the call, as always.",
        "event session.usage_info: ours only",
        "event session.usage_info /data/isInitial: cli only",
        "event session.usage_info /data/tokenLimit: value",
    ),
)


@TURNS.scenario(*_COMPACTED)
async def a_conversation_that_is_too_long(actor: Actor) -> None:
    """The model answers with status 413; the conversation is compacted, and the model asked again."""
    summary = "<overview>Short.</overview><checkpoint_title>A talk</checkpoint_title>"
    session = await actor.create()
    await actor.turn(session, "Tell.", Reply("Once upon a time. " * 2000))
    await actor.turn(session, "Go on.", Failure(413, "Too large."), Reply(summary), Reply("The end."))


@TURNS.scenario(*_COMPACTED)
async def a_conversation_that_stays_too_long(actor: Actor) -> None:
    """The model turns down what a compaction has left, too, and takes it when it is asked again."""
    summary = "<overview>Short.</overview><checkpoint_title>A talk</checkpoint_title>"
    session = await actor.create()
    await actor.turn(session, "Tell.", Reply("Once upon a time. " * 2000))
    refusal = Failure(413, "Too large.")
    await actor.turn(session, "Go on.", refusal, Reply(summary), refusal, Reply("The end."))


@TURNS.scenario(
    known(
        "Where the CLI has nobody to ask, the reference runtime asks the scripted model that it was "
        "started with.",
        "event session.error: cli only",
        "event user.message: ours only",
        "event system.message: ours only",
        "event session.tools_updated: ours only",
        "event session.usage_info: ours only",
        "event assistant.*: ours only",
    ),
)
async def a_session_without_a_model(actor: Actor) -> None:
    """Nobody is signed in and there is no provider: the turn ends with an error."""
    session = await actor.create(provider=None)
    await actor.turn(session, "Anyone?")


@TURNS.scenario(
    known(
        "The CLI keeps the first part of such an answer in the pieces alone; the reference runtime "
        "tells it in a message too.",
        "event assistant.message: ours only",
    ),
)
async def an_answer_that_was_cut_off(actor: Actor) -> None:
    """The answer reaches the most tokens it may have, and goes on in a second one."""
    session = await actor.create()
    await actor.turn(session, "Tell.", Reply("Once upon", finish_reason="length"), Reply(" a time."))


@TURNS.scenario(
    known(
        "The CLI notes on each attachment the line that the model gets for it.",
        "event user.message /data/attachments/*/taggedFilesEntry: cli only",
    ),
)
async def attachments(actor: Actor) -> None:
    """A file, a folder and a selection go with a prompt."""
    notes = actor.folder / "notes.txt"
    notes.write_text("first line\nsecond line\n")
    chosen = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 10}}
    attached = [
        {"type": "file", "path": str(notes), "displayName": "notes.txt"},
        {"type": "directory", "path": str(actor.folder), "displayName": "project"},
        {
            "type": "selection",
            "filePath": str(notes),
            "displayName": "notes.txt",
            "text": "first line",
            "selection": chosen,
        },
    ]
    session = await actor.create()
    await actor.turn(session, "Read these.", Reply("They are read."), attachments=attached)


@TURNS.scenario()
async def a_call_of_a_tool_that_is_not_there(actor: Actor) -> None:
    """The model calls a tool that nobody has, and one with broken arguments."""
    session = await actor.create()
    await actor.turn(session, "Try.", Reply(tool_calls=[ToolCall("nowhere")]), Reply("There is none."))
