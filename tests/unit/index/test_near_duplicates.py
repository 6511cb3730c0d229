import numpy as np
import pytest
from scipy.stats import binom

from byheart.core.errors import MissingExtra, UsageError
from byheart.index import near_duplicates as room
from byheart.index.clusters import clusters_of
from byheart.index.near_duplicates import found_probability, jaccard, near_duplicates, shingles

ENGINES = ["rensa", "datasketch"]


def words(rng, n):
    return [f"w{i}" for i in rng.integers(0, 100_000, n)]


def test_jaccard_by_hand():
    """Runs of 2: {ab, bc, cd} and {ab, bc, ce}: 2 of 4 shared. A short text is one run; none has none."""
    runs = shingles(["a b c d", "A, b c e!", "a", "", ""], 2)
    assert runs.lengths.tolist() == [3, 3, 1, 0, 0]
    assert jaccard(runs, np.array([[0, 1], [0, 2], [3, 4]])).tolist() == [0.5, 0, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_copies_edits_and_strangers(engine):
    rng = np.random.default_rng(0)
    text = words(rng, 200)
    edited = [*text[:100], "other", *text[101:]]  # 5 of 196 runs change: 191 / 201 = 0.95
    texts = [" ".join(t) for t in (text, words(rng, 200), edited, text, words(rng, 200))]
    found = near_duplicates([*texts, "", ""], engine=engine)
    assert found.pairs.tolist() == [[0, 2], [0, 3]]  # 3 equals 0
    assert found.jaccard == pytest.approx([191 / 201, 1])
    assert found.clusters.tolist() == [0, 1, 0, 0, 4, 5, 6]
    assert found.removable.tolist() == [False, False, True, True, False, False, False]
    assert found.loosest == pytest.approx(191 / 201)
    assert found.at(0.99).pairs.tolist() == [[0, 3]]


def test_bands_find_as_many_as_the_formula_says():
    """300 pairs each at Jaccard 0.5 to 0.9; found: between the 1e-4 and 1 - 1e-4 quantiles of the binomial."""
    rng = np.random.default_rng(1)
    for target in (0.5, 0.6, 0.7, 0.8, 0.9):
        shared = round(200 * target)  # of 200 different words; runs of one word
        rows = []
        for i in range(300):
            names = [f"p{i}x{j}" for j in range(200)]
            own = (200 - shared) // 2
            rows += [" ".join(names[: shared + own]), " ".join(names[:shared] + names[shared + own : shared + 2 * own])]
        found = near_duplicates(rows, 0.01, ngram=1, seed=int(rng.integers(1 << 30)))
        pairs = found.pairs[found.pairs[:, 1] == found.pairs[:, 0] + 1]
        pairs = pairs[pairs[:, 0] % 2 == 0]
        assert found.jaccard == pytest.approx(shared / (shared + 2 * own))
        expected = found_probability(found.jaccard[0] if len(pairs) else target, 14, 8)
        assert binom.ppf(1e-4, 300, expected) <= len(pairs) <= binom.ppf(1 - 1e-4, 300, expected)


def test_a_chain_is_shown_to_be_loose():
    """Each text shares 9 of 11 runs with the next; the ends of the chain of 7 share 4 of 16, the middle ones more."""
    names = [f"w{i}" for i in range(40)]
    found = near_duplicates([" ".join(names[i : i + 10]) for i in range(7)], 0.8, ngram=1, bands=56)
    assert set(found.clusters) == {0}
    assert found.loosest == pytest.approx(4 / 16)
    assert (found.jaccard >= 0.8).all()


def test_many_copies_make_few_pairs():
    found = near_duplicates(["a b c d e f g"] * 5000)
    assert len(found.pairs) == 4999
    assert found.removable.sum() == 4999


def test_unverified_pairs_have_no_similarity():
    found = near_duplicates(["a b c d e f", "a b c d e f"], verify=False)
    assert found.pairs.tolist() == [[0, 1]]
    assert np.isnan(found.jaccard).all()
    with pytest.raises(UsageError, match="verified"):
        found.at(0.9)


def test_nothing_to_compare():
    assert near_duplicates(["one"]).pairs.shape == (0, 2)
    assert near_duplicates([]).clusters.size == 0
    assert clusters_of(np.zeros((0, 2), np.int64), 2).tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"ngram": 0}, {"num_perm": 100}, {"engine": "grep"}, {"bands": 0}])
def test_options_without_meaning(wrong):
    with pytest.raises(UsageError):
        near_duplicates(["a", "b"], **wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_missing_engine_says_what_to_install(engine, monkeypatch):
    monkeypatch.setattr(room, engine, None)
    with pytest.raises(MissingExtra, match=r"pip install -e .*\[index\]"):
        near_duplicates(["a", "b"], engine=engine)
