"""The smallest scale that says something, some minutes, and what has to be found there: planted traps, by their names.

With other token ids, as of a stranger's tokenizer, chance is left: z beyond 3 comes once in 370.
"""

from operator import gt, lt

from .traps import PLANS

PLAN = PLANS["cpu"].but(cycles=1, epochs=24, documents=10, text_epochs=3, chains=8)
EXHIBITS = 3
FOUND = [
    ("trap-local", "low", gt, 1 / 3),
    ("traps", "low", gt, 1 / 3),
    ("precision-1", "low", gt, 0),
    ("text-shuffled", "value", gt, -3),
    ("text-shuffled", "value", lt, 3),
]
