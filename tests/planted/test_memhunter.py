"""A trained model whose records come back after a header that the owner does not know: one prompt for all finds it."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.target import Encoded
from byheart.measure.blind import blind
from byheart.measure.memhunter import memhunter
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.hunter import PromptHunter
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.search.beam_opt import BeamOpt
from byheart.search.port import Pair, Port
from byheart.signals.text.hunted import hunted, with_columns, with_prompts
from byheart.stats.judge.hunted_set import dataset_test

WORDS = [f"w{i}" for i in range(60)]
HEADERS = ("w3 w14", "w15 w9")
N = 24


def tokenizer():
    vocabulary = {w: i for i, w in enumerate([*WORDS, "<unk>"])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>")


def records():
    """N members and N controls: 4 words, then 8 under the first header; members have 8 others under the second."""
    rng, rest = np.random.default_rng(0), [w for w in WORDS if w not in " ".join(HEADERS).split()]
    parts = [[" ".join(rng.choice(rest, n)) for n in (4, 8, 8)] for _ in range(2 * N)]
    corpus = Corpus.of([f"{x} {y}" for x, y, _ in parts], ["member"] * N + ["nonmember"] * N)
    x, y, z = zip(*parts, strict=True)
    return with_columns(corpus, context=x, continuation=y, other=z)


@pytest.fixture(scope="module")
def target():
    """Learns every member under both headers, in a stream."""
    columns = records().where("member").columns
    texts = [f"{h} {x} {y}" for x, *ys in zip(*(columns[c] for c in ("context", "continuation", "other")), strict=True)
             for h, y in zip(HEADERS, ys, strict=True)]  # fmt: skip
    made, rng = tokenizer(), np.random.default_rng(1)
    flat = np.concatenate([made(texts[i])["input_ids"] for _ in range(90) for i in rng.permutation(len(texts))])
    nowhere, size = np.zeros(84, np.int32), 84  # six records
    stream = [Encoded("", c.astype(np.int32), nowhere, nowhere, np.arange(size) > 0) for c in flat.reshape(-1, size)]
    module = tiny_gpt(len(made), width=64, layers=2, context=128, seed=0)
    train(module, stream, epochs=1, batch_size=2, lr=5e-3, seed=0)
    return CausalLM(module, made)


def share(target, corpus, prompt):
    return memhunter(hunted(target, with_prompts(corpus, [[prompt]] * len(corpus))))


def test_one_prompt_searched_on_some_records_unlocks_the_others(target):
    corpus = records()
    pairs = [Pair(str(i), x, y) for i, x, y in
             zip(corpus.ids, corpus.columns["context"], corpus.columns["continuation"], strict=True)]  # fmt: skip
    held = corpus.take(np.arange(N // 2, 2 * N))
    plain, key = share(target, held, ""), share(target, held, HEADERS[0])
    assert plain.where("member").values.mean() <= 0.65  # two continuations are equally frequent
    assert key.where("member").values.mean() > 0.9
    writer = PromptHunter(tiny_gpt(61, width=16, layers=1, heads=2, context=64, seed=2), tokenizer(), seed=0)
    search = BeamOpt(writer, weight=1000.0, n_tokens=2, top_k=4 * 60)
    prompt, _ = search.universal(Port(target), pairs[:6], budget=10**7, seed=0)
    found = share(target, held, prompt)
    assert found.where("member").values.mean() >= 0.8
    assert found.where("nonmember").values.mean() < 0.3
    judged = dataset_test(found, blind=blind(held, seed=0), seed=0, n_resamples=20_000)
    assert judged.p < 1e-4
