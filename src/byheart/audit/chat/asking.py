"""How is a chat model asked about all articles, so that nothing is asked twice and a spent budget ends in an answer?"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.signals import SignalKey, Signals
from byheart.core.target.chat import ChatModel
from byheart.core.threads import n_threads
from byheart.execute.local import LocalEngine
from byheart.execute.shards import LARGEST_PLAN, run_shards
from byheart.models.chat.cache import CachedChat
from byheart.models.chat.limits import Budget, BudgetSpent
from byheart.signals.chat.replies import ROOM_TO_THINK, Grid, replies

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Asking:
    """The pass over the articles.

    Args:
        target: the model, with its cache.
        corpus: the articles.
        grid: how each is asked.
        seed: of further samples.
    """

    target: ChatModel
    corpus: Corpus
    grid: Grid
    seed: int

    @property
    def key(self) -> SignalKey:
        """What the answers are made from."""
        return SignalKey(self.target.digest, self.corpus.digest, self.grid.digest, self.seed)

    @property
    def threads(self) -> int:
        """For a model on this machine."""
        return n_threads()

    def open(self) -> ChatModel:
        """The model."""
        return self.target

    def work(self, state: ChatModel, rows: np.ndarray) -> Signals:
        """The answers about these articles."""
        return replace(replies(state, self.corpus.take(rows), self.grid, seed=self.seed), key=self.key)


def ask_all(asking: Asking, run: RunFolder) -> tuple[Signals, str]:
    """Ask about every article, or as many as the budget allows.

    Articles are asked in an order of chance that knows no roles: a model that changes while it is asked, or a budget
    that ends, touches members and controls alike.

    Returns:
        The answers, and why they are incomplete; empty if they are not.

    Raises:
        BudgetSpent: if not one article could be finished.
    """
    n = len(asking.corpus)
    order = generator(asking.seed, "order of asking").permutation(n)
    plan = [np.sort(part) for part in np.array_split(order, min(n, LARGEST_PLAN))]
    folder = run.signals_folder("replies")
    try:
        with run.step("replies"):
            found = run_shards(
                asking, plan, folder, key=asking.key, engine=LocalEngine(), title=f"Asking about {n} articles"
            )
        return found, ""
    except BudgetSpent as e:
        shards = sorted(folder.glob("shard-*.safetensors"))
        if not shards:
            raise BudgetSpent(f"{e} before one article was finished; give a larger one") from e
        done = Signals.join([Signals.load(s) for s in shards])
        done = done.at(asking.corpus.ids, skip_unknown=True)
        return done, (
            f"Incomplete: {e}. {len(done)} of {n} articles were asked about, drawn by chance; the same command with a "
            "larger budget goes on from there."
        )


def charge(cache: CachedChat, budget: Budget) -> list[str]:
    """Count what earlier sittings have spent; returns the versions of the model that answered."""
    served: dict[str, None] = {}
    for reply in cache.kept():
        budget.used(reply.prompt_tokens + reply.new_tokens, requests=1)
        served |= {reply.served: None} if reply.served else {}
    return sorted(served)


def announce(asking: Asking) -> None:
    """Say how much is going to be asked, before it costs anything."""
    texts, grid = asking.corpus.texts, asking.grid
    n = len(texts) * len(grid.cells)
    read = sum(len(" ".join(t.split()[:p])) for t in texts for p, *_ in grid.cells) // 4 + 60 * n
    log.info(
        "%d articles x %d questions = at most %d requests, %.1f million tokens read and up to %.1f million written "
        "(empty answers are asked again with room for %d tokens).",
        len(texts), len(grid.cells), n, read / 1e6, n * grid.max_tokens / 1e6, ROOM_TO_THINK,
    )  # fmt: skip
