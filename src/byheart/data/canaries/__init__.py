"""Canaries: made, planted, checked."""
