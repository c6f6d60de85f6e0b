"""The runtime itself: sessions, turns, tasks, permissions, tools, models, event log and store. It knows no wire."""
