"""Tools that the model can call and your program runs.

`@tool` makes one of a function: its name, its docstring and its type hints become the definition that the
model reads. `declare_tool` makes one whose calls the program answers by hand.
"""

from __future__ import annotations

from copilot_sdk.tools._declared import DeclaredTool, declare_tool
from copilot_sdk.tools._invocation import ToolInvocation
from copilot_sdk.tools._result import Binary, ResultType, ToolResult, wire_result
from copilot_sdk.tools._tool import Tool, ToolOptions, tool

__all__ = [
    "Binary",
    "DeclaredTool",
    "ResultType",
    "Tool",
    "ToolInvocation",
    "ToolOptions",
    "ToolResult",
    "declare_tool",
    "tool",
    "wire_result",
]
