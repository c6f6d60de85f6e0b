"""The Agent Client Protocol: a client for agents that speak it, and what agents are written with."""
