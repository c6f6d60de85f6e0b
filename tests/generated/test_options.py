"""What creating and resuming a session take beside callbacks is what their methods take on the wire."""

from __future__ import annotations

import pytest

from copilot_sdk._generated.copilot.methods.server_session import SESSION_CREATE, SESSION_RESUME
from copilot_sdk._rpc.method import Method
from copilot_sdk._session_callbacks import SessionCallbacks
from copilot_sdk.options import SessionCreateOptions, SessionResumeOptions

# What a session is told of, instead of taking it as an option.
ANNOUNCED = {
    "request_permission",
    "request_user_input",
    "request_elicitation",
    "request_exit_plan_mode",
    "request_auto_mode_switch",
}
CASES = [
    (SESSION_CREATE, SessionCreateOptions.__optional_keys__),
    (SESSION_RESUME, SessionResumeOptions.__optional_keys__ | {"session_id"}),
]


@pytest.mark.parametrize(("method", "options"), CASES)
def test_every_param_of_the_wire_is_an_option_or_announced(
    method: Method[object], options: frozenset[str]
) -> None:
    assert method.params is not None
    params = set(method.params().model_fields)
    assert (
        params == (options - SessionCallbacks.__optional_keys__ | {"tools", "commands", "hooks"}) | ANNOUNCED
    )
