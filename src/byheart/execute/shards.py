"""How does a long pass survive a kill? In pieces, each a file that is whole or absent.

A shard's file gets its final name in one step, after its bytes are on the disk, so a file of that name is a finished
shard and no further mark is needed. The plan depends on the records alone and the signals travel as they were computed,
so the files, and what they join to, are the same bytes for any engine, any number of workers and any number of kills.
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from byheart.core.atomic import write_json
from byheart.core.digest import digest_json
from byheart.core.errors import ByheartError, DataError, RunError
from byheart.core.progress import bar
from byheart.core.signals import SignalKey, Signals
from byheart.execute.job import Engine, Job

LARGEST_PLAN = 1000
"""Shards of a plan whose size is left to us: a corpus of any size stays a folder that one can list."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = logging.getLogger(__name__)


def plan_shards(
    sizes: np.ndarray, *, records_per_shard: int | None = None, tokens_per_shard: int | None = None
) -> list[np.ndarray]:
    """Rows of a corpus in shards of near-equal lengths, the longest first.

    Longest first, so that what is too long for the memory shows at once and the last shards of many workers are short.

    Args:
        sizes: cost of each record, such as its tokens, (n,).
        records_per_shard: at most so many; None for 512, or more where that would make over `LARGEST_PLAN` shards.
        tokens_per_shard: at most so many, but for a single record that is longer; None for 8,192, or more likewise.

    Returns:
        Row numbers, int64 (rows,) each; every row is in one shard. Equal sizes keep their order.

    Raises:
        ValueError: if a limit is below 1 or a size is negative.

    >>> [rows.tolist() for rows in plan_shards(np.array([3, 9, 4, 5]), tokens_per_shard=9)]
    [[1], [3, 2], [0]]
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    records = max(512, -(-sizes.size // LARGEST_PLAN)) if records_per_shard is None else records_per_shard
    tokens = max(8192, -(-int(sizes.sum()) // LARGEST_PLAN)) if tokens_per_shard is None else tokens_per_shard
    if records < 1 or tokens < 1:
        raise ValueError(f"a shard holds at least one record and one token; got {records} and {tokens}")
    if sizes.size and sizes.min() < 0:
        raise ValueError(f"a record's size is 0 or more; got {sizes.min()}")
    order = np.argsort(-sizes, kind="stable")
    starts, held = [0], 0
    for i, size in enumerate(sizes[order].tolist()):
        if i > starts[-1] and (i - starts[-1] == records or held + size > tokens):
            starts.append(i)
            held = 0
        held += size
    return np.split(order, starts[1:]) if sizes.size else []


def run_shards(
    job: Job,
    shards: Sequence[np.ndarray],
    folder: Path,
    *,
    key: SignalKey,
    engine: Engine,
    title: str,
    sizes: np.ndarray | None = None,
) -> Signals:
    """Do the shards that are not done yet, keep each as a file, and join them.

    Args:
        job: what is done.
        shards: row numbers, as `plan_shards` gives them; every row of the corpus once.
        folder: where `index.json` and `shard-00000.safetensors`, ... lie; for one run at a time.
        key: what the signals are made from; a folder of another key is refused.
        engine: where it is done.
        title: of the progress bar.
        sizes: cost of each record, (n,), for the bar; records are counted without it.

    Returns:
        Signals of all records in the order of the corpus.

    Raises:
        DataError: if there is no record.
        RunError: if the folder holds signals of another key or plan.
        ByheartError: if the disk is full; what is done is kept.
    """
    if not shards:
        raise DataError("there is no record to read; give at least one")
    path = {number: folder / f"shard-{number:05d}.safetensors" for number in range(len(shards))}
    with _kept_on_full_disk(folder):
        threads = _claim(folder, key, shards, job.threads)
    found = {number: _finished(path[number], key, len(rows)) for number, rows in enumerate(shards)}
    parts = {number: part for number, part in found.items() if part is not None}
    missing = {number: rows for number, rows in enumerate(shards) if number not in parts}
    costs = {number: len(rows) if sizes is None else int(sizes[rows].sum()) for number, rows in missing.items()}
    if missing:
        with bar(title, sum(costs.values())) as b, closing(engine.results(job, missing, threads=threads)) as results:
            for number, signals in results:
                if len(signals) != len(missing[number]):
                    raise ValueError(f"the job made {len(signals)} rows of signals for {len(missing[number])} records")
                with _kept_on_full_disk(folder):
                    replace(signals, key=key).save(path[number])
                parts[number] = Signals.load(path[number])
                b.advance(costs[number])
    return _in_corpus_order(parts, shards)


def _claim(folder: Path, key: SignalKey, shards: Sequence[np.ndarray], threads: int) -> int:
    """Write `index.json`, or check the one that is there; returns the threads that the folder was begun with."""
    stated: dict[str, Any] = {
        "key": key.__dict__,
        "records": sum(map(len, shards)),
        "shards": len(shards),
        "plan": digest_json([rows.tolist() for rows in shards]),
    }
    index = folder / "index.json"
    if not index.exists():
        if any(folder.glob("shard-*.safetensors")):
            raise RunError(f"{folder} holds shards but no index.json to tell what they are; remove the folder")
        write_json({**stated, "threads": threads}, index)
    _remove_unfinished(folder)
    found = json.loads(index.read_text(encoding="utf-8"))
    differ = [f"{k} {found['key'].get(k)} there, {v} now" for k, v in key.__dict__.items() if found["key"].get(k) != v]
    differ += [] if differ else [f"{k} {found.get(k)} there, {v} now" for k, v in stated.items() if found.get(k) != v]
    if differ:
        raise RunError(f"{folder} holds other signals ({'; '.join(differ)}); choose another --out or remove the folder")
    return int(found["threads"])


def _remove_unfinished(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def _finished(path: Path, key: SignalKey, n: int) -> Signals | None:
    """The signals in a shard's file; None if it is absent, or damaged: then it is done again."""
    if not path.exists():
        return None
    try:
        signals = Signals.load(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as e:
        log.warning("%s is damaged (%s); its %d records are computed again", path, str(e) or type(e).__name__, n)
        return None
    if signals.key != key or len(signals) != n:
        log.warning("%s belongs to other signals; its %d records are computed again", path, n)
        return None
    return signals


@contextmanager
def _kept_on_full_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno not in _FULL:
            raise
        kept = len(list(folder.glob("shard-*.safetensors")))
        raise ByheartError(
            f"no room to write in {folder} ({e.strerror}); {kept} finished shards are kept there: "
            f"make room and give the same command again, it goes on from them"
        ) from e


def _in_corpus_order(parts: Mapping[int, Signals], shards: Sequence[np.ndarray]) -> Signals:
    rows = np.concatenate(shards)
    joined = Signals.join([parts[number] for number in range(len(shards))])
    return joined.take(np.argsort(rows, kind="stable"))
