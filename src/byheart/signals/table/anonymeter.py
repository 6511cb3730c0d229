"""How often do anonymeter's attacks succeed on training rows, on control rows, and by guessing?

Its three attacks (singling out, linkability, inference), run by another interpreter that has it, so that its pins do
not bind ours; the tables travel as Parquet files.

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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.errors import MissingExtra, TooFewRecords, UsageError
from byheart.core.findings import Findings
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import wilson
from byheart.stats.proportions import fisher_exact_p

RUNNER = Path(__file__).with_name("anonymeter_runner.py")
SETTINGS = {"PYTHONHASHSEED": "0", "POLARS_MAX_THREADS": "1"}  # else equal seeds give unequal numbers
ATTACKS = ("singling_out", "linkability", "inference")
SIDES = {"main": "training rows", "control": "control rows", "baseline": "training rows, guessing"}


@dataclass(frozen=True)
class Attack:
    """How one attack went.

    Args:
        name: one of `ATTACKS`.
        tries: hits and guesses on each of `SIDES`; empty where it failed.
        failed: why it gave no result, empty if it did.
        how: what was guessed, in a sentence.
    """

    name: str
    tries: dict[str, tuple[float, int]]
    failed: str
    how: str

    @property
    def rates(self) -> dict[str, Estimate]:
        """Share of guesses that hit, by side."""
        return {side: _rate(*self.tries[side], whose) for side, whose in SIDES.items()}

    @property
    def p(self) -> float:
        """Of more hits on training rows than on control rows, were the guesses independent, which they are not."""
        (hits, n), (control_hits, n_control) = self.tries["main"], self.tries["control"]
        return fisher_exact_p(int(hits), int(n), min(round(control_hits), int(n_control)), int(n_control))

    def findings(self, card: Card) -> Findings:
        """The three rates, as a method gives them.

        Raises:
            UsageError: if the attack gave no result.
        """
        if self.failed:
            raise UsageError(f"anonymeter gave no result: {self.failed}; give larger tables, or leave this attack out")
        rates = self.rates
        weights = np.array([np.nan if r.value is None else r.value for r in rates.values()])
        address = np.array([SIDES[side] for side in rates], dtype=object)
        return Findings("factor", address, weights, card, estimates=rates, params={"how": self.how})


def attack(
    corpus: Corpus,
    *,
    python: str | None = None,
    names: Sequence[str] = ATTACKS,
    secret: str | None = None,
    n_attacks: int = 500,
    n_columns: int = 3,
    seed: int,
    timeout: float = 900.0,
) -> list[Attack]:
    """Run attacks on training rows, control rows, and by guessing.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.
        python: an interpreter that has anonymeter; None for this one.
        names: which attacks.
        secret: column that the inference attack guesses; default the target, else the last compared column.
        n_attacks: guesses of each attack.
        n_columns: columns in a description of the singling-out attack.
        seed: chooses rows and guesses.
        timeout: seconds, after which it is given up.

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
        "attacks": list(names), "n_attacks": n_attacks, "n_columns": min(n_columns, len(schema.compared)), "seed": seed,
        "secret": secret, "halves": [list(schema.compared[::2]), list(schema.compared[1::2])],
        "regression": secret in schema.numerical,
    }  # fmt: skip
    results = _ask(python or sys.executable, _tables(corpus, seed), job, timeout)
    how = {
        "singling_out": f"Descriptions of up to {job['n_columns']} columns.",
        "linkability": f"Linked by nearest synthetic rows in {', '.join(schema.compared[::2])} and in the others.",
        "inference": f"Guessed {secret} from {len(others)} other columns by the nearest synthetic row.",
    }
    return [_attack(name, results[name], how[name]) for name in names]


def _attack(name: str, result: dict[str, Any], how: str) -> Attack:
    tries = {side: (float(result[side][0]), int(result[side][1])) for side in SIDES if side in result}
    return Attack(name, tries, str(result.get("failed", "")), how)


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


def _rate(hits: float, n: int, whose: str) -> Estimate:
    if n < 1:
        return Estimate(None, None, None, 0, f"share of guesses ({whose})", "not estimated: there was no guess")
    low, high = wilson(min(hits, n), n)
    how = f"{hits:.4g} of {n} guesses hit; Wilson interval, as if guesses were independent"
    return Estimate(min(hits / n, 1.0), low, high, n, f"share of guesses ({whose})", how)
