"""Texts: read, described, set apart."""
