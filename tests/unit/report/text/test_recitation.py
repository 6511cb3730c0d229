"""Longest recited stretches, by hand."""

import numpy as np

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.report.text.recitation import greedy_hits, longest_stretches, recital


def signals(gaps, scored=None, secret=None, role="canary"):
    n = len(gaps)
    names = np.array([f"r{i}" for i in range(n)], dtype=object)
    arrays = {"gap": Ragged.of(gaps, dtype=np.float32)}
    if scored is not None:
        arrays["scored"] = Ragged.of(scored, dtype=np.uint8)
    if secret is not None:
        arrays["secret"] = Ragged.of(secret, dtype=np.uint8)
    return Signals(names, np.full(n, role, dtype=object), names, arrays)


def test_longest_stretch_of_each_row_first_of_equals():
    hits = Ragged.of([[1, 1, 0, 1, 1], [0, 0], [], [1], [0, 1, 1, 1]], dtype=bool)
    found = longest_stretches(hits)
    assert found.start.tolist() == [0, 0, 0, 0, 1]
    assert found.length.tolist() == [2, 0, 0, 1, 3]


def test_a_stretch_does_not_run_over_into_the_next_record():
    found = longest_stretches(Ragged.of([[0, 1, 1], [1, 1, 0]], dtype=bool))
    assert (found.start.tolist(), found.length.tolist()) == ([1, 0], [2, 2])


def test_agrees_with_brute_force():
    chance = np.random.default_rng(0)
    rows = [chance.random(int(chance.integers(0, 30))) < 0.6 for _ in range(200)]
    found = longest_stretches(Ragged.of(rows, dtype=bool))
    for row, start, length in zip(rows, found.start, found.length, strict=True):
        text = "".join("x" if h else "." for h in row)
        longest = max(map(len, text.split(".")), default=0)
        assert length == longest
        assert start == (text.index("x" * longest) if longest else 0)


def test_ties_nan_and_unscored_tokens_are_no_hits():
    # nan: not predicted; 0: a tie; the last token is a hit, but the other side of the chat said it
    made = signals([[np.nan, 0.0, 0.5, 2.0]], scored=[[0, 1, 1, 0]])
    assert greedy_hits(made)[0].tolist() == [False, False, True, False]


def test_a_secret_recited_whole_is_the_stretch_told():
    # a longer stretch stands before the secret of tokens 4 and 5
    found = recital([signals([[1.0, 1.0, 1.0, -1.0, 1.0, 1.0]], secret=[[0, 0, 0, 0, 1, 1]])])
    assert found.whole_secret.tolist() == [True]
    assert (found.start.tolist(), found.length.tolist()) == ([4], [2])


def test_a_secret_recited_in_part_is_not_recited():
    found = recital([signals([[1.0, 1.0, -1.0]], secret=[[0, 1, 1]])])
    assert found.whole_secret.tolist() == [False]
    assert (found.secret.tolist(), found.recited.tolist()) == ([2], [1])
    assert found.length.tolist() == [2]


def test_shards_are_joined_and_none_is_none():
    found = recital([signals([[1.0]]), signals([[-1.0, 1.0], [1.0, 1.0]])])
    assert found.length.tolist() == [1, 1, 2]
    assert found.tokens.tolist() == [1, 2, 2]
    assert recital([]) is None
