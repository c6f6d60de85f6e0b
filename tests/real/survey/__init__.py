"""A survey of every method that a client can call: what the real CLI answers, and how the typed API reads it."""
