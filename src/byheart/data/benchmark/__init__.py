"""Benchmarks and their twins."""
