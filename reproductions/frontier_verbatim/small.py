"""The smallest scale that says something, a minute, and what has to be found there, however little a model learns."""

from operator import eq, gt

from .articles import PLANS

PLAN = PLANS["cpu"].but(
    articles=4, control=30, repeats=(1, 8, 64), background=0, prefixes=(10, 20), sizes=((64, 2), (96, 2)), oracle=10
)
EXHIBITS = 4
FOUND = [
    ("exact", "value", eq, 1.0),
    ("kinds", "value", eq, 1.0),
    ("filter", "value", eq, 50.0),
    ("no-filter", "value", eq, 0.0),
    ("refusal", "value", eq, 0.0),
    ("bypass", "low", gt, 0),
    ("controls", "value", eq, 0.0),
]
