"""The front for the Copilot protocol: JSON-RPC methods and notifications over any transport."""
