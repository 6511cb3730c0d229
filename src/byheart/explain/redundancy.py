"""Which records are recited and how easily is that disturbed: the redundant ones, or the others?

The claim under test is that memorized records of low redundancy lose more when their prefix is perturbed. The sign is
reported as found. Beside every number stands what could fake it: the floor (a record recited at 0.02 cannot lose 0.6),
the weaker effect of the same operator on repetitive prefixes (equal tokens change places), copying from the prefix
(never-trained twins, continuations that can be guessed), and the choice of the memorized by what is then measured.

Source: Zhang et al. 2025, arXiv 2506.12321, of which the abstracts alone were at hand.
Departs from it: what the abstracts leave open is offered under names of its own; these are not the paper's formulas.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from byheart.compare.text.positional_change import STRENGTHS
from byheart.compare.text.prefix_perturbation import Perturbation
from byheart.core.card import method
from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain._redundancy.drops import Drops, dose_response, matched_ratio, mean_drops, vulnerability
from byheart.explain._redundancy.frequency import frequency_response, log_frequencies
from byheart.explain._redundancy.levels import Levels, beyond_twins, shares, sort_out, warnings
from byheart.explain._redundancy.resample import clustered, mean
from byheart.signals.text.perturbed_prefixes import BASELINES, CLEAN
from byheart.signals.text.prefix_variants import perturbations

NEARLY = 0.75
"""From this share of hits on, a record that is not memorized is nearly so."""


@method(
    paper="2506.12321",
    family="text",
    needs=("perturbed_prefixes",),
    unit="share of the continuation lost",
    cost="none beside the pass",
    limits="few memorized records say little; without never-trained twins, copying from the prefix passes for memory",
)
def redundancy(
    perturbed_prefixes: Signals,
    *,
    measure: str | np.ndarray = "rep",
    outcome: str = "recited",
    strength: str = "position",
    split: float | str = "median",
    select: str = "clean",
    threshold: float = 1.0,
    counts: np.ndarray | None = None,
    seed: int = 0,
) -> Findings:
    """What perturbed prefixes cost, by perturbation and by redundancy, with what could fake it.

    Args:
        perturbed_prefixes: the signals of that name. Roles nonmember and canary_control are never-trained twins;
            member, canary and unknown are taken as trained.
        measure: of redundancy: rep, ngram2, ngram3, zip, phrases, entropy, order or swap; or numbers (n,), such as
            `redundancy_measures.copies` of counts in a corpus index.
        outcome: what is lost: `recited`, `hits`, or `greedy` where it was generated for all.
        strength: of a perturbation, one of `STRENGTHS`; `position` is measured on tokens.
        split: records up to this redundancy are low: the median of the trained ones, a number, or `half`, the median of
            one half of the documents, used on the other.
        select: whether records are memorized by the clean prefix, or by a `shorter` one, so that the groups are not
            chosen by what is then compared.
        threshold: share recited from which on a record is memorized.
        counts: how often each token occurs in the training data, (vocabulary,); None leaves out the frequency response.
        seed: of the resamples, and of the halves.

    Returns:
        Findings with an address per perturbation; the weight is the mean drop M - M' of memorized records, 0 for none,
        1 for all. Columns: `low`, `high` (its interval), `n`, `strength`, `places` (mean strengths, on tokens and by
        places), `of_low`, `of_high`, `others`, `twins` (mean drops of these), `surprise`, `uncertainty` (mean rise of
        NLL and entropy, nats per token), `elsewhere` (mean share recited from anywhere in the record; NaN where it was
        not generated), `unchanged` (share of prefixes in which no token changed). `per_record` (n, perturbations)
        holds the drops. `estimates`: shares of low redundancy with risk and odds ratio, recitation beyond twins, drops
        absolute and relative, the vulnerability of both levels and its ratio: plain, by places, matched, and of
        recalled records only. `state`: measures and levels of each record, and the dose response.
        `params["caveats"]`: sentences to be read first.

    Raises:
        UsageError: if an option has no meaning.
        TooFewRecords: if there is no record at all.
    """
    if not len(perturbed_prefixes):
        raise TooFewRecords("nothing can be explained without a record; got none")
    if strength not in STRENGTHS or strength in ("disp_abs",) or outcome not in ("recited", "hits", "greedy"):
        raise UsageError(
            "an outcome is recited, hits or greedy, a strength one between 0 and 1 "
            f"({', '.join(s for s in STRENGTHS if s != 'disp_abs')}); got {outcome!r} and {strength!r}"
        )
    levels = sort_out(perturbed_prefixes, measure=measure, split=split, select=select, threshold=threshold, seed=seed)
    drops = Drops.read(perturbed_prefixes, outcome, strength)
    names = [how.name if how.repeat == 0 else f"{how.name}#{how.repeat}" for how in _planned(perturbed_prefixes)]
    columns = _by_perturbation(perturbed_prefixes, drops, levels, seed)
    estimates = _estimates(perturbed_prefixes, drops, levels, seed)
    features = {"surprise": perturbed_prefixes.dense("nll")[:, CLEAN].astype(np.float64)}
    if counts is not None:
        features["token frequency"] = log_frequencies(perturbed_prefixes, counts)["mean"]
        estimates |= _frequency(perturbed_prefixes, features["token frequency"], levels, seed)
    low, high = levels.memorized & levels.low, levels.memorized & levels.high
    state = {f"measure_{name}": values for name, values in levels.measures.items()}
    state |= {"low": levels.low, "memorized": levels.memorized, "recalled": levels.recalled}
    params: dict[str, Any] = {
        "measure": measure if isinstance(measure, str) else "given", "outcome": outcome, "strength": strength,
        "split": split, "select": select, "threshold": threshold, "seed": seed,
        "cut": None if math.isnan(levels.cut) else levels.cut,
        "caveats": [*warnings(levels, list(features.items())), *_caveats(estimates, columns, levels)],
    }  # fmt: skip
    return Findings(
        "factor", np.array(names, dtype=object), columns.pop("drop"), redundancy.card,  # type: ignore[attr-defined]
        per_record=drops.drop, estimates=estimates, state=state | dose_response(drops, low, high), params=params,
        columns=columns,
    )  # fmt: skip


def _planned(signals: Signals) -> list[Perturbation]:
    return perturbations(signals)[len(BASELINES) :]


def _estimates(signals: Signals, drops: Drops, levels: Levels, seed: int) -> dict[str, Estimate]:
    """Everything about all perturbations together."""
    hits, recited = signals.dense("hits")[:, CLEAN], signals.dense("recited")[:, CLEAN].astype(np.float64)
    found = shares(levels, seed=seed) | beyond_twins(levels, recited, seed=seed)
    found |= mean_drops(drops, levels, levels.others & (hits >= NEARLY), seed=seed)
    on = levels.memorized & levels.evaluated
    low, high = on & levels.low, on & levels.high
    told = vulnerability(drops, low, high, levels.groups, seed=seed)
    found |= {f"vulnerability, {name}" if name != "ratio" else "vulnerability ratio": e for name, e in told.items()}
    by_places = vulnerability(drops, low, high, levels.groups, seed=seed, by="places")
    found["vulnerability ratio by places"] = by_places["ratio"]
    found["vulnerability ratio, matched"] = matched_ratio(drops, low, high, levels.groups, seed=seed)
    recalled = vulnerability(drops, low & levels.recalled, high & levels.recalled, levels.groups, seed=seed)
    found["vulnerability ratio, recalled"] = recalled["ratio"]
    twins = vulnerability(drops, levels.twins & levels.low, levels.twins & levels.high, levels.groups, seed=seed)
    found["vulnerability ratio, twins"] = twins["ratio"]
    return found


def _frequency(signals: Signals, feature: np.ndarray, levels: Levels, seed: int) -> dict[str, Estimate]:
    outcomes = {k: signals.dense(k)[:, CLEAN].astype(np.float64) for k in ("recited", "nll", "entropy")}
    samples = {"memorized": levels.memorized, "others": levels.others}
    return frequency_response(feature, outcomes, samples, levels.groups, seed=seed)


def _by_perturbation(signals: Signals, drops: Drops, levels: Levels, seed: int) -> dict[str, np.ndarray]:
    """A row per perturbation."""
    k, m = len(BASELINES), levels.memorized
    rise = {name: signals.dense(name)[:, k:] - signals.dense(name)[:, :1] for name in ("nll", "entropy")}
    found = {
        "drop": _means(drops.drop, m), "strength": _means(drops.strength, m), "places": _means(drops.places, m),
        "of_low": _means(drops.drop, m & levels.low), "of_high": _means(drops.drop, m & levels.high),
        "others": _means(drops.drop, levels.others), "twins": _means(drops.drop, levels.twins),
        "surprise": _means(rise["nll"], m), "uncertainty": _means(rise["entropy"], m),
        "elsewhere": _elsewhere(signals.dense("elsewhere")[:, k:], drops.drop, m),
        "unchanged": _means(np.where(np.isnan(drops.drop), np.nan, signals.dense("nearest")[:, k:] == -1), m),
        "n": np.count_nonzero(~np.isnan(drops.drop[m]), axis=0),
    }  # fmt: skip
    ends = [_interval(column, m, levels.groups, seed) for column in drops.drop.T]
    return found | {"low": np.array([e[0] for e in ends]), "high": np.array([e[1] for e in ends])}


def _interval(lost: np.ndarray, on: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float]:
    used = on & ~np.isnan(lost)
    x = np.stack([np.where(used, lost, 0), used], axis=1)
    e = clustered(x, mean, groups, seed=seed, unit="", how="")
    return (math.nan if e.low is None else e.low), (math.nan if e.high is None else e.high)


def _elsewhere(found: np.ndarray, drop: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Means of the columns that are known wherever there is a drop; of the others only what is recited is known."""
    partly = (on[:, None] & ~np.isnan(drop) & np.isnan(found)).any(axis=0)
    return np.where(partly, np.nan, _means(found, on))


def _means(values: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Mean of each column (n, m) over the records that have a number, float64 (m,); NaN where none has."""
    told = on[:, None] & ~np.isnan(values)
    n = told.sum(axis=0)
    mean_: np.ndarray = np.where(n > 0, np.where(told, values, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
    return mean_


def _caveats(estimates: dict[str, Estimate], columns: dict[str, np.ndarray], levels: Levels) -> list[str]:
    """What the numbers themselves warn of."""
    said = []
    if not levels.memorized.any():
        said.append("No record is recited in full, so nothing is said of memorized records.")
    n = int(levels.memorized.sum())
    needed = samples_needed(estimates["vulnerability ratio"], n)
    if needed is not None and needed > n:
        said.append(f"To tell a vulnerability ratio of 2 from 1 takes about {needed} memorized records; there are {n}.")
    shorter = estimates["drop from a shorter prefix, memorized"].value
    if shorter is not None and shorter > 0.5:
        said.append(
            f"Leaving out the first tokens alone loses {shorter:.0%}: the model depends on where a text begins, and "
            "perturbations that move tokens are not comparable with those that do not."
        )
    unchanged = np.nanmax(columns["unchanged"]) if np.isfinite(columns["unchanged"]).any() else 0.0
    if unchanged > 0.1:
        said.append(f"Up to {unchanged:.0%} of the memorized prefixes came out of a perturbation as they went in.")
    elsewhere = columns["elsewhere"] - 1 + columns["drop"]
    if np.isfinite(elsewhere).any() and np.nanmax(elsewhere) > 0.1:
        said.append("Part of what counts as lost was recited from another place of the same record (see elsewhere).")
    return said


def samples_needed(ratio: Estimate, n: int, *, wanted: float = 2.0) -> int | None:
    """Memorized records needed to tell a ratio from 1 with 80 % power at the 5 % level, from the interval of n."""
    if not ratio.value or ratio.low is None or ratio.high is None or ratio.low <= 0:
        return None
    se = math.log(ratio.high / ratio.low) / (2 * 1.96)
    return math.ceil(n * (se * (1.96 + 0.84) / math.log(wanted)) ** 2)
