"""Would recitation stop if everything at a site were as on another text, and not along one direction only?

Where the model predicts what it recites, the whole activation is replaced by that of an unseen text at the same places.
If even that leaves recitation as it is, no direction at this site controls it. If it stops, the site carries what is
said, which near the end of a model any site of the residual does.

Source: Vig et al. 2020, arXiv 2004.12265 (interventions on single components); the pairing by chance is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.core.target import LanguageModel
from byheart.models.text.activations import Change, reading, writing
from byheart.models.text.sites import Site
from byheart.signals.text.forced import forced


def patched(
    target: LanguageModel, sites: Sequence[Site], prompts: Sequence[np.ndarray], expected: Sequence[np.ndarray],
    unseen: Corpus, *, seed: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Read continuations while a site is that of unseen texts.

    Args:
        target: the model, with open weights.
        sites: where, all at once.
        prompts: token ids of the beginning of each record.
        expected: of what it should go on with.
        unseen: texts to take activations from; each record gets one that is long enough, by chance.
        seed: of that chance.

    Returns:
        Mean log-probability of each continuation, float64 (records,), and whether it is still recited, bool; NaN and
        False where no unseen text is long enough.
    """
    ids = [target.encode(item).ids for item in unseen.items]
    logprob, recited = np.full(len(prompts), np.nan), np.zeros(len(prompts), bool)
    for i, (prompt, truth) in enumerate(zip(prompts, expected, strict=True)):
        n = prompt.size + truth.size - 1
        long_enough = [x for x in ids if x.size >= n]
        if not long_enough:
            continue
        other = long_enough[generator(seed, "patching", str(i)).integers(len(long_enough))][:n]
        module = target.module  # type: ignore[attr-defined]
        with reading(module, sites) as seen:
            target.hidden(torch.from_numpy(other[None].astype(np.int64)))
            changes = {site: _from(h[0], prompt.size - 1) for site, h in seen.items()}
        with writing(module, changes):
            said = forced(target, [prompt], [truth])
        logprob[i], recited[i] = said["logprob"].values.mean(), bool((said["gap"].values > 0).all())
    return logprob, recited


def _from(other: torch.Tensor, first: int) -> Change:
    """Replace what one text has from a place on by that of another (tokens, dim)."""

    def change(h: torch.Tensor) -> torch.Tensor:
        new = h.clone().view(-1, h.shape[-1])
        new[first:] = other[first : len(new)]
        return new.view_as(h)

    return change
