"""Rows of a table: `core/items/rows.py`, by the address that they had first."""

from byheart.core.items.rows import Rows

__all__ = ["Rows"]
