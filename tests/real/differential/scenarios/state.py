"""What a session has besides turns: its model, its mode, its plan, its files."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.stage import MODEL_ID, items
from tests.support.model_server import Reply, ToolCall
from tests.support.ollama_server import ollama_server

STATE = Area("Models, modes, plans, files")


@STATE.scenario(
    known(
        "The CLI lists models of an account alone, with prices and quotas; the reference runtime lists"
        " the one that the provider serves.",
        "reply session.model.list *",
    ),
)
async def a_model_that_is_switched(actor: Actor) -> None:
    """Another model answers the second prompt, with more effort."""
    session = await actor.create()
    await actor.of(session, "model.getCurrent")
    await actor.of(session, "model.switchTo", modelId="other-model")
    await actor.of(session, "model.setReasoningEffort", reasoningEffort="high")
    await actor.of(session, "model.getCurrent")
    await actor.turn(session, "Hi.", Reply("Hello."))
    await actor.of(session, "model.list")


@STATE.scenario(
    known(
        "The reference runtime takes providers when a session begins, and does not serve `session.provider`.",
        "reply session.provider.*",
        "reply session.model.list *",
        "reply session.model.switchTo /message: value",
        "reply session.create /modelState/modelId: ours only",
        "event session.model_change /data/previousModel: ours only",
        "event session.model_deselected: cli only",
        "event session.tools_updated /data/model: value",
        "event assistant.*",
    ),
)
async def a_provider_that_is_added(actor: Actor) -> None:
    """A session without a provider gets one by name, uses it, and loses it."""
    named = {"name": "scripted", "type": "openai", "baseUrl": actor.model.base_url, "apiKey": "none"}
    model = {"id": "one", "provider": "scripted"}
    session = await actor.create(provider=None, model=None)
    await actor.of(session, "provider.add", providers=[named], models=[model])
    await actor.of(session, "model.list")
    await actor.of(session, "model.switchTo", modelId="scripted/one")
    await actor.turn(session, "Hi.", Reply("Hello."))
    await actor.of(session, "provider.sync", providers=[named], models=[model])
    await actor.of(session, "provider.withdraw", models=["scripted/one"])
    await actor.of(session, "provider.getEndpoint")


@STATE.scenario(
    known(
        "Why a service does not answer is put in words of each HTTP client, as is what a model lacks.",
        "reply session.providers.* /outcome/message: value",
        "reply session.providers.models.prepareConfiguration /warnings/*/message: value",
    ),
    known(
        "The reference runtime has the scripted model for everybody.",
        "reply session.create /modelState/modelId: ours only",
    ),
)
async def models_of_an_ollama(actor: Actor) -> None:
    """An Ollama on this machine is found, asked for its models, and one of them made ready to be added."""
    session = await actor.create(provider=None, model=None)
    await actor.of(session, "providers.getCatalog")
    with ollama_server() as url:
        actor.take.names[url.removeprefix("http://")] = "<ollama>"
        actor.take.names[url.removeprefix("http://").replace(":", "-")] = "<ollama>"
        found = await actor.of(session, "providers.discover", adapterId="ollama", input={"endpoint": url})
        (instance,) = items(found, "instances")
        reference = instance["reference"]
        await actor.of(session, "providers.getStatus", instance=reference)
        listed = items(await actor.of(session, "providers.models.list", instance=reference), "models")
        plan: Json = {"instance": instance, "model": listed[0]}
        prepared = await actor.of(session, "providers.models.prepareConfiguration", **plan)
        model = prepared["model"]
        assert isinstance(model, dict)
        # The CLI does not take the number in the form in which it gives it.
        model["maxContextWindowTokens"] = 8192
        added: Json = {"providers": [prepared["provider"]], "models": [model]}
        await actor.client.request("session.provider.add", {"sessionId": session, **added})
        await actor.of(session, "providers.models.prepareConfiguration", **plan)
    await actor.of(session, "providers.getStatus", instance=reference)
    await actor.of(session, "providers.models.list", instance=reference)
    await actor.of(session, "providers.discover", adapterId="ollama", input={"endpoint": url})
    for wrong in (f"{url}/v1", "http://example.org", {"no": "text"}):
        await actor.of(session, "providers.discover", adapterId="ollama", input={"endpoint": wrong})
    await actor.of(session, "providers.discover", adapterId="none")


@STATE.scenario()
async def models_that_are_allowed(actor: Actor) -> None:
    """A host allows some models, so that the session leaves the one that it uses and cannot go back."""
    session = await actor.create()
    for models in (["scripted-model", "other"], ["third", "fourth"], [], ["*"], [" "]):
        await actor.of(session, "model.setAllowedModels", allowedModels=models)
    await actor.of(session, "model.getCurrent")
    await actor.of(session, "model.switchTo", modelId=MODEL_ID)
    await actor.turn(session, "Hi.", Reply("Hello."))
    await actor.of(session, "model.setAllowedModels", allowedModels=None)
    await actor.of(session, "model.switchTo", modelId=MODEL_ID)


@STATE.scenario()
async def modes_that_change(actor: Actor) -> None:
    """The mode is read and set to each of the others."""
    session = await actor.create()
    await actor.of(session, "mode.get")
    for mode in ("plan", "autopilot", "interactive", "interactive", "nonsense"):
        await actor.of(session, "mode.set", mode=mode)
        await actor.of(session, "mode.get")


@STATE.scenario(
    known(
        "The reference runtime notes that the model was told of the new mode.",
        "event session.mode_notice_delivered: ours only",
        "event session.usage_info /data/messagesLength: value",
    ),
)
async def a_plan_that_is_made_and_left(actor: Actor) -> None:
    """A turn in plan mode writes a plan, asks to go on, and goes on."""
    session = await actor.create(requestExitPlanMode=True)
    await actor.of(session, "plan.read")
    await actor.of(session, "plan.update", content="# Plan\n\n1. Dig.\n2. Plant.\n")
    await actor.of(session, "plan.read")
    done = Reply(tool_calls=[ToolCall("exit_plan_mode", {"summary": "Dig, then plant."}, "call-1")])
    await actor.turn(session, "Plan a garden.", done, Reply("On to it."), agentMode="plan")
    await actor.of(session, "mode.get")
    await actor.of(session, "plan.delete")
    await actor.of(session, "plan.read")


@STATE.scenario(
    known(
        "The CLI begins anew for each prompt of its own in autopilot mode; the reference runtime goes on.",
        "event assistant.turn_end: order",
        "event assistant.idle: cli only",
        "event session.mcp_servers_loaded: cli only",
        "event session.tools_updated: cli only",
        "event system.message: cli only",
    ),
)
async def autopilot_to_the_end(actor: Actor) -> None:
    """In autopilot mode the agent is sent on until it says that it is done."""
    session = await actor.create()
    await actor.of(session, "mode.set", mode="autopilot")
    done = Reply(tool_calls=[ToolCall("task_complete", {"summary": "Dug."}, "call-1")])
    await actor.turn(session, "Dig.", Reply("Digging."), done, Reply("Dug."))
    for kind in ("success", "failure"):
        result = {"textResultForLlm": "Dug.", "resultType": kind}
        given = {"summary": "Dug."}
        await actor.of(session, "tools.taskCompleteEventData", toolArgs=given, finalResult=result)


@STATE.scenario(
    known(
        "The CLI counts forks and names clients in what it says of a workspace.",
        "reply session.workspaces.* /workspace/client_name: cli only",
        "reply session.workspaces.* /workspace/fork_count: cli only",
    ),
    known(
        "Names of pastes hold the time.",
        "reply session.workspaces.saveLargePaste /saved/*: value",
    ),
)
async def files_of_the_session(actor: Actor) -> None:
    """A folder and a file of the session's own from their making to their end."""
    session = await actor.create()
    for method, params in (
        ("getWorkspace", {}),
        ("createDirectory", {"path": "notes"}),
        ("createFile", {"path": "notes/one.md", "content": "A note."}),
        ("readFile", {"path": "notes/one.md"}),
        ("statFile", {"path": "notes/one.md"}),
        ("renamePath", {"source": "notes/one.md", "destination": "notes/two.md"}),
        ("listFiles", {}),
        ("removePath", {"path": "notes/two.md"}),
        ("readFile", {"path": "notes/two.md"}),
        ("readFile", {"path": "../outside"}),
        ("saveLargePaste", {"content": "A long paste.\n" * 20}),
        ("listCheckpoints", {}),
        ("readCheckpoint", {"number": 1}),
        ("diff", {"mode": "unstaged"}),
        ("diff", {"mode": "branch"}),
        ("diff", {"mode": "session"}),
        ("writeAutopilotObjective", {"content": "Dig the garden."}),
        ("autopilotObjectiveExists", {}),
        ("readAutopilotObjective", {}),
        ("deleteAutopilotObjective", {}),
        ("ensure", {}),
        ("addSummary", {"title": "Gardens", "content": "A summary."}),
        ("truncateSummaries", {"keepCount": 1}),
        ("updateMetadata", {}),
    ):
        await actor.of(session, f"workspaces.{method}", **params)


@STATE.scenario(
    known(
        "The CLI looks for rules of Claude too, and keeps what it has found.",
        "reply instructions.getDiscoveryPaths /paths/*",
    ),
)
async def instructions_of_a_folder(actor: Actor) -> None:
    """The files that tell agents how to work in a folder are found."""
    (actor.folder / "AGENTS.md").write_text("Dig before you plant.\n")
    session = await actor.create()
    await actor.of(session, "instructions.getSources")
    await actor.call("instructions.discover", {"projectPaths": [str(actor.folder)]})
    await actor.call("instructions.getDiscoveryPaths", {"projectPaths": [str(actor.folder)]})
    await actor.call("instructions.discoverRepoSources", {"location": str(actor.folder)})
    await actor.call("instructions.clearCache")
    (actor.folder / "AGENTS.md").unlink()


@STATE.scenario(
    known(
        "Sections have the texts of each runtime.",
        "request systemMessage.transform /sections/tone/content: value",
    ),
)
async def a_system_message_of_its_own(actor: Actor) -> None:
    """The system message is replaced as a whole; a section of another is rewritten by the client."""
    session = await actor.create(systemMessage={"mode": "replace", "content": "You garden."})
    await actor.turn(session, "Hi.", Reply("Hello."))
    sections = {"tone": {"action": "transform"}}
    other = await actor.create(systemMessage={"mode": "customize", "sections": sections})
    await actor.turn(other, "Hi.", Reply("Hello."))


@STATE.scenario(
    known(
        "The reference runtime brings the tools that models call most often, with the arguments that "
        "matter; the CLI has more of both.",
        "reply session.tools.getCurrentMetadata /tools*",
    ),
)
async def a_session_with_little_to_use(actor: Actor) -> None:
    """Only some tools are there, and the effort is chosen at the beginning."""
    session = await actor.create(availableTools=["view"], reasoningEffort="low", model=MODEL_ID)
    await actor.of(session, "tools.initializeAndValidate")
    await actor.of(session, "tools.getCurrentMetadata")
    await actor.turn(session, "Hi.", Reply("Hello."))
    actor.note("tools", sorted(actor.model.requests[-1].tool_names))
