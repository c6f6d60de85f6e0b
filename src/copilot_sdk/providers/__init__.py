"""What a client can provide to a runtime, ready-made or as a base for one's own.

Pass a `SessionFS` as `session_fs`, the others among the `handlers` of a client or a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.handlers import Handlers as Handlers
    from copilot_sdk.providers.canvases import Canvas as Canvas
    from copilot_sdk.providers.canvases import Canvases as Canvases
    from copilot_sdk.providers.canvases import CanvasInstance as CanvasInstance
    from copilot_sdk.providers.database import Database as Database
    from copilot_sdk.providers.extensions import ExtensionLauncher as ExtensionLauncher
    from copilot_sdk.providers.files import Files as Files
    from copilot_sdk.providers.files import FileStatus as FileStatus
    from copilot_sdk.providers.files import PartialWriteError as PartialWriteError
    from copilot_sdk.providers.folder import FolderFiles as FolderFiles
    from copilot_sdk.providers.inference import ModelForwarder as ModelForwarder
    from copilot_sdk.providers.inference import ModelRequest as ModelRequest
    from copilot_sdk.providers.inference import ModelRequests as ModelRequests
    from copilot_sdk.providers.memory import MemoryFiles as MemoryFiles
    from copilot_sdk.providers.session_fs import SessionFS as SessionFS
    from copilot_sdk.providers.skills import Skill as Skill
    from copilot_sdk.providers.skills import Skills as Skills
    from copilot_sdk.providers.tokens import BearerTokens as BearerTokens
    from copilot_sdk.providers.tokens import GitHubTokens as GitHubTokens
    from copilot_sdk.providers.workflow_run import WorkflowRun as WorkflowRun
    from copilot_sdk.providers.workflows import Workflow as Workflow
    from copilot_sdk.providers.workflows import Workflows as Workflows
    from copilot_sdk.providers.workflows import workflow as workflow

MODULES = {
    ".canvases": "Canvas CanvasInstance Canvases",
    ".database": "Database",
    ".extensions": "ExtensionLauncher",
    ".files": "FileStatus Files PartialWriteError",
    ".folder": "FolderFiles",
    ".inference": "ModelForwarder ModelRequest ModelRequests",
    ".memory": "MemoryFiles",
    ".session_fs": "SessionFS",
    ".skills": "Skill Skills",
    ".tokens": "BearerTokens GitHubTokens",
    ".workflow_run": "WorkflowRun",
    ".workflows": "Workflow Workflows workflow",
    "copilot_sdk._generated.copilot.handlers": "Handlers",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
