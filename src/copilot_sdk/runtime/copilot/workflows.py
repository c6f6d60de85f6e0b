"""Methods of `session.workflow`."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import WorkflowListRunsRequest
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import InvalidInput

router = Router()


@router.on("session.workflow.listRuns", WorkflowListRunsRequest)
async def _list_runs(call: Call, params: WorkflowListRunsRequest) -> dict[str, object]:
    call.runtime.live(call.target)
    if params.after_seq is not None and params.before_seq is not None:
        raise InvalidInput("afterSeq, beforeSeq: only one of them can be given")
    # Only those who are signed in can have workflows: nobody has stored a run.
    return {"runs": [], "oldestSeq": None, "newestSeq": None, "hasMoreNewer": False, "omittedOlder": 0}
