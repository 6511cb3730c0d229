"""A run folder of an audit of tables, made by brute force with real distances, for the tests of the report."""

import numpy as np
import pandas as pd

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.schema import Column, Schema
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate, Verdict
from byheart.explain.copied_columns import copied_columns
from byheart.explain.named_rows import named_rows
from byheart.measure.closest_record import closest_record
from byheart.measure.copied_record import copied_record
from byheart.measure.nearest_row import nearest_row
from byheart.stats.intervals import clopper_pearson

WARDS = ("Heart", "Lung", "Surgery", "Maternity", "Children")
CITIES = tuple(f"Town{i:02d}" for i in range(40))
SCHEMA = Schema(
    (
        Column("patient", "identifier"), Column("note", "text"), Column("age", "number", whole=True),
        Column("weight", "number"), Column("pressure", "number"), Column("glucose", "number"),
        Column("admitted", "date"), Column("ward", "category"), Column("sex", "category"), Column("city", "category"),
        Column("smoker", "category"), Column("outcome", "category"),
    ),
    target="outcome",
)  # fmt: skip


def people(n: int, chance: np.random.Generator) -> pd.DataFrame:
    """Patients of a hospital, some cells missing."""
    age = chance.integers(18, 95, n).astype(float)
    glucose = np.round(chance.lognormal(1.7, 0.4, n), 2)
    glucose[chance.random(n) < 0.1] = np.nan
    return pd.DataFrame({
        "patient": [f"PAT-{chance.integers(10**9, 10**10)}" for _ in range(n)],
        "note": [f"seen by Dr. Q{chance.integers(1000, 9999)}, {chance.integers(100, 999)} minutes" for _ in range(n)],
        "age": age, "weight": np.round(chance.normal(60 + age / 8, 12, n), 2),
        "pressure": np.round(chance.normal(95 + age / 2, 14, n), 2), "glucose": glucose,
        "admitted": pd.Timestamp("2019-01-01") + pd.to_timedelta(chance.integers(0, 1500, n), unit="D"),
        "ward": chance.choice(WARDS, n), "sex": chance.choice(["female", "male"], n), "city": chance.choice(CITIES, n),
        "smoker": chance.choice(["never", "former", "daily"], n), "outcome": chance.choice(["home", "ward", "died"], n),
    })  # fmt: skip


def copied(train: pd.DataFrame, n: int, exact: int, chance: np.random.Generator) -> pd.DataFrame:
    """`n` training rows: the first `exact` unchanged, the others a little off in two columns."""
    frame = train.iloc[:n].reset_index(drop=True).copy()
    off = np.arange(n) >= exact
    frame["weight"] += np.where(off, np.round(chance.normal(0, 0.4, n), 2), 0.0)
    frame["pressure"] += np.where(off, np.round(chance.normal(0, 2.5, n), 2), 0.0)
    return frame


def gower(rows: Rows, real: np.ndarray) -> np.ndarray:
    """All distances between all rows, float64 (n, n)."""
    whole = [rows.schema[name].whole for name in rows.schema.numerical]
    x = np.where(whole, np.round(rows.numbers), rows.numbers)
    span = np.nanmax(x[real], axis=0) - np.nanmin(x[real], axis=0)
    total = (rows.codes[:, None, :] != rows.codes[None]).sum(axis=2).astype(float)
    for j in range(x.shape[1]):
        a, b = x[:, None, j], x[None, :, j]
        gap = np.minimum(np.abs(a - b) / span[j], 1)
        missing = np.isnan(a).astype(int) + np.isnan(b).astype(int)
        total += np.where(missing == 2, 0, np.where(missing == 1, 1, gap))
    return total / (x.shape[1] + rows.codes.shape[1])


def nearest(corpus: Corpus, apart: np.ndarray, pool: np.ndarray, asked: np.ndarray) -> Signals:
    """The two nearest distinct rows of the pool, itself left out."""
    n = len(corpus)
    places = np.flatnonzero(pool)
    same_as = np.full(n, -1)
    for i in places:
        same_as[i] = next(j for j in places if apart[i, j] == 0)
    sizes = np.bincount(same_as[places], minlength=n)
    distance, place, copies = np.full((n, 2), np.nan), np.full((n, 2), -1), np.zeros((n, 2), np.int64)
    for i in np.flatnonzero(asked):
        others = [j for j in np.unique(same_as[places]) if j != i]
        best = sorted(others, key=lambda j: apart[i, j])[:2]
        distance[i, : len(best)], place[i, : len(best)] = apart[i, best], best
        copies[i, : len(best)] = sizes[best]
    arrays = {"distance": distance, "neighbour": place, "copies": copies, "same_as": same_as}
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays)


def verdicts(scores: Scores) -> list[Verdict]:
    """The claim of copying, and one that is not shown; without held-out rows nothing is said."""
    made, held = (scores.where(role).extra["copied"] for role in ("synthetic", "nonmember"))
    share = Estimate(
        float(made.mean()), *clopper_pearson(int(made.sum()), made.size), made.size, "share of synthetic rows", "exact"
    )
    claim = "Synthetic rows copy training rows more often than held-out rows resemble them."
    if not held.size:
        why = "No held-out rows were given, so how often chance gives this is not known."
        return [Verdict("nearest_row", "table", claim, "inconclusive", None, share, caveats=(why,))]
    null = float(held.mean())
    excess = Estimate(
        (share.value - null) / (1 - null), max((share.low - null) / (1 - null), 0), (share.high - null) / (1 - null),
        made.size, "share of synthetic rows copied beyond chance", "excess over the held-out null",
    )  # fmt: skip
    chance = Estimate(null, *clopper_pearson(int(held.sum()), held.size), held.size, "share of held-out rows", "exact")
    none = Estimate(0.51, 0.45, 0.57, 150, "AUC over 150 rows", "bag of cells, cross-fitted")
    member = Estimate(0.53, 0.47, 0.59, 150, "AUC over 150 rows", "DeLong interval")
    limit = "With 60 held-out rows an AUC under 0.62 could not have been seen."
    return [
        Verdict("nearest_row", "table", claim, "shown", 1e-6, excess, control=chance, baseline=none),
        Verdict("row_membership", "table", "Who holds a row can tell whether it was a training row.", "not shown", 0.2,
                member, baseline=none, caveats=(limit,)),
    ]  # fmt: skip


def tables(seed: int = 0, n: int = 120, held_out: int = 60, made: int = 120, exact: int = 10, near: int = 14,
           change=None) -> Corpus:  # fmt: skip
    """Training rows (the second equals the first), held-out rows, and synthetic rows of which the first are copies."""
    chance = generator(seed, "simulated tables")
    train, control, fresh = (people(k, chance) for k in (n, held_out, made))
    train.iloc[1] = train.iloc[0]
    copies = copied(train.iloc[1:], exact + near, exact, chance)
    frame = pd.concat([train, control, copies, fresh.iloc[exact + near :]], ignore_index=True)
    frame = frame if change is None else change(frame)
    roles = ["member"] * n + ["nonmember"] * held_out + ["synthetic"] * made
    schema = SCHEMA if change is None else Schema(
        tuple(Column(name, c.kind, c.whole) for name, c in zip(frame.columns, SCHEMA.columns, strict=True))
    )  # fmt: skip
    return Corpus.of(Rows.of(frame, schema), roles)


def simulated_table_run(path, corpus: Corpus | None = None, seed: int = 0) -> RunFolder:
    """Everything an audit of tables leaves in its folder."""
    corpus = tables(seed) if corpus is None else corpus
    run = RunFolder.start(path, {"verb": "audit table", "corpus": corpus.digest, "seed": seed})
    corpus.save(run.corpus_path)
    real, made = np.isin(corpus.roles, ("member", "nonmember")), corpus.roles == "synthetic"
    apart = gower(corpus.rows, real)
    signals = {
        "nearest_member": nearest(corpus, apart, corpus.roles == "member", corpus.roles != "member"),
        "nearest_real": nearest(corpus, apart, real, np.ones(len(corpus), bool)),
        "nearest_synthetic": nearest(corpus, apart, made, real),
    }
    for name, found in signals.items():
        middle = len(corpus) // 2
        for shard, rows in enumerate((np.arange(middle), np.arange(middle, len(corpus)))):
            found.take(rows).save(run.signals_folder(name) / f"{shard:05d}.safetensors")
    of_real = signals["nearest_real"]
    scores = nearest_row(signals["nearest_member"])
    for one in (scores, closest_record(of_real), copied_record(of_real)):
        one.save(run.scores_path(one.card.name))
    copied_columns(signals["nearest_member"], corpus).save(run.findings_folder)
    named_rows(signals["nearest_member"], of_real).save(run.findings_folder)
    shape = Estimate(0.93, 0.9, 0.95, 120, "share, 1 is best", "1 - total variation, mean over columns")
    quality = Card(name="table_quality", verb="measure", paper="ours", family="table")
    names = np.array(["column:age"])
    Findings("factor", names, np.array([0.07]), quality, estimates={"shape": shape}).save(run.findings_folder)
    run.save_verdicts(verdicts(scores))
    run.update(
        family="table", model="synthetic.csv", train="train.csv", synthetic="synthetic.csv", control="control.csv",
        schema=corpus.rows.schema.to_dict(), metric="gower", seed=seed, environment={"byheart": "0.1.0", "numpy": "2"},
        notes=["One training row stands twice."], steps={"nearest_member": 1.2, "scores": 0.4},
        reproduce=["byheart audit table --train train.csv --synthetic synthetic.csv --control control.csv"],
    )  # fmt: skip
    return run
