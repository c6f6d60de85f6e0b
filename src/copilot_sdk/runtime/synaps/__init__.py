"""The front of the runtime that stands in for `synaps rpc`: one process, one session, a JSON object a line."""
