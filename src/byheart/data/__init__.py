"""Bring records in: readers, groups, overlap between sets, canaries."""
