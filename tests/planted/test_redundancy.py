"""A known vulnerability ratio found again, intervals that hold what they promise, and a trained model's canaries."""

import numpy as np
import pytest

from byheart.compare.text.prefix_perturbation import Perturbation
from byheart.explain._redundancy.drops import Drops, matched_ratio, vulnerability
from byheart.explain._redundancy.resample import clustered, ratio_of_means
from byheart.signals.text.perturbed_prefixes import BASELINES, CLEAN, perturbed_prefixes
from byheart.stats.auc import auc


def logistic_records(rng, n_documents, ratio):
    """Drops of memorized records in documents, 3 windows each, whose logistic response falls `ratio` times as fast.

    Every record has a threshold of its own around that of its document; M' is a share of 32 tokens.
    """
    document = np.repeat(np.arange(n_documents), 3)
    n = document.size
    low = document % 2 == 0
    strength = rng.uniform(0.02, 0.3, (n, 8))
    ease = np.exp(rng.normal(0, 0.3, n_documents)[document] + rng.normal(0, 0.2, n))
    slope = np.where(low, ratio, 1.0) * ease * 0.8
    expected = 2 / (1 + np.exp(-2 * slope[:, None] * strength)) - 1  # near slope * strength where that is small
    drop = rng.binomial(32, np.clip(expected, 0, 1)) / 32
    return Drops(np.ones(n), 1 - drop, strength, strength, np.ones(n)), low, document


def true_ratio(ratio):
    """What V(low) / V(high) comes to in a population of this kind: the logistic bends, so it is a little less."""
    drops, low, _ = logistic_records(np.random.default_rng(99), 40_000, ratio)
    ds, ss = (drops.drop * drops.strength).sum(axis=1), (drops.strength**2).sum(axis=1)
    return (ds[low].sum() / ss[low].sum()) / (ds[~low].sum() / ss[~low].sum())


@pytest.mark.parametrize("estimator", [vulnerability, matched_ratio])
def test_intervals_of_the_vulnerability_ratio_cover(estimator):
    """200 simulations of 80 documents, ratio about 2: coverage of the 95 % interval between 0.91 and 0.985.

    With a true coverage of 0.95 (0.94) that is missed once in 200 (60) runs; the seed is fixed.
    """
    truth, hits, values = true_ratio(2.0), 0, []
    for seed in range(200):
        drops, low, document = logistic_records(np.random.default_rng(seed), 80, 2.0)
        found = estimator(drops, low, ~low, document, seed=seed)
        e = found["ratio"] if isinstance(found, dict) else found
        values.append(e.value)
        hits += e.low <= truth <= e.high
    assert np.mean(values) == pytest.approx(truth, rel=0.02)
    assert 0.91 <= hits / 200 <= 0.985


def test_a_risk_ratio_of_one_is_rarely_denied():
    """Base rate of low redundancy 0.79 on both sides: the 95 % interval leaves 1 out in 1 to 10 % of 300 draws."""
    missed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        low, memorized = rng.random(400) < 0.79, rng.random(400) < 0.4
        x = np.stack([memorized & low, low, memorized & ~low, ~low], axis=1).astype(float)
        e = clustered(x, ratio_of_means, np.arange(400), seed=seed, unit="", how="", n_resamples=500)
        missed += not e.low <= 1 <= e.high
    assert 0.01 <= missed / 300 <= 0.10


def test_canaries_of_a_trained_model(planted):
    """Strings seen 256 times are told from never-planted twins, and only they lose by a disturbed prefix."""
    corpus = planted.manifest.corpus()
    plan = [Perturbation("replace", 4, where) for where in ("start", "end")]
    signals = perturbed_prefixes(planted.model, corpus, plan=plan, seed=0)
    hits = signals.dense("hits")[:, CLEAN]
    often, never = corpus.columns["repetitions"] == 16, corpus.columns["repetitions"] == 0
    assert auc(hits[often], hits[never]) > 0.9
    drop = hits[:, None] - signals.dense("hits")[:, len(BASELINES) :]
    assert (drop[often].mean(axis=0) > 0.1).all()
    assert (np.abs(drop[never].mean(axis=0)) < 0.05).all()
