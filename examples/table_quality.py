"""What does it cost to hide behind noise? Quality and closeness of ever noisier copies of a real table.

    python examples/table_quality.py

The breast cancer data of scikit-learn are split into training and held-out rows. The "generators" give back the
training rows with more and more noise. The trade-off is written to `runs/trade_off.json`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.core.trade_off import Point, save_trade_off
from byheart.core.verdict import Estimate
from byheart.measure.table_quality import table_quality

SHOWN = ("shape", "trend", "efficacy", "beta_recall", "authenticity", "c2st_trees")


def main() -> None:
    whole = load_breast_cancer(as_frame=True).frame
    order = np.random.default_rng(0).permutation(len(whole))
    train, control = (whole.iloc[part].reset_index(drop=True) for part in np.array_split(order, 2))
    schema = Schema.of(list(whole.columns[:-1]), ["target"], target="target")
    points = []
    for noise in (0.0, 0.1, 0.5, 2.0):
        found = table_quality(corpus_of(train, noisy(train, noise), control, schema)).estimates
        print(f"\nnoise of {noise} standard deviations")
        for name in SHOWN:
            print(f"  {name:15s} {found[name]!s:28s} held-out rows get {found[name + '_control']}")
        points.append(Point(f"noise {noise}", copied(found["authenticity"]), found["trend"]))
    path = Path("runs/trade_off.json")
    save_trade_off(points, path, privacy="share of rows nearer than a real neighbour", quality="trend")
    print(f"\nwritten: {path}")


def noisy(train: pd.DataFrame, noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    numbers = train.drop(columns="target")
    return (numbers + noise * numbers.std().to_numpy() * rng.normal(size=numbers.shape)).assign(target=train["target"])


def corpus_of(train: pd.DataFrame, synthetic: pd.DataFrame, control: pd.DataFrame, schema: Schema) -> Corpus:
    parts = {"member": train, "synthetic": synthetic, "nonmember": control}
    roles = [role for role, frame in parts.items() for _ in range(len(frame))]
    return Corpus.of(Rows.of(pd.concat(parts.values(), ignore_index=True), schema), roles)


def copied(own: Estimate) -> Estimate:
    """The rows that are no rows of their own, from those that are."""
    low, value, high = (None if x is None else 1 - x for x in (own.high, own.value, own.low))
    return Estimate(value, low, high, own.n, own.unit, f"1 - authenticity; {own.how}", own.level)


if __name__ == "__main__":
    main()
