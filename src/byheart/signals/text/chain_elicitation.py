"""After how short an end of its own answer does the model say this token?

Greedy decoding after the answer from token j on says token t, or not. A longer end may fail where a shorter one works,
so no start can be skipped; but one reading of the answer from j on tells it for all t behind j. Starts are read from
the last to the first, in right-padded batches, and the vocabulary is opened only at tokens that no shorter end brought
about.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 3 (mid-range).
Departs from it: ids are compared, not decoded strings, so that blanks count; the question is never part of an end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import TOKENS_PER_BATCH

if TYPE_CHECKING:
    from byheart.signals.text.chain_candidates import Chain


def elicit(target: LanguageModel, chain: Chain, max_context: int | None = None) -> tuple[np.ndarray, np.ndarray, int]:
    """The shortest eliciting end of every scored token.

    Args:
        target: the model.
        chain: the chain; special tokens that open it open every end.
        max_context: longest end, tokens; None for all of the answer.

    Returns:
        First token of the end, int32 (scored,), the beginning of the answer where no end elicits the token; whether one
        does, uint8 (scored,); how many readings it took.
    """
    at = chain.positions
    suffix, elicited = np.full(at.size, chain.answer, np.int32), np.zeros(at.size, np.uint8)
    front, last = chain.ids[: chain.n_front], int(at[-1]) if at.size else chain.answer
    longest = min(max_context or last, last)
    budget, n_read = TOKENS_PER_BATCH["cuda" if target.device.type == "cuda" else "cpu"], 0
    start = last
    while start > chain.answer:
        size = front.size + min(longest, last - start + 1)
        first = max(chain.answer, start - max(1, budget // (size + 1)))
        starts = [j for j in range(first, start) if ((at > j) & (at <= j + longest) & (elicited == 0)).any()]
        if starts:
            _try(target, chain, starts, longest, suffix, elicited)
            n_read += len(starts)
        start = first
    return suffix, elicited, n_read


@torch.no_grad()
def _try(
    target: LanguageModel, chain: Chain, starts: list[int], longest: int, suffix: np.ndarray, elicited: np.ndarray
) -> None:
    """Read the answer from each start on; the latest start that brings a token about is kept."""
    at, front = chain.positions, chain.ids[: chain.n_front]
    last = int(at[-1])
    rows = [np.concatenate([front, chain.ids[j : min(last, j + longest)]]) for j in starts]
    ids = torch.zeros(len(rows), max(r.size for r in rows), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : row.size] = torch.from_numpy(row)
    states = target.hidden(ids.to(target.device))
    for i in range(len(starts) - 1, -1, -1):
        open_ = np.flatnonzero((elicited == 0) & (at > starts[i]) & (at <= starts[i] + longest))
        if not open_.size:
            continue
        before = torch.from_numpy(front.size + at[open_] - 1 - starts[i]).to(states.device)
        best = target.logits(states[i, before]).argmax(dim=-1).cpu().numpy()
        hit = open_[best == chain.ids[at[open_]]]
        suffix[hit], elicited[hit] = starts[i], 1
