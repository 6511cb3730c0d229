"""Train a generator too long on few real patients, audit what it made, and see the verdict.

Run it: python examples/audit_table.py [FOLDER]   (about two minutes on two cores; the data come with scikit-learn)
The table is the breast cancer data set of Wisconsin: 569 tumours, ten measurements of each and the diagnosis.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

import byheart
from byheart.core.schema import Schema
from byheart.data.table.held_out import held_out_split
from byheart.models.table.tabddpm import TabDDPM
from byheart.report.terminal import verdict_lines

ROWS = 150


def main(folder: str = "runs/audit-table") -> None:
    table = load_breast_cancer(as_frame=True).frame
    table = table[[c for c in table.columns if c.startswith("mean")] + ["target"]]
    table["target"] = table["target"].map({0: "malignant", 1: "benign"})
    rest, control = held_out_split(table, share=0.5, seed=0)
    train = rest[:ROWS].reset_index(drop=True)

    schema = Schema.of([c for c in table.columns if c != "target"], ["target"], target="target")
    made = Path(folder) / "synthetic.parquet"
    if not made.exists():  # a second run audits what the first one made
        made.parent.mkdir(parents=True, exist_ok=True)
        generator = TabDDPM(n_iterations=4000).fit(train, schema, seed=0)
        generator.sample(len(train), seed=0).to_parquet(made)

    run = byheart.audit_table(train, made, control, target="target", out=Path(folder) / "audit")
    print("\n".join(verdict_lines(run.verdicts)))
    print(f"\nReport: {run.path / 'report.html'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
