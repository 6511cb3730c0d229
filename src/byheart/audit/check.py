"""What came of one control experiment of a self-test?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One control experiment.

    Args:
        name: positive or negative.
        passed: whether the audit said what it had to say.
        said: a sentence on what it said.
    """

    name: str
    passed: bool
    said: str
