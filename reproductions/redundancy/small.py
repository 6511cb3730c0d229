"""The smallest scale that says something, a minute, and what has to be found there."""

from operator import gt, lt

from .texts import PLANS

PLAN = PLANS["cpu"].but(canaries=6, documents=12, words=1000, sizes=((96, 2), (128, 2)))
EXHIBITS = 3
FOUND = [
    ("detect", "value", gt, 0.95),
    ("twins", "low", gt, 0.5),
    ("near-end", "low", gt, 0.3),
    ("drop-memorized", "low", gt, 0.2),
    ("drop-others", "value", lt, 0.1),
]
