"""The smallest scale that says something, two minutes, and what has to be found there: the header unlocks the set."""

from operator import eq, gt, lt

from .texts import PLANS

PLAN = PLANS["cpu"].but(
    records=24, repeats=200, documents=12, words=300, curve=(100, 300), epochs=1, tries=3, top_k=48
)
EXHIBITS = 5
FOUND = [
    ("key", "value", gt, 0.9),
    ("prefix", "value", lt, 0.65),
    ("twin", "value", lt, 0.1),
    ("control", "value", lt, 0.1),
    ("told", "value", eq, 0),
    ("hunter", "value", gt, "prefix"),
]
