"""What was recited, in a sentence that a reader takes away?"""

from __future__ import annotations

import numpy as np

from byheart.core.verdict import Verdict
from byheart.report.text.recitation import LONG, Recital
from byheart.report.words import claims_headline


def headline(verdicts: list[Verdict], recital: Recital | None) -> str:
    """The one sentence a reader takes away: what was recited, or else how many claims are shown."""
    if recital is not None:
        canary = recital.roles == "canary"
        if canary.any():
            return _canary_headline(recital, canary)
        member = recital.roles == "member"
        if member.any():
            k = int(np.count_nonzero(recital.length[member] >= LONG))
            return (
                f"This model recites {LONG} tokens or more of {k:,} of {int(member.sum()):,} training records, "
                "word for word, when it is prompted with what stands before them."
            )
    return claims_headline(verdicts)


def _canary_headline(recital: Recital, canary: np.ndarray) -> str:
    whole, twin = recital.whole_secret, recital.roles == "canary_control"
    start = f"This model recites {int(whole[canary].sum())} of {int(canary.sum())} planted canaries word for word"
    if not twin.any():
        return start + "."
    k = int(whole[twin].sum())
    return f"{start}, and {k or 'none'} of {int(twin.sum())} twins that were never planted."


def stretches(recital: Recital | None) -> str:
    """How many training records, and how many controls, have a long recited stretch; empty where none is known."""
    if recital is None:
        return ""
    counts = []
    for role, name in (("member", "training records"), ("nonmember", "controls")):
        lengths = recital.length[recital.roles == role]
        if lengths.size:
            k = int((lengths >= LONG).sum())
            counts.append(f"{k:,} of {lengths.size:,} {name} (longest {int(lengths.max()):,} tokens)")
    return f"Recited for {LONG} tokens or more by greedy decoding: {'; '.join(counts)}." if counts else ""
