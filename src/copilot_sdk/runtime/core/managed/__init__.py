"""What administrators set for runtimes on their machines: documents, and what several of them add up to."""
