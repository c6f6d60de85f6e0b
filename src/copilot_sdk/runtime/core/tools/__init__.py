"""Tools that the agent can call, and really run."""
