import numpy as np
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep

from byheart.stats.proportions import fisher_exact_p, hits, more_hits_p, share_difference
from byheart.stats.sides import Sides


def sides(k, m, j, n):
    return Sides.of(np.arange(m) < k, np.arange(n) < j)


@pytest.mark.parametrize(("k", "m", "j", "n"), [(5, 100, 0, 90), (0, 10, 3, 10), (30, 60, 10, 80)])
def test_fisher_agrees_with_scipy(k, m, j, n):
    assert fisher_exact_p(k, m, j, n) == pytest.approx(fisher_exact([[k, m - k], [j, n - j]], alternative="greater")[1])
    assert more_hits_p(sides(k, m, j, n), seed=0) == (fisher_exact_p(k, m, j, n), "Fisher's exact test")


def test_groups_are_dealt_whole():
    # one book recited in 20 places among 6 books and 6 controls: a single lucky group, p = 1/2
    hit = Sides.of(
        np.repeat([1, 0, 0, 0, 0, 0], 20), np.zeros(120), np.repeat(range(6), 20), np.repeat(range(6, 12), 20)
    )
    p, how = more_hits_p(hit, seed=0)
    assert p == pytest.approx(0.5)
    assert how == "labels dealt anew to whole groups, all 924 dealings"
    assert more_hits_p(Sides.of(hit.members, hit.controls), seed=0)[0] < 1e-6


def test_interval_agrees_with_newcombe_when_made_of_wilson_intervals():
    # ours is made of exact intervals, so it is a little wider than Newcombe's
    e = share_difference(sides(30, 60, 10, 80))
    low, high = confint_proportions_2indep(30, 60, 10, 80, method="newcomb")
    assert e.value == pytest.approx(30 / 60 - 10 / 80)
    assert low - 0.03 < e.low < low
    assert high < e.high < high + 0.03


def test_hits_reach_the_threshold():
    h = hits(Sides.of([0.4, 0.5, 0.6], [0.5]), 0.5)
    assert (h.members.tolist(), h.controls.tolist()) == ([0, 1, 1], [1])
