"""How is the work done on a Ray cluster? One actor per GPU or share of cores holds the model.

Ray places the actors, moves the results, starts a lost actor anew and repeats the shard it was at. The driver alone
writes files, so no file system need be shared. On a cluster given by address the workers get this package from the
driver; the libraries it uses must be installed there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.errors import ByheartError, MissingExtra, UsageError
from byheart.core.signals import Signals
from byheart.execute.job import Job
from byheart.execute.threads import torch_threads

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
try:
    import ray
    from ray.exceptions import RayError, RayTaskError
    from ray.util import ActorPool

    from byheart.execute import ray_cluster
except ImportError as e:
    raise MissingExtra("ray", "ray") from e

RETRIES = 2
"""How often a shard may lose its worker; one that loses more is at fault itself, such as too large for the memory."""

STORE_BYTES = 256 * 2**20
"""Shared memory of a cluster of our own: results are small, and Ray would take a third of the machine."""


@dataclass(frozen=True)
class RayEngine:
    """A Ray cluster.

    Args:
        address: of a running cluster (`ray://host:10001`, `auto`); None uses the one this process has joined or
            `RAY_ADDRESS` names, else starts one on this machine, open until `close` or the end of the process.
        workers: actors, each with its own copy of the model; None for as many as fit.
        gpus_per_worker: None for one GPU where the cluster has any, else 0.
        cpus_per_worker: cores set aside; None for as many as the job has threads, or 1 beside a GPU.
        store_bytes: shared memory of a cluster started here.
    """

    address: str | None = None
    workers: int | None = None
    gpus_per_worker: float | None = None
    cpus_per_worker: float | None = None
    store_bytes: int = STORE_BYTES
    name: str = "ray"

    def results(
        self, job: Job, shards: Mapping[int, np.ndarray], *, threads: int
    ) -> Generator[tuple[int, Signals], None, None]:
        """As `Engine.results`.

        Raises:
            UsageError: if the cluster cannot be reached, does not let us in, or is too small.
            MissingExtra: if the address is `ray://` and grpcio is not installed.
            ByheartError: if a shard loses its worker more than `RETRIES` times; and whatever the job raises.
        """
        if not shards:
            return
        cores = max(os.cpu_count() or 1, int((self.workers or 1) * (self.cpus_per_worker or threads)))
        cluster = ray_cluster.joined(self.address, cores=cores, store_bytes=self.store_bytes)
        with redirect_stdout(sys.stderr), cluster:  # Ray tells of lost workers on standard output
            n, share = self._share(ray.cluster_resources(), threads)  # type: ignore[no-untyped-call]
            actor: Any = ray.remote(_Worker)
            actor = actor.options(max_restarts=-1, max_task_retries=RETRIES, **share)
            workers = [actor.remote() for _ in range(min(n, len(shards)))]
            sent = [ray.put(job)]  # in a list, so that a worker fetches it once and not with every shard
            try:
                with _plain_errors():
                    yield from ActorPool(workers).map_unordered(
                        lambda worker, shard: worker.work.remote(sent, threads, *shard), list(shards.items())
                    )
            finally:
                for worker in workers if ray.is_initialized() else ():
                    ray.kill(worker)

    def close(self) -> None:
        """Give back the cluster started here, which else stays open for the next pass until the process ends."""
        ray_cluster.close()

    def _share(self, cluster: Mapping[str, float], threads: int) -> tuple[int, dict[str, float]]:
        """How many workers, and what each sets aside."""
        gpus = float(cluster.get("GPU", 0) >= 1) if self.gpus_per_worker is None else self.gpus_per_worker
        cpus = (1.0 if gpus else float(threads)) if self.cpus_per_worker is None else self.cpus_per_worker
        asked = {"CPU": cpus, "GPU": gpus}
        fit = min((int(cluster.get(kind, 0) / amount) for kind, amount in asked.items() if amount), default=1)
        if (self.workers or 1) > fit:
            held, each = ("{CPU:g} CPU and {GPU:g} GPU".format(**{"GPU": 0, **have}) for have in (cluster, asked))
            raise UsageError(f"the Ray cluster has {held}; {self.workers or 1} workers of {each} do not fit it")
        return self.workers or fit, {"num_cpus": cpus, "num_gpus": gpus}


class _Worker:
    """Holds what the job opened. Opens with the first shard, so that a death while opening counts as that shard's."""

    def __init__(self) -> None:
        self._opened: list[tuple[Job, Any]] = []

    def work(self, sent: list[Any], threads: int, number: int, rows: np.ndarray) -> tuple[int, Signals]:
        job = self._opened[0][0] if self._opened else ray.get(sent[0])  # this loads torch, if the job uses it
        with torch_threads(threads):
            if not self._opened:
                self._opened.append((job, job.open()))
            return number, job.work(self._opened[0][1], rows)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the job raised on purpose, as it raised it; what Ray gave up on, in one line."""
    try:
        yield
    except RayTaskError as e:
        if isinstance(e.cause, ByheartError):
            raise e.cause from None
        raise
    except ConnectionError as e:
        raise ByheartError(
            f"the connection to the Ray cluster was lost ({e}); what is done is kept: give the same command again"
        ) from e
    except RayError as e:
        raise ByheartError(
            f"a shard lost its Ray worker {RETRIES + 1} times ({type(e).__name__}), perhaps for lack of memory; "
            f"what is done is kept: give the same command again, with fewer --workers"
        ) from e
