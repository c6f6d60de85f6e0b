"""Catalogs of things to install: what is asked of them, and plans made from the cards of MCP servers."""
