"""From 1,000,000 scores to a verdict: how long, and how much memory?

Run: python benchmarks/million_records.py. Statistics only: the scores are drawn, in groups of four records; the model
plays no part. Writes benchmarks/results/million_records.json.
"""

from __future__ import annotations

import json
import platform
import resource
import time
from pathlib import Path

import numpy as np
import scipy

from byheart.core.card import Card
from byheart.core.scores import Scores
from byheart.stats.conformal import standing_out
from byheart.stats.judge.membership import judge
from byheart.stats.roc import roc_band, tpr_at_fpr
from byheart.stats.sides import Sides

RESULT = Path(__file__).parent / "results" / "million_records.json"


def draw(n: int, per_group: int, effect: float, seed: int) -> Scores:
    """Half members, half controls; records of one group share half of their variance."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // per_group
    values = (rng.normal(size=n // per_group + 1)[group] + rng.normal(size=n)) / np.sqrt(2)
    values[: n // 2] += effect
    ids = np.array([f"record-{i:07d}" for i in range(n)], dtype=object)
    groups = np.array([f"document-{g}" for g in group.tolist()], dtype=object)
    roles = np.repeat(np.array(["member", "nonmember"], dtype=object), [n // 2, n - n // 2])
    return Scores(values, ids, roles, groups, Card("drawn", "measure", "ours", "text"))


def main(n: int = 1_000_000) -> None:
    scores, blind = draw(n, 4, 0.05, seed=0), draw(n, 4, 0.0, seed=1)
    steps, start = {}, (time.perf_counter(), time.process_time())

    def done(step: str) -> None:
        wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
        steps[step] = {
            "wall_s": round(wall - sum(s["wall_s"] for s in steps.values()), 2),
            "cpu_s": round(cpu - sum(s["cpu_s"] for s in steps.values()), 2),
        }

    verdict = judge(scores, blind=blind, seed=0)
    done("verdict (AUC, p, control, blind baseline, paired difference)")
    sides = Sides.from_scores(scores)
    found = [tpr_at_fpr(sides, fpr, seed=0, n_resamples=100) for fpr in (0.01, 0.001)]
    done("TPR at 1 % and 0.1 % FPR, 100 resamples each")
    roc_band(sides, seed=0, n_resamples=100)
    done("ROC band, 100 resamples")
    standing_out(sides)
    done("per-record p-values and Benjamini-Hochberg")
    result = {
        "records": n, "groups": sides.n_groups, "steps": steps,
        "wall_s": round(sum(s["wall_s"] for s in steps.values()), 2),
        "cpu_s": round(sum(s["cpu_s"] for s in steps.values()), 2),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "decision": verdict.decision, "auc": str(verdict.main), "p": verdict.p, "tpr": [str(e) for e in found],
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
    }  # fmt: skip
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
