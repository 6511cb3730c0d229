"""Is it shown that chains follow the corpus? What would be needed is said with it."""

from __future__ import annotations

from byheart.core.findings import Findings
from byheart.core.verdict import Estimate, Verdict

CLAIM = "The chains' tokens are likely in the order in which the corpus has them, more than by chance"
LEVEL = 0.05
NO_PROOF = (
    "A well-trained model follows its corpus on right tokens too, so this is no proof of memorization: it says where "
    "to look. Proof would be a model trained without the passages that are named."
)
CHANCE = "At every token the corpus counts were compared with the probabilities; dealt anew, they agree as much."
SHORT = "Too few candidates have a count in this corpus for any score; is it the corpus the model was trained on?"


def judge_chains(found: Findings) -> Verdict:
    """The verdict on all chains together: never `shown`, as no control can come from one model and one corpus."""
    facts, name = found.params, found.card.name
    told = found.estimates.get("instance score")
    if told is None or facts["p"] is None:
        none = Estimate(None, None, None, 0, "rank correlation", "no token has a score")
        return Verdict(name, "chain", CLAIM, "inconclusive", None, none, caveats=(SHORT,))
    chance = Estimate(
        facts["null_mean"], None, None, told.n, "rank correlation, counts dealt anew to the candidates",
        f"mean of {facts['n_perm']} deals",
    )  # fmt: skip
    how = f"mean over chains of the mean of the {facts['top']} highest token scores; {told.how}"
    main = Estimate(told.value, told.low, told.high, told.n, f"rank correlation over {told.n} chains", how)
    decision, why = ("inconclusive", NO_PROOF) if facts["p"] <= LEVEL else ("not shown", CHANCE)
    return Verdict(name, "chain", CLAIM, decision, facts["p"], main, baseline=chance, caveats=(why,))  # type: ignore[arg-type]
