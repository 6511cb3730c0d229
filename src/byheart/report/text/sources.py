"""Where in the training data does a recited passage stand? Sentences for the page, from `findings/sources`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from byheart.core.mask import mask_personal
from byheart.core.verdict import Estimate
from byheart.report.evidence import Evidence
from byheart.report.words import interval_words, number, safe

PASSAGES = 3  # of one record, the longest first


@dataclass(frozen=True)
class Sources:
    """What was traced.

    Args:
        of: sentences by record id, the longest passages first.
        sentences: what holds for all passages together.
    """

    of: dict[str, list[str]]
    sentences: list[str]


def sources_of(evidence: Evidence, *, show_text: bool) -> Sources | None:
    """The traced passages; None if nothing was traced."""
    found = evidence.findings("sources")
    if found is None:
        return None
    table, facts = found

    def shown(name: str) -> str:
        return safe(name if show_text else mask_personal(name))

    of = {str(record): _told(rows, shown) for record, rows in table.groupby("record", sort=False)}
    return Sources(of, overall(facts["estimates"], facts["params"]))


def _told(rows: pd.DataFrame, shown: Callable[[str], str]) -> list[str]:
    stretches = [(n, of) for (n, _), of in rows.groupby([-rows["length"], "start"], sort=True)]
    said = [_sentence(of, shown) for _, of in stretches[:PASSAGES]]
    left = len(stretches) - PASSAGES
    return [*said, *([f"{left} shorter passages stand in findings/sources.parquet."] if left > 0 else [])]


def _sentence(rows: pd.DataFrame, shown: Callable[[str], str]) -> str:
    """One stretch: how often it stands there, and where."""
    one = rows.iloc[0]
    n, count, passage = int(one["length"]), int(one["count"]), int(one["passage"])
    part = "" if n == passage else f", part of {passage} recited,"
    where = f"The {n} tokens from token {int(one['start'])} on{part} stand "
    names = rows.drop_duplicates(["address", "offset"])
    other = names[names["address"] != one["record"]]
    if count == 1 and not len(other):
        return f"{where}once in the training data, in this record."
    listed = [f"{shown(str(a))} (token {int(o)})" for a, o in zip(names["address"], names["offset"], strict=True)]
    instance = "for instance in " if count > len(listed) else "in "
    times = "once" if count == 1 else f"{count:,} times"
    p = f" A match as long in control text: p = {one['p']:.2g}." if one["p"] == one["p"] else ""
    return f"{where}{times} in the training data, {instance}{', '.join(listed)}.{p}"


def overall(estimates: dict[str, dict[str, Any]], params: dict[str, Any]) -> list[str]:
    """How often recited passages are repeated, beside random ones, and whether control records leak."""
    e = {name: Estimate(**told) for name, told in estimates.items()}
    said = [
        f"{params['passages']:,} recited passages of at least {params['least']} tokens, in {params['records']:,} "
        f"records, were looked up in {params['documents']:,} training documents ({params['tokens']:,} tokens)."
    ]
    if "repeated, recited" in e:
        random = f"; of random passages of the same lengths, {_share(e['repeated, random'])}"
        said.append(
            f"The share of those of trained records that stand there more than once is {_share(e['repeated, recited'])}"
            f"{random if 'repeated, random' in e else ''}."
        )
    if "found, control" in e and e["found, control"].value:
        said.append(
            f"Of the passages recited from control records a share of {_share(e['found, control'])} stand in the "
            "training data too: those records are no control for them."
        )
    return said


def _share(e: Estimate) -> str:
    return f"{number(e.value)} ({interval_words(e)}, n = {e.n})"
