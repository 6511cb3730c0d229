"""The smallest scale that says something, some minutes, and what has to be found there."""

from operator import gt, lt

from .texts import SMALL as PLAN

__all__ = ["EXHIBITS", "FOUND", "PLAN"]

EXHIBITS = 4
FOUND = [
    ("confidence-does-too", "value", gt, 0.95),
    ("tells-repeated", "low", gt, 0.6),
    ("tells-repeated", "value", gt, "twin"),
    ("p-matched", "value", gt, 0.4),
    ("p-matched", "value", lt, 0.6),
    ("shuffled", "value", gt, 0.45),
    ("shuffled", "value", lt, 0.55),
]
