"""How much may an audit ask for, and how fast?"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from byheart.core.errors import ByheartError, UsageError


class BudgetSpent(ByheartError):
    """No further request may be sent; what has been answered is kept."""


@dataclass
class Budget:
    """Requests and tokens that may be spent, over all sittings of a run. Safe for threads.

    Args:
        max_requests: requests sent, repeated ones included; None for no limit.
        max_tokens: tokens read and written, as the server counts them; None for no limit.
        requests, tokens: spent already.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    requests: int = 0
    tokens: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        for name in ("max_requests", "max_tokens"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise UsageError(f"--{name.replace('_', '-')} is at least 1; got {limit}")

    def claim(self) -> None:
        """Count one request before it is sent.

        Raises:
            BudgetSpent: if it would be one too many.
        """
        with self._lock:
            if self.max_requests is not None and self.requests >= self.max_requests:
                raise BudgetSpent(f"the budget of {self.max_requests} requests is spent")
            if self.max_tokens is not None and self.tokens >= self.max_tokens:
                raise BudgetSpent(f"the budget of {self.max_tokens} tokens is spent ({self.tokens} were used)")
            self.requests += 1

    def used(self, tokens: int, requests: int = 0) -> None:
        """Count what an answer took."""
        with self._lock:
            self.tokens += tokens
            self.requests += requests


@dataclass
class Pace:
    """At most so many requests a minute, evenly spaced. Safe for threads.

    Args:
        per_minute: None for no limit.
    """

    per_minute: float | None = None
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.per_minute is not None and not self.per_minute > 0:
            raise UsageError(f"--requests-per-minute is above 0; got {self.per_minute}")

    def wait(self) -> None:
        """Sleep until the next request may go."""
        if self.per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60.0 / self.per_minute
        time.sleep(max(0.0, turn - now))

    def hold(self, seconds: float) -> None:
        """Let nobody go for so long: the server asked for it."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
