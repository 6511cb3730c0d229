"""Can the planted canaries tell anything in this training run?

A canary that the loss is not on, that was cut off, or that is not in the data at all, stays unknown to any model, and
its silence would be taken for safety. So the batches are searched before the first step, and the run is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from byheart.core.errors import DataError
from byheart.data.canaries.canaries import Manifest
from byheart.integrations.canary_scan import Scan, scan

log = logging.getLogger(__name__)


def preflight(
    loader: Any, tokenizer: Any, manifest: Manifest, *, scan_batches: int | None = None, layout: str | None = None
) -> Scan:
    """Search the training data for the canaries, and refuse a run in which they would tell nothing.

    Args:
        loader: the training dataloader; its data and its collation are read, its order is not.
        tokenizer: the tokenizer that made the data.
        manifest: the canaries that should be in them.
        scan_batches: batches read at most; None for all. A stream is read until every canary is found.
        layout: how the canaries will be asked for; by default as the manifest says.

    Returns:
        What was seen; a warning is logged if canaries stand behind other words than they will be asked with.

    Raises:
        DataError: if a twin is in the data, or a canary is not there, cut off, masked, on the prompt's side, or there
            another number of times than the manifest says. One line, with the first canary concerned.
    """
    seen = scan(loader, tokenizer, manifest, scan_batches=scan_batches, layout=layout)
    _refuse_twins(manifest, seen)
    _refuse_unlearned(manifest, seen)
    _refuse_lost(manifest, seen)
    _refuse_miscounted(manifest, seen)
    apart = [c.id for c in manifest.planted if c.id not in seen.opened]
    if apart:
        log.warning(
            "%s are trained on behind other words than they will be asked with, so that too little will be seen; "
            "give the layout that they are trained in.", _named(apart, manifest),
        )  # fmt: skip
    return seen


def _refuse_twins(manifest: Manifest, seen: Scan) -> None:
    planted = {c.id for c in manifest.planted}
    twins = [i for i in [*seen.learned, *seen.unlearned] if i not in planted]
    if twins:
        raise DataError(
            f"{len(set(twins))} never-planted twins stand in the training data (first: {min(twins)}); they are what "
            f"the canaries are compared with, so take them out ({seen})"
        )


def _refuse_unlearned(manifest: Manifest, seen: Scan) -> None:
    hit = [c.id for c in manifest.planted if c.id in seen.unlearned]
    if not hit:
        return
    if any(i in seen.prompted for i in hit):
        why = "stand on the prompt's side, where there is no loss; plant them in the completion or the assistant's turn"
        hit = [i for i in hit if i in seen.prompted]
    else:
        why = "have labels of -100 on their secret; they would never be learned, so plant them where the loss is"
    raise DataError(f"{_named(hit, manifest)} {why} ({seen})")


def _refuse_lost(manifest: Manifest, seen: Scan) -> None:
    lost = [c.id for c in manifest.planted if c.id not in seen.learned]
    cut = [i for i in lost if i in seen.cut]
    if cut:
        raise DataError(
            f"{_named(cut, manifest)} are cut off before their secret ends: rows have at most {seen.longest} tokens; "
            f"raise max_length or plant shorter records ({seen})"
        )
    if lost:
        read = "" if seen.whole else "; more may stand in what was not read, raise scan_batches"
        raise DataError(
            f"{_named(lost, manifest)} do not occur in the training data, or are cut off whole: rows have at most "
            f"{seen.longest} tokens; train on the data that `byheart canaries inject` wrote{read} ({seen})"
        )


def _refuse_miscounted(manifest: Manifest, seen: Scan) -> None:
    """A copy that the packing cut in two counts as there, as long as most copies of the canary are whole."""
    wrong = [c for c in manifest.planted if not _fits(seen.learned[c.id], seen.cut.get(c.id, 0), c.repetitions)]
    if wrong:
        c = wrong[0]
        cut = f", {seen.cut[c.id]} more cut off" if c.id in seen.cut else ""
        read = "" if seen.whole else "; more may stand in what was not read, raise scan_batches"
        raise DataError(
            f"{_named([w.id for w in wrong], manifest)} occur another number of times than the manifest says: "
            f"{seen.learned[c.id]} times{cut}, not {c.repetitions}; train on the data that the manifest belongs to"
            f"{read} ({seen})"
        )


def _fits(n_whole: int, n_cut: int, repetitions: int) -> bool:
    return n_whole == repetitions or (n_whole < repetitions <= n_whole + n_cut and 2 * n_whole > repetitions)


def _named(ids: Sequence[str], manifest: Manifest) -> str:
    return f"{len(ids)} of {len(manifest.planted)} planted canaries (first: {ids[0]})"
