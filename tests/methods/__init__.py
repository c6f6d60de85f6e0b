"""The methods that the reference runtime serves, beside those of the CLI."""
