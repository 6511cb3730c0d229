"""How much better an item is known than its twins: arithmetic by hand."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.data.benchmark.twins import make_twins
from byheart.measure.contamination import contamination
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.token_logprobs import token_logprobs

NAN = float("nan")


def twinned(items, twin_of, answered=None):
    n = len(items)
    ids = [f"r{i}" for i in range(n)]
    columns = {"twin_of": twin_of, "answered": [True] * n if answered is None else answered}
    return Corpus.of(items, "member", ids=ids, columns=columns)


def test_texts_by_hand(written):
    """Item of 4 characters: -1 - 3 = -4, -1 each; twins -2 and -6 over 4: -0.5 and -1.5.

    Item: -1 - (-0.5 - 1.5) / 2 = 0. First twin: -0.5 - (-1 - 1.5) / 2 = 0.75. Second: -1.5 - (-1 - 0.5) / 2 = -0.75.
    The first token is never predicted and holds NaN.
    """
    signals = written(
        logprob=[[NAN, -1, -3], [NAN, -2, 0], [NAN, -5, -1]], gap=[[NAN, 1, 1]] * 3, scored=[[0, 1, 1]] * 3
    )
    scores = contamination(signals, twinned(["abcd", "efgh", "ijkl"], ["", "r0", "r0"]))
    assert scores.values.tolist() == [0.0, 0.75, -0.75]
    assert scores.extra["loglik"].tolist() == [-1.0, -0.5, -1.5]
    assert scores.extra["family"].tolist() == ["r0"] * 3
    assert scores.extra["twin"].tolist() == [0, 1, 2]
    assert np.isnan(scores.extra["right"]).all()  # texts have no answer


def prompts(written, gaps, answered=None):
    """Prompts of 2 characters, one token; answers of two tokens, whose log-probability must not count."""
    logprob = [[NAN, -2, -9, -9], [NAN, -6, 0, 0]]
    signals = written(logprob=logprob, gap=gaps, scored=[[0, 0, 1, 1]] * 2)
    items = [{"prompt": "ab", "completion": "yes"}, {"prompt": "cd", "completion": "no"}]
    return contamination(signals, twinned(items, ["", "r0"], answered))


def test_only_the_question_is_scored_and_the_answer_is_right_or_wrong(written):
    """-2 / 2 - (-6 / 2) = 2, whatever the answers; right where both tokens are the likeliest."""
    scores = prompts(written, [[NAN, -1, 1, 2], [NAN, 1, 3, -0.5]])
    assert scores.values.tolist() == [2.0, -2.0]
    assert scores.extra["right"].tolist() == [1.0, 0.0]


def test_a_tie_is_not_right_and_an_unknown_answer_is_neither(written):
    scores = prompts(written, [[NAN, 1, 1, 0], [NAN, 1, 1, 1]], answered=[True, False])
    assert scores.extra["right"].tolist()[0] == 0.0
    assert np.isnan(scores.extra["right"][1])


def test_without_a_twin_there_is_no_value(written):
    signals = written(logprob=[[NAN, -1], [NAN, -1], []], gap=[[1, 1], [1, 1], []], scored=[[0, 1], [0, 1], []])
    scores = contamination(signals, twinned(["ab", "cd", "ef"], ["", "", "r1"]))
    assert np.isnan(scores.values).all()  # alone; alone as its twin has no token; no token


def test_other_records_and_missing_columns_are_refused(written):
    signals = written(logprob=[[-1.0]], gap=[[1.0]], scored=[[1]])
    with pytest.raises(UsageError, match="different records"):
        contamination(signals, twinned(["ab", "cd"], ["", ""]))
    with pytest.raises(UsageError, match="'twin_of'"):
        contamination(signals, Corpus.of(["ab"], "member", ids=["r0"]))


def test_a_bigram_model_of_the_items_prefers_them():
    """Counted on the items alone, a table knows their digits better; counted on their twins, the twins'."""
    items = Corpus.of([f"{n} birds" for n in (23, 45, 67, 23 + 4500, 6789)], "member")
    made = make_twins(items, ("numbers",), per_item=3, seed=0).corpus
    for role, sign in (("member", 1), ("nonmember", -1)):
        filler = made.texts  # so that all characters are there
        texts = [*made.where(role).texts * 20, *filler]
        scores = contamination(token_logprobs(ToyBigram.fit(texts), made), made)
        assert sign * np.nanmean(scores.where("member").values) > 0


def test_order_does_not_count(written):
    corpus = twinned(["abcd", "efgh", "ijkl", "mnop"], ["", "r0", "r0", "r0"])
    signals = written(logprob=[[-1.0], [-2.0], [-5.0], [-7.0]], gap=[[1.0]] * 4, scored=[[1]] * 4)
    order = np.array([2, 0, 3, 1])
    straight, mixed = contamination(signals, corpus), contamination(signals.take(order), corpus.take(order))
    np.testing.assert_allclose(mixed.values, straight.values[order])
    assert mixed.extra["twin"].tolist() == straight.extra["twin"][order].tolist()
    assert replace(straight, values=mixed.values).card.needs == ("token_logprobs", "twins")
