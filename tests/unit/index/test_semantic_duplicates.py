import numpy as np
import pytest

from byheart.core.errors import DataError, UsageError
from byheart.index import semantic_duplicates as room
from byheart.index.semantic_duplicates import semantic_duplicates


def angles(texts):
    """A text is its angle in degrees."""
    radians = np.deg2rad([float(t) for t in texts])
    return 3 * np.stack([np.cos(radians), np.sin(radians)], axis=1)


def test_by_hand():
    """cos 10 = 0.985, cos 20 = 0.940: 0 - 10 - 20 chain at 0.98, 90 is alone."""
    found = semantic_duplicates(["0", "90", "10", "20"], angles, 0.98)
    assert found.pairs.tolist() == [[0, 2], [2, 3]]
    assert found.cosine == pytest.approx([0.9848, 0.9848], abs=1e-4)
    assert found.clusters.tolist() == [0, 1, 0, 0]
    assert found.removable.tolist() == [False, False, True, True]


def test_copies_reach_a_threshold_of_one():
    assert semantic_duplicates(["33", "33"], angles, 1.0).pairs.tolist() == [[0, 1]]


def test_blocks_do_not_matter(monkeypatch):
    texts = [str(a) for a in np.random.default_rng(0).uniform(0, 360, 50)]
    whole = semantic_duplicates(texts, angles, 0.99)
    monkeypatch.setattr(room, "BLOCK", 7)
    parts = semantic_duplicates(texts, angles, 0.99)
    assert (whole.pairs == parts.pairs).all()
    assert len(whole.pairs) > 10
    close = [(i, j) for i in range(50) for j in range(i + 1, 50)
             if np.cos(np.deg2rad(float(texts[i]) - float(texts[j]))) >= 0.99]  # fmt: skip
    assert [tuple(p) for p in whole.pairs] == close


def test_random_pairs_tell_what_a_threshold_means():
    """Angles spread evenly: cos >= 0.5 holds for a third of random pairs (60 of 180 degrees), 4 sigma 0.019."""
    texts = [str(a) for a in np.random.default_rng(0).uniform(0, 360, 2000)]
    assert semantic_duplicates(texts, angles, 0.5).random_share == pytest.approx(1 / 3, abs=0.04)


def test_a_text_without_meaning_is_like_none():
    assert not len(semantic_duplicates(["a", "b"], lambda t: np.zeros((2, 3)), 0.5).pairs)
    assert semantic_duplicates([], angles).random_share == 0


@pytest.mark.parametrize("vectors", [np.zeros((1, 3)), np.full((2, 3), np.nan), np.zeros(2)])
def test_an_embedding_that_gives_something_else(vectors):
    with pytest.raises(DataError, match="one finite vector per text"):
        semantic_duplicates(["a", "b"], lambda t: vectors)


def test_a_threshold_without_meaning():
    with pytest.raises(UsageError, match=r"got 1\.5"):
        semantic_duplicates(["a"], angles, 1.5)
