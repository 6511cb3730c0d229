"""The hunt's pass: what is read, what is said, and what it costs."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.composed import composed, composed_ids
from byheart.signals.text.hunted import cut_in_two, hunted, with_prompts

CYCLE = ToyBigram(np.roll(np.eye(4), 1, axis=1) * 0.97 + 0.01 * (1 - np.roll(np.eye(4), 1, axis=1)), "abcd")


def test_compositions():
    assert [composed("x y", "p", how) for how in ("prompt_only", "prepend", "append")] == ["p", "p x y", "x y p"]
    assert composed("x", "p\n", "prepend") == "p\nx"  # already apart
    assert composed("x", "", "prepend") == "x" == composed("x", "", "append")
    with pytest.raises(UsageError, match="prompt_only, prepend, append"):
        composed("x", "p", "around")


def test_what_is_too_long_loses_its_earliest_tokens():
    target = CausalLM(tiny_gpt(261, width=16, layers=1, heads=2, context=8, seed=0), byte_tokenizer(bos=True))
    ids = composed_ids(target, "efgh", "abcd", "prepend", room=5)
    assert ids[0] == target.front[0]
    assert target.decode(ids[1:]) == "efgh"
    with pytest.raises(DataError, match="leaves room for 1"):
        composed_ids(target, "efgh", "abcd", "prepend", room=1)


def test_by_hand_on_a_cycle():
    """a -> b -> c -> d -> a with 0.97: after the context `ab` comes `cdab`; after the prompt `d`, too, if appended."""
    corpus = cut_in_two(CYCLE, Corpus.of(["abcdab", "a"], "member"), prefix_tokens=2, new_tokens=4)
    assert corpus.columns["context"].tolist() == ["ab", ""]
    assert corpus.columns["continuation"].tolist() == ["cdab", ""]
    tried = with_prompts(corpus, [["d", "c"], ["d", "c"]])
    found = hunted(CYCLE, tried, compose="prompt_only")
    assert CYCLE.decode(found.ragged("response_000")[0]) == "abcd"
    assert CYCLE.decode(found.ragged("response_001")[0]) == "dabc"
    # after d: c has 0.01, then three steps of 0.97
    assert found.dense("nll")[0, 0] == pytest.approx(-(np.log(0.01) + 3 * np.log(0.97)) / 4, abs=1e-5)
    assert found.dense("tokens").tolist() == [2 * 2 * (1 + 4), 0]  # two tries, read and continued
    assert np.isnan(found.dense("nll")[1]).all()
    assert found.ragged("response_000")[1].size == 0
    assert found.ragged("prompt_text_001")[0].tobytes() == b"c"


def test_the_order_of_records_and_the_shard_do_not_count():
    target = CausalLM(tiny_gpt(261, width=16, layers=1, heads=2, context=64, seed=0), byte_tokenizer())
    corpus = cut_in_two(target, Corpus.of(["one two three four", "five six seven", "x" * 30], "member"),
                        prefix_tokens=6, new_tokens=8)  # fmt: skip
    corpus = with_prompts(corpus, [["tell", "say"], ["go", ""], ["on and on", "k"]])
    whole, part = hunted(target, corpus), hunted(target, corpus.take([2]))
    for name in ("response_000", "response_001", "prompt_001", "expected"):
        assert whole.ragged(name)[2].tolist() == part.ragged(name)[0].tolist()
    np.testing.assert_allclose(whole.dense("nll")[2], part.dense("nll")[0], rtol=1e-5)


def test_records_without_prompts_are_refused():
    with pytest.raises(DataError, match="cut_in_two"):
        hunted(CYCLE, Corpus.of(["ab"], "member"))
