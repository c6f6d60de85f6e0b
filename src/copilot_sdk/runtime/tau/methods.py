"""All requests, and what serves them."""

from __future__ import annotations

from copilot_sdk.runtime.tau import agent_methods, host_methods, session_methods, task_methods
from copilot_sdk.runtime.tau.router import merged

METHODS = merged(agent_methods.router, host_methods.router, session_methods.router, task_methods.router)
"""What serves a request, by its type."""
