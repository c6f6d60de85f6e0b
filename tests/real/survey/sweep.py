"""Calls every method that no chapter of the survey has called, with arguments that make sense or are the least."""

from __future__ import annotations

from pathlib import Path

from codegen.ir import ObjectDef
from tests.real.support.rawrpc import Json
from tests.real.survey.arguments import with_arguments
from tests.real.survey.chapters import CHAPTERS, well_equipped
from tests.real.survey.play import Survey
from tests.real.survey.questions import QUESTIONS
from tests.support.surface import METHODS, PROTOCOL, SAMPLER


async def play_survey(folder: Path) -> Survey:
    """Calls every method at least once."""
    survey = Survey(folder)
    await survey.play(*CHAPTERS, *QUESTIONS)
    await sweep(survey)
    return survey


async def sweep(survey: Survey) -> None:
    """Calls all that was not called yet; a CLI that ends meanwhile is followed by another."""
    while missing := survey.missing:
        async with survey.act() as act:
            session = await well_equipped(act)
            given = with_arguments(str(act.stage.folder), session.id)
            for place, method in enumerate(sorted(missing, key=[*given, *missing].index)):
                params = given[method] if method in given else minimal(method, session.id)
                await act.call(method, session, **params)
                if act.is_over:
                    if place > 0:  # perhaps not its fault: it is the first one that the next CLI is asked
                        del survey.outcomes[method]
                    break


def minimal(method: str, session_id: str) -> Json:
    """The least that a method asks for; where it asks for a session it gets this one."""
    reference = METHODS[method].params
    if reference is None:
        return {}
    sample = SAMPLER.params(METHODS[method])[0].value
    assert isinstance(sample, dict)
    definition = PROTOCOL.types[reference.name]
    wanted = {param.wire for param in definition.fields} if isinstance(definition, ObjectDef) else set()
    sessions = {"sessionId", "policySessionId"} & wanted
    return {**sample, **dict.fromkeys(sessions, session_id)}
