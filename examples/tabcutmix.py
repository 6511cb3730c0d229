"""Stretch a training table in four ways, and see what each does to it before any generator is trained.

Run it: python examples/tabcutmix.py   (seconds on one core; writes runs/tabcutmix/augmented.csv)
The table is scikit-learn's wines: 178 rows, 13 measurements, three growers.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from byheart.compare.rows.out_of_distribution import out_of_distribution_ratio
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.mitigate.tabcutmix import TabCutMix, ijf_tabular, mixup_tabular, smote_tabular

OUT = Path("runs/tabcutmix")
RATIO, SEED = 1.0, 0


def main() -> None:
    wines = load_wine(as_frame=True).frame
    wines["target"] = wines["target"].map({0: "Adami", 1: "Bruni", 2: "Conti"})
    train, test = train_test_split(wines, test_size=0.4, random_state=SEED, stratify=wines["target"])
    schema = Schema.of([c for c in wines if c != "target"], ["target"], target="target")

    # 1. New rows from two of one class; with plus, columns that tell the same story move together.
    plain = TabCutMix(RATIO, schema=schema, seed=SEED)
    plus = TabCutMix(RATIO, schema=schema, plus=True, seed=SEED)
    tables = {
        "no new rows": train.reset_index(drop=True),
        "TabCutMix": plain.fit_resample(train, "target"),
        "TabCutMixPlus": plus.fit_resample(train, "target"),
        "mixup": mixup_tabular(train, "target", ratio=RATIO, schema=schema, seed=SEED),
        "SMOTE": smote_tabular(train, "target", ratio=RATIO, schema=schema, seed=SEED),
        "independent columns": ijf_tabular(train, "target", ratio=RATIO, schema=schema, seed=SEED),
    }
    together = [" and ".join(c) for c in plus.clusters_ if len(c) > 1]
    print(f"Columns that move together with plus: {'; '.join(together) or 'none'}.")
    for name, mixer in (("TabCutMix", plain), ("TabCutMixPlus", plus)):
        print(
            f"{name}: {mixer.clones_.mean():.1%} of the new rows equal a parent; "
            f"{mixer.expected_clones_:.1%} if parents differ in all of the {mixer.n_units_} parts that move."
        )

    # 2. What the new rows cost: do they look real, and does a classifier still learn from them?
    print(f"\n{'':22}{'rows':>6}{'odd':>8}{'odd, real rows':>16}{'right on test rows':>20}")
    for name, table in tables.items():
        new = table.iloc[len(train) :]
        odd = strange(train, new, schema) if len(new) else ("-", "-")
        print(f"{name:22}{len(table):>6}{odd[0]:>8}{odd[1]:>16}{accuracy(table, test):>20.3f}")

    OUT.mkdir(parents=True, exist_ok=True)
    tables["TabCutMixPlus"].to_csv(OUT / "augmented.csv", index=False)
    print(f"\nTrain your generator on {OUT / 'augmented.csv'}, and audit what it makes against the rows before.")


def strange(train: pd.DataFrame, new: pd.DataFrame, schema: Schema) -> tuple[str, str]:
    rows = Rows.of(pd.concat([train, new], ignore_index=True), schema)
    found = out_of_distribution_ratio(rows, np.arange(len(rows)) >= len(train), seed=SEED)
    return f"{found.augmented.value:.0%}", f"{found.real.value:.0%}"


def accuracy(table: pd.DataFrame, test: pd.DataFrame) -> float:
    model = RandomForestClassifier(200, random_state=SEED).fit(table.drop(columns="target"), table["target"])
    return float(model.score(test.drop(columns="target"), test["target"]))


if __name__ == "__main__":
    main()
