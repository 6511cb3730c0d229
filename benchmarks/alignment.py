"""How fast are the string comparisons on pairs of 10,000 characters, and how many times faster than the naive way?

Rounds are interleaved in one process and the smallest time counts, wall and CPU. The naive way is the textbook table
in Python, run on the first 1,000 characters and multiplied by 100, as its cost is the product of the lengths.
Run by hand: `python benchmarks/alignment.py`; writes `benchmarks/results/alignment.json`.
"""

import json
import platform
import time
from pathlib import Path

import numpy as np

from byheart.compare.text.alignment import align, best_window, edit_distance, longest_common_subsequence
from byheart.compare.text.substring import longest_common_substring

LENGTH, SHORT, ROUNDS = 10_000, 1_000, 5
LETTERS = list("etaoin shrdlucmfwypvbg")


def pairs():
    """Three pairs: nothing in common but chance, a copy with 3 % of its letters changed, a copy inside other words."""
    rng = np.random.default_rng(0)
    text, other = ("".join(rng.choice(LETTERS, LENGTH)) for _ in range(2))
    changed = np.array(list(text))
    changed[rng.choice(LENGTH, LENGTH * 3 // 100, replace=False)] = "#"
    half = LENGTH // 2
    return {
        "unrelated": (text, other),
        "changed": (text, "".join(changed)),
        "inside": (text, other[: half // 2] + text[:half] + other[: half // 2]),
    }


def table_substring(a, b):
    """Longest common substring by the table."""
    best, row = 0, [0] * (len(b) + 1)
    for x in a:
        new = [0] * (len(b) + 1)
        for j, y in enumerate(b, 1):
            if x == y:
                new[j] = row[j - 1] + 1
                best = max(best, new[j])
        row = new
    return best


def table_distance(a, b):
    """Edit distance by the table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def smallest(jobs):
    """Smallest wall and CPU time of each job over interleaved rounds, milliseconds."""
    times = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, (function, a, b) in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            function(a, b)
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: [round(1e3 * min(column), 3) for column in zip(*rows, strict=True)] for name, rows in times.items()}


def main():
    ours = {
        "longest_common_substring": (longest_common_substring, table_substring),
        "edit_distance": (edit_distance, table_distance),
        "align": (align, table_distance),
        "longest_common_subsequence": (longest_common_subsequence, table_distance),
        "best_window": (best_window, table_distance),
    }
    jobs, scale = {}, (LENGTH / SHORT) ** 2
    for pair, (a, b) in pairs().items():
        jobs |= {f"{name} {pair}": (fast, a, b) for name, (fast, _) in ours.items()}
        short = a[:SHORT], b[:SHORT]
        jobs |= {f"table {slow.__name__} {pair}": (slow, *short) for slow in (table_substring, table_distance)}
    times, rows = smallest(jobs), []
    for pair in pairs():
        for name, (_, slow) in ours.items():
            wall, cpu = times[f"{name} {pair}"]
            naive = scale * times[f"table {slow.__name__} {pair}"][0]
            rows.append({"what": name, "pair": pair, "wall_ms": wall, "cpu_ms": cpu, "ratio": round(naive / wall)})
            print(f"{name:28} {pair:10} {wall:8.2f} ms   {naive / wall:9.0f} times the table")
    out = Path(__file__).parent / "results" / "alignment.json"
    out.parent.mkdir(exist_ok=True)
    facts = {"length": LENGTH, "rounds": ROUNDS, "python": platform.python_version(), "numpy": np.__version__}
    out.write_text(json.dumps({**facts, "machine": platform.machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
