"""Plugins: child processes of the daemon that bring tools and hooks."""
