"""How is the work done in this process, one shard after the other?"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from byheart.core.signals import Signals
from byheart.execute.job import Job
from byheart.execute.threads import torch_threads


@dataclass(frozen=True)
class LocalEngine:
    """This process. A model is opened only when there is a shard to do."""

    name: str = "local"

    def results(
        self, job: Job, shards: Mapping[int, np.ndarray], *, threads: int
    ) -> Generator[tuple[int, Signals], None, None]:
        """As `Engine.results`; in the order of the shards."""
        if not shards:
            return
        with torch_threads(threads):
            state = job.open()
            for number, rows in shards.items():
                yield number, job.work(state, rows)
