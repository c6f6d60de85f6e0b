"""The front of the runtime that speaks the Agent Client Protocol."""
