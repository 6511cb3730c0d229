import numpy as np
import pytest
from scipy.stats import binom

from byheart.stats.intervals import wilson
from byheart.stats.shares import events_worth, share_estimate
from byheart.stats.sides import Sides


def test_share_by_hand():
    """20 on 200 members, 5 on 100 controls: 0.1 / (0.1 + 0.05) = 2/3. As 25 single events, 20 of them on members."""
    sides = Sides.of([1.0] * 20 + [0.0] * 180, [1.0] * 5 + [0.0] * 95)
    found = share_estimate(sides)
    assert found.value == pytest.approx(2 / 3)
    worth = 25**2 / (25 * (1 - 25 / 300))  # the spread of 0/1 weights of mean 25/300 is 300 * 25/300 * (1 - 25/300)
    assert events_worth(sides) == pytest.approx(worth)
    low, high = wilson(0.8 * worth, worth)
    assert found.low == pytest.approx(low / 200 / (low / 200 + (1 - low) / 100))
    assert found.high == pytest.approx(high / 200 / (high / 200 + (1 - high) / 100))


def test_rows_of_one_person_are_one_event():
    """Ten hits in ten rows of one person, of 30 persons with ten rows each, are about one event."""
    hit, groups = np.zeros(150), np.repeat(np.arange(15), 10)
    hit[:10] = 1
    sides = Sides.of(hit, np.zeros(150), groups, groups + 15)
    assert events_worth(sides) == pytest.approx(1 / (1 - 1 / 30))
    assert share_estimate(sides).low < 0.22  # one event of one: Wilson's lower end is 1 / (1 + 1.96^2) = 0.207


def test_what_a_group_would_get_by_chance_grows_with_its_records():
    """Six records share a weight of 6, so 1 each: a person of three rows would get 3, the three others 1 each.

    They get 4, 1, 1, 0: the spread is 1 + 0 + 0 + 1, worth 36 / 2 events. Even weights of uneven persons are certain.
    """
    sides = Sides.of([2.0, 1.0, 1.0, 1.0], [1.0, 0.0], ["a", "a", "a", "b"], ["c", "d"])
    assert events_worth(sides) == pytest.approx(18)
    even = Sides.of([2.0] * 4, [2.0] * 2, ["a", "a", "a", "b"], ["c", "d"])
    assert events_worth(even) == 1e12


def test_all_on_members_is_not_certain():
    found = share_estimate(Sides.of([1.0] * 3 + [0.0] * 97, [0.0] * 100))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.4 < found.low < 0.5  # three of three: 3 / (3 + 3.84) = 0.44


def test_nothing_falls_anywhere_and_the_same_everywhere():
    assert share_estimate(Sides.of([0.0, 0.0], [0.0])).value is None
    even = share_estimate(Sides.of([2.0] * 30, [2.0] * 10))
    assert (even.value, even.low, even.high) == (0.5, pytest.approx(0.5, abs=1e-5), pytest.approx(0.5, abs=1e-5))


@pytest.mark.parametrize("share", [0.5, 0.6, 0.8])
@pytest.mark.parametrize("rate", [0.05, 1.0])
def test_interval_covers(share, rate):
    """400 pairs of tables with uneven weights, 150 members and 50 controls."""
    rng, covered = np.random.default_rng(1), 0
    on_members, on_controls = 2 * rate * share, 2 * rate * (1 - share)
    for _ in range(400):
        weights = [rng.poisson(rng.gamma(1.0, mean, size)) for mean, size in ((on_members, 150), (on_controls, 50))]
        found = share_estimate(Sides.of(*weights))
        covered += found.value is None or found.low <= share <= found.high
    assert covered >= binom.ppf(1e-4, 400, 0.95)
