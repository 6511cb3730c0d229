"""The opposite of a claim is named at half the level, so that of 40 audits without any effect one at most is."""

import numpy as np
import pytest

from byheart.stats.judge.contamination import judge_contamination
from byheart.stats.judge.copies import judge_copies
from byheart.stats.judge.exposure import judge_exposure
from byheart.stats.judge.membership import judge
from byheart.stats.judge.share import judge_share


def membership(scored, rng):
    return judge(scored(member=rng.normal(-0.4, 1, 40), nonmember=rng.normal(size=40)), seed=0, n_resamples=199)


def share(scored, rng):
    scores = scored(member=rng.gamma(1, 0.8, 60), nonmember=rng.gamma(1, 1.2, 60))
    return judge_share(scores, claim="", blind=None, seed=0, n_resamples=199)


def copies(scored, rng):
    made, held_out = (rng.random(60) < 0.1).astype(float), (rng.random(60) < 0.1).astype(float)
    nearest = scored(extra={"copied": np.r_[made, held_out]}, name="nearest_row", synthetic=made, nonmember=held_out)
    copied = scored(member=rng.poisson(0.8, 60), nonmember=rng.poisson(1.2, 60))
    return judge_copies(nearest, copied, blind=None, seed=0, n_resamples=199)


def exposure(scored, rng):
    extra = {"repetitions": np.r_[np.ones(12), np.zeros(40)], "pool": np.full(52, "p", object)}
    scores = scored(extra=extra, canary=rng.normal(-0.5, 1, 12), canary_control=rng.normal(size=40))
    return judge_exposure(scores, seed=0, n_resamples=199)


def contamination(scored, rng):
    own, twins = rng.normal(-0.2, 1, 40), rng.normal(size=80)
    family = np.r_[np.arange(40), np.repeat(np.arange(40), 2)].astype(str).astype(object)
    extra = {"family": family, "twin": np.r_[np.zeros(40), np.tile([1, 2], 40)], "loglik": np.r_[own, twins]}
    scores = scored(family, extra=extra | {"right": np.full(120, np.nan)}, member=own, nonmember=twins)
    return judge_contamination(scores, seed=0, n_resamples=199)


@pytest.mark.parametrize("audit", [membership, share, copies, exposure, contamination], ids=lambda f: f.__name__)
def test_the_opposite_is_named_at_half_the_level(scored, audit):
    """A p of 0.96 to 0.97 is not beyond 0.975 and so chance; one from 0.985 on is."""
    rng, seen = np.random.default_rng(0), {}
    for _ in range(400):
        found = audit(scored, rng)
        seen.setdefault("chance" if 0.96 <= found.p <= 0.97 else "opposite" if found.p >= 0.985 else "", found)
        if {"chance", "opposite"} <= set(seen):
            break
    assert seen["chance"].decision == "not shown"
    assert seen["opposite"].decision == "inconclusive"
