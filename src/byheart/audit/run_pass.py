"""How does one pass get into a run folder? Shard by shard, so that a killed run continues."""

from __future__ import annotations

import logging

import numpy as np

from byheart.audit.text.passes import Pass
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.execute.job import Engine
from byheart.execute.shards import plan_shards, run_shards

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 4


def run_pass(one: Pass, run: RunFolder, engine: Engine, title: str) -> Signals:
    """Do a pass shard by shard, or read what is left of it; its shards lie in the run folder."""
    sizes = np.array([1 + len(t) // CHARACTERS_PER_TOKEN for t in one.corpus.texts], dtype=np.int64)
    log.info("%s (%d records)", title, len(sizes))
    plan = plan_shards(sizes, tokens_per_shard=one.tokens_per_shard)
    with run.step(one.name):
        return run_shards(one, plan, run.signals_folder(one.name), key=one.key, engine=engine, title=title, sizes=sizes)
