"""How much evidence an audit gathers before it speaks."""

from __future__ import annotations

from dataclasses import dataclass

from byheart.core.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """How many controls, canaries and resamples, and which passes.

    Args:
        name: smoke, routine or powered.
        claims: whether a claim may be made at all; smoke never makes one.
        limit: records of each set at most, None for all.
        minimum_control: with fewer control records no membership claim is made.
        n_resamples: bootstrap and permutation draws.
        passes: the signals taken, where the data allow them.
        n_generated: records of each set that are continued freely, as generating costs a pass per token.
        n_explained: records of each role that are read again to find sites and to switch them off.
    """

    name: str
    claims: bool
    limit: int | None
    minimum_control: int
    n_resamples: int
    passes: tuple[str, ...]
    n_generated: int
    n_explained: int = 100

    def at_most(self, limit: int | None) -> int | None:
        """Records of each set that are read, where so many are asked for; None for all."""
        return min((n for n in (limit, self.limit) if n is not None), default=None)


_CHEAP = ("token_logprobs", "reference_logprobs")
_CONDITIONAL = ("lowercase_logprobs", "nonmember_prefix_logprobs", "continuations")
_DEAR = ("member_prefix_logprobs", "gradient_norm", "samples")

PROFILES = {
    "smoke": Profile("smoke", False, 50, 10, 200, _CHEAP, 8, 40),
    "routine": Profile("routine", True, None, 20, 2000, (*_CHEAP, *_CONDITIONAL), 32, 100),
    "powered": Profile("powered", True, None, 100, 10000, (*_CHEAP, *_CONDITIONAL, *_DEAR), 200, 300),
}


def profile_named(name: str) -> Profile:
    """The profile of this name.

    Raises:
        UsageError: if there is none.
    """
    if name not in PROFILES:
        raise UsageError(f"--profile is one of {', '.join(PROFILES)}; got {name!r}")
    return PROFILES[name]
