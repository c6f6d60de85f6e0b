"""The settings of sandboxes: how they are read, put together and told."""
