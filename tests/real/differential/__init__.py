"""The reference runtime beside the real CLI: the same calls on both, and what came of them compared."""
