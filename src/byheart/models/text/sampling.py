"""Which token comes next under a decoding scheme, and with what chance?

One token is drawn by inverting the cumulative distribution at a number in [0, 1) that belongs to the prompt, so a
sample does not change with the batch it was drawn in.

Source: Holtzman et al. 2020, arXiv 1904.09751 (nucleus sampling); Fan et al. 2018, arXiv 1805.04833 (top-k sampling).
"""

from __future__ import annotations

import torch


def narrow(logits: torch.Tensor, *, top_k: int | None = None, top_p: float | None = None) -> torch.Tensor:
    """Rule out all but the likeliest tokens.

    The nucleus is the smallest set of likeliest tokens whose probability, after the cut to `top_k`, reaches `top_p`;
    it always holds one token.

    Args:
        logits: (positions, vocabulary), already divided by the temperature.
        top_k: how many tokens stay (more where the last of them is tied); None keeps all.
        top_p: probability of the nucleus, in (0, 1]; None keeps all.

    Returns:
        A new tensor (positions, vocabulary), minus infinity where a token is ruled out.
    """
    if top_k is not None and top_k < logits.shape[-1]:
        last_kept = logits.topk(top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < last_kept, -torch.inf)
    if top_p is not None and top_p < 1:
        ordered, order = logits.sort(dim=-1, descending=True, stable=True)
        p = ordered.softmax(dim=-1)
        outside = p.cumsum(dim=-1) - p >= top_p  # the likelier tokens alone reach the mass
        outside[:, 0] = False
        logits = logits.masked_fill(outside.scatter(-1, order, outside), -torch.inf)
    return logits


def draw(logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """One token per row.

    Args:
        logits: (rows, vocabulary); minus infinity rules a token out.
        uniform: one number in [0, 1) per row, float64 (rows,).

    Returns:
        Token ids, int64 (rows,).
    """
    cumulative = logits.double().softmax(dim=-1).cumsum(dim=-1)
    reached = cumulative > uniform.to(cumulative).unsqueeze(-1) * cumulative[:, -1:]
    return reached.to(torch.int8).argmax(dim=-1)
