"""Rows like the real ones are not flagged, spoilt ones are, and the network says what it can see."""

import numpy as np
import pandas as pd
import pytest

from byheart.compare.rows.out_of_distribution import _another, out_of_distribution_ratio
from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema

SCHEMA = Schema.of(["x", "double", "level"], ["kind", "same kind"])


def drawn(n, seed):
    """Five columns that agree with each other: any one of them spoilt can be seen."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(3, 1, n), rng.choice(list("abc"), n)
    level = np.array([{"a": 10.0, "b": 20.0, "c": 30.0}[k] for k in kind]) + rng.normal(0, 1, n)
    return pd.DataFrame({"x": x, "double": 2 * x, "level": level, "kind": kind, "same kind": kind})


def ratio(real, new, **options):
    rows = Rows.of(pd.concat([real, new], ignore_index=True), SCHEMA)
    return out_of_distribution_ratio(rows, np.arange(len(rows)) >= len(real), **{"seed": 0, **options})


@pytest.mark.parametrize("spoilt", ["existing", "unknown"])
def test_rows_drawn_alike_are_flagged_as_often_as_real_ones(spoilt):
    found = ratio(drawn(600, 0), drawn(300, 1), spoilt=spoilt)
    assert found.found.value > 0.9
    assert found.real.value < 0.1
    assert found.augmented.low <= found.real.high
    assert found.real.low <= found.augmented.high
    assert (found.real.n, found.augmented.n) == (300, 300)


def test_spoilt_rows_are_flagged():
    far = drawn(200, 2).assign(level=lambda t: t["level"] * 100)
    assert ratio(drawn(600, 0), far).augmented.low > 0.9
    strange = drawn(200, 2).assign(kind="never seen")
    assert ratio(drawn(600, 0), strange, spoilt="unknown").augmented.low > 0.9
    mixed = pd.concat([far, drawn(200, 3)])
    assert ratio(drawn(600, 0), mixed).augmented.value == pytest.approx(0.5, abs=0.07)


def test_missing_cells_and_the_seed():
    real = drawn(200, 0).mask(np.random.default_rng(0).random((200, 5)) < 0.1)
    new = drawn(100, 1).assign(kind=None, x=np.nan)
    assert ratio(real, new) == ratio(real, new)
    assert ratio(real, new) != ratio(real, new, seed=1)


def test_another_category_is_another():
    rng, choices = np.random.default_rng(0), np.array([2, 5, 9])
    codes = np.repeat([2, 5, 9, 4], 3000)
    other = _another(codes, choices, rng)
    assert set(other) == {2, 5, 9}
    assert not (other == codes).any()
    for code in choices:  # each of the other two in half of the cases: 4.5 standard errors
        rest = choices[choices != code]
        assert abs((other[codes == code] == rest[0]).mean() - 0.5) < 4.5 * 0.5 / np.sqrt(3000)
    assert (_another(codes, np.array([7]), rng) == 7).all()


def test_too_little_is_refused():
    with pytest.raises(TooFewRecords, match="19 and 5"):
        ratio(drawn(19, 0), drawn(5, 1))
    with pytest.raises(TooFewRecords, match="40 and 0"):
        ratio(drawn(40, 0), drawn(0, 1))
    with pytest.raises(UsageError, match="'torn'"):
        ratio(drawn(40, 0), drawn(5, 1), spoilt="torn")
