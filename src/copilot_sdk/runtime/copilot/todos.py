"""Methods of `session.plan` that read the todos of the agent."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    PlanReadSqlTodosResult,
    PlanReadSqlTodosWithDependenciesResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.todos import dependencies, todos

router = Router()


@router.plain("session.plan.readSqlTodos")
async def _read(call: Call) -> PlanReadSqlTodosResult:
    rows = await todos(call.session.storage.database)
    return PlanReadSqlTodosResult.model_validate({"rows": rows})


@router.plain("session.plan.readSqlTodosWithDependencies")
async def _read_with_dependencies(call: Call) -> PlanReadSqlTodosWithDependenciesResult:
    database = call.session.storage.database
    found = {"rows": await todos(database), "dependencies": await dependencies(database)}
    return PlanReadSqlTodosWithDependenciesResult.model_validate(found)
