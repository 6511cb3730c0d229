"""Rows drawn alike are called spoilt as seldom as real ones; a spoilt row stands on top."""

import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import TooFewRecords
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.explain.out_of_distribution import out_of_distribution

SCHEMA = Schema.of(["x", "double"], ["kind"])


def tables(n_train, n_made, change=None):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 1, n_train + n_made)
    frame = pd.DataFrame({"x": x, "double": 2 * x, "kind": np.where(x > 3, "tall", "short")})
    if change is not None:
        frame.loc[n_train + 7, "double"] = change
    return Corpus.of(Rows.of(frame, SCHEMA), ["member"] * n_train + ["synthetic"] * n_made)


def test_the_row_that_fits_no_other_is_first_and_rows_drawn_alike_are_not_called_spoilt():
    corpus = tables(400, 100, change=900.0)
    findings = out_of_distribution(corpus, seed=0)
    assert findings.address.tolist() == corpus.ids[400:].tolist()
    assert findings.table()["address"][0] == corpus.ids[407]
    shares = findings.estimates
    assert shares["synthetic"].value <= 0.03
    assert shares["real"].value <= 0.03
    assert shares["spoilt"].value > 0.8
    assert (shares["synthetic"].n, shares["real"].n) == (100, 200)


def test_the_share_called_spoilt_is_that_of_odds_above_one_half():
    findings = out_of_distribution(tables(200, 80, change=-500.0), seed=1)
    assert findings.estimates["synthetic"].value == pytest.approx((findings.weight > 0.5).mean())


def test_without_synthetic_rows_it_refuses():
    with pytest.raises(TooFewRecords, match="got 40 and 0"):
        out_of_distribution(tables(40, 0))
