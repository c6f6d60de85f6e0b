"""Ways to carry messages: bytes below, whole messages above.

Each module imports only what its own way needs.
"""
