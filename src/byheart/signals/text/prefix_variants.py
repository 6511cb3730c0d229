"""What does each way to disturb a prefix make of the prefixes of one model, and how much does it change?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.compare.text.alignment import align
from byheart.compare.text.positional_change import STRENGTHS, nearest_change, strengths
from byheart.compare.text.prefix_perturbation import (
    LETTERS,
    LOCATIONS,
    OPERATORS,
    Perturbation,
    another_token,
    disturbed_text,
    filled,
    moved,
    token_like,
)
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import n_front


@dataclass(frozen=True, eq=False)
class Variant:
    """One disturbed prefix: its tokens (n',), and the old place of each, -1 for a new one."""

    ids: np.ndarray
    source: np.ndarray


def variant(
    target: LanguageModel, prefix: np.ndarray, how: Perturbation, seed: int, record: str, counts: np.ndarray | None
) -> Variant | None:
    """One disturbed prefix; None where the prefix is too short for it."""
    rng = generator(seed, "perturbed_prefixes", str(record), how.name, str(how.repeat))
    if how.operator in LETTERS:
        return _retold(target, prefix, how, rng)
    try:
        source = moved(prefix.size, how, rng)
    except UsageError:
        return None
    if how.operator == "replace_like" and counts is not None:
        return Variant(filled(prefix, source, lambda old: token_like(old, counts, rng)), source)
    return Variant(filled(prefix, source, lambda old: another_token(old, target.vocabulary, rng)), source)


def _retold(target: LanguageModel, prefix: np.ndarray, how: Perturbation, rng: np.random.Generator) -> Variant:
    """Letters changed, and the text cut into tokens anew; what makes it longer pushes tokens out on the left."""
    encoded = target.encode(disturbed_text(target.decode(prefix), how, rng))
    ids = encoded.ids[n_front(target, encoded) :][-prefix.size :] if prefix.size else prefix
    source = np.full(ids.size, -1, np.int64)
    for step in align(prefix.tolist(), ids.tolist()):
        if step.kind == "equal":
            source[step.b_start : step.b_end] = np.arange(step.a_start, step.a_end)
    return Variant(ids.astype(np.int32), source)


def codes(columns: Sequence[Perturbation], n: int) -> dict[str, np.ndarray]:
    """The plan as numbers, so that it travels with the signals, int16 (n, perturbations)."""
    where = [
        p.location + len(LOCATIONS) if isinstance(p.location, int) else LOCATIONS.index(p.location) for p in columns
    ]
    coded = {
        "operator": [OPERATORS.index(p.operator) for p in columns],
        "budget": [p.budget for p in columns],
        "location": where,
        "repeat": [p.repeat for p in columns],
    }
    return {name: np.tile(np.array(code, np.int16), (n, 1)) for name, code in coded.items()}


def amounts(
    prefixes: Sequence[np.ndarray], table: Sequence[Sequence[Variant | None]], n_columns: int
) -> dict[str, np.ndarray]:
    """How much each perturbation changed, (n, perturbations)."""
    names = (*STRENGTHS, "nearest", "n_prefix")
    changed = {name: np.full((len(table), n_columns), np.nan, np.float32) for name in names}
    for i, (prefix, row) in enumerate(zip(prefixes, table, strict=True)):
        for j, made in enumerate(row):
            if made is None:
                continue
            found = strengths(prefix, made.ids, made.source)
            found |= {"nearest": nearest_change(prefix, made.ids), "n_prefix": made.ids.size}
            for name, value in found.items():
                changed[name][i, j] = value
    return changed


def one_by_one(n: int) -> tuple[Perturbation, ...]:
    """A plan that replaces every token of a prefix of n, one at a time."""
    return tuple(Perturbation("replace", 1, i) for i in range(n))


def slack(signals: Signals) -> np.ndarray:
    """R3: share of the tokens of each prefix that can be replaced without changing what is said, (n,).

    A measure of vulnerability: never explain vulnerability by it.

    Args:
        signals: `perturbed_prefixes` with `plan=one_by_one(prefix_tokens)` and `own_output=True`.
    """
    single = [j for j, how in enumerate(perturbations(signals)) if how.operator == "replace" and how.budget == 1]
    same = signals.dense("recited")[:, single]
    known = ~np.isnan(same)
    n = known.sum(axis=1)
    share: np.ndarray = np.where(n > 0, (same == 1).sum(axis=1) / np.maximum(n, 1), np.nan)
    return share


def perturbations(signals: Signals) -> list[Perturbation]:
    """What was done in each column of `perturbed_prefixes`."""
    coded = [signals.dense(name) for name in ("operator", "budget", "location", "repeat")]
    if not len(signals):
        return []
    return [
        Perturbation(OPERATORS[o], int(b), LOCATIONS[w] if w < len(LOCATIONS) else int(w) - len(LOCATIONS), int(r))
        for o, b, w, r in zip(*(c[0] for c in coded), strict=True)
    ]
