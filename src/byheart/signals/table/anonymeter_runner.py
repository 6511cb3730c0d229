"""How often do anonymeter's three attacks succeed on training rows, on control rows, and by guessing?

A script for the interpreter that has anonymeter, which pins a numpy that byheart does not share: `python
anonymeter_runner.py FOLDER`, where FOLDER holds train.parquet, synthetic.parquet, control.parquet and job.json. Writes
results.json. Nothing of byheart is imported here.

Source: Giomi et al. 2022, arXiv 2211.10459 (anonymeter, called by its own interface).
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def main(folder: Path) -> None:
    """Run the attacks that job.json names."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    train, made, control = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "synthetic", "control"))
    attacks = importlib.import_module("anonymeter.evaluators")  # this module first: others are circular
    warnings.simplefilter("ignore")  # it warns of what its own results say
    tables = {"ori": train, "syn": made, "control": control}
    wanted = {
        "singling_out": (
            attacks.SinglingOutEvaluator,
            {"n_attacks": job["n_attacks"], "n_cols": job["n_columns"], "seed": job["seed"], "max_attempts": 100_000},
        ),
        "linkability": (
            attacks.LinkabilityEvaluator,
            {"n_attacks": min(job["n_attacks"], len(train)), "aux_cols": job["halves"]},
        ),
        "inference": (
            attacks.InferenceEvaluator,
            {
                "n_attacks": min(job["n_attacks"], len(train)), "secret": job["secret"],
                "aux_cols": [c for c in train.columns if c != job["secret"]], "regression": job["regression"],
            },
        ),
    }  # fmt: skip
    asked = [(name, *wanted[name]) for name in wanted if name in job["attacks"]]
    results = {name: _run(kind, {**tables, **options}, job["seed"]) for name, kind, options in asked}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


def _run(kind: Any, options: dict[str, Any], seed: int) -> dict[str, Any]:
    """Hits and tries on training rows, on control rows and by guessing; or why there are none."""
    np.random.seed(seed % 2**32)  # noqa: NPY002  # anonymeter draws its targets from the global state of this process
    try:
        attack = kind(**options)
        found = (attack.evaluate() if "n_cols" in options else attack.evaluate(n_jobs=1)).results()
    except Exception as e:
        return {"failed": f"{type(e).__name__}: {e}"}
    return {
        "main": [float(found.n_success), int(found.n_attacks_ori)],
        "control": [float(found.n_control), int(found.n_attacks_control)],
        "baseline": [float(found.n_baseline), int(found.n_attacks_baseline)],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
