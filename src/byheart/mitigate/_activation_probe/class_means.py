"""What separates the mean of recited tokens from that of the others, at many sites in one reading?

Source: Slonski 2024, arXiv 2412.01014 (activations whose distribution differs between the two classes); the difference
of means is the simplest probe, and moving along it by all of it makes the means equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.localize._activation_probe.events import Events, walk
from byheart.localize._activation_probe.probe import Probe
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import NOT_RECITED, RECITED
from byheart.stats.moments import Moments


def class_means(target: LanguageModel, events: Signals, sites: Sequence[Site]) -> list[Probe]:
    """A probe for each site, w = mean(recited) - mean(not recited), with its zero half-way.

    Args:
        target: the model, with open weights.
        events: `token_events` of records that are recited and of others.
        sites: where.

    Raises:
        TooFewRecords: if a class has no token.
    """
    tokens = Events.of(events, (NOT_RECITED, RECITED))
    seen = {(site, side): Moments(site.dim) for site in sites for side in (False, True)}
    for rows, by_site in walk(target, events, tokens.record, tokens.at, sites):
        for side in (False, True):
            on = tokens.positive[rows] == side
            for site, h in by_site.items():
                seen[site, side].update(h[on])
    if any(moments.n < 2 for moments in seen.values()):
        n = int(tokens.positive.sum())
        raise TooFewRecords(f"means need recited tokens and others; got {n} and {len(tokens) - n}")
    return [_probe(site, seen[site, False], seen[site, True]) for site in sites]


def _probe(site: Site, other: Moments, recited: Moments) -> Probe:
    w = recited.mean - other.mean
    m0, m1 = w @ other.mean, w @ recited.mean
    both = Moments(site.dim)
    both.merge(other)
    both.merge(recited)
    return Probe(site.address, w, np.asarray(-(m0 + m1) / 2), other.mean, m0, m1, both.mean, np.sqrt(both.variance))
