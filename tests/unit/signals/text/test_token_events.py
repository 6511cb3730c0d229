"""Labels of single tokens, each rule by hand."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TokenizerMismatchError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.token_events import (
    COPIED,
    EARLY,
    EXPECTED,
    FIRST,
    FIRST_COPY,
    INSIDE,
    KEPT,
    MISSED,
    NO_ROLE,
    OVER,
    TWICE,
    UNSURE,
    Rules,
    given_twice,
    removed,
    token_events,
)
from byheart.signals.text.token_logprobs import token_logprobs

SYMBOLS = "abcdefghij \n"
TOY = ToyBigram(np.full((12, 12), 1 / 12), SYMBOLS)
LOOSE = Rules(run=1, p_min=0.5, copy_ngram=0, word_start=False)


def read_as(corpus, gaps, p):
    """What a model could have left of these texts, one token per character."""
    ids = [TOY.encode(t).ids for t in corpus.items]
    shape = Ragged.of(ids, np.int32)
    one = np.ones(shape.values.size)
    scored = [np.arange(i.size) > 0 for i in ids]
    arrays = {
        "token_ids": shape, "start": Ragged.of([np.arange(i.size) for i in ids], np.int32),
        "end": Ragged.of([np.arange(i.size) + 1 for i in ids], np.int32), "scored": Ragged.of(scored, np.uint8),
        "gap": Ragged.of(gaps, np.float32), "logprob": Ragged.of([np.log(x) for x in p], np.float32),
        "mean_logprob": shape.like(-one.astype(np.float32)),
    }  # fmt: skip
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays)


def reasons(text, gap, p=None, role="member", rules=LOOSE, reference=None, **columns):
    corpus = Corpus.of([text], role, columns={k: [v] for k, v in columns.items()})
    p = [0.9] * len(text) if p is None else p
    read = read_as(corpus, [gap], [p])
    return token_events(TOY, corpus, token_signals=read, rules=rules, reference=reference)


def test_a_run_has_to_come_first():
    """Hits at 2, 3, 4 and 6, 7. Token 1 is predicted at position 0 and left out; the first hit of a run is too."""
    gap = [0, 1, 1, 1, 1, -1, 1, 1]
    events = reasons("abcdefgh", gap)
    # run up to each token, token 1 not counted as a hit: 0 0 1 2 3 0 1 2; more than 1 is kept
    assert events.ragged("reason")[0].tolist() == [FIRST, FIRST, EARLY, KEPT, KEPT, MISSED, EARLY, KEPT]
    assert events.ragged("label")[0].tolist() == [-1, -1, -1, 1, 1, -1, -1, 1]


def test_eight_in_a_row_by_default_and_a_tie_is_no_hit():
    gap = [1.0] * 12
    events = reasons("abcdefghijab", gap, rules=replace(Rules(), word_start=False))
    assert np.flatnonzero(events.ragged("label")[0] == 1).tolist() == [10, 11]  # hits 2..9 are the first eight
    gap[5] = 0.0
    assert not (reasons("abcdefghijab", gap, rules=replace(Rules(), word_start=False)).ragged("label")[0] == 1).any()


def test_confidence():
    events = reasons("abcdef", [1] * 6, p=[0.9, 0.9, 0.9, 0.49, 0.51, 0.9])
    assert events.ragged("reason")[0].tolist()[3:] == [UNSURE, KEPT, KEPT]
    assert events.ragged("p")[0][4] == pytest.approx(0.51)


def test_words_begin_behind_blanks_and_stops():
    events = reasons("ab cd\nef", [1] * 8, rules=replace(LOOSE, word_start=True))
    assert events.ragged("word_start")[0].tolist() == [1, 0, 0, 1, 0, 0, 1, 0]
    assert events.ragged("reason")[0].tolist()[3:] == [KEPT, INSIDE, INSIDE, KEPT, INSIDE]


def test_a_token_that_holds_its_blank_is_judged_by_the_letter():
    tokenizer = byte_tokenizer()
    model = CausalLM(tiny_gpt(len(tokenizer), width=8, layers=1, heads=2, context=32, seed=0), tokenizer)
    corpus = Corpus.of(["ab, cd 12"], "nonmember")
    events = token_events(model, corpus)
    assert events.ragged("word_start")[0].tolist() == [1, 0, 0, 0, 1, 0, 0, 1, 0]


def test_no_words_is_said():
    corpus = Corpus.of(["   \n   "], "member")
    with pytest.raises(DataError, match="word_start"):
        token_events(TOY, corpus, token_signals=read_as(corpus, [[1] * 7], [[0.9] * 7]), reference=None)


def test_what_stands_in_the_context_is_copied():
    """abc|abc: with 3-grams the second c is copied; with 2-grams the second b is too."""
    told = {n: reasons("abcabc", [1] * 6, rules=replace(LOOSE, copy_ngram=n)).ragged("reason")[0] for n in (2, 3)}
    assert told[3].tolist()[3:] == [KEPT, KEPT, COPIED]
    assert told[2].tolist()[3:] == [KEPT, COPIED, COPIED]


def test_what_a_reference_expects_is_no_memory():
    corpus = Corpus.of(["abcdef"], "member")
    read = read_as(corpus, [[1] * 6], [[0.9] * 6])
    theirs = read_as(corpus, [[1] * 6], [[0.1, 0.1, 0.1, 0.6, 0.5, 0.1]])
    events = token_events(TOY, corpus, token_signals=read, reference=theirs, rules=LOOSE)
    assert events.ragged("reason")[0].tolist()[3:] == [EXPECTED, KEPT, KEPT]
    assert np.isnan(events.ragged("p_ref")[0][:3]).all()
    other = read_as(Corpus.of(["abcdeg"], "member"), [[1] * 6], [[0.1] * 6])
    with pytest.raises(TokenizerMismatchError, match="other tokens"):
        token_events(TOY, corpus, token_signals=read, reference=other, rules=LOOSE)


def test_the_model_itself_with_a_short_context():
    """The toy forgets all but the last character, so a short context changes nothing: p_ref is 1/12 everywhere."""
    events = reasons("abcdef", [1] * 6, reference="short context")
    kept = events.ragged("label")[0] == 1
    assert kept.tolist() == [False, False, False, True, True, True]
    np.testing.assert_allclose(events.ragged("p_ref")[0][kept], 1 / 12, rtol=1e-5)


def test_a_short_context_is_that_short():
    """The same as reading the last two tokens by themselves."""
    tokenizer = byte_tokenizer(bos=True)
    model = CausalLM(tiny_gpt(len(tokenizer), width=16, layers=2, heads=2, context=32, seed=1), tokenizer)
    corpus = Corpus.of(["abcdef"], "member")
    own = token_logprobs(model, corpus)
    sure = replace(own, arrays={**own.arrays, "gap": own.ragged("gap").like(np.ones(7, np.float32)),
                                "logprob": own.ragged("logprob").like(np.zeros(7, np.float32))})  # fmt: skip
    events = token_events(model, corpus, token_signals=sure, rules=replace(LOOSE, ref_tokens=2, p_ref_max=1.0))
    alone = token_logprobs(model, Corpus.of(["def"], "member")).ragged("logprob")[0]
    assert events.ragged("p_ref")[0][-1] == pytest.approx(np.exp(alone[-1]), rel=1e-4)


def test_roles_decide_what_a_token_can_be():
    gap = [1] * 6
    control = reasons("abcdef", [-1] * 6, p=[0.01] * 6, role="canary_control")
    assert control.ragged("label")[0].tolist() == [-1, -1, 0, 0, 0, 0]  # any confidence
    assert reasons("abcdef", gap, role="unknown").ragged("reason")[0].tolist() == [NO_ROLE] * 6


def test_the_second_copy_is_repetition_and_its_run_begins_there():
    events = reasons("ab\n\nab\n\nab", [1] * 10, role="nonmember", second_from=4)
    assert events.ragged("reason")[0].tolist() == [FIRST_COPY] * 4 + [EARLY] + [KEPT] * 5
    assert set(events.ragged("label")[0][5:].tolist()) == {2}


def test_given_twice_fits_and_says_where():
    toy = ToyBigram(np.full((12, 12), 1 / 12), SYMBOLS, context=20)
    twice = given_twice(toy, Corpus.of(["abc", "abcdefghij"], "nonmember", groups=["x", "y"]))
    assert twice.items == ["abc\n\nabc", "abcdef\n\nabcdef"]  # 20 / 2 - 4 = 6 characters
    assert twice.columns[TWICE].tolist() == [5, 8]
    assert twice.groups.tolist() == ["x", "y"]


def test_no_document_gives_more_than_the_limit():
    text = "abcdefghij" * 3
    few = replace(LOOSE, max_per_document=7)
    events = reasons(text, [1] * 30, rules=few)
    assert (events.ragged("label")[0] == 1).sum() == 7
    assert removed(events)["recited"]["over the limit of its document"] == 30 - 3 - 7
    # of a control document half are confident, if there are so many
    p = [0.01] * 25 + [0.95] * 5
    control = reasons(text, [1] * 30, p=p, role="nonmember", rules=replace(few, max_per_document=8))
    chosen = control.ragged("label")[0] == 0
    assert chosen.sum() == 8
    assert chosen[25:].sum() >= 4
    again = reasons(text, [1] * 30, rules=few)
    np.testing.assert_array_equal(again.ragged("label").values, events.ragged("label").values)
    assert (control.ragged("reason")[0] == OVER).sum() == 30 - 2 - 8


def test_every_token_is_accounted_for():
    corpus = Corpus.of(["abcabcabc", "abcdefghi"], ["member", "nonmember"])
    read = read_as(corpus, [[1] * 9] * 2, [[0.9] * 9] * 2)
    told = removed(token_events(TOY, corpus, token_signals=read, rules=LOOSE, reference=None))
    assert sum(told["recited"].values()) == 9
    assert sum(told["not recited"].values()) == 9
    assert told["repetition"] == {}
