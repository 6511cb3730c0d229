import math

import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.dc_pdd import dc_pdd


def test_by_hand(written):
    # counts (3, 1, 0): f = (4, 2, 1) / 7. Tokens 0, 1, 0 with p = .5, .25, .9: the second 0 does not count.
    # p log(1/f): .5 log(7/4) = .27981, .25 log(7/2) = .31319; mean .29650, no cap; with cap 0.3: (.27981 + .3) / 2
    signals = written(token_ids=[[0, 1, 0]], logprob=[[math.log(0.5), math.log(0.25), math.log(0.9)]])
    counts = np.array([3, 1, 0])
    assert dc_pdd(signals, counts=counts, cap=9.0).values == pytest.approx([0.29650], abs=1e-5)
    assert dc_pdd(signals, counts=counts, cap=0.3).values == pytest.approx([(0.27981 + 0.3) / 2], abs=1e-5)
    assert dc_pdd(signals, counts=counts).values == pytest.approx([0.01])


def test_no_record_meets_its_own_words(written):
    """Two identical control records in one group: their own words must be unknown to the table they are scored with."""
    signals = written(
        token_ids=[[1, 1], [1, 1], [2]],
        logprob=[[-1, -1], [-1, -1], [-1]],
        roles=["nonmember"] * 3,
        groups=["a", "a", "b"],
    )
    # scored with the folds without group a, at most token 2 was counted: f(1) = (0 + 1) / (N + 3), N = 0 or 1
    expected = {round(math.exp(-1) * math.log(n + 3), 6) for n in (0, 1)}
    for value in dc_pdd(signals, cap=9.0).values[:2]:
        assert round(float(value), 6) in expected


def test_members_never_fill_the_table(written):
    rows = [[0, 1]] * 6
    alone = written(token_ids=rows, logprob=[[-1, -1]] * 6, roles=["member"] * 6)
    assert dc_pdd(alone, cap=9.0).values == pytest.approx([math.exp(-1) * math.log(2)] * 6)  # f = 1/2 everywhere


def test_refuses_a_table_that_is_too_small(written):
    with pytest.raises(UsageError, match="token 5"):
        dc_pdd(written(token_ids=[[5]], logprob=[[-1.0]]), counts=np.ones(3))


def test_it_is_kept_where_the_counts_come_from(written):
    signals = written(token_ids=[[1]] * 6, logprob=[[-1.0]] * 6, roles=["nonmember"] * 6)
    assert dc_pdd(signals, counts=np.ones(3)).params["counts"] == "given"
    assert dc_pdd(signals).params["counts"] == "control"
