"""When many claims are made at once, which are still shown?

Source: Holm 1979, Scandinavian Journal of Statistics 6:65-70.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from byheart.core.verdict import Verdict
from byheart.stats.multiplicity import holm


def settle(verdicts: Sequence[Verdict], level: float = 0.05) -> list[Verdict]:
    """Correct for the number of claims that carry a p-value; those that do not survive become `not shown`.

    The p of each verdict stays as it was; the corrected one is in the caveat. Refused claims carry none and count for
    nothing.
    """
    judged = [i for i, v in enumerate(verdicts) if v.p is not None]
    adjusted = dict(zip(judged, holm([verdicts[i].p or 0.0 for i in judged]).tolist(), strict=True))
    return [_settled(v, adjusted.get(i), len(judged), level) for i, v in enumerate(verdicts)]


def _settled(verdict: Verdict, adjusted: float | None, n_claims: int, level: float) -> Verdict:
    if verdict.decision != "shown" or adjusted is None or n_claims == 1:
        return verdict
    if adjusted < level:
        said = f"Holds after correction for {n_claims} claims (Holm: p = {adjusted:.2g})."
        return replace(verdict, caveats=(*verdict.caveats, said))
    said = (
        f"Alone the claim would be shown (p = {verdict.p:.2g}), but {n_claims} claims were tried; corrected for that "
        f"(Holm) p is {adjusted:.2g}, which is not below {level:g}."
    )
    return replace(verdict, decision="not shown", caveats=(said, *verdict.caveats))
