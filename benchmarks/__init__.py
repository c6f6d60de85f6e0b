"""Measures copilot_sdk side by side with the official SDK: `python -m benchmarks`, or `nox -s bench`."""
