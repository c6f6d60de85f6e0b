"""The two SDKs behind one interface; each module imports its SDK alone."""
