"""MCP servers of sessions: their settings, connections and tools."""
