"""Generators of any make answer alike: scikit-learn's, and classes written as other libraries write them."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from byheart.core.errors import TargetError, UsageError
from byheart.core.schema import Column, Schema
from byheart.models.table.synthesizer import OURS, adapt, borrowed_chance, load_synthesizer


class Bootstrap:
    """Learns from a data frame and draws from the global generators, as many libraries do."""

    def __init__(self, keep=1.0):
        self.keep = keep

    def fit(self, data):
        assert "note" not in data.columns
        self.data = data.sample(frac=self.keep)

    def sample(self, num_rows):
        return self.data.iloc[np.random.randint(0, len(self.data), num_rows)]  # noqa: NPY002


class WithDiscreteColumns(Bootstrap):
    """Wants to be told its categories, and has a generator of its own, like CTGAN."""

    def fit(self, train_data, discrete_columns=()):
        self.discrete = list(discrete_columns)
        self.data = train_data

    def set_random_state(self, seed):
        self.rng = np.random.default_rng(seed)

    def sample(self, n):
        return self.data.iloc[self.rng.integers(0, len(self.data), n)]


class Short(Bootstrap):
    def sample(self, num_rows):
        return self.data.iloc[: num_rows - 1]


class Broken(Bootstrap):
    def fit(self, data):
        raise RuntimeError("no luck\nat all")


def shuffled_columns(frame, n, seed):
    """A callable: each column shuffled."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({c: rng.choice(frame[c].to_numpy(), n) for c in frame.columns})


@pytest.mark.parametrize("source", [GaussianMixture, GaussianMixture(2), KernelDensity, Bootstrap, shuffled_columns])
def test_each_answers_with_the_schema_s_columns_and_kinds(awkward, source):
    frame, schema = awkward(120)
    before = frame.copy()
    made = adapt(source).fit(frame, schema, seed=0).sample(50, seed=1)
    assert list(made.columns) == list(schema.names)
    assert (made.dtypes == schema.conform(frame).dtypes).all()
    assert len(made) == 50
    assert (made["age"] % 1 == 0).all()
    assert made["note"].isna().all()
    for name in schema.categorical:
        assert set(made[name].dropna()) <= set(frame[name].dropna())
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("source", [GaussianMixture, KernelDensity, Bootstrap, WithDiscreteColumns, shuffled_columns])
def test_the_seed_decides_and_the_global_state_is_put_back(awkward, source):
    frame, schema = awkward(80)
    states = random.getstate(), np.random.get_state()[1].copy(), torch.random.get_rng_state()  # noqa: NPY002
    generator = adapt(source).fit(frame, schema, seed=0)
    made = generator.sample(40, seed=1)
    pd.testing.assert_frame_equal(made, adapt(source).fit(frame, schema, seed=0).sample(40, seed=1))
    assert not made.equals(generator.sample(40, seed=2))
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), states[2])


def test_a_mixture_learns_the_table():
    """Two clusters told by the category: a mixture keeps number and category together, drawn apart half would agree."""
    rng = np.random.default_rng(0)
    c = rng.integers(0, 2, 400)
    frame = pd.DataFrame({"x": rng.normal(np.where(c, 50, -50), 1), "c": np.where(c, "up", "down")})
    made = adapt(GaussianMixture, options={"n_components": 2}).fit(frame, Schema.of(["x"], ["c"]), seed=0)
    rows = made.sample(500, seed=0)
    assert ((rows["x"] > 0) == (rows["c"] == "up")).mean() > 0.8  # a half-normal cut off at 0 is no Gaussian
    assert made.name == "GaussianMixture"


def test_what_a_library_sees():
    schema = Schema((Column("w", "number", whole=True), Column("c", "category"), Column("note", "text")))
    frame = pd.DataFrame({"w": [1.0, 2.0], "c": ["a", "b"], "note": ["secret", "words"]})
    generator = adapt(WithDiscreteColumns()).fit(frame, schema, seed=0)
    assert generator.model.discrete == ["c"]
    assert generator.model.data["w"].dtype == np.int64
    assert list(generator.model.data.columns) == ["w", "c"]
    assert generator.sample(0, seed=0).shape == (0, 3)


def test_a_class_is_made_anew_with_its_options(awkward):
    frame, schema = awkward(100)
    generator = adapt(Bootstrap, options={"keep": 0.1}, name="a tenth").fit(frame, schema, seed=0)
    first = generator.model
    assert len(first.data) == 10
    assert generator.fit(frame, schema, seed=1).model is not first
    assert generator.name == "a tenth"


def test_ours_by_name_and_others_by_address():
    for name in ("tabddpm", "tabsyn", "optimal_denoiser", "independent_columns"):
        assert load_synthesizer(name).name == name
    assert set(OURS) == {"tabddpm", "tabsyn", "optimal_denoiser", "independent_columns"}
    assert load_synthesizer("tabddpm", {"width": 64}).width == 64
    assert load_synthesizer("sklearn.mixture:GaussianMixture", {"n_components": 3}).name == "GaussianMixture"
    ours = load_synthesizer("tabsyn")
    assert adapt(ours) is ours
    assert adapt(type(ours), options={"width": 32}).width == 32


def test_refusals(awkward):
    with pytest.raises(UsageError, match="there is no generator 'gan'; there are tabddpm, tabsyn"):
        load_synthesizer("gan")
    with pytest.raises(UsageError, match="cannot be imported"):
        load_synthesizer("no_such_package:Class")
    with pytest.raises(UsageError, match="cannot be imported"):
        load_synthesizer("sklearn.mixture:Nothing")
    with pytest.raises(UsageError, match=r"tabddpm: .*depth"):
        load_synthesizer("tabddpm", {"depth": 3})
    with pytest.raises(UsageError, match="has fit and sample"):
        adapt(LinearRegression)
    with pytest.raises(UsageError, match="has fit and sample"):
        adapt(7)
    with pytest.raises(UsageError, match="made already"):
        adapt(Bootstrap(), options={"keep": 1})
    frame, schema = awkward(20)
    with pytest.raises(TargetError, match=r"cannot learn this table: RuntimeError: no luck$"):
        adapt(Broken).fit(frame, schema, seed=0)
    with pytest.raises(TargetError, match="asked for 5 rows and made 4"):
        adapt(Short).fit(frame, schema, seed=0).sample(5, seed=0)
    with pytest.raises(TargetError, match="call fit first"):
        adapt(Bootstrap).sample(5, seed=0)


def test_chance_is_put_back_when_the_library_fails():
    def fail():
        with borrowed_chance(3):
            raise RuntimeError(random.random())

    before = random.getstate()
    with pytest.raises(RuntimeError):
        fail()
    assert random.getstate() == before


@pytest.mark.parametrize("name", ["GaussianCopulaSynthesizer", "TVAESynthesizer"])
def test_the_real_sdv_where_it_is_installed(awkward, name):
    pytest.importorskip("sdv", reason="SDV is not installed here: pip install sdv")
    frame, schema = awkward(80)
    options = {"epochs": 1} if name.startswith("TVAE") else {}
    generator = load_synthesizer(f"sdv.single_table:{name}", options).fit(frame, schema, seed=0)
    made = generator.sample(30, seed=1)
    assert list(made.columns) == list(schema.names)
    pd.testing.assert_frame_equal(made, generator.sample(30, seed=1))
    assert not made.equals(generator.sample(30, seed=2))
