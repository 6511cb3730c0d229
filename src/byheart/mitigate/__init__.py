"""Findings to edits: make the model forget, with proof."""
