"""What does a model think of one token, among all tokens it could have said?

Everything that is read from the vocabulary is read here, block by block, while the block lies in the processor's
cache: each logit is shifted, exponentiated and summed once, and every statistic comes from these sums.

With z the logits less their maximum, e = exp(z) and S_k = sum_v e_v z_v^k (k = 0, 1, 2):
log p(x) = z_x - log S_0;  sum_v p_v log p_v = S_1 / S_0 - log S_0;  variance of log p = S_2 / S_0 - (S_1 / S_0)^2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from byheart.core.errors import TargetError
from byheart.signals.text.decoding import Decoding, decoded_logprob

FLOATS = ("logprob", "mean_logprob", "var_logprob", "gap", "mass_above")
BLOCK_BYTES = {"cpu": 2 << 20, "cuda": 512 << 20}


def read_vocabulary(
    logits: torch.Tensor, tokens: torch.Tensor, decodings: Sequence[Decoding] = ()
) -> dict[str, torch.Tensor]:
    """All statistics of the tokens that did follow.

    Args:
        logits: float32 (positions, vocabulary); **overwritten**.
        tokens: the token that follows each position, int64 (positions,).
        decodings: (temperature, top_k, top_p) of further decoding schemes.

    Returns:
        By name, (positions,): the floats of `FLOATS`, `rank` (0 = no token is likelier), and `decoded_0`, ... for the
        log-probability of the token under each decoding scheme.

    Raises:
        TargetError: if the logits are not numbers.
    """
    limit = BLOCK_BYTES.get(logits.device.type, BLOCK_BYTES["cpu"])
    rows = max(1, limit // (4 * logits.shape[1]))
    blocks = [
        _block(z, x.unsqueeze(1), decodings)
        for z, x in zip(torch.split(logits, rows), torch.split(tokens, rows), strict=True)
    ]
    return {name: torch.cat([b[name] for b in blocks]) for name in blocks[0]} if blocks else {}


def _block(z: torch.Tensor, x: torch.Tensor, decodings: Sequence[Decoding]) -> dict[str, torch.Tensor]:
    z_x = z.gather(1, x)
    best_other = z.scatter_(1, x, -torch.inf).amax(dim=1, keepdim=True)
    top = torch.maximum(best_other, z_x)
    z.scatter_(1, x, z_x).sub_(top)
    gap = z_x - best_other
    z_x = z_x - top
    e = z.exp()
    s0 = e.sum(dim=1)
    missed = (gap[:, 0] <= 0).nonzero()[:, 0]
    likelier = z[missed] > z_x[missed]
    rank = torch.zeros_like(s0, dtype=torch.int64).index_copy_(0, missed, likelier.sum(dim=1))
    above = torch.zeros_like(s0).index_copy_(0, missed, e[missed].mul_(likelier).sum(dim=1))
    s0, above = s0.double(), above.double()
    s1, s2 = (s.double() / s0 for s in _moments(z, e))
    if not torch.isfinite(torch.stack([s0, s1])).all():
        raise TargetError("the logits are not numbers")
    log_s0 = s0.log()
    found = {
        "logprob": z_x[:, 0].double() - log_s0,
        "mean_logprob": s1 - log_s0,
        "var_logprob": (s2 - s1.square()).clamp_(min=0),
        "gap": gap[:, 0],
        "mass_above": above / s0,
        "rank": rank,
    }
    for i, scheme in enumerate(decodings):
        found[f"decoded_{i}"] = decoded_logprob(z, x, gap[:, 0], scheme)
    return found


def _moments(z: torch.Tensor, e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """S_1 and S_2; impossible tokens (z = -inf, e = 0) count nothing."""
    s1 = torch.linalg.vecdot(e, z)
    if not torch.isfinite(s1).all():
        z = z.clamp(min=-1e30)
        s1 = torch.linalg.vecdot(e, z)
    return s1, torch.linalg.vecdot(e.mul_(z), z)
