"""With what probability would a decoding scheme say a token?

The scheme divides the logits by its temperature, keeps the `top_k` likeliest tokens, then the nucleus: the smallest
set of these whose probability reaches `top_p`. What is left is normalised again.

Source: Hayes et al. 2024, arXiv 2410.19482 (the next-token law after the decoding scheme); Holtzman et al. 2020,
arXiv 1904.09751 (nucleus).
"""

from __future__ import annotations

import torch

from byheart.core.errors import UsageError

Decoding = tuple[float, "int | None", "float | None"]
FIRST_LOOK = 512  # tokens; a nucleus is sought among so many of the likeliest before more are looked at


def check_decoding(scheme: Decoding) -> None:
    """Refuse a scheme that has no meaning.

    Raises:
        UsageError: if temperature, top_k or top_p is out of range.
    """
    temperature, top_k, top_p = scheme
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise UsageError(f"a decoding is (temperature >= 0, top_k >= 1 or None, top_p in (0, 1] or None); got {scheme}")


def decoded_logprob(z: torch.Tensor, x: torch.Tensor, gap: torch.Tensor, scheme: Decoding) -> torch.Tensor:
    """Log-probability of tokens under one scheme.

    Args:
        z: logits, float32 (positions, vocabulary); left as they are.
        x: the tokens, int64 (positions, 1).
        gap: logit of the token less that of the best other token (positions,).
        scheme: temperature (0 is greedy), top_k, top_p; None keeps all.

    Returns:
        float64 (positions,): 0 where the scheme cannot but say the token, minus infinity where it never does.
    """
    temperature, top_k, top_p = scheme
    never = torch.full_like(gap, -torch.inf, dtype=torch.float64)
    if temperature == 0:
        return torch.where(gap > 0, torch.zeros_like(never), never)
    y = z / temperature
    y_x = y.gather(1, x)
    if (top_k is None or top_k >= y.shape[1]) and (top_p is None or top_p == 1):
        return (y_x[:, 0] - y.logsumexp(dim=1)).double()
    likeliest, total = _likeliest(y, top_k, 1.0 if top_p is None else top_p)
    p = (likeliest - total).exp()  # (positions, candidates), descending
    kept = p.cumsum(dim=1) - p < (2.0 if top_p is None else top_p)
    kept[:, 0] = True
    place = (y > y_x).sum(dim=1) + ((y == y_x) & (torch.arange(y.shape[1], device=y.device) < x)).sum(dim=1)
    law = y_x[:, 0] - total[:, 0] - p.mul(kept).sum(dim=1).log()
    return torch.where(place < kept.sum(dim=1), law.clamp(max=0), never)


def _likeliest(y: torch.Tensor, top_k: int | None, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The candidates in descending order, float64 (positions, candidates), and the log of their normaliser."""
    n = y.shape[1]
    if top_k is not None and top_k < n:
        last_kept = y.topk(top_k, dim=1).values[:, -1:]
        n_kept = (y >= last_kept).sum(dim=1, keepdim=True)  # ties of the last one stay too
        values = y.topk(int(n_kept.max()), dim=1).values.double()
        values.masked_fill_(torch.arange(values.shape[1], device=y.device) >= n_kept, -torch.inf)
        return values, values.logsumexp(dim=1, keepdim=True)
    total = y.logsumexp(dim=1, keepdim=True).double()
    look = FIRST_LOOK
    while True:
        values = y.topk(min(look, n), dim=1).values.double()
        if look >= n or bool(((values - total).exp().sum(dim=1) >= top_p).all()):
            return values, total
        look *= 8
