"""What do scores of copying say where there is none, and where two fifths of the table are copied?

Run it: python benchmarks/nulls_of_scores.py --peer PYTHON   (PYTHON has sdmetrics; it cannot live beside our pins)
Two laws without copying (lognormal and student-t, heavy tails) and one table of categories with known copies. The peer
is SDMetrics' DCROverfittingProtection; its share of rows closer to training than to held-out rows should be 0.5 without
copying. Ours is the share of `closest_record` (0.5 whatever the sizes) with its p.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.core.atomic import write_json
from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.measure.closest_record import closest_record
from byheart.signals.table.nearest_rows import nearest_rows
from byheart.stats.label_test import label_test
from byheart.stats.shares import share_estimate
from byheart.stats.sides import Sides

PEER = """
import json, sys
import pandas as pd
from sdmetrics.single_table import DCROverfittingProtection as Score
out = []
for case in json.load(open(sys.argv[1])):
    tables = [pd.read_parquet(p) for p in case["tables"]]
    facts = {"columns": {c: {"sdtype": case["sdtype"]} for c in tables[0].columns}}
    train, held, made = tables
    found = Score.compute_breakdown(train, made, held, facts, None)
    share = found["synthetic_data_percentages"]["closer_to_training"]
    out.append({"law": case["law"], "score": found["score"], "share": share})
print(json.dumps(out))
"""
ROWS = 400
COPIED = 0.3975
COLUMNS = 6


def tables(law: str, run: int) -> list[pd.DataFrame]:
    """Training, held-out and synthetic rows, (400, 6) each."""
    rng = np.random.default_rng([run, len(law)])
    if law == "categories, copied":
        train, held, made = (rng.integers(0, 4, (ROWS, COLUMNS)).astype(str) for _ in range(3))
        made[: round(COPIED * ROWS)] = train[: round(COPIED * ROWS)]
    else:
        draw = (lambda: rng.lognormal(0, 2, (ROWS, COLUMNS))) if law == "lognormal" else (
            lambda: rng.standard_t(2, (ROWS, COLUMNS))
        )  # fmt: skip
        train, held, made = draw(), draw(), draw()
    return [pd.DataFrame(t, columns=list("abcdef")) for t in (train, held, made)]


def ours(law: str, run: int) -> dict[str, float]:
    """The share and its p."""
    train, held, made = tables(law, run)
    names = list(train.columns)
    schema = Schema.of([], names) if "categories" in law else Schema.of(names, [])
    sides = [Corpus.of(Rows.of(t, schema), r) for t, r in ((train, "member"), (held, "nonmember"), (made, "synthetic"))]
    corpus = sides[0] + sides[1] + sides[2]
    found = Sides.from_scores(closest_record(nearest_rows(corpus, "nearest_real", seed=run)))
    share = share_estimate(found).value
    return {"share": float(share or 0.0), "p": label_test(found, seed=run, statistic="mean").p}


def theirs(runs: dict[str, int], python: str) -> list[dict[str, float]]:
    """What the peer says of the same tables."""
    with tempfile.TemporaryDirectory() as name:
        cases = []
        for law, n in runs.items():
            for run in range(n):
                paths = [str(Path(name) / f"{law}-{run}-{i}.parquet") for i in range(3)]
                for table, path in zip(tables(law, run), paths, strict=True):
                    table.to_parquet(path)
                sdtype = "categorical" if "categories" in law else "numerical"
                cases.append({"law": law, "tables": paths, "sdtype": sdtype})
        listed = Path(name) / "cases.json"
        listed.write_text(json.dumps(cases), encoding="utf-8")
        done = subprocess.run([python, "-c", PEER, str(listed)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float]) -> dict[str, float]:
    """Mean, standard deviation, least and largest."""
    x = np.array(values)
    found = {"mean": x.mean(), "sd": x.std(ddof=1), "least": x.min(), "most": x.max()}
    return {name: round(float(value), 3) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "nulls_of_scores.json")
    given = parser.parse_args()
    runs = {"lognormal": given.runs, "student-t": given.runs, "categories, copied": 5}
    peer = theirs(runs, given.peer)
    found = {}
    for law, n in runs.items():
        mine = [ours(law, run) for run in range(n)]
        them = [p for p in peer if p["law"] == law]
        found[law] = {
            "runs": n, "rows": ROWS, "truth": f"{COPIED:.2%} exact copies" if "copied" in law else "no copying",
            "ours": {"share": spread([m["share"] for m in mine]), "p_below_0.05": sum(m["p"] < 0.05 for m in mine)},
            "sdmetrics": {"share": spread([t["share"] for t in them]), "score": spread([t["score"] for t in them])},
        }  # fmt: skip
        print(law, json.dumps(found[law], default=float))
    write_json(json.loads(json.dumps(found, default=float)), given.out)


if __name__ == "__main__":
    main()
