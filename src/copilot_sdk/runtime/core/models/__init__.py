"""Language models: what the runtime asks of one, a scripted one, and any that speaks chat completions."""
