"""What a client can serve: a Protocol for each namespace of methods that the runtime calls."""

from copilot_sdk._generated.copilot.handlers import *  # noqa: F403
