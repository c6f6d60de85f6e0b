"""The life of a session: created, left, resumed, shared, listed, deleted; and what can be read of it."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from copilot_sdk import ConnectionClosed, InvalidParams, SessionNotFound, UsageError, tool
from copilot_sdk.events import PermissionRequested, SessionStart, UserMessage
from tests.real.support.client_stage import ClientStage, first, listening, turn
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import ROME, Policy, tool_texts, weather
from tests.support.model_server import Reply, text_of
