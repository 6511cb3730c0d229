"""Verbatim audits of language models that were trained here on articles repeated 1 to 64 times, and of SmolLM2."""

import numpy as np
import pytest
from scipy.stats import binom, norm
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.data.attack_templates import attack_templates
from byheart.measure.verbatim import verbatim
from byheart.models.chat.opening import OpenChat, open_chat_model
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.chat.replies import Grid, replies, reply_texts
from byheart.stats.threshold import control_threshold

from ..chat_server import made_up_article

pytestmark = pytest.mark.slow

REPEATS = (1, 4, 16, 64)
N = 10  # articles of each
SIZES = {48: 2, 96: 2, 192: 3}  # width: layers


def article(seed):
    return made_up_article(seed, 60)


def word_tokenizer(texts):
    """A token for each word with the space before it: nothing to learn about spelling."""
    split = pre_tokenizers.Split(Regex(r" ?\S+"), "isolated")
    pieces = sorted({piece for t in texts for piece, _ in split.pre_tokenize_str(t)})
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<end>", *pieces])}, unk_token="<end>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = split, decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")


def jonckheere(groups):
    """One-sided p that values rise from group to group (normal approximation, no correction for ties)."""
    sizes = np.array([len(g) for g in groups])
    pairs = [(a, b) for i, a in enumerate(groups) for b in groups[i + 1 :]]
    j = sum((b[:, None] > a).sum() + 0.5 * (b[:, None] == a).sum() for a, b in pairs)
    n = sizes.sum()
    mean = (n**2 - (sizes**2).sum()) / 4
    var = (n**2 * (2 * n + 3) - (sizes**2 * (2 * sizes + 3)).sum()) / 72
    return float(norm.sf((j - mean) / np.sqrt(var)))


@pytest.fixture(scope="module")
def audited():
    """Longest stretches (characters) by size of the model: of articles by repeats, controls and fresh controls."""
    docs = {r: [article(1000 * r + i) for i in range(N)] for r in REPEATS}
    control = [article(10**6 + i) for i in range(60)]
    everything = [t for r in REPEATS for t in docs[r]] + control
    tokenizer, out = word_tokenizer(everything), {}
    for width, layers in SIZES.items():
        module = tiny_gpt(len(tokenizer), width=width, layers=layers, context=128, seed=0)
        model = CausalLM(module, tokenizer, name=f"tiny-{width}")
        texts = [t for r in REPEATS for t in docs[r] for _ in range(r)]
        train(module, [model.encode(t) for t in texts], epochs=2, batch_size=32, lr=3e-3, seed=0)
        target = OpenChat(CausalLM(module, tokenizer, name=f"tiny-{width}"), batch=64)
        corpus = Corpus.of(everything, ["member"] * (4 * N) + ["nonmember"] * 60)
        grid = Grid((8, 16), attack_templates(["plain"]), max_tokens=60, least=20, repeated=0.0)
        scores = verbatim(replies(target, corpus, grid), corpus)
        by = {r: scores.values[k * N : (k + 1) * N] for k, r in enumerate(REPEATS)}
        out[width] = (by, scores.values[4 * N : 4 * N + 30], scores.values[4 * N + 30 :])
    return out


def test_longer_stretches_with_more_repeats(audited):
    by, _, _ = audited[max(SIZES)]
    assert jonckheere([by[r] for r in REPEATS]) < 0.01


def test_fresh_controls_pass_the_threshold_no_more_often_than_they_may(audited):
    """At most 1 of 30 controls above the line: a fresh one passes with mean 2/31; 6 of 30 or more has p < 0.01."""
    for _, control, fresh in audited.values():
        line = control_threshold(control).value
        assert (fresh > line).sum() <= binom.ppf(0.99, 30, 2 / 31)


def test_articles_seen_most_often_are_flagged(audited):
    by, control, _ = audited[max(SIZES)]
    assert (by[64] > control_threshold(control).value).mean() >= 0.9


def test_larger_models_recite_no_less(audited):
    means = [audited[width][0][64].mean() for width in sorted(SIZES)]
    assert means[-1] >= means[0]


def test_a_small_instruct_model_echoes_a_licence_which_is_no_memory():
    """SmolLM2-135M-Instruct on the MIT licence and on its words in another order.

    Expected was a recitation; measured is none: it says the beginning again, then goes its own way (3 words in a row
    after the prefix; 5 or fewer of the GNU GPL's preamble, Genesis 1 and the Declaration of Independence).
    """
    licence = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
        'documentation files (the "Software"), to deal in the Software without restriction, including without '
        "limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the "
        "Software, and to permit persons to whom the Software is furnished to do so, subject to the following "
        "conditions: The above copyright notice and this permission notice shall be included in all copies or "
        "substantial portions of the Software."
    )
    shuffled = " ".join(np.random.default_rng(0).permutation(licence.split()))
    target = open_chat_model("smollm2", device="cpu")
    corpus = Corpus.of([licence, shuffled], ["member", "nonmember"])
    grid = Grid((38,), attack_templates(["plain"]), max_tokens=130, least=20, repeated=0.0)
    answers = replies(target, corpus, grid)
    scores = verbatim(answers, corpus, shared_run=200)
    assert " ".join(licence.split()[:20]) in next(reply_texts(answers))[0]
    assert scores.extra["words"].max() < 10
