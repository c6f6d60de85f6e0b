"""Fixtures for pytest: a scripted model, and a client of the reference runtime in front of it.

pytest finds them by itself where this package is installed.

    @pytest.mark.copilot_script("It prints hello.")
    async def test_the_program_asks(copilot_client: CopilotClient, scripted_model: ScriptedModel) -> None:
        async with copilot_client as client: ...
        assert scripted_model.requests[0].prompt == "What does a.py print?"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "copilot_sdk.testing is a plugin of pytest; install it", name=missing.name
    ) from missing

if TYPE_CHECKING:
    from copilot_sdk import CopilotClient
    from copilot_sdk.runtime import ScriptedModel

__all__ = ["copilot_client", "scripted_model"]

_MARKER = "copilot_script"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*replies, file=None): what the fixture `scripted_model` answers: texts or `Reply` objects, or a "
        "script file beside the test",
    )


@pytest.fixture
def scripted_model(request: pytest.FixtureRequest) -> ScriptedModel:
    """A model that plays the script of the marker `copilot_script`.

    Without the marker it obeys the directives in the prompt. `scripted_model.says(...)` adds answers,
    `scripted_model.requests` has what it was asked.
    """
    from copilot_sdk.runtime import Reply, ScriptedModel

    marker = request.node.get_closest_marker(_MARKER)
    if marker is None:
        return ScriptedModel()
    if (file := marker.kwargs.get("file")) is not None:
        return ScriptedModel.from_file(request.path.parent / file)
    return ScriptedModel([Reply(reply) if isinstance(reply, str) else reply for reply in marker.args])


@pytest.fixture
def copilot_client(scripted_model: ScriptedModel) -> CopilotClient:
    """A client of the reference runtime in front of `scripted_model`; start it with `async with`."""
    from copilot_sdk import CopilotClient

    return CopilotClient.embedded(scripted_model)
