"""Options of sessions and clients: which there are, and what is said of one that there is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from copilot_sdk import CopilotClient, UsageError, sync
from copilot_sdk._session_callbacks import split
from copilot_sdk._unknown import unknown
from copilot_sdk.options import (
    SessionCallbacks,
    SessionCreateOptions,
    SessionOptions,
    SessionResumeOptions,
)
from copilot_sdk.transports.base import Transport


async def nowhere() -> Transport:
    raise AssertionError("nobody connects")


CONSTRUCTORS: list[Callable[..., object]] = [
    maker
    for face in (CopilotClient, sync.CopilotClient)
    for maker in (
        face,
        lambda face=face, **given: face.over(nowhere, **given),
        lambda face=face, **given: face.connect(4321, **given),
        face.embedded,
    )
]


@pytest.mark.parametrize("make", CONSTRUCTORS)
def test_every_constructor_takes_the_options_of_a_client_and_names_others(
    make: Callable[..., object],
) -> None:
    assert make(start_timeout=5, request_timeout=None, handlers=None, session_fs=None)
    with pytest.raises(UsageError, match="start_timeout has to be above zero seconds, not 0"):
        make(start_timeout=0)
    with pytest.raises(
        UsageError, match=r"CopilotClient has no option 'request_timout' \(did you mean 'request_timeout'"
    ):
        make(request_timout=5)


def test_what_create_and_resume_take_alike_is_what_both_take() -> None:
    both = SessionCreateOptions.__optional_keys__ & SessionResumeOptions.__optional_keys__
    assert both == SessionOptions.__optional_keys__
    assert SessionCallbacks.__optional_keys__ < both


def test_options_are_split_into_callbacks_and_those_of_the_wire() -> None:
    given: dict[str, object] = {
        "on_permission": print,
        "on_user_input": None,
        "tools": [],
        "model": "m",
        "streaming": None,
    }
    assert split(given) == ({"on_permission": print, "tools": []}, {"model": "m", "streaming": None})


@pytest.mark.parametrize("name", sorted(n for n in SessionCallbacks.__optional_keys__ if n[:3] == "on_"))
def test_a_handler_that_is_no_function_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has to be a function, not 'yes'"):
        split({name: "yes"})


def test_unknown_options_are_told_with_what_may_have_been_meant() -> None:
    elsewhere = {"create": {"model"}, "resume": {"again"}}
    assert unknown(["model"], ["model"]) == ""
    assert unknown(["qqq", "modle", "again"], ["model"], elsewhere) == (
        "'again' (resume has it), 'modle' (did you mean 'model'?), 'qqq'"
    )
