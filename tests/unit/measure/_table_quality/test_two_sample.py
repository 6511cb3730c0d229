import numpy as np
import pytest
from scipy.stats import norm

from byheart.core.errors import TooFewRecords
from byheart.measure._table_quality.two_sample import chance_level, sdmetrics_detection, two_sample

KINDS = ["logistic", "trees"]


@pytest.mark.parametrize("classifier", KINDS)
def test_apart_is_0_and_alike_is_near_1(table, classifier):
    rng = np.random.default_rng(0)
    real, far = (
        table(rng.normal(size=(200, 2)), rng.integers(0, 3, 200)),
        table(9 + rng.normal(size=(200, 2)), [1] * 200),
    )
    assert two_sample(real, far, classifier=classifier, seed=0).value < 0.01
    fresh = table(rng.normal(size=(200, 2)), rng.integers(0, 3, 200))
    found = two_sample(real, fresh, classifier=classifier, seed=0)
    assert found.high >= chance_level(200, 200).low
    assert found.low <= found.value <= found.high
    assert found.n == 200


@pytest.mark.parametrize("classifier", ["logistic", pytest.param("trees", marks=pytest.mark.slow)])
def test_without_a_difference_the_score_keeps_to_its_level_of_chance(table, classifier):
    """100 pairs of like tables: 2.5 % below the level's low end, at most 8 (false alarm about 1 in 1,000)."""
    rng = np.random.default_rng(1)
    low, below = chance_level(80, 80).low, 0
    for seed in range(100):
        tables = [table(rng.normal(size=(80, 2)), rng.integers(0, 3, 80)) for _ in range(2)]
        below += two_sample(*tables, classifier=classifier, seed=seed).value < low
    assert below <= 8


def test_chance_level_by_hand():
    # halves of 2 x 100 rows: 50 and 50; variance 101 / (12 * 50 * 50) = 0.0033667, sd 0.058023
    # mean 1 - 2 * 0.058023 / sqrt(2 pi) = 0.953704; low end 1 - 2 * 1.959964 * 0.058023 = 0.772554
    found = chance_level(100, 100)
    assert found.value == pytest.approx(0.953704, abs=1e-6)
    assert found.low == pytest.approx(0.772554, abs=1e-6)
    z = np.abs(norm.ppf((np.arange(100_000) + 0.5) / 100_000)) * 0.058023  # max(AUC, 0.5) is above 0.5 half the time
    assert found.value == pytest.approx(1 - 2 * z.mean() / 2, abs=1e-4)
    assert chance_level(1, 5).value is None


def test_rows_of_one_person_stay_together(table):
    """Each person has 10 like rows: told by heart over a split of rows, unknown over a split of persons."""
    rng = np.random.default_rng(2)
    persons = np.repeat(np.arange(60), 10)
    who = rng.normal(size=(60, 4))[persons]
    real, other = table(who[:300], groups=persons[:300]), table(who[300:], groups=persons[300:])
    assert two_sample(real, other, classifier="trees", seed=0).high > 0.5
    alone = table(who[:300]), table(who[300:])
    assert two_sample(*alone, classifier="trees", seed=0).high < 0.1


def test_what_is_missing_tells_them_apart(table):
    """Half of the real numbers are missing and none of the others: a half is told, so AUC 3/4 and a score of 1/2."""
    rng = np.random.default_rng(4)
    x = np.where(np.arange(400) % 2 == 0, np.nan, rng.normal(size=400))
    for classifier in KINDS:
        found = two_sample(table(x), table(rng.normal(size=400)), classifier=classifier, seed=0)
        assert found.value == pytest.approx(0.5, abs=0.1)


def test_missing_values_and_unseen_categories(table):
    nan = float("nan")
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    x[::3] = nan
    real, other = table(x, rng.integers(0, 2, 60)), table(rng.normal(size=60), rng.integers(0, 9, 60) - 1)
    for classifier in KINDS:
        assert 0 <= two_sample(real, other, classifier=classifier, seed=0).value <= 1
    assert 0 <= sdmetrics_detection(real, other, seed=0) <= 1
    blank = table(np.full(60, nan), rng.integers(0, 2, 60))
    for classifier in KINDS:
        assert two_sample(blank, real, classifier=classifier, seed=0).value < 1
    assert 0 <= sdmetrics_detection(blank, real, seed=0) <= 1


def test_detection_of_what_is_apart_and_alike(table):
    rng = np.random.default_rng(4)
    real, far, fresh = (
        table(rng.normal(size=(150, 2))),
        table(9 + rng.normal(size=(150, 2))),
        table(rng.normal(size=(150, 2))),
    )
    assert sdmetrics_detection(real, far, seed=0) == pytest.approx(0)
    assert sdmetrics_detection(real, fresh, seed=0) > 0.75  # AUC of 50 against 50: sd 0.058, twice over 4 of them / 2


def test_refusals(table):
    tiny = table(np.zeros((19, 1)))
    with pytest.raises(TooFewRecords, match="10 entities of each table in each; got 9"):
        two_sample(tiny, table(np.zeros((40, 1))), seed=0)
    with pytest.raises(TooFewRecords, match="got 2 and 19"):
        sdmetrics_detection(tiny.take(np.arange(2)), tiny, seed=0)
