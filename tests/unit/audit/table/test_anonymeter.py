import importlib.util
import os
import sys

import numpy as np
import pandas as pd
import pytest

from byheart.audit.table.anonymeter import anonymeter_attacks
from byheart.core.corpus import Corpus
from byheart.core.errors import MissingExtra, TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema

PYTHON = os.environ.get("BYHEART_ANONYMETER_PYTHON")
needs_it = pytest.mark.skipif(not PYTHON, reason="BYHEART_ANONYMETER_PYTHON names no interpreter with anonymeter")
lacks_it = pytest.mark.skipif(importlib.util.find_spec("anonymeter") is not None, reason="anonymeter is installed here")
SCHEMA = Schema((*(Column(c, "number") for c in "abcd"), Column("since", "date"), Column("k", "category")), target="k")


def corpus(share, m=120, n=100):
    """Fresh rows, of which a share are training rows; one missing number and category in each table."""
    rng = np.random.default_rng(0)

    def table(size):
        frame = pd.DataFrame({c: rng.normal(size=size) for c in "abcd"})
        frame["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size), unit="D")
        frame["k"] = np.where(frame["a"] > 0.5, "high", rng.choice(["low", "none"], size))
        frame.loc[3, "a"], frame.loc[4, "k"] = np.nan, None
        return frame

    train, control, made = table(m), table(n), table(m)
    made.iloc[: round(share * m)] = train.iloc[: round(share * m)]
    roles = ["member"] * m + ["nonmember"] * n + ["synthetic"] * m
    return Corpus.of(Rows.of(pd.concat([train, control, made], ignore_index=True), SCHEMA), roles)


@needs_it
def test_copies_are_attacked_more_easily_than_control_rows():
    """All rows copied: linkability and inference hit far more training rows than control rows; nothing is claimed."""
    found = {v.method: v for v in anonymeter_attacks(corpus(1.0), python=PYTHON, n_attacks=100, seed=0)}
    assert set(found) == {"anonymeter_singling_out", "anonymeter_linkability", "anonymeter_inference"}
    for name in ("anonymeter_linkability", "anonymeter_inference"):
        assert found[name].main.low > found[name].control.high, found[name].caveats
    for verdict in found.values():
        assert verdict.decision != "shown"
        assert verdict.p is None
        assert verdict.main.low <= verdict.main.value <= verdict.main.high
        assert verdict.control is not None
        assert verdict.baseline is not None


@needs_it
def test_same_seed_same_attacks():
    """Anonymeter's guessing has a generator of its own that takes no seed; its attacks can be repeated."""
    one, other = (anonymeter_attacks(corpus(0.3), python=PYTHON, n_attacks=60, seed=3) for _ in range(2))
    assert [(v.main, v.control) for v in one] == [(v.main, v.control) for v in other]


@lacks_it
def test_missing_library_is_told_with_its_pip_line():
    with pytest.raises(MissingExtra, match="pip install"):
        anonymeter_attacks(corpus(0.0), seed=0)


@lacks_it
def test_an_interpreter_without_it_and_one_that_is_not_there():
    with pytest.raises(UsageError, match=r"cannot run anonymeter \(ModuleNotFoundError.*pip install anonymeter"):
        anonymeter_attacks(corpus(0.0), python=sys.executable, seed=0)
    with pytest.raises(UsageError, match="no interpreter '/nowhere/python'"):
        anonymeter_attacks(corpus(0.0), python="/nowhere/python", seed=0)


def test_three_tables_and_two_columns_are_needed():
    with pytest.raises(TooFewRecords, match="no control rows"):
        anonymeter_attacks(corpus(0.0).where("member", "synthetic"), python=sys.executable, seed=0)
    with pytest.raises(UsageError, match="'nowhere'"):
        anonymeter_attacks(corpus(0.0), python=sys.executable, secret="nowhere", seed=0)
