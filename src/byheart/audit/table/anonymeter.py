"""What do anonymeter's attacks find in the same tables?

Its three attacks (singling out, linkability, inference), run by another interpreter that has it, so that its pins do
not bind ours; the tables travel as Parquet files. Its guesses depend on each other (many hit one row), so no p-value of
ours is attached to them and they claim nothing: they stand beside our verdicts.

Source: Giomi et al. 2022, arXiv 2211.10459. Departs from it: training and control rows are brought to one number, so
that both attacks are equally hard.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.errors import MissingExtra, TooFewRecords, UsageError
from byheart.core.randomness import generator
from byheart.core.rows import Rows
from byheart.core.verdict import Estimate, Verdict
from byheart.stats.intervals import wilson
from byheart.stats.judge.membership import verdict
from byheart.stats.proportions import fisher_exact_p

RUNNER = Path(__file__).with_name("anonymeter_runner.py")
SETTINGS = {"PYTHONHASHSEED": "0", "POLARS_MAX_THREADS": "1"}  # else equal seeds give unequal numbers
CLAIMS = {
    "singling_out": "Descriptions read off the synthetic table single out training rows (anonymeter).",
    "linkability": "The synthetic table links two halves of a training row (anonymeter).",
    "inference": "The synthetic table gives away a secret column of training rows (anonymeter).",
}


def anonymeter_attacks(
    corpus: Corpus,
    *,
    python: str | None = None,
    secret: str | None = None,
    n_attacks: int = 500,
    n_columns: int = 3,
    seed: int,
    timeout: float = 900.0,
) -> list[Verdict]:
    """Success of three attacks on training rows beside that on control rows and that of guessing, with intervals.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.
        python: an interpreter that has anonymeter; None for this one.
        secret: column that the inference attack guesses; default the target, else the last compared column.
        n_attacks: guesses of each attack.
        n_columns: columns in a description of the singling-out attack.
        seed: chooses rows and guesses.
        timeout: seconds, after which it is given up.

    Returns:
        A verdict for each attack; none is `shown`, the caveats say what each number means.

    Raises:
        MissingExtra: if this interpreter lacks anonymeter and no other is named.
        UsageError: if the named interpreter cannot run it.
        TooFewRecords: if a table is missing.
    """
    if python is None and importlib.util.find_spec("anonymeter") is None:
        raise MissingExtra("anonymeter", "anonymeter")
    schema = corpus.rows.schema
    secret = secret or (schema.target if schema.target in schema.compared else None) or schema.compared[-1]
    if secret not in schema.compared or len(schema.compared) < 2:
        raise UsageError(f"the inference attack needs a column to guess and one to guess from; got {secret!r}")
    others = [c for c in schema.compared if c != secret]
    job = {
        "n_attacks": n_attacks, "n_columns": min(n_columns, len(schema.compared)), "seed": seed, "secret": secret,
        "halves": [list(schema.compared[::2]), list(schema.compared[1::2])], "regression": secret in schema.numerical,
    }  # fmt: skip
    results = _ask(python or sys.executable, _tables(corpus, seed), job, timeout)
    said = {
        "singling_out": f"Descriptions of up to {job['n_columns']} columns.",
        "linkability": f"Linked by nearest synthetic rows in {', '.join(schema.compared[::2])} and in the others.",
        "inference": f"Guessed {secret} from {len(others)} other columns by the nearest synthetic row.",
    }
    return [_verdict(name, results[name], said[name]) for name in CLAIMS]


def _tables(corpus: Corpus, seed: int) -> dict[str, Rows]:
    """The three tables, training and control rows drawn down to one number."""
    places = {name: np.flatnonzero(corpus.roles == role) for name, role in
              (("train", "member"), ("synthetic", "synthetic"), ("control", "nonmember"))}  # fmt: skip
    empty = [name for name, rows in places.items() if not rows.size]
    if empty:
        raise TooFewRecords(f"anonymeter compares three tables; there are no {empty[0]} rows")
    n = min(places["train"].size, places["control"].size)
    rng = generator(seed, "anonymeter")
    for name in ("train", "control"):
        places[name] = np.sort(rng.permutation(places[name])[:n])
    return {name: corpus.rows.take(rows) for name, rows in places.items()}


def _ask(python: str, tables: dict[str, Rows], job: dict[str, Any], timeout: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="byheart-") as name:
        folder = Path(name)
        for table, rows in tables.items():
            frame = rows.frame[list(rows.schema.compared)].copy()
            for date in rows.schema.of_kind("date"):
                frame[date] = rows.numbers[:, rows.schema.numerical.index(date)]
            for category in rows.schema.categorical:
                frame[category] = frame[category].where(frame[category].notna(), "(missing)").astype(object)
            frame.to_parquet(folder / f"{table}.parquet", index=False)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        script = shutil.copy(RUNNER, folder)  # alone there, so that no module beside it can be taken for another
        alone = {**{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}, **SETTINGS}
        try:
            command = [python, str(script), name]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout, env=alone)
        except FileNotFoundError:
            raise UsageError(f"there is no interpreter {python!r} to run anonymeter with") from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"anonymeter was not done after {timeout:g} s; ask for fewer attacks") from None
        except subprocess.CalledProcessError as e:
            why = (e.stderr.strip().splitlines() or ["no reason given"])[-1]
            pip = f"{python} -m pip install anonymeter"
            raise UsageError(f"{python!r} cannot run anonymeter ({why}); run: {pip}") from e
        results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results


def _verdict(name: str, result: dict[str, Any], said: str) -> Verdict:
    card = Card(f"anonymeter_{name}", "measure", "2211.10459", "table")
    if "failed" in result:
        none = Estimate(None, None, None, 0, "share of guesses", "not estimated: anonymeter gave no result")
        return verdict(card, CLAIMS[name], "inconclusive", None, none, said=[f"anonymeter: {result['failed']}", said])
    main, control, baseline = (_rate(result[side], side) for side in ("main", "control", "baseline"))
    (hits, n), (control_hits, n_control) = result["main"], result["control"]
    p = fisher_exact_p(int(hits), int(n), min(round(control_hits), int(n_control)), int(n_control))
    more = (main.low or 0.0) > (baseline.high or 0.0)
    why = (
        f"An outside attack, which claims nothing here: {main} on training rows, {control} on control rows, {baseline} "
        f"by guessing. Were its guesses independent, p would be {p:.2g}."
    )
    weak = "" if more else " It does no better than guessing, so it says nothing for or against the table."
    decision = "inconclusive" if p < 0.05 or not more else "not shown"
    return verdict(card, CLAIMS[name], decision, None, main, control, baseline, [why + weak, said])  # type: ignore[arg-type]


def _rate(result: list[float], side: str) -> Estimate:
    hits, n = result[0], int(result[1])
    whose = {"main": "training rows", "control": "control rows", "baseline": "training rows, guessing"}[side]
    if n < 1:
        return Estimate(None, None, None, 0, f"share of guesses ({whose})", "not estimated: there was no guess")
    low, high = wilson(min(hits, n), n)
    how = f"{hits:.4g} of {n} guesses hit; Wilson interval, as if guesses were independent"
    return Estimate(min(hits / n, 1.0), low, high, n, f"share of guesses ({whose})", how)
