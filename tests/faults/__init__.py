"""What a misbehaving runtime does to a client: ours in the tests, the official one too in `python -m tests.faults`."""
