"""Shards and engines: this machine, or a Ray cluster. Knows callables, not methods."""
