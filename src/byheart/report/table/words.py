"""How does one tell someone who has to sign or refuse whether a synthetic table copies its training rows?"""

from __future__ import annotations

import numpy as np

from byheart.core.verdict import Estimate, Verdict
from byheart.report.evidence import Evidence
from byheart.report.words import GLOSSARY, overall
from byheart.stats.intervals import bootstrap_mean

NEAR = 0.01  # share of held-out rows that lie within the distance that counts as near
FEWEST_HELD = 100  # below it the nearest hundredth of the held-out rows is no row at all
RESAMPLES = 500
LEADING = "nearest_row"  # the method whose claim the headline tells
_KEPT = ("AUC", "interval", "p-value", "adjusted", "false alarms")
TABLE_GLOSSARY = {
    **{term: GLOSSARY[term] for term in _KEPT},
    "AUC": "how often a training row scores higher than a held-out row, of all pairs; 0.5 is chance, 1 is always",
    "held-out rows": "real rows from the same source that the generator never saw; whatever is found among them is "
    "chance, not copying",
    "held-out row": "a real row from the same source that the generator never saw; whatever is found for it is chance, "
    "not copying",
    "control": "the same number for held-out rows, which the generator never saw",
    "baseline": "what is seen without any copying: coincidence, or what a guess finds that never looks at the "
    "synthetic table; where it succeeds, training and held-out rows differ by themselves",
    "twin": "a synthetic row that is nearly or quite the same as one training row and far from all others",
    "ratio": "distance to the nearest training row over the distance to the next nearest different one; 0 is an exact "
    "copy, near 1 the row belongs to no one in particular; below 1/3 it counts as a copy",
    "distance": "mean over the columns of the difference of two cells: for numbers as a share of the column's range, "
    "for categories 0 if equal and 1 if not",
    "q-value": "the share of the persons or rows named up to this one that are expected to be coincidences, judging by "
    "the copies of held-out rows",
}


QUALITY = {
    "shape": "Single columns: how alike their values are distributed",
    "missing": "Missing cells: how alike their shares are",
    "trend": "Pairs of columns: how alike they go together",
    "efficacy": "A model trained on the table, judged on held-out rows",
    "efficacy_loss": "What such a model loses against one trained on the real rows (lower is better)",
    "alpha_precision": "Synthetic rows that lie where real rows lie (alpha-precision)",
    "beta_recall": "Places of real rows that synthetic rows reach (beta-recall)",
    "authenticity": "Synthetic rows that are no nearer to a real row than its own nearest real row (authenticity)",
    "c2st_logistic": "How hard a linear model finds it to tell synthetic from real (C2ST)",
    "c2st_trees": "How hard boosted trees find it to tell synthetic from real (C2ST)",
    "c2st_null": "The same for two tables of one source, by chance",
    "logistic_detection": "LogisticDetection as SDMetrics defines it",
}


def headline(evidence: Evidence) -> str:
    """The one sentence a reader takes away: how much is copied beyond chance, or not seen, or cannot be said."""
    if not evidence.verdicts:
        return "This audit has not come to a verdict yet."
    lead = next((v for v in evidence.verdicts if v.method == LEADING), None)
    if lead is not None and lead.decision == "shown":
        return _copied(lead)
    shown = sum(v.decision == "shown" for v in evidence.verdicts)
    if shown:
        return (
            f"This synthetic table tells something about its training rows: {shown} of {len(evidence.verdicts)} claims "
            f"{'is' if shown == 1 else 'are'} shown."
        )
    if not evidence.count("nonmember"):
        return (
            "Whether this table copies its training rows cannot be said: no held-out rows were given to compare with."
        )
    if lead is not None and lead.decision == "not shown":
        return "No copying beyond chance was seen in this synthetic table."
    if overall(evidence.verdicts) == "not shown":
        return "Nothing was seen in this synthetic table that gives its training rows away."
    return "Whether this synthetic table copies its training rows cannot be said from these data."


def _copied(lead: Verdict) -> str:
    e = lead.main
    if e.value is None or not 0 < e.value <= 1 or (e.low or 0.0) <= 0:
        return "This synthetic table copies training rows more often than chance explains."
    span = "" if e.low is None or e.high is None else f" ({percent(e.low)} to {percent(e.high)})"
    much = f"{percent(e.value)} of this synthetic table{span}"
    return f"About {much} is copied from training rows, beyond what chance explains."


def copying_shown(evidence: Evidence) -> bool:
    """Whether the claim of copying is shown; where it is not, rows that look copied may all be coincidences."""
    return any(v.method == LEADING and v.decision == "shown" for v in evidence.verdicts)


def advice(evidence: Evidence) -> str:
    """What to do with the answer, for the person who signs."""
    if not evidence.verdicts:
        return ""
    if overall(evidence.verdicts) == "shown":
        return (
            "This is a ground to refuse: as it stands, the table should not be released as anonymous data. Train "
            "again, with a cure or with a privacy guarantee, and audit the new table. Taking out the rows named here "
            "is not enough: those that chance hides would stay."
        )
    if not evidence.count("nonmember"):
        return (
            "This is no ground to sign: set rows aside before training, a tenth of the table or more, drawn at random "
            "and whole persons together, train without them, and give them as the control (--control FILE)."
        )
    if overall(evidence.verdicts) == "not shown":
        return (
            "This run gives no ground to refuse. It is no proof of anonymity: read below how much copying could have "
            "escaped it, and which attacks were not tried."
        )
    return "This is no ground to sign: what was missing, and what would help, stands under the limits below."


def told(evidence: Evidence) -> list[str]:
    """Plain counts: rows near one training row alone, and rows equal to one, synthetic and held out."""
    scores = evidence.scores.get(LEADING)
    if scores is None:
        return []
    made, held = scores.where("synthetic"), scores.where("nonmember")
    if not len(made):
        return []
    out = []
    for column, what in (
        ("copied", "less than a third as far from their nearest training row as from the next"),
        ("exact", "equal to a training row in every column that is compared"),
    ):
        if column in made.extra:
            among = f"; of {len(held):,} held-out rows, {_share(held.extra[column])}" if len(held) else ""
            out.append(f"Of {len(made):,} synthetic rows, {_share(made.extra[column])} are {what}{among}.")
    if len(held) >= FEWEST_HELD and "distance_1" in made.extra:
        limit = float(np.quantile(held.extra["distance_1"], NEAR, method="lower"))
        near = np.asarray(made.extra["distance_1"]) < limit
        out.append(
            f"{_share(near).capitalize()} of them are nearer to a training row than {percent(1 - NEAR)} of the "
            f"held-out rows are; about {percent(NEAR)} would be by chance."
        )
    return out


def areas(evidence: Evidence) -> dict[str, Estimate]:
    """Area under the curve of the ratios, which is 1 - their mean, of synthetic and of held-out rows."""
    scores = evidence.scores.get(LEADING)
    out = {}
    for role in ("synthetic", "nonmember"):
        rows = None if scores is None else scores.where(role)
        if rows is not None and len(set(rows.groups.tolist())) > 1:
            out[role] = bootstrap_mean(rows.values, rows.groups, seed=evidence.seed, unit="area", n_resamples=RESAMPLES)
    return out


def _share(hits: np.ndarray) -> str:
    n = int(np.count_nonzero(hits))
    return f"{n:,} ({percent(n / len(hits))})" if n else "none"


def percent(share: float) -> str:
    """A share in percent, two digits.

    >>> percent(0.1234), percent(0.004), percent(0.0), percent(1.0)
    ('12 %', '0.4 %', '0 %', '100 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.2g} %"


def rarity(hits: int, n: int) -> str:
    """How often something happens among held-out rows.

    >>> rarity(0, 200), rarity(3, 200)
    ('none of 200 held-out rows', '3 of 200 held-out rows (1.5 %)')
    """
    return f"none of {n:,} held-out rows" if not hits else f"{hits:,} of {n:,} held-out rows ({percent(hits / n)})"
