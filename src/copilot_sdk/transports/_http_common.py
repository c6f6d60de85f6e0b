"""What both ends of the HTTP transport have agreed on.

One URL serves all. `POST` without a connection opens one, and the answer names it in the header `Copilot-Connection`,
which all further requests carry: `POST` brings messages as frames, `GET` asks for the stream of events, `DELETE`
says goodbye. Batches of messages are numbered from 1 in `Copilot-Batch`, so that one which is posted again is not
taken twice; a batch without a number carries no messages. `Last-Event-ID` on any request says which event the client
has got last: the ones before are forgotten, and a stream goes on after it. An event of the type `end` is the last one.
"""

from __future__ import annotations

CONNECTION_HEADER = "Copilot-Connection"
BATCH_HEADER = "Copilot-Batch"
LAST_EVENT_HEADER = "Last-Event-ID"
END_EVENT = "end"
FRAMES_TYPE = "application/vnd.copilot-rpc.frames"
STREAM_TYPE = "text/event-stream"
BATCH_BYTES = 1024 * 1024
HEARTBEAT_SECONDS = 15.0
DEFAULT_RESUME_TIMEOUT = 15.0
