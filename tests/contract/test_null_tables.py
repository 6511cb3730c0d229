"""Tables that were not copied are not called copied, planted copies are found, and intervals cover.

Each simulated audit draws training, held-out and generated rows, reads them with the real readers and judges them. The
tables are those on which existing scores fail: heavy tails, ties, categories alone, unequal sizes, several rows of one
person, duplicated rows, and generators that are unlike the real table without having seen one row of it.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.measure.blind_rows import blind_rows
from byheart.measure.closest_record import closest_record
from byheart.measure.copied_record import copied_record
from byheart.measure.nearest_row import nearest_row
from byheart.measure.row_membership import row_membership
from byheart.measure.singling_out import singling_out
from byheart.signals.table.nearest_rows import nearest_rows
from byheart.stats.judge.copies import judge_copies
from byheart.stats.judge.membership import judge
from byheart.stats.judge.share import judge_share
from byheart.stats.label_test import label_test
from byheart.stats.sides import Sides

LEVEL, N_AUDITS = 0.05, 12
CHANCE = 1e-4  # each assertion on a count fails by chance this often, for some other seed


def lognormal(rng, n):
    return pd.DataFrame(rng.lognormal(0, 2, (n, 4)), columns=list("abcd"))


def student(rng, n):
    return pd.DataFrame(rng.standard_t(2, (n, 5)), columns=list("abcde"))


def rounded(rng, n):
    z = rng.normal(size=n)
    numbers = {"a": np.round(z + rng.normal(size=n)), "b": np.round(rng.exponential(2, n)), "c": z.round(1)}
    return pd.DataFrame(
        {**numbers, "k": rng.choice(list("uvw"), n, p=[0.8, 0.15, 0.05]), "l": np.where(z > 0, "y", "n")}
    )


def categories(rng, n):
    return pd.DataFrame({f"k{i}": rng.choice(list("stuvwx")[: 2 + i % 3], n) for i in range(6)})


TRUTHS = {f.__name__: f for f in (lognormal, student, rounded, categories)}
SIZES = {"alike": (80, 80), "train larger": (200, 20), "control larger": (40, 120)}


def fresh(truth, rng, n):
    return truth(rng, n)


def collapsed(truth, rng, n):
    """Few different rows, each again and again, numbers a little blurred."""
    rows = truth(rng, 4).iloc[rng.integers(4, size=n)].reset_index(drop=True)
    numbers = rows.select_dtypes("number").columns
    return rows.assign(**{c: rows[c] * (1 + 0.01 * rng.normal(size=n)) for c in numbers})


def stretched(truth, rng, n):
    rows = truth(rng, n)
    return rows.assign(**{c: rows[c] * 3 for c in rows.select_dtypes("number").columns})


MAKERS = {f.__name__: f for f in (fresh, collapsed, stretched)}


@dataclass
class Audit:
    """What the readers said of one simulated run."""

    corpus: Corpus
    nearest: object
    copied: object
    scores: dict

    def blind(self, seed):
        """A coin for each real row: a guess that knows nothing, as any guess about sets drawn alike."""
        coins = np.random.default_rng([7, seed]).random(len(self.corpus))
        return replace(self.copied, values=np.where(np.isnan(self.copied.values), np.nan, coins), params={})


def audit(train, control, made, groups=None):
    """The readers' scores of three tables; `groups` of the real rows, training rows first."""
    frame = pd.concat([train, control, made], ignore_index=True)
    roles = ["member"] * len(train) + ["nonmember"] * len(control) + ["synthetic"] * len(made)
    numbers = list(train.select_dtypes("number").columns)
    schema = Schema.of(numbers, [c for c in train.columns if c not in numbers])
    names = None if groups is None else [*map(str, groups), *(f"made {i}" for i in range(len(made)))]
    corpus = Corpus.of(Rows.of(frame, schema), roles, groups=names)
    member, real, synthetic = (nearest_rows(corpus, f"nearest_{x}", seed=0) for x in ("member", "real", "synthetic"))
    copied = copied_record(real)
    scores = {
        "copied_record": copied,
        "closest_record": closest_record(real),
        "singling_out": singling_out(corpus, n_descriptions=200),
        "row_membership": row_membership(synthetic, real),
    }
    return Audit(corpus, nearest_row(member), copied, scores)


def p_values(found, seed, n_resamples=199):
    """p of each claim: those about shares by their mean, membership by its AUC."""
    tested = {}
    for name, scores in found.scores.items():
        sides = Sides.from_scores(scores)
        statistic = "auc" if name == "row_membership" else "mean"
        tested[name] = label_test(sides, seed=seed, statistic=statistic, n_resamples=n_resamples).p
    return tested


def drawn(truth, maker, sizes, seed, *, persons=False, duplicated=False):
    """An audit of tables that share nothing but their law."""
    rng = np.random.default_rng([3, seed])
    m, n = sizes
    real, groups = TRUTHS[truth](rng, m + n), None
    if persons:  # three rows each, two of them near-copies of the first
        first = np.arange(m + n) // 3 * 3
        numbers = real.select_dtypes("number").columns
        real = real.iloc[np.minimum(first, m + n - 1)].reset_index(drop=True)
        real[numbers] *= 1 + 0.01 * rng.normal(size=(m + n, len(numbers)))
        groups = np.where(np.arange(m + n) < m, first, (np.arange(m + n) - m) // 3 + m + n)
    train, control = real.iloc[:m], real.iloc[m:]
    if duplicated:
        train = pd.concat([train, train.iloc[: m // 5]])
    return audit(train, control, MAKERS[maker](TRUTHS[truth], rng, 80), groups)


def too_many(n, level=LEVEL):
    """More false alarms among n than this come by chance once in 10,000."""
    return binom.ppf(1 - CHANCE, n, level)


CASES = [(t, m, s) for t, m, s in product(TRUTHS, MAKERS, SIZES) if m == "fresh" or s == "alike"]
CLAIMS = ("copied_record", "closest_record", "singling_out", "row_membership")


def assert_calibrated(tables, levels=(0.05, 0.1, 0.25, 0.5)):
    """No case, and not all cases together, have more small p-values than chance gives."""
    for name in CLAIMS:
        for case, found in tables.items():
            p = np.array([f[name] for f in found])
            assert all((p <= x).sum() <= too_many(p.size, x) for x in levels), (case, name, np.sort(p)[:20])
        p = np.array([f[name] for found in tables.values() for f in found])
        assert all((p <= x).sum() <= too_many(p.size, x) for x in levels), (name, p.size, np.sort(p)[:40])
        if name in ("closest_record", "row_membership"):  # few ties at 0, so p is uniform, not only large
            assert (p <= 0.5).sum() >= binom.ppf(CHANCE, p.size, 0.4), name


def by_case(n, cases=CASES):
    return {
        (truth, maker, size): [p_values(drawn(truth, maker, SIZES[size], seed), seed) for seed in range(n)]
        for truth, maker, size in cases
    }


def test_tables_that_were_not_copied_are_not_called_copied():
    assert_calibrated(by_case(N_AUDITS))


@pytest.mark.slow
@pytest.mark.parametrize("truth", TRUTHS)
def test_p_is_uniform_over_many_tables(truth):
    assert_calibrated(by_case(100, [c for c in CASES if c[0] == truth]), (0.01, 0.05, 0.1, 0.25, 0.5))


@pytest.mark.parametrize("kind", ["persons", "duplicated"])
def test_rows_of_one_person_and_duplicated_rows_raise_no_alarm(kind):
    """Three near-copies a person; or a fifth of the training rows twice, which only makes the test careful."""
    n = 3 * N_AUDITS
    found = [p_values(drawn("student", "fresh", (90, 90), seed, **{kind: True}), seed) for seed in range(n)]
    for name in CLAIMS[:3]:
        p = np.array([f[name] for f in found])
        assert (p <= LEVEL).sum() <= too_many(n), (name, np.sort(p)[:10])


def judged(found, seed, n_resamples=199):
    return judge_copies(found.nearest, found.copied, blind=found.blind(seed), seed=seed, n_resamples=n_resamples)


@pytest.mark.parametrize("truth", ["lognormal", "rounded"])
def test_held_out_rows_given_as_synthetic_have_no_excess(truth):
    """The interval of the excess holds 0 in nineteen of twenty tables, and few are called copies."""
    n, covered, shown = 4 * N_AUDITS, 0, 0
    for seed in range(n):
        verdict = judged(drawn(truth, "fresh", (120, 100), 1000 + seed), seed)
        low = -np.inf if verdict.main.low is None else verdict.main.low
        covered += low <= 0 <= verdict.main.high
        shown += verdict.decision == "shown"
    assert covered >= binom.ppf(CHANCE, n, 0.95)
    assert shown <= too_many(n)


def planted(truth, share, jitter, seed, m=200):
    """Fresh rows of which a share is replaced by training rows, numbers moved by `jitter` standard deviations."""
    rng = np.random.default_rng([5, seed])
    train, control, made = (TRUTHS[truth](rng, m) for _ in range(3))
    copies = train.iloc[rng.permutation(m)[: round(share * m)]].reset_index(drop=True)
    for c in train.select_dtypes("number").columns:
        copies[c] += jitter * train[c].std() * rng.normal(size=len(copies))
    return audit(train, control, pd.concat([copies, made.iloc[len(copies) :]]))


@pytest.mark.parametrize(("share", "jitter"), product([0.1, 0.3], [0.0, 0.002]))
@pytest.mark.parametrize("truth", ["student", "rounded"])
def test_planted_copies_are_found(truth, share, jitter):
    """In six tables each: shown in all, the planted share within the interval of the excess in all but at most two.

    Where rows are coarse, many fresh rows equal some real row, and 20 copies of 200 are seen in most tables only.
    Two misses of six at 95 % coverage come by chance 3 times in 100, three 2 times in 1,000.
    """
    held, shown = 0, 0
    for seed in range(6):
        found = planted(truth, share, jitter, seed)
        verdict = judged(found, seed)
        shown += verdict.decision == "shown"
        held += verdict.main.low <= share <= verdict.main.high
        closest = judge_share(
            found.scores["closest_record"], claim="Closer.", blind=found.blind(seed), seed=seed, n_resamples=199
        )
        assert closest.main.value > 0.5
    assert held >= 4
    assert shown >= (3 if truth == "rounded" and share == 0.1 else 6)


def test_membership_of_copied_rows_is_seen():
    found = planted("student", 0.3, 0.002, 0)
    verdict = judge(found.scores["row_membership"], blind=found.blind(0), seed=0, n_resamples=199)
    assert verdict.decision == "shown"


def test_a_shifted_control_is_refused():
    """Control rows from elsewhere: more synthetic rows lie near training rows, and nothing is claimed of it."""
    rng = np.random.default_rng(0)
    train, made = lognormal(rng, 150), lognormal(rng, 150)
    found = audit(train, lognormal(rng, 150) * 3, made)
    blind = blind_rows(found.corpus)
    for verdict in (
        judge_copies(found.nearest, found.copied, blind=blind, seed=0, n_resamples=199),
        judge_share(found.scores["closest_record"], claim="Closer.", blind=blind, seed=0, n_resamples=199),
    ):
        assert (verdict.decision, verdict.p) == ("inconclusive", None)
