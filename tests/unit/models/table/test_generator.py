"""What TabDDPM and TabSyn share: seeds, checkpoints, folders, refusals, and that they learn a table."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ks_2samp

from byheart.core.errors import TargetError, TooFewRecords, UsageError
from byheart.core.schema import Column, Schema
from byheart.models.table.tabddpm import TabDDPM
from byheart.models.table.tabsyn import TabSyn

TOY = Schema(
    (
        Column("x", "number"),
        Column("events", "number", whole=True),
        Column("zero", "number"),
        Column("kind", "category"),
        Column("up", "category"),
    ),
    target="up",
)


def toy(n, seed):
    """Two clusters: `up` decides the numbers."""
    rng = np.random.default_rng(seed)
    up = rng.random(n) < 0.4
    return pd.DataFrame(
        {
            "x": rng.normal(np.where(up, 3, -3), 1),
            "events": rng.poisson(np.where(up, 2, 9)),
            "zero": np.where(rng.random(n) < 0.7, 0, rng.exponential(10, n)),
            "kind": np.where(rng.random(n) < 0.1, "rare", np.where(up, "a", "b")),
            "up": np.where(up, "yes", "no"),
        }
    )


def quick(name, **options):
    if name == "tabddpm":
        return TabDDPM(**{"width": 32, "steps": 20, "n_iterations": 30, **options})
    return TabSyn(**{"width": 32, "steps": 10, "vae_iterations": 20, "n_iterations": 30, **options})


BOTH = pytest.mark.parametrize("name", ["tabddpm", "tabsyn"])
BOTH_TRAINED_LONG = pytest.mark.parametrize("name", ["tabddpm", pytest.param("tabsyn", marks=pytest.mark.slow)])


@BOTH
def test_an_awkward_table_comes_back_in_its_own_kinds(awkward, name):
    frame, schema = awkward(90)
    before = frame.copy()
    made = quick(name).fit(frame, schema, seed=0).sample(70, seed=0)
    assert len(made) == 70
    assert list(made.columns) == list(schema.names)
    assert (made.dtypes == frame.dtypes).all()
    for column in schema.categorical:
        assert set(made[column].dropna()) <= set(frame[column].dropna())
    assert (made["age"] % 1 == 0).all()
    assert made["age"].between(frame["age"].min(), frame["age"].max()).all()
    assert (made["flat"] == 0.1).all()
    assert made["empty"].isna().all()
    pd.testing.assert_frame_equal(frame, before)


@BOTH
def test_the_seed_decides_all_and_the_global_state_nothing(name):
    state = torch.random.get_rng_state()
    first = quick(name).fit(toy(60, 0), TOY, seed=0)
    torch.rand(3, generator=torch.Generator().manual_seed(7))
    again, other = quick(name).fit(toy(60, 0), TOY, seed=0), quick(name).fit(toy(60, 0), TOY, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first.digest == again.digest != other.digest
    pd.testing.assert_frame_equal(first.sample(30, seed=5), again.sample(30, seed=5))
    assert not first.sample(30, seed=5).equals(first.sample(30, seed=6))


@BOTH
def test_a_callback_that_samples_leaves_the_training_as_it_was(name):
    seen = []

    def watch(step, state):
        if step % 10 == 0:
            seen.append((step, state.loss, state.generator.sample(5, seed=step)))

    watched = quick(name, callback=watch).fit(toy(60, 0), TOY, seed=0)
    assert [s for s, _, _ in seen] == [10, 20, 30]
    assert all(np.isfinite(loss) and len(rows) == 5 for _, loss, rows in seen)
    assert watched.digest == quick(name).fit(toy(60, 0), TOY, seed=0).digest


@BOTH
def test_epochs_count_passes_over_the_rows(name):
    steps = []
    # 50 rows, 4 epochs, batches of 20: 200 / 20 = 10 updates
    quick(name, epochs=4, batch_size=20, callback=lambda step, _: steps.append(step)).fit(toy(50, 0), TOY, seed=0)
    assert steps == list(range(1, 11))


@BOTH
def test_a_folder_holds_all_of_it(name, tmp_path):
    made = quick(name).fit(toy(60, 0), TOY, seed=0)
    made.save(tmp_path / "g")
    assert sorted(p.name for p in (tmp_path / "g").iterdir()) == ["generator.json", "weights.safetensors"]
    again = type(made).load(tmp_path / "g")
    assert again.digest == made.digest
    pd.testing.assert_frame_equal(again.sample(20, seed=0), made.sample(20, seed=0))
    wrong = TabSyn if name == "tabddpm" else TabDDPM
    with pytest.raises(TargetError, match=f"holds a {name}"):
        wrong.load(tmp_path / "g")
    facts = json.loads((tmp_path / "g/generator.json").read_text())
    facts["codec"]["categories"][0] = ["a", "b", "x"]
    (tmp_path / "g/generator.json").write_text(json.dumps(facts))
    with pytest.raises(TargetError, match="was changed"):
        type(made).load(tmp_path / "g")
    (tmp_path / "g/weights.safetensors").write_bytes(b"no")
    with pytest.raises(TargetError, match="cannot be opened"):
        type(made).load(tmp_path / "g")
    with pytest.raises(TargetError, match="holds no generator"):
        type(made).load(tmp_path)


@BOTH
@pytest.mark.parametrize("schema", [Schema.of(["x"], []), Schema.of([], ["up", "kind"])], ids=["numbers", "categories"])
def test_only_numbers_or_only_categories(name, schema):
    made = quick(name).fit(toy(40, 0), schema, seed=0).sample(25, seed=0)
    assert made.shape == (25, len(schema.names))
    assert made.notna().all(axis=None)


@BOTH
def test_one_row_is_all_there_is_to_say(name):
    one = TOY.conform(toy(1, 0))
    made = quick(name).fit(one, TOY, seed=0).sample(3, seed=0)
    assert made.equals(pd.concat([one] * 3, ignore_index=True))


@BOTH
def test_refusals(name):
    with pytest.raises(TargetError, match="call fit first"):
        quick(name).sample(1, seed=0)
    with pytest.raises(TargetError, match="nothing to save"):
        quick(name).save("nowhere")
    with pytest.raises(TooFewRecords):
        quick(name).fit(toy(5, 0).iloc[:0], TOY, seed=0)
    for options in ({"n_iterations": 0}, {"epochs": 0}, {"lr": 0.0}, {"width": 33}, {"layers": 0}, {"steps": 0}):
        with pytest.raises(UsageError, match="needs"):
            quick(name, **options)
    assert quick(name).fit(toy(5, 0), TOY, seed=0).sample(0, seed=0).shape == (0, 5)


def test_the_papers_figures():
    ddpm, syn = TabDDPM.paper(weight_decay=5e-4), TabSyn.paper()
    assert (ddpm.steps, ddpm.n_iterations, ddpm.batch_size, ddpm.lr) == (1000, 100_000, 4096, 1.81e-3)
    assert (syn.d_token, syn.vae_layers, syn.heads, syn.factor, syn.vae_lr) == (4, 2, 1, 32, 1e-3)
    assert (syn.vae_epochs, syn.epochs, syn.batch_size, syn.lr, syn.steps, syn.churn) == (
        4000,
        10_001,
        4096,
        1e-3,
        50,
        1,
    )
    assert (ddpm.device, syn.device) == ("auto", "auto")


LEARNERS = {
    "tabddpm": lambda **o: TabDDPM(**{"width": 64, "n_iterations": 800, "batch_size": 128, **o}),
    "tabsyn": lambda **o: TabSyn(**{"width": 64, "vae_iterations": 300, "n_iterations": 1000, "batch_size": 128, **o}),
}


@pytest.mark.slow
@BOTH
def test_margins_and_dependence_come_near_the_truth(name):
    """A margin may be 0.1 off for what the network has not learned; on top of it chance: 1e-6 false alarms each."""
    generator = LEARNERS[name]().fit(toy(800, 0), TOY, seed=0)
    made, truth = generator.sample(800, seed=0), toy(20_000, 1)
    # Kolmogorov: P(sqrt(nm/(n+m)) D > c) = 2 exp(-2 c^2) = 1e-6 at c = 2.69; training rows are another 800
    chance = 2.69 * (1 / 800 + 1 / 800 + 1 / 20_000) ** 0.5
    for column in TOY.numerical:
        assert ks_2samp(made[column], truth[column]).statistic < 0.1 + chance, column
    for column in TOY.categorical:
        shares = made[column].value_counts(normalize=True) - truth[column].value_counts(normalize=True)
        assert shares.abs().sum() / 2 < 0.1 + chance, column
    agree = ((made["x"] > 0) == (made["up"] == "yes")).mean()  # 0.999 in truth, 0.52 if columns were apart
    assert agree > 0.85


NOISE = Schema.of(["w", "x", "y", "z"], ["a", "b", "c"])


def noise(n, seed):
    """Columns that have nothing to do with each other: there is nothing to learn but the rows themselves."""
    rng = np.random.default_rng(seed)
    numbers = {c: rng.random(n) for c in NOISE.numerical}
    return pd.DataFrame({**numbers, **{c: rng.choice(list("pqrstu"), n) for c in NOISE.categorical}})


def copied(made, train):
    """Share of rows whose Gower distance to the nearest training row is below a third of that to the second nearest."""
    apart = [np.abs(made[c].to_numpy()[:, None] - train[c].to_numpy()) for c in NOISE.numerical]  # all ranges are 1
    apart += [made[c].to_numpy()[:, None] != train[c].to_numpy() for c in NOISE.categorical]
    nearest = np.partition(np.sum(apart, axis=0), 1, axis=1)
    return (nearest[:, 0] < nearest[:, 1] / 3).mean()


@BOTH_TRAINED_LONG
def test_long_training_on_few_rows_ends_in_copies(name):
    train, shares = noise(40, 0), {}

    def watch(step, state):
        if step in (50, 800):
            shares[step] = copied(state.generator.sample(200, seed=1), train)

    options = {"width": 128, "batch_size": 256, "n_iterations": 800, "lr": 3e-3, "callback": watch}
    (TabDDPM(**options) if name == "tabddpm" else TabSyn(vae_iterations=300, **options)).fit(train, NOISE, seed=0)
    chance = copied(noise(1000, 1), train)
    assert chance < 0.05
    # 200 rows each: twice the standard error of a share is at most 0.07
    assert shares[50] < 0.25
    assert shares[800] > shares[50] + 0.3
    assert shares[800] > 0.5


@pytest.mark.slow
@BOTH
def test_the_learned_denoiser_nears_the_optimal_one(name):
    """Four times as long: nearly all that the closed form says (100 %), and the fewer rows, the sooner."""
    shares = {}
    for n in (40, 160):
        train = noise(n, 0)
        options = {"width": 256, "batch_size": 256, "n_iterations": 3000, "lr": 3e-3}
        generator = TabDDPM(**options) if name == "tabddpm" else TabSyn(vae_iterations=1000, **options)
        shares[n] = copied(generator.fit(train, NOISE, seed=0).sample(400, seed=1), train)
    assert shares[40] > 0.9
    assert shares[160] < shares[40]
