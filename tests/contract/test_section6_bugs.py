"""Known bugs of other tools, each tried on byheart: the number they get wrong, and what it should be."""

import inspect
import math

import numpy as np
import pytest
import torch
from scipy.stats import norm, rankdata

from byheart.compare.text.alignment import best_window
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.blind import blind
from byheart.measure.dataset_inference import FEATURES, dataset_inference, features
from byheart.measure.exposure import exposure
from byheart.measure.extraction import extraction
from byheart.measure.extraction_strength import extraction_strength
from byheart.measure.gradnorm import gradnorm
from byheart.measure.lira import lira
from byheart.measure.loss import loss
from byheart.measure.min_k import min_k
from byheart.measure.min_k_plus_plus import min_k_plus_plus
from byheart.measure.probabilistic_extraction import log_trials_needed, probabilistic_extraction
from byheart.measure.recall import recall
from byheart.measure.reference import reference
from byheart.measure.window import window
from byheart.measure.zlib import zlib
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.conditional import conditional_logprobs
from byheart.signals.text.gradients import gradient_norm
from byheart.signals.text.token_logprobs import token_logprobs
from byheart.stats.auc import auc, auc_estimate
from byheart.stats.roc import tpr_at_fpr
from byheart.stats.sides import Sides

LAW = [0.7, 0.2, 0.1]
TEXTS = ["abc", "cabbage", "a", "ccccccccccccccccccccbbb", "bad"]


def toy(bos=True):
    return ToyBigram.fit([*TEXTS, "abcdeg" * 3], bos=bos)


def texts(items=TEXTS):
    return Corpus.of(items, "member")


def written(roles=None, **rows):
    n = len(next(iter(rows.values())))
    ids = np.array([f"r{i}" for i in range(n)], dtype=object)
    arrays = {k: Ragged.of(v, dtype=np.float64) if isinstance(v[0], list) else np.array(v) for k, v in rows.items()}
    return Signals(ids, ids if roles is None else np.array(roles, dtype=object), ids, arrays)


def test_min_k_plus_plus_weighs_the_vocabulary():
    """Unweighted moments give z = (1.081, -0.189, -0.892) for p = (.7, .2, .1); weighted (0.633, -1.149, -2.134)."""
    model = ToyBigram([LAW] * 3, "abc", start=LAW)
    z = min_k_plus_plus(token_logprobs(model, texts(["a", "b", "c"]), seed=0)).values
    np.testing.assert_allclose(z, [0.633, -1.149, -2.134], atol=1e-3)


def test_padding_is_no_token():
    """A mask shifted by one lets a pad token's loss into every short text of a padded batch."""
    model = toy()
    together = loss(token_logprobs(model, texts(), seed=0, max_tokens_per_batch=4096)).values
    alone = [loss(token_logprobs(model, texts([t]), seed=0)).values[0] for t in TEXTS]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_conditional_scores_are_of_the_text_alone():
    """Averaging over prefix and text makes the ratio say what the prefix is. A bigram forgets the prefix: ratio 1."""
    model = toy(bos=False)
    alone = token_logprobs(model, texts(["abc", "cabbage"]), seed=0)
    after = conditional_logprobs(model, texts(["abc", "cabbage"]), ["bad" * 20], seed=0, separator="a")
    np.testing.assert_allclose(recall(alone, after).values, [1.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize("bos", [True, False])
def test_an_empty_prefix_changes_nothing(bos):
    """T terms over T - 1, or a second beginning-of-sequence token in the middle, give a ratio other than 1."""
    model = toy(bos=bos)
    alone = token_logprobs(model, texts(), seed=0)
    assert alone.ragged("token_ids").values.tolist().count(len(model.symbols)) == (len(TEXTS) if bos else 0)
    after = token_logprobs(model, texts(), seed=0, prefix=np.zeros(0, np.int32))
    values = recall(alone, after).values
    np.testing.assert_allclose(values[~np.isnan(values)], 1.0)


def test_zlib_is_log_likelihood_over_bytes():
    """Not perplexity over bits, not bytes over characters: mean log-probability / compressed bytes, for all texts."""
    import zlib as library

    signals = token_logprobs(toy(), texts(["abcabcabc", "bad"]), seed=0)
    sizes = [len(library.compress(t.encode())) for t in ("abcabcabc", "bad")]
    np.testing.assert_allclose(zlib(signals).values, loss(signals).values / sizes)


def test_tpr_never_exceeds_its_false_alarm_rate():
    """The nearest point, or the first above, may lie at 1 % where 0.5 % was promised."""
    controls = np.arange(1000.0)
    members = np.full(50, 994.5)  # finding them costs exactly the 5 controls above: 0.5 %
    assert tpr_at_fpr(Sides.of(members, controls), 0.0051, seed=0, n_resamples=50).value == 1.0
    assert tpr_at_fpr(Sides.of(members - 1, controls), 0.0051, seed=0, n_resamples=50).value == 0.0  # would cost 0.6 %


def test_the_interval_is_about_the_estimate():
    """Negating twice puts the resampled AUC at 1 - AUC: 0.253 for 0.747."""
    rng = np.random.default_rng(0)
    members, controls = rng.normal(0.94, 1, 400), rng.normal(0, 1, 400)
    estimate = auc_estimate(Sides.of(members, controls))
    assert estimate.value == pytest.approx(auc(members, controls))
    assert 0.5 < estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_short_texts_have_a_min_k(n):
    """int(0.2 n) is 0 below 5 tokens: a mean of nothing, silently dropped later."""
    assert min_k(written(logprob=[[-1.0] * n])).values.tolist() == [-1.0]


def test_the_reference_is_subtracted_in_logs_and_is_one():
    """One peer subtracts a probability: -1 - e^-2; another takes the best of many references."""
    own, other = (written(logprob=[[x]], token_ids=[[1]]) for x in (-1.0, -2.0))
    assert reference(own, other).values.tolist() == [1.0]
    assert reference(own, own).values.tolist() == [0.0]
    assert list(inspect.signature(reference).parameters) == ["signals", "others"]


def test_min_k_is_the_lowest_and_zero_loss_counts():
    """Names swapped by sorting losses; tokens of loss 0, the best known ones, dropped as padding."""
    row = dict(zip(FEATURES, features(written(logprob=[[-4.0, 0.0, 0.0, 0.0]], n_zlib=[9]))[0], strict=True))
    assert (row["loss"], row["min_k_0.2"], row["max_k_0.2"]) == (-1.0, -4.0, 0.0)
    assert loss(written(logprob=[[-4.0, 0.0, 0.0, 0.0]])).values.tolist() == [-1.0]


def test_an_empty_text_keeps_its_place():
    """Dropping empty texts before scoring shifts every later score to another record."""
    rng = np.random.default_rng(0)
    roles = ["member"] * 20 + ["nonmember"] * 20
    rows = [list(rng.normal(-1 if r == "member" else -5, 0.1, 8)) for r in roles]
    rows[3] = []
    scores = dataset_inference(written(roles, logprob=rows, n_zlib=[30] * 40))
    assert np.isnan(scores.values[3])
    assert (scores.where("member").values > 0).all()
    assert (scores.where("nonmember").values < 0).all()


def test_extraction_strength_reaches_zero():
    """A loop that stops at k = n - 1 leaves 1 / n: 0.1 for ten tokens."""
    assert extraction_strength(written(gap=[[-1.0] * 10])).values.tolist() == [0.0]


class Dropping(torch.nn.Module):
    """Ten tokens, two layers, and a dropout that is switched on in training mode."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.inside = torch.nn.Parameter(torch.randn(10, 8, generator=generator))
        self.drop = torch.nn.Dropout(0.5)
        self.outside = torch.nn.Parameter(torch.randn(8, 10, generator=generator))

    def forward(self, input_ids, use_cache=False):
        logits = self.drop(self.inside[input_ids]) @ self.outside
        return type("Output", (), {"logits": logits})


def test_gradients_are_taken_without_dropout():
    """A model left in training mode gives another gradient each time."""
    target = toy()
    target.module = Dropping().train()
    corpus = texts(["abc", "bad"])
    first, second = (gradnorm(gradient_norm(target, corpus)).values for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert target.module.training  # left as it was found


def test_windows_slide_over_tokens():
    """Indexing the batch dimension makes one window of everything: -3 here; the best two tokens have -1."""
    assert window(written(logprob=[[-5.0, -1.0, -1.0, -5.0]]), width=2).values.tolist() == [-1.0]


def test_the_suffix_is_the_last_tokens():
    """A slice shifted by one takes in the last prefix token and leaves out the last of the suffix."""
    signals = written(logprob=[[-100.0, -100.0, -1.0, -2.0]])
    assert probabilistic_extraction(signals, suffix=2).values.tolist() == [-3.0]


def test_lira_keeps_each_sides_variance_and_is_one_sided_offline():
    """One sd of uncentred values for both sides; an offline density that scores -3 sd as +3 sd."""

    def one(*values):
        return written(logprob=[[v] for v in values])

    out = np.zeros((3, 2), bool)
    better, worse = lira(one(-2.0, -8.0), [one(x, x) for x in (-4.0, -5.0, -6.0)], included=out, offline=True).values
    assert better == pytest.approx(-math.log(norm.sf(3)))
    assert worse == pytest.approx(-math.log(norm.sf(-3)))
    included = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)
    shadows = [one(-1.0 + e, -50.0 + e) for e in (0.1, -0.1, 0.5, -0.5)]
    expected = norm.logpdf(0, 0, math.sqrt(0.02)) - norm.logpdf(0, 0, math.sqrt(0.5))
    np.testing.assert_allclose(lira(one(-1.0, -50.0), shadows, included=included).values, expected)


def eight_tokens(roles, last=None):
    """Six records of eight tokens, the last of which may be set."""
    rows = np.random.default_rng(0).normal(-3, 1, (6, 8))
    if last is not None:
        rows[:, -1] = last
    moments = {"mean_logprob": [[-2.0] * 8] * 6, "var_logprob": [[1.0] * 8] * 6, "n_zlib": [30] * 6}
    return written(roles, logprob=rows.tolist(), gap=(rows + 3).tolist(), **moments)


@pytest.mark.parametrize("reader", [loss, min_k, min_k_plus_plus, zlib, window, extraction, extraction_strength])
def test_no_label_turns_a_score(reader):
    """Feature signs flipped with the labels of all samples, those to be scored included."""
    one_way = reader(eight_tokens(["member"] * 3 + ["nonmember"] * 3))
    other_way = reader(eight_tokens(["nonmember"] * 3 + ["member"] * 3))
    np.testing.assert_array_equal(one_way.values, other_way.values)


@pytest.mark.parametrize("reader", [loss, min_k, min_k_plus_plus, zlib, window, extraction, extraction_strength])
def test_the_last_token_counts(reader):
    """A slice [0:-1] drops it."""
    roles = ["member"] * 6
    assert (reader(eight_tokens(roles, last=-0.1)).values > reader(eight_tokens(roles, last=-20.0)).values).all()


def test_what_is_scored_teaches_nothing():
    """Scaling by all records, or a vectoriser fitted on the test part too, lets a scored record move the others."""
    rng = np.random.default_rng(0)
    roles = ["member"] * 20 + ["nonmember"] * 20
    rows = [list(rng.normal(-1 if r == "member" else -2, 1, 8)) for r in roles]
    before = dataset_inference(written(roles, logprob=rows, n_zlib=[30] * 40)).values
    victim = int(np.flatnonzero(~np.isnan(before))[0])
    rows[victim] = [-99.0] * 8
    after = dataset_inference(written(roles, logprob=rows, n_zlib=[30] * 40)).values
    assert np.flatnonzero(~(np.isclose(before, after, rtol=0, atol=0) | np.isnan(before))).tolist() == [victim]
    items = [" ".join(rng.choice(["red", "blue", "green", "grey"], 6)) for _ in roles]
    plain = blind(Corpus.of(items, roles), folds=2).values
    items[victim := int(np.flatnonzero(~np.isnan(plain))[0])] = "something else entirely"
    others = np.setdiff1d(np.flatnonzero(~np.isnan(plain)), victim)
    changed = blind(Corpus.of(items, roles), folds=2).values
    np.testing.assert_array_equal(rankdata(plain[others]), rankdata(changed[others]))


def test_exposure_counts_the_canary_among_the_candidates():
    """log2(N) with ranks up to N + 1 is negative for the worst canary; with N + 1 candidates it is 0."""
    roles = ["canary", "canary_control", "canary_control"]
    signals = written(roles, logprob=[[-9.0], [-1.0], [-2.0]], secret=[[1], [1], [1]])
    corpus = Corpus.of(["x"] * 3, roles, ids=signals.ids, columns={"pool": ["a"] * 3, "repetitions": [1, 0, 0]})
    assert exposure(signals, corpus).values[0] == 0.0


def test_rare_suffixes_do_not_cancel_to_never():
    """1 - (1 - p)^n is 0 in floats for p = 1e-17, n = 1e9, where the truth is 1e-8: n for 1e-8 is 1e9, not never."""
    assert math.exp(log_trials_needed(np.log(1e-17), 1e-8)) == pytest.approx(1e9, rel=1e-6)


@pytest.mark.parametrize("shift", range(8))
def test_a_shift_does_not_hide_a_copy(shift):
    """A window that slides by an eighth of the width misses a one-edit copy shifted by 4 to 6 of 80 characters."""
    secret = "".join(np.random.default_rng(1).choice(list("abcdefgh"), 80))
    assert best_window(secret, "-" * shift + secret[:40] + "!" + secret[41:] + "----").distance == 1


def test_other_tokens_are_refused_not_compared():
    """Prefix and text tokenised apart give other tokens at the seam; a ratio over them means nothing."""
    one, other = (written(logprob=[[-1.0]], token_ids=[[t]]) for t in (1, 2))
    with pytest.raises(UsageError, match="same tokenizer"):
        recall(one, other)
