"""Differences that are not of one scenario alone; each has to be found in some scenario."""

from __future__ import annotations

from tests.real.differential.scenario import known

_MEASURED = (
    *("modelDisplayName", "interactionType", "byokKind", "modelProvider", "providerType", "maxPromptTokens"),
    *("transport", "requestBodyBytes", "requestBodyWireBytes", "requestBodyEncoding", "quotaSnapshots"),
    *("aiCreditsStatus", "availableToolCount", "toolTokenCount", "customToolCallCount", "accounting"),
    *("unmatchedToolResultCount", "orphanToolCallCount", "frontierSource", "cacheDetailsReported"),
    *("contentFilterTriggered", "outputTtftMs", "interTokenLatencyMs", "reasoningEffort"),
)

GENERAL = (
    known(
        "The CLI tells of each step of a call of the model in events `model.*`, whole conversations among them; its "
        "own schema describes few of them. The reference runtime tells of failed calls alone, in `model.call_failure`, "
        "and there not how the request was made.",
        "event model.*: cli only",
        "event model.call_failure* /data/errorMessage: value",
    ),
    known(
        "The reference runtime says that it is one, with its own version.",
        "*/data/producer: value",
        "*/data/copilotVersion: value",
    ),
    known(
        "The system message of the reference runtime is its own: shorter, in one block, without variables.",
        "event system.message* /data/content: value",
        "event system.message* /data/contentBlocks: cli only",
        "event system.message* /data/metadata: cli only",
    ),
    known(
        "The CLI puts the time before each prompt and words of its own around attachments and notices. The reference "
        "runtime leaves the time out, so that the model is asked the same on each run.",
        "*/data/transformedContent: cli only",
        "*/data/transformedContent: value",
        "*/input/transformedPrompt: value",
    ),
    known(
        "The CLI ties prompts to a task of its own for the main agent; nothing else refers to it.",
        "*/data/parentAgentTaskId: cli only",
    ),
    known(
        "Members of `assistant.usage` that measure the HTTP request, the account or the tools on offer are those of "
        "the CLI alone.",
        *(f"event assistant.usage* /data/{name}: cli only" for name in _MEASURED),
    ),
    known("The member `rte` belongs to a feature of the CLI's host.", "*/data/rte: cli only"),
    known(
        "Tokens of the context are estimates, of another system message and other descriptions of tools.",
        "* /*okens: value",
    ),
    known(
        "What the CLI measures of its own tools is not told by the reference runtime.",
        "*/toolTelemetry*: cli only",
    ),
    known(
        "Tools of the reference runtime have no titles, and calls of them no intention in words.",
        "*/toolTitle: cli only",
        "*/intentionSummary: cli only",
        "*/intention: value",
        "*/title: cli only",
    ),
    known(
        "The CLI brings skills, the reference runtime has those of its client alone.",
        "*/skills/customize-cloud-agent: cli only",
        "*/skills/github-pr-media: cli only",
    ),
    known(
        "The reference runtime says in `session.lifecycle` what a session is called; the CLI leaves that to lists.",
        "notification session.lifecycle session.updated: ours only",
    ),
    known(
        "The CLI tells its host of the state of tasks, of its sandbox, of its search index and of what an abort has "
        "interrupted. The reference runtime has no such parts.",
        "notification host.event : cli only",
        "event session.background_tasks_changed: *",
        "event sandbox.decision: cli only",
        "event agent.interrupted: cli only",
        "event session.indexed_search: cli only",
        sometimes=True,
    ),
    known(
        "After an abort the CLI says `pending_messages.modified` although nothing was waiting.",
        "event pending_messages.modified: cli only",
        "event pending_messages.modified: order",
        sometimes=True,
    ),
    known(
        "Tools that both runtimes bring along do the same, and say it in words of their own.",
        "event tool.execution_complete* /data/result/content: value",
        "event tool.execution_complete* /data/result/detailedContent: value",
        "event tool.execution_complete* /data/error/message: value",
        "note model asked /after/*text: value",
    ),
    known(
        "The schema says that `external_tool.completed` is ephemeral, and so does the reference runtime; the CLI sends "
        "it without that mark.",
        "event external_tool.completed* /ephemeral: ours only",
    ),
    known(
        "The CLI takes a command of the shell to pieces for its permission; the reference runtime says what it would "
        "run and where it would write.",
        "event tool.execution_start* /data/shellToolInfo: cli only",
        "event permission.requested* /data/permissionRequest/commandSegments/*: cli only",
    ),
    known(
        "The CLI gives the end of a command as `shell_exit`; the reference runtime gives it as `terminal`.",
        "event tool.execution_complete /data/shellExecution: cli only",
        "event tool.execution_complete /data/result/contents/shell_exit: cli only",
        "event tool.execution_complete /data/result/contents/terminal: ours only",
    ),
    known(
        "How many pieces of the output of a command there are is chance.",
        "event tool.execution_partial_result*: *",
        "event tool.shell_output*: *",
        sometimes=True,
    ),
    known(
        "A file that a tool has made is told in `session.info` by the CLI; the reference runtime tells it in the "
        "result.",
        "event session.info: cli only",
    ),
    known(
        "The CLI stores records of use among the events, so that its numbers of events are higher.",
        "*/data/eventCount: value",
    ),
    known(
        "Whether clients hear of the end of a session that they leave is a matter of time.",
        "event session.shutdown: cli only",
        "event session.shutdown: ours only",
        sometimes=True,
    ),
    known(
        "When skills and titles are told is chance, and so is whether a client that leaves hears of them.",
        "event session.skills_loaded: cli only",
        "event session.title_changed: cli only",
        sometimes=True,
    ),
)
