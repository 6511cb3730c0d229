"""Train a generator on a small table and watch it begin to copy rows.

Run it: python examples/table_generator.py   (about half a minute on one core)
The table is made up so that nothing is downloaded; with your own, only `table`, `held_out` and `schema` change.
"""

import numpy as np
import pandas as pd

from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.core.target import Synthesizer
from byheart.models.table.generator import TrainState
from byheart.models.table.marginals import IndependentColumns
from byheart.models.table.optimal_denoiser import OptimalDenoiser
from byheart.models.table.tabddpm import TabDDPM

SCHEMA = Schema.of(["age", "income"], ["city", "job", "smokes"], target="smokes")


def people(n: int, seed: int) -> pd.DataFrame:
    """Income rises with age; jobs depend on the city."""
    rng = np.random.default_rng(seed)
    age, city = rng.integers(18, 80, n), rng.choice(["Bern", "Chur", "Genf"], n)
    job = np.where(rng.random(n) < 0.6, np.char.add("job in ", city), rng.choice(["nurse", "clerk", "cook"], n))
    return pd.DataFrame(
        {
            "age": age,
            "income": 900 * age * rng.lognormal(0, 0.4, n),
            "city": city,
            "job": job,
            "smokes": np.where(rng.random(n) < 0.2, "yes", "no"),
        }
    )


def copied(made: pd.DataFrame, train: pd.DataFrame) -> float:
    """Share of rows that are three times as near to one training row as to any other (Gower distance)."""
    both = Rows.of(train, SCHEMA) + Rows.of(made, SCHEMA)
    n, spread = len(train), np.ptp(both.numbers[: len(train)], axis=0)
    apart = (np.abs(both.numbers[n:, None] - both.numbers[None, :n]) / spread).clip(max=1).sum(-1)
    apart += (both.codes[n:, None] != both.codes[None, :n]).sum(-1)
    nearest = np.partition(apart, 1, axis=1)
    return float((nearest[:, 0] < nearest[:, 1] / 3).mean())


def main() -> None:
    table, held_out = people(60, seed=0), people(1000, seed=1)
    print(f"held-out rows that look copied, by chance alone: {copied(held_out, table):.0%}")

    others: list[Synthesizer] = [IndependentColumns(), OptimalDenoiser()]
    for other in others:
        made = other.fit(table, SCHEMA, seed=0).sample(500, seed=0)
        print(f"{other.name}: {copied(made, table):.0%}")

    def watch(step: int, state: TrainState) -> None:
        if step in (100, 300, 1000, 2000):
            share = copied(state.generator.sample(500, seed=0), table)
            print(f"tabddpm after {step} updates: {share:.0%} (loss {state.loss:.2f})")

    TabDDPM(width=128, n_iterations=2000, lr=3e-3, callback=watch).fit(table, SCHEMA, seed=0)


if __name__ == "__main__":
    main()
