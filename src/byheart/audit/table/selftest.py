"""Does the table audit find planted copies, and stay silent without them?

Two synthetic tables of known fate are audited against the same training and held-out rows. The positive one holds
training rows, some of them jittered, among fresh draws from the law that made the training rows; the negative one holds
fresh draws alone. The first audit must show copies, the second nothing.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.audit.check import Check
from byheart.audit.table.audit_table import audit_table
from byheart.core.randomness import generator
from byheart.core.verdict import Verdict

log = logging.getLogger(__name__)

N_ROWS = 400
COPIED = 0.2
JITTER = 0.002  # of a column's standard deviation
TOWNS = ["Arden", "Bree", "Corin", "Dale", "Elm", "Ford"]


def selftest(*, seed: int = 0) -> list[Check]:
    """Audit two tables of known fate. Takes seconds."""
    train, control, fresh, other = (made_up_patients(N_ROWS, seed=seed, name=n) for n in "abcd")
    log.info("Planting %d copies among %d rows.", round(COPIED * N_ROWS), N_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        positive = audit_table(
            train, with_copies(fresh, train, COPIED, seed=seed), control, out=Path(folder) / "positive", seed=seed
        )
        negative = audit_table(train, other, control, out=Path(folder) / "negative", seed=seed)
        return [_found("positive", positive.verdicts, wanted=True), _found("negative", negative.verdicts, wanted=False)]


def made_up_patients(n: int, *, seed: int, name: str) -> pd.DataFrame:
    """Rows of a skewed number, a count, two dependent measurements and three categories, (n, 7)."""
    rng = generator(seed, "made-up patients", name)
    age = rng.integers(18, 90, n)
    weight = rng.normal(60 + age / 6, 9, n).round(1)
    return pd.DataFrame({
        "age": age, "weight": weight, "pressure": (weight + rng.normal(50, 8, n)).round(1),
        "income": rng.lognormal(8, 1.5, n).round(2), "visits": rng.poisson(2, n),
        "town": rng.choice(TOWNS, n, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04]), "smoker": rng.random(n) < 0.2,
    })  # fmt: skip


def with_copies(fresh: pd.DataFrame, train: pd.DataFrame, share: float, *, seed: int) -> pd.DataFrame:
    """The first rows replaced by training rows; half of these with every fractional number moved a little."""
    rng, n = generator(seed, "copies"), round(share * len(fresh))
    copies = train.iloc[rng.choice(len(train), n, replace=False)].reset_index(drop=True)
    for column in copies.select_dtypes("float").columns:
        noise = JITTER * float(train[column].std()) * rng.standard_normal(n)
        copies[column] += np.where(np.arange(n) % 2 == 0, 0.0, noise)
    return pd.concat([copies, fresh.iloc[n:]], ignore_index=True)


def _found(name: str, verdicts: Sequence[Verdict], *, wanted: bool) -> Check:
    shown = [v.method for v in verdicts if v.decision == "shown"]
    passed = "nearest_row" in shown if wanted else not shown
    what = f"{len(shown)} of {len(verdicts)} claims shown" + (f" ({', '.join(shown)})" if shown else "")
    return Check(name, passed, what)
