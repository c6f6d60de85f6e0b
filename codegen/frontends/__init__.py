"""Readers of schema files, one for each layout: what they make is the same picture of a protocol."""
