import math

import numpy as np
import pytest

from byheart.core.errors import TooFewRecords
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.rmia import rmia

ROLES = ["member", "nonmember", "nonmember"]


def dense(probabilities, roles=ROLES):
    ids = np.array([f"r{i}" for i in range(len(probabilities))], dtype=object)
    logprob = Ragged(np.log(probabilities), np.arange(len(probabilities) + 1))
    return Signals(ids, np.array(roles, dtype=object), ids, {"logprob": logprob})


SHADOWS = [dense([0.2, 0.4, 0.5]), dense([0.4, 0.8, 0.5])]
INCLUDED = np.array([[0, 0, 0], [1, 1, 1]], bool)


def test_by_hand():
    # mean of out and in: 0.3, 0.6, 0.5. Gains: .45/.3 = 1.5, .48/.6 = 0.8, .6/.5 = 1.2. The member outdoes both;
    # among the other control records: 0.8 < 1.2 outdoes none, 1.2 outdoes the one
    target = dense([0.45, 0.48, 0.6])
    assert rmia(target, SHADOWS, included=INCLUDED).values.tolist() == [1.0, 0.0, 1.0]
    # 1.5 / 1.2 = 1.25 and 1.5 / 0.8 = 1.875: with gamma 1.3 one of two; 1.2 / 0.8 = 1.5 above it
    assert rmia(target, SHADOWS, included=INCLUDED, gamma=1.3).values.tolist() == [0.5, 0.0, 1.0]
    # gamma 0.6: 0.8 / 1.2 = 0.67 is enough
    assert rmia(target, SHADOWS, included=INCLUDED, gamma=0.6).values.tolist() == [1.0, 1.0, 1.0]


def test_offline_by_hand():
    # a = 0.3: mean = 0.65 out + 0.35: 0.48, 0.61, 0.675; gains .45/.48 = .9375, .48/.61 = .787, .6/.675 = .889
    shadows, included = SHADOWS[:1], INCLUDED[:1]
    target = dense([0.45, 0.48, 0.6])
    assert rmia(target, shadows, included=included, offline=True).values.tolist() == [1.0, 0.0, 1.0]
    # 0.9375 / 0.889 = 1.0547: with gamma 1.06 the member outdoes only the first
    assert rmia(target, shadows, included=included, offline=True, gamma=1.06).values.tolist() == [0.5, 0.0, 1.0]


def test_agrees_with_the_double_loop():
    rng = np.random.default_rng(0)
    n, roles = 30, ["member"] * 15 + ["nonmember"] * 15
    shadows = [dense(rng.uniform(0.1, 0.9, n), roles) for _ in range(4)]
    included = np.array([[1] * n, [0] * n, [1] * n, [0] * n], bool)
    target = dense(rng.uniform(0.1, 0.9, n), roles)
    values = rmia(target, shadows, included=included, gamma=1.2).values
    table = np.exp([s.ragged("logprob").values for s in shadows])
    gain = np.exp(target.ragged("logprob").values) / table.mean(axis=0)
    for i in range(n):
        others = [z for z in range(15, n) if z != i]
        assert values[i] == pytest.approx(np.mean([gain[i] / gain[z] > 1.2 for z in others]))


def test_a_missing_side_is_no_score_and_too_few_are_refused():
    included = np.array([[0, 0, 0], [0, 1, 1]], bool)
    assert math.isnan(rmia(dense([0.5] * 3), SHADOWS, included=included).values[0])
    with pytest.raises(TooFewRecords, match="got 1"):
        rmia(dense([0.5] * 3, ["member", "member", "nonmember"]), SHADOWS, included=INCLUDED)
