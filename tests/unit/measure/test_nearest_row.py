import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.core.signals import Signals
from byheart.measure.nearest_row import nearest_row


def signals(rows):
    """Rows of (role, distance 1, distance 2, neighbour, copies)."""
    roles = np.array([r[0] for r in rows], dtype=object)
    ids = np.array([f"r{i}" for i in range(len(rows))], dtype=object)
    arrays = {
        "distance": np.array([[r[1], r[2]] for r in rows], dtype=float),
        "neighbour": np.array([[r[3], -1 if np.isnan(r[2]) else 0] for r in rows], dtype=np.int64),
        "copies": np.array([[r[4], 0] for r in rows], dtype=np.int64),
    }
    return Signals(ids, roles, ids.copy(), arrays)


NAN = float("nan")
ROWS = [
    ("member", NAN, NAN, -1, 0),
    ("synthetic", 0.1, 0.4, 0, 1),  # ratio 1/4, below 1/3
    ("synthetic", 0.1, 0.3, 0, 1),  # ratio 1/3 but for rounding; a later test has it exactly
    ("synthetic", 0.2, 0.4, 0, 1),  # ratio 1/2
    ("synthetic", 0.0, 0.3, 0, 5),  # an exact copy of a row that stands there five times
    ("nonmember", 0.3, 0.3, 0, 1),  # two rows equally near
    ("nonmember", 0.0, NAN, 0, 3),  # a copy where there is no second row
    ("nonmember", 0.2, NAN, 0, 3),  # no second row to compare with
]


def test_ratio_by_hand():
    scores = nearest_row(signals(ROWS))
    # 1 - d1 / d2: 3/4, 2/3, 1/2, 1, 0; 1 at distance 0; nothing to compare with in the last
    np.testing.assert_allclose(scores.values, [NAN, 3 / 4, 2 / 3, 1 / 2, 1, 0, 1, NAN])
    assert scores.extra["exact"].tolist() == [0, 0, 0, 0, 1, 0, 1, 0]
    assert scores.extra["copies"].tolist() == [0, 1, 1, 1, 5, 1, 3, 3]
    assert scores.extra["neighbour"].tolist() == [-1, 0, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(scores.extra["distance_2"][1:6], [0.4, 0.3, 0.4, 0.3, 0.3])


def test_the_threshold_is_strict():
    at = [("synthetic", 1.0, 4.0, 0, 1), ("synthetic", 1.0, 4.001, 0, 1), ("synthetic", 0.0, 4.0, 0, 1)]
    assert nearest_row(signals(at), threshold=1 / 4).extra["copied"].tolist() == [0, 1, 1]
    assert nearest_row(signals(at)).extra["copied"].tolist() == [1, 1, 1]


def test_a_row_is_copied_below_one_third_unless_told_otherwise():
    """Fang et al., equation 1. The ratios: 1/2.999 > 1/3, 1/3, 1/3.001 < 1/3."""
    scores = nearest_row(signals([("synthetic", 1.0, second, 0, 1) for second in (2.999, 3.0, 3.001)]))
    assert scores.extra["copied"].tolist() == [0, 0, 1]
    assert scores.params == {"threshold": 1 / 3}


def test_area_under_all_thresholds_is_the_mean_value():
    """Fang et al., appendix D.6: the integral of the ratio over thresholds in [0, 1] is 1 - mean(d1 / d2)."""
    rng = np.random.default_rng(0)
    rows = [("synthetic", d * r, d, 0, 1) for d, r in zip(rng.uniform(1, 2, 40), rng.uniform(0, 1, 40), strict=True)]
    scores = nearest_row(signals(rows))
    thresholds = (np.arange(20_000) + 0.5) / 20_000
    below = np.searchsorted(np.sort(1 - scores.values), thresholds, side="left") / 40
    assert below.mean() == pytest.approx(scores.values.mean(), abs=1e-4)


def test_nothing_to_read_and_a_senseless_threshold():
    assert len(nearest_row(signals(ROWS).take(np.arange(0)))) == 0
    with pytest.raises(UsageError, match=r"in \(0, 1\]; got 0"):
        nearest_row(signals(ROWS), threshold=0)
