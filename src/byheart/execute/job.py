"""What is to be done, and what can do it: the two protocols between a pass over the records and an engine."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Protocol

import numpy as np

from byheart.core.signals import Signals


class Job(Protocol):
    """A pass over the records, cut into pieces that do not know of each other.

    It is pickled and sent to workers, so it holds names and records, never an open model. A record's signals depend on
    the record alone (chance comes from `core.randomness.generator(seed, purpose, record_id)`), and a piece done
    twice gives the same twice: that is all an engine needs to repeat it after a worker was lost.
    """

    @property
    def threads(self) -> int:
        """Threads that torch computes with; sums of many terms round differently for another number."""

    def open(self) -> Any:
        """Whatever `work` needs and is dear to make, such as a loaded model; once per worker."""

    def work(self, state: Any, rows: np.ndarray) -> Signals:
        """Signals of these rows of the corpus, (rows,), in the order given."""


class Engine(Protocol):
    """Where the work is done."""

    @property
    def name(self) -> str:
        """What `--engine` calls it."""

    def results(
        self, job: Job, shards: Mapping[int, np.ndarray], *, threads: int
    ) -> Generator[tuple[int, Signals], None, None]:
        """Do every shard and hand out (its number, its signals) as each is done, in any order.

        Closing the generator early stops the work and gives everything back that the engine took.
        """
