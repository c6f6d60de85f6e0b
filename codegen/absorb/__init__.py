"""Takes the facts of another version of the protocol into our schema files, and none of its sentences."""
