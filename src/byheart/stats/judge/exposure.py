"""Does the model know the canaries that were planted better than their twins that were not?

Which of the twins were planted was drawn at random, so the test is exact for any model and any score, and no blind
baseline can explain the difference away.

Source: Carlini et al. 2019, arXiv 1802.08232; Zhang, Das, Kamath & Tramer 2024, arXiv 2409.19798.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import admit
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.permutation import Permuted
from byheart.stats.rank import exposure, null_exposure, shared_pool_test
from byheart.stats.sides import number_groups

CLAIM = "The model knows planted canaries by heart: they score higher than twins that were never planted."


@dataclass(frozen=True, eq=False)
class Exposed:
    """Canaries with their exposure, one row per canary.

    Args:
        ids: str (k,).
        bits: exposure of each among the controls of its pool, (k,).
        ceiling: the most it could be with so many controls, (k,).
        repetitions: how often each was planted, int64 (k,).
        pools: for each pool, the values of its canaries and of its controls.
    """

    ids: np.ndarray
    bits: np.ndarray
    ceiling: np.ndarray
    repetitions: np.ndarray
    pools: tuple[tuple[np.ndarray, np.ndarray], ...]


def exposed(scores: Scores) -> Exposed:
    """Exposure of every canary among the never-inserted ones of its pool.

    Records of one group (one secret in several texts) count as one canary with their mean score. Pools without controls
    are left out.

    Args:
        scores: with roles canary and canary_control; `extra` may hold `pool` and `repetitions`.
    """
    one = _one_per_group(scores)
    pool = np.asarray(one.extra.get("pool", np.zeros(len(one), int)), dtype=object)
    times = np.nan_to_num(np.asarray(one.extra.get("repetitions", np.ones(len(one))), np.float64)).astype(np.int64)
    is_canary, pools = one.roles == "canary", []
    bits, ceiling = np.full(len(one), np.nan), np.full(len(one), np.nan)
    for name in dict.fromkeys(pool[is_canary].tolist()):
        here = np.array([other == name for other in pool.tolist()], dtype=bool)
        canaries, controls = here & is_canary, here & ~is_canary
        if controls.any():
            bits[canaries] = exposure(one.values[canaries], one.values[controls])
            ceiling[canaries] = math.log2(np.count_nonzero(controls) + 1)
            pools.append((one.values[canaries], one.values[controls]))
    ranked = ~np.isnan(bits)
    return Exposed(one.ids[ranked], bits[ranked], ceiling[ranked], times[ranked], tuple(pools))


def exposure_by_repetitions(scores: Scores, *, seed: int) -> dict[int, Estimate]:
    """Mean exposure in bits, with its interval, for each number of repetitions."""
    found = exposed(admit(scores, "canary", "canary_control")[0])
    rows = {int(times): found.repetitions == times for times in np.unique(found.repetitions)}
    return {times: _mean_bits(found.bits[here], found.ceiling[here], seed) for times, here in rows.items()}


def judge_exposure(
    scores: Scores, *, reference: Scores | None = None, level: float = 0.05, seed: int, n_resamples: int = 9999
) -> Verdict:
    """Judge the claim that planted canaries are remembered: main is their mean exposure, in bits.

    Args:
        scores: with roles canary and canary_control; `extra` may hold `pool` and `repetitions`.
        reference: the same canaries scored by a model that never saw them; where that model finds them too, planted and
            unplanted canaries were not drawn alike and the claim is refused.
        level: largest p that counts.
        seed: for the dealings.
        n_resamples: how many dealings.
    """
    kept, said = admit(scores, "canary", "canary_control")
    found = exposed(kept)
    main = _mean_bits(found.bits, found.ceiling, seed)
    lack = _too_few(found, level)
    if lack:
        return verdict(scores.card, CLAIM, "inconclusive", None, main, said=[lack, *said])
    test = shared_pool_test(found.pools, seed=seed, n_resamples=n_resamples)
    base, p_base = _by_reference(reference, kept, seed, n_resamples)
    decision, why = _decide(test, p_base, level)
    p = None if p_base is not None and p_base < level else test.p
    return verdict(scores.card, CLAIM, decision, p, main, _null(test, found), base, [*why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the canaries' exposure in the reference."""
    return judge_exposure(scores, reference=beside.reference.get(scores.card.name), **beside.draws)


def _one_per_group(scores: Scores) -> Scores:
    names = [f"{role}\x1f{group}" for role, group in zip(scores.roles.tolist(), scores.groups.tolist(), strict=True)]
    codes, n_groups = number_groups(names)
    if n_groups == len(scores):
        return scores
    first = np.unique(codes, return_index=True)[1]
    means = np.bincount(codes, scores.values, n_groups) / np.bincount(codes)
    one = scores.take(first)
    return Scores(means, one.ids, one.roles, one.groups, one.card, one.params, one.extra)


def _mean_bits(bits: np.ndarray, ceiling: np.ndarray, seed: int) -> Estimate:
    unit = f"bits of exposure, mean over {bits.size} canaries"
    how = "log2(twins + 1) - log2(rank among never-inserted twins); about 1.44 if nothing was learned"
    if not bits.size:
        return Estimate(None, None, None, 0, unit, how)
    mean = float(bits.mean())
    if (bits >= ceiling - 1e-9).all():  # all on top: the share on top is at least 0.025^(1/k), exactly
        how += "; every canary beats all its twins, so more twins could show more"
        return Estimate(mean, mean * 0.025 ** (1 / bits.size), None, bits.size, unit, how)
    if bits.size == 1:
        return Estimate(mean, None, None, 1, unit, f"{how}; one canary has no interval")
    drawn = bootstrap_mean(bits, seed=seed)
    return Estimate(mean, drawn.low, drawn.high, bits.size, unit, f"{how}; interval from resampling the canaries")


def _too_few(found: Exposed, level: float) -> str:
    if not found.bits.size:
        return "There are no canaries with never-inserted twins in their pool, so nothing can be ranked."
    dealings = math.prod(math.comb(c.size + m.size, c.size) for c, m in found.pools)
    if dealings * level <= 1:
        return (
            f"{found.bits.size} canaries among so few twins could be on top by chance once in {dealings} times; "
            f"a claim at level {level:g} needs more twins."
        )
    return ""


def _null(test: Permuted, found: Exposed) -> Estimate:
    low, high = np.quantile(test.null, [0.025, 0.975])
    expected = sum(c.size * null_exposure(m.size) for c, m in found.pools) / found.bits.size
    how = f"what canaries show that were never planted (exact mean); range from {test.how()} of 'planted' in each pool"
    n = sum(m.size for _, m in found.pools)
    return Estimate(expected, float(low), float(high), n, "bits of exposure with nothing learned", how)


def _by_reference(
    reference: Scores | None, kept: Scores, seed: int, n_resamples: int
) -> tuple[Estimate | None, float | None]:
    if reference is None:
        return None, None
    theirs = admit(reference, "canary", "canary_control")[0]
    extra = theirs.extra if "pool" in theirs.extra else _borrowed(theirs, kept)
    found = exposed(Scores(theirs.values, theirs.ids, theirs.roles, theirs.groups, theirs.card, theirs.params, extra))
    if not found.bits.size:
        return None, None
    return _mean_bits(found.bits, found.ceiling, seed), shared_pool_test(
        found.pools, seed=seed, n_resamples=n_resamples
    ).p


def _borrowed(theirs: Scores, kept: Scores) -> dict[str, np.ndarray]:
    ours = kept.at(theirs.ids, skip_unknown=True)
    return dict(ours.extra if len(ours) == len(theirs) else theirs.extra)


def _decide(test: Permuted, p_base: float | None, level: float) -> tuple[Decision, list[str]]:
    if p_base is not None and p_base < level:
        return "inconclusive", [
            f"A model that never saw the canaries ranks the planted ones higher too (p = {p_base:.2g}): planted and "
            "unplanted canaries were not drawn alike, so the claim is refused."
        ]
    seen = float(test.null.mean() + (1.645 + 0.842) * test.null.std())
    power = f"With these canaries and twins a mean exposure of about {seen:.1f} bits would have been seen (80 % power)."
    if test.p < level:
        return "shown", []
    if test.opposite < level / 2:
        return "inconclusive", [
            f"Planted canaries score lower than their twins (p = {test.opposite:.2g}), the opposite of the claim; a "
            "model made to forget too hard leaves that trace."
        ]
    return "not shown", [f"Canaries do not rank above their twins beyond chance (p = {test.p:.2g}). {power}"]
