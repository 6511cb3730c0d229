"""Nearest rows of a whole corpus: by hand, by brute force, and the same however the work is cut."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from byheart.compare.rows.row_distance import comparable, gower
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.schema import Schema
from byheart.execute.local import LocalEngine
from byheart.execute.shards import plan_shards, run_shards
from byheart.signals.table.nearest_rows import RECIPES, NearestRows, nearest_rows

SCHEMA = Schema.of(["x"], ["c"])
MEMBER, CONTROL, MADE = "member", "nonmember", "synthetic"


def corpus_of(rows, groups=None):
    """From (role, x, c) each."""
    roles, x, c = zip(*rows, strict=True)
    return Corpus.of(Rows.of(pd.DataFrame({"x": x, "c": c}), SCHEMA), list(roles), groups=groups)


SMALL = corpus_of(
    [
        (MEMBER, 0, "a"), (MEMBER, 4, "a"), (MEMBER, 4, "a"), (MEMBER, 10, "b"),
        (CONTROL, 3, "a"), (CONTROL, 10, "b"),
        (MADE, 4, "a"), (MADE, 1, "a"), (MADE, 1, "a"),
    ],
    ["p", "p", "q", "q", "r", "s", "t", "u", "v"],
)  # fmt: skip
# Real numbers run from 0 to 10, two columns: distance (|x - y|/10 + 1[c differs]) / 2.


def drawn_first(*places):
    order = generator(0, "order of rows").permutation(len(SMALL)).tolist()
    return min(places, key=order.index)


def test_nearest_training_rows_by_hand():
    found = nearest_rows(SMALL, "nearest_member", seed=0)
    two = drawn_first(1, 2)  # the two equal training rows are one
    n = np.nan
    # 3a: 4a at .05, 0a at .15; 10b: itself at 0, 4a at (.6 + 1)/2 = .8; 4a: 0, then 0a at .2; 1a: 0a at .05, 4a at .15
    np.testing.assert_allclose(
        found["distance"], [[n, n]] * 4 + [[0.05, 0.15], [0, 0.8], [0, 0.2], [0.05, 0.15], [0.05, 0.15]]
    )
    assert found["neighbour"].tolist() == [[-1, -1]] * 4 + [[two, 0], [3, two], [two, 0], [0, two], [0, two]]
    assert found["copies"].tolist() == [[-1, -1]] * 4 + [[2, 1], [1, 2], [2, 1], [1, 2], [1, 2]]
    assert found["same_as"].tolist() == [0, two, two, 3, -1, -1, -1, -1, -1]


def test_nearest_real_rows_leave_out_the_own_person_but_not_a_twin():
    found = nearest_rows(SMALL, "nearest_real", seed=0)
    # row 0 is p's, as is row 1; its nearest are 3a (.15) and q's 4a (.2), of which q holds one that counts
    assert found["neighbour"][0].tolist() == [4, 2]
    assert found["copies"][0].tolist() == [1, 1]
    np.testing.assert_allclose(found["distance"][0], [0.15, 0.2])
    # row 1, 4a of p: the twin is q's row 2 at 0; then 3a at .05
    assert found["neighbour"][1].tolist() == [2, 4]
    np.testing.assert_allclose(found["distance"][1], [0, 0.05])
    # row 3, 10b of q: s holds an equal row; the next is 4a at .8, where p's row 1 stands for it
    assert found["neighbour"][3].tolist() == [5, 1]
    np.testing.assert_allclose(found["distance"][3], [0, 0.8])
    # a generated 4a: both copies count
    assert found["copies"][6].tolist() == [2, 1]
    twins = drawn_first(3, 5)
    assert found["same_as"][[3, 5, 6]].tolist() == [twins, twins, -1]


def test_nearest_generated_rows_of_a_collapsed_generator():
    found = nearest_rows(SMALL, "nearest_synthetic", seed=0)
    np.testing.assert_allclose(found["distance"][0], [0.05, 0.2])
    assert found["copies"][0].tolist() == [2, 1]
    assert (found["neighbour"][6:] == -1).all()
    alone = nearest_rows(SMALL.take([0, 1, 3, 6]), "nearest_synthetic", seed=0)
    assert alone["neighbour"].tolist() == [[3, -1]] * 3 + [[-1, -1]]
    np.testing.assert_allclose(alone["distance"], [[0.2, np.nan], [0, np.nan], [0.8, np.nan], [np.nan] * 2])


def mixed(n=240, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 9, n)),
            "y": np.round(rng.gamma(1.0, size=n), 2),
            "c": rng.choice(list("abcd"), n),
            "d": np.where(rng.random(n) < 0.1, None, rng.choice(list("pq"), n)),
        }
    )
    frame.iloc[: n // 10] = frame.iloc[n // 2 : n // 2 + n // 10].to_numpy()
    roles = rng.permutation(np.repeat([MEMBER, CONTROL, MADE], n // 3)).tolist()
    groups = [f"g{g}" for g in rng.integers(0, n // 2, n)]
    return Corpus.of(Rows.of(frame, Schema.of(["x", "y"], ["c", "d"])), roles, groups=groups)


@pytest.mark.parametrize("against", RECIPES)
def test_equal_to_a_search_row_by_row(against):
    corpus = mixed()
    asked, pool_roles = RECIPES[against]
    found = nearest_rows(corpus, against, seed=3)
    real = np.isin(corpus.roles, (MEMBER, CONTROL))
    cells = comparable(corpus.rows, real)
    every = gower(cells[:, None], cells)
    order = generator(3, "order of rows").permutation(len(corpus)).tolist()
    pool = [i for i in order if corpus.roles[i] in pool_roles]
    twins = {i: [j for j in pool if every[i, j] == 0] for i in pool}
    for i in range(len(corpus)):
        assert found["same_as"][i] == (twins[i][0] if i in twins else -1)
        if corpus.roles[i] not in asked:
            assert found["neighbour"][i].tolist() == [-1, -1]
            continue
        own = against == "nearest_real" and real[i]
        counting = [j for j in pool if not (own and corpus.groups[j] == corpus.groups[i])]
        kinds = [j for j in counting if j == next(k for k in twins[j] if k in counting)]
        # ties go to the class whose first row, counting or not, was drawn first
        best = sorted(kinds, key=lambda j: (every[i, j], order.index(twins[j][0])))[:2]
        assert found["neighbour"][i].tolist() == best
        assert found["distance"][i].tolist() == every[i, best].tolist()
        assert found["copies"][i].tolist() == [sum(k in counting for k in twins[j]) for j in best]


def same(one, two):
    assert one.ids.tolist() == two.ids.tolist()
    for name in one.arrays:
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize("metric", ["gower", "paper", "paper-global", "hamming"])
@pytest.mark.parametrize("against", RECIPES)
def test_places_shards_and_threads_do_not_count(against, metric, tmp_path):
    corpus = mixed()
    whole = nearest_rows(corpus, against, seed=0, metric=metric)
    places = np.array([200, 3, 77, 3])
    same(nearest_rows(corpus, against, seed=0, metric=metric, places=places), whole.take(places))
    job = pickle.loads(pickle.dumps(NearestRows(corpus, against, 0, metric, threads=2)))
    shards = plan_shards(np.ones(len(corpus)), records_per_shard=50)
    joined = run_shards(job, shards, tmp_path / "s", key=job.key, engine=LocalEngine(), title="Comparing rows")
    same(joined, whole)
    assert joined.key == whole.key == job.key


@pytest.mark.parametrize("against", ["nearest_real", "nearest_synthetic"])
def test_exchanging_labels_of_real_rows_changes_nothing(against):
    corpus = mixed()
    other = {MEMBER: CONTROL, CONTROL: MEMBER, MADE: MADE}
    exchanged = replace(corpus, roles=np.array([other[r] for r in corpus.roles], dtype=object))
    same(nearest_rows(exchanged, against, seed=0), nearest_rows(corpus, against, seed=0))


def test_the_key_tells_runs_apart():
    keys = {
        NearestRows(SMALL, a, s, m, c).key.digest
        for a in RECIPES
        for s in (0, 1)
        for m in ("gower", "hamming")
        for c in ("range", "iqr")
    }
    assert len(keys) == 24


def test_bad_questions_are_refused():
    with pytest.raises(UsageError, match="nearest_friend"):
        nearest_rows(SMALL, "nearest_friend", seed=0)
    with pytest.raises(DataError, match="role synthetic; there is none"):
        nearest_rows(SMALL.where(MEMBER, CONTROL), "nearest_synthetic", seed=0)
    with pytest.raises(DataError, match="role member or nonmember; there is none"):
        nearest_rows(SMALL.where(MADE), "nearest_synthetic", seed=0)
    with pytest.raises(TooFewRecords, match="there are 1"):
        nearest_rows(SMALL.take([1, 2, 6]), "nearest_member", seed=0)
    with pytest.raises(DataError, match="texts"):
        nearest_rows(Corpus.of(["a", "b"], MEMBER), "nearest_real", seed=0)
    with pytest.warns(UserWarning, match="metric 'paper' with 1 categorical"):
        nearest_rows(SMALL, "nearest_member", seed=0, metric="paper")
