"""What type checkers make of the options of sessions and clients. Nothing here runs: mypy and pyright read it.

A `type: ignore` marks what has to be refused; mypy reports one that is not needed.
"""

from __future__ import annotations

from typing import assert_type

from copilot_sdk import CopilotClient, Session, approve_all, sync, tool
from copilot_sdk.options import (
    ClientOptions,
    ExitPlanModeHandler,
    SessionCreateOptions,
    SessionOptions,
    SessionResumeOptions,
)
from copilot_sdk.permissions import PermissionHandler
from copilot_sdk.types import (
    ExitPlanModeDecision,
    ExitPlanModeRequest,
    ProviderConfig,
    SystemMessageConfig,
    SystemMessageSection,
    SystemMessageSectionName,
)


@tool
def lookup(word: str) -> str:
    return word


SHARED: SessionOptions = {
    "model": "m",
    "provider": ProviderConfig(base_url="https://example.com"),
    "available_tools": None,
    "tools": [lookup],
    "on_permission": approve_all,
}
CLIENT: ClientOptions = {"request_timeout": None, "start_timeout": 5}


async def options_of_both_are_written_down_once(client: CopilotClient) -> None:
    assert_type(await client.create_session(**SHARED), Session)
    assert_type(await client.create_session(session_id="s", name="n", **SHARED), Session)
    assert_type(await client.resume_session("s", **SHARED), Session)
    assert_type(await client.resume_session("s", continue_pending_work=True, **SHARED), Session)


async def options_of_one_method_are_not_for_the_other(client: CopilotClient) -> None:
    create: SessionCreateOptions = {"session_id": None, "name": "n", "on_permission": approve_all}
    resume: SessionResumeOptions = {"continue_pending_work": True, "on_permission": approve_all}
    await client.create_session(**create)
    await client.resume_session("s", **resume)
    await client.create_session(**resume)  # type: ignore[misc]
    await client.resume_session("s", **create)  # type: ignore[arg-type, misc]
    await client.create_session(open_canvases=[])  # type: ignore[call-arg]
    await client.resume_session("s", name="n")  # type: ignore[call-arg]
    await client.resume_session("s", on_permission="all")  # type: ignore[arg-type]
    await client.create_session(request_permission=True)  # type: ignore[call-arg]


def the_sync_client_takes_the_same(client: sync.CopilotClient) -> None:
    assert_type(client.create_session(session_id="s", **SHARED), sync.Session)
    assert_type(client.resume_session("s", **SHARED), sync.Session)
    client.create_session(modle="m")  # type: ignore[call-arg]
    client.create_session(model=5)  # type: ignore[arg-type]
    client.create_session(continue_pending_work=True)  # type: ignore[call-arg]
    client.resume_session("s", session_id="s")  # type: ignore[misc]


def options_have_their_types(options: SessionOptions) -> None:
    if "model" in options:
        assert_type(options["model"], str)
    assert_type(options.get("on_permission"), PermissionHandler | None)
    assert_type(options.get("request_mcp_apps"), bool | None)
    _: SessionOptions = {"session_id": "s"}  # type: ignore[typeddict-unknown-key]
    options["streaming"] = "yes"  # type: ignore[typeddict-item]


def sections_of_the_system_message_are_any_text_and_complete_known_names() -> None:
    remove = SystemMessageSection(action="remove")
    config = SystemMessageConfig(mode="customize", sections={"tone": remove, "other": remove})
    assert_type(config.sections, dict[SystemMessageSectionName, SystemMessageSection] | None)
    names: list[str] = ["safety"]
    _: SessionOptions = {"system_message_transforms": dict.fromkeys(names, str.upper)}
    _ = {"system_message_transforms": {"tone": str.upper}, "system_message": config}
    _ = {"system_message_transforms": {5: str.upper}}  # type: ignore[dict-item]


def a_handler_has_a_type_to_be_declared_with() -> None:
    def decide(request: ExitPlanModeRequest) -> ExitPlanModeDecision:
        return ExitPlanModeDecision(approved=True)

    handler: ExitPlanModeHandler = decide
    _: SessionOptions = {"on_exit_plan_mode": handler, "handlers": {}}


def every_way_to_a_runtime_takes_the_options_of_a_client() -> None:
    for face in (CopilotClient, sync.CopilotClient):
        face("copilot", tcp=True, **CLIENT)
        face.connect(4321, token="t", **CLIENT)
        face.embedded(**CLIENT)
    CopilotClient(request_timeout="long")  # type: ignore[arg-type]
    CopilotClient.embedded(request_timout=5)  # type: ignore[call-arg]
    sync.CopilotClient.connect(4321, start_timeout=None)  # type: ignore[arg-type]
