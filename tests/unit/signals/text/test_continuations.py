"""Where records are cut, and what comes after the cut."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.continuations import continuations, samples
from byheart.signals.text.token_logprobs import token_logprobs

# a is followed by b, b by c, c by a: the greedy continuation is known.
CYCLE = ToyBigram([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]], "abc")


def words(signals, name, row=0):
    return CYCLE.decode(signals[name][row])


def test_a_text_is_cut_after_its_first_tokens():
    found = continuations(CYCLE, Corpus.of(["abcaac"], "member"), prefix_tokens=3, new_tokens=3)
    assert [words(found, n) for n in ("prompt", "generated", "expected")] == ["abc", "abc", "aac"]
    assert bytes(found["generated_text"][0]) == b"abc"
    assert bytes(found["expected_text"][0]) == b"aac"


def test_a_short_text_is_cut_in_proportion_and_one_token_not_at_all():
    found = continuations(CYCLE, Corpus.of(["abca", "a"], "member"), prefix_tokens=50, new_tokens=50)
    assert [words(found, n) for n in ("prompt", "generated", "expected")] == ["ab", "ca", "ca"]
    assert found["prompt"].lengths.tolist() == [2, 0]
    assert found["generated"].lengths.tolist() == [2, 0]


def test_a_canary_is_cut_before_its_secret():
    corpus = Corpus.of(["abcabca"], "canary", columns={"secret": ["bca"]})
    found = continuations(CYCLE, corpus, prefix_tokens=5, new_tokens=2)
    assert [words(found, n) for n in ("prompt", "generated", "expected")] == ["a", "bc", "bc"]


def test_a_chat_is_cut_before_the_longest_answer():
    chat = [("user", "a"), ("assistant", "b"), ("user", "ca"), ("assistant", "bca"), ("user", "b")]
    item = [{"role": role, "content": content} for role, content in chat]
    found = continuations(CYCLE, Corpus.of([item, {"prompt": "ab", "completion": "cc"}], "member"))
    assert [words(found, n) for n in ("prompt", "generated", "expected")] == ["abca", "bca", "bca"]
    assert [words(found, n, 1) for n in ("prompt", "generated", "expected")] == ["ab", "ca", "cc"]


def test_hits_of_one_pass_are_what_generation_says():
    target = CausalLM(tiny_gpt(272, width=32, seed=0), byte_tokenizer())
    prompt = target.encode("Once upon a time").ids
    recited = target.decode(np.concatenate([prompt, target.generate([prompt], 20)[0]]))
    corpus = Corpus.of([recited, recited[:-2] + "??"], "member")
    found = continuations(target, corpus, prefix_tokens=prompt.size, new_tokens=20)
    hits = token_logprobs(target, corpus)["gap"]
    for i in range(2):
        exact = np.array_equal(found["generated"][i], found["expected"][i])
        assert exact == bool((hits[i][prompt.size :] > 0).all())


def test_samples_are_drawn_for_each_record_alone():
    corpus = Corpus.of(["abcabca", "bcabcab", "a"], "member")
    options = {"prefix_tokens": 2, "new_tokens": 5, "temperature": 2.0, "n_samples": 3}
    found = samples(CYCLE, corpus, seed=1, **options)
    alone = samples(CYCLE, corpus.take([1]), seed=1, **options)
    assert words(found, "greedy") == "cabca"
    assert found["sample_000"].lengths.tolist() == [5, 5, 0]
    for k in range(3):
        assert found[f"sample_{k:03d}"][1].tolist() == alone[f"sample_{k:03d}"][0].tolist()
    assert len({tuple(found[f"sample_{k:03d}"][0]) for k in range(3)}) > 1
    other = samples(CYCLE, corpus, seed=2, **options)
    assert any(found[f"sample_{k:03d}"].values.tolist() != other[f"sample_{k:03d}"].values.tolist() for k in range(3))


def test_no_samples_and_no_temperature_are_refused():
    for options in ({"n_samples": 0}, {"temperature": 0.0}):
        with pytest.raises(UsageError, match="samples are at least 1"):
            samples(CYCLE, Corpus.of(["abc"], "member"), **options)
