"""The protocol without any input or output: messages, frames, and the state of one side of a connection."""
