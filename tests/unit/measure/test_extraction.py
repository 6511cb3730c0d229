import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.extraction import extraction
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.token_logprobs import token_logprobs


def test_by_hand(written):
    # hits: - 1 0 1 1 (first token unscored): the last 2 of 4 scored tokens are recited, from token 3 of the record on;
    # asked for min(50, 4 // 2) = 2. All hits: 3 of 3. Last token misses: nothing, the whole record would be needed
    signals = written(
        gap=[[np.nan, 1, -1, 2, 3], [1, 1, 1], [5, -5]],
        scored=[[0, 1, 1, 1, 1], [1, 1, 1], [1, 1]],
    )
    scores = extraction(signals)
    assert scores.values.tolist() == [2, 3, 0]
    assert scores.extra["n_tokens"].tolist() == [4, 3, 2]
    assert scores.extra["prefix_needed"].tolist() == [3, 0, 2]
    assert scores.extra["suffix"].tolist() == [2, 1, 1]
    assert scores.extra["extracted"].tolist() == [True, True, False]
    assert scores.extra["longest_run"].tolist() == [2, 3, 1]


def test_near_ties_are_named(written):
    # a near tie in the recited suffix; the miss just before it; one further back is of no account; an exact tie
    signals = written(gap=[[1, -1, 1e-4, 1], [1, -1e-4, 1, 1], [1e-4, -1, 1, 1], [1, 1, 0]])
    scores = extraction(signals)
    assert scores.extra["near_tie"].tolist() == [True, True, False, True]
    assert scores.values.tolist() == [2, 2, 2, 0]


def test_fifty_tokens_of_a_long_record(written):
    gap = [-1.0] * 60 + [1.0] * 50
    scores = extraction(written(gap=[gap, [-1.0] * 61 + [1.0] * 49]))
    assert scores.extra["extracted"].tolist() == [True, False]
    assert extraction(written(gap=[gap]), suffix=51).extra["extracted"].tolist() == [False]


def test_nothing_scored_and_one_token(written):
    scores = extraction(written(gap=[[np.nan], [1.0]], scored=[[0], [1]]))
    np.testing.assert_array_equal(scores.values, [np.nan, 1])
    assert scores.extra["extracted"].tolist() == [False, False]  # one token is no suffix of anything


@given(st.lists(st.lists(st.sampled_from([-1.0, 1.0]), min_size=1, max_size=10), min_size=1, max_size=4))
def test_agrees_with_decoding_from_every_prefix(rows):
    """A greedy decoder that says the true token at every hit, else token -1, must recite exactly from prefix_needed."""
    ids = np.array([str(i) for i in range(len(rows))], dtype=object)
    scores = extraction(Signals(ids, ids, ids, {"gap": Ragged.of(rows, dtype=np.float32)}))
    for row, needed in zip(rows, scores.extra["prefix_needed"], strict=True):
        for prefix in range(len(row)):
            said = [t if row[t] > 0 else -1 for t in range(prefix, len(row))]
            assert (said == list(range(prefix, len(row)))) == (prefix >= needed)


def test_one_pass_is_generation():
    """200 texts of a bigram model: it recites from `prefix_needed` tokens on, and not from one token fewer."""
    rng = np.random.default_rng(0)
    model = ToyBigram(rng.dirichlet(np.full(6, 0.3), 6), "abcdef")
    greedy = model.log_table.argmax(dim=1).numpy()
    texts = []
    for _ in range(200):  # mostly what the model would say, at times something else
        ids = [int(rng.integers(6))]
        while len(ids) < 12:
            ids.append(int(greedy[ids[-1]]) if rng.random() < 0.8 else int(rng.integers(6)))
        texts.append("".join("abcdef"[i] for i in ids))
    signals = token_logprobs(model, Corpus.of(texts, "member"), seed=0)
    needed = extraction(signals).extra["prefix_needed"]
    assert 0 < (needed < 12).mean() < 1
    for ids, n in zip(signals.ragged("token_ids"), needed, strict=True):
        if n < 12:
            assert model.generate([ids[:n]], 12 - n)[0].tolist() == ids[n:].tolist()
        if n > 1:
            assert model.generate([ids[: n - 1]], 13 - n)[0].tolist() != ids[n - 1 :].tolist()


def test_refuses_no_suffix(written):
    with pytest.raises(UsageError, match="at least 1"):
        extraction(written(gap=[[1.0]]), suffix=0)
