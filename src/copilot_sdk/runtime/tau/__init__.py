"""The front of tau: the daemon that keeps sessions behind a unix socket."""
