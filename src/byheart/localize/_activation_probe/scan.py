"""Which of all numbers inside the model differ most between the two classes, and could chance have found such?

One pass over the documents for all sites, nothing kept but sums (`stats/dealt_sums`); more passes only where the sites
are too many for the memory. Whole documents are dealt anew, and the largest |d| over all sites in each dealing is the
measure: among ten thousands of numbers some differ much by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.progress import bar
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.localize._activation_probe.events import Events, portions, walk
from byheart.models.text.sites import Site
from byheart.signals.text.token_logprobs import TOKENS_PER_BATCH
from byheart.stats.dealt_sums import DealtSums, dealings, max_p


@dataclass(frozen=True, eq=False)
class Scan:
    """Cohen's d of every number.

    Args:
        d: by site (dim,), above 0 where the number is larger in the first class.
        p: by site (dim,), how often the largest |d| of all numbers is as large by chance.
        largest: the largest |d| in each dealing of chance, (dealings,).
    """

    d: dict[Site, np.ndarray]
    p: dict[Site, np.ndarray]
    largest: np.ndarray

    def top(self, n: int) -> list[tuple[Site, int]]:
        """The n numbers of largest |d|, largest first."""
        sites = list(self.d)
        size = np.concatenate([np.abs(self.d[s]) for s in sites])
        begin = np.cumsum([0, *(s.dim for s in sites)])
        chosen = np.argsort(-size, kind="stable")[:n]
        which = np.searchsorted(begin, chosen, side="right") - 1
        return [(sites[w], int(c - begin[w])) for w, c in zip(which.tolist(), chosen.tolist(), strict=True)]


def scan(
    target: LanguageModel, signals: Signals, events: Events, sites: Sequence[Site], *, seed: int,
    n_dealings: int = 200, max_tokens_per_batch: int | None = None,
) -> Scan:  # fmt: skip
    """Compare the classes at every number of every site.

    Args:
        target: the model.
        signals: `token_events` of the records.
        events: of both classes.
        sites: where to look.
        seed: of the dealings.
        n_dealings: how many.
        max_tokens_per_batch: padding included.
    """
    unit = events.unit
    counts = np.bincount(unit)
    _, first = np.unique(unit, return_index=True)
    dealt = dealings(events.positive[first], n_dealings, seed=seed)
    tokens = max_tokens_per_batch or TOKENS_PER_BATCH["cpu"]
    parts = portions(sites, 8 * len(dealt) + 8 * tokens)
    d: dict[Site, np.ndarray] = {}
    largest = np.zeros(n_dealings)
    with bar(f"Comparing {sum(s.dim for s in sites):,} numbers", total=len(parts) * len(events)) as b:
        for some in parts:
            sums = {site: DealtSums(dealt, counts, site.dim) for site in some}
            read = walk(target, signals, events.record, events.at, some, max_tokens_per_batch=max_tokens_per_batch)
            for rows, by_site in read:
                for site, values in by_site.items():
                    sums[site].update(values, unit[rows])
                b.advance(rows.size)
            for site in some:
                told = sums[site].d()
                d[site] = told[0]
                largest = np.maximum(largest, np.abs(told[1:]).max(axis=1))
    return Scan(d, {site: max_p(values, largest) for site, values in d.items()}, largest)
