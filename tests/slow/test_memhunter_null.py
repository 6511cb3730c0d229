"""A model that never saw the set, hunted for real: the test is right as often as it says, the naive one is not."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from byheart.core.corpus import Corpus
from byheart.measure.memhunter import memhunter
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.hunted import hunted, with_columns, with_prompts
from byheart.stats.judge.hunted_set import dataset_test

RUNS, DOCUMENTS, WINDOWS = 200, 10, 5
LETTERS = list("abcdefgh")


@pytest.fixture(scope="module")
def null_runs():
    """200 fresh sets and controls: documents of letters in shares of their own, cut into overlapping windows."""
    target = CausalLM(tiny_gpt(261, width=16, layers=1, heads=2, context=64, seed=0), byte_tokenizer())
    rng, size = np.random.default_rng(0), 2 * DOCUMENTS * WINDOWS
    windows, groups = [], []
    for d in range(RUNS * 2 * DOCUMENTS):
        letters = rng.choice(LETTERS, 28, p=rng.dirichlet(np.full(8, 0.5)))
        windows += ["".join(letters[w : w + 24]) for w in range(WINDOWS)]
        groups += [f"d{d}"] * WINDOWS
    role = np.repeat(np.tile(["member"] * DOCUMENTS + ["nonmember"] * DOCUMENTS, RUNS), WINDOWS)
    corpus = Corpus.of(windows, role.tolist(), ids=[str(i) for i in range(len(windows))], groups=groups)
    corpus = with_columns(corpus, context=[w[:8] for w in windows], continuation=[w[8:] for w in windows])
    found = memhunter(hunted(target, with_prompts(corpus, [["".join(rng.choice(LETTERS, 2))] for _ in windows])))
    return [found.take(np.arange(i * size, (i + 1) * size)) for i in range(RUNS)]


@pytest.mark.slow
def test_it_rejects_as_often_as_it_says(null_runs):
    """Level 0.05, 200 runs: the band [2, 20] was set before anything was measured."""
    p = [dataset_test(s, seed=i, n_resamples=199, exact_up_to=0).p for i, s in enumerate(null_runs)]
    assert 2 <= sum(x < 0.05 for x in p) <= 20


@pytest.mark.slow
def test_the_naive_test_of_windows_rejects_too_often(null_runs):
    p = [ttest_ind(s.where("member").values, s.where("nonmember").values, alternative="greater").pvalue
         for s in null_runs]  # fmt: skip
    assert sum(x < 0.05 for x in p) > 20
