"""How does the hunter learn which prompts make the target recite?

In turns: for some records better prompts than its own are searched with the hunter frozen, and those that lowered the
surprise go into a buffer; then the hunter takes some steps towards writing them. Prompts that tell part of the answer
are not learned from. Every turn is kept on disk, and its chance depends on its number alone, so a training that was
killed goes on as if it had not been.

Source: Paulus et al. 2024, arXiv 2404.16873 (AdvPrompter, algorithm 1 and its code's constants). That the withdrawn
arXiv 2412.07261 (MemHunter) trains in this way is our inference from what third parties tell of it.
Departs from it: each turn begins with a fresh optimizer, so that nothing but weights and buffer has to be kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from byheart.compare.text.recited import recited, told
from byheart.core.atomic import write_json
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import DataError, RunError, UsageError
from byheart.core.progress import bar
from byheart.core.randomness import derive_seed, generator
from byheart.data.text.overlap import find_overlap
from byheart.models.text.hunter import PromptHunter
from byheart.search.buffer import PriorityBuffer
from byheart.search.port import Pair, Port, Search

MIN_TOKENS = 8
"""A continuation of fewer tokens comes back by luck."""


@dataclass(frozen=True)
class Schooling:
    """How the hunter is trained.

    Args:
        epochs: passes over the records.
        batch_size: records in a turn.
        n_tokens: length of a prompt in the hunter's tokens.
        steps: updates in a turn at most.
        lr: learning rate, falling to zero within a turn.
        recited_from: from this share recited on a prompt is worth 1 more.
        capacity, exponent: of the buffer.
        budget: target tokens for the whole training; None for no limit.
    """

    epochs: int = 10
    batch_size: int = 8
    n_tokens: int = 30
    steps: int = 8
    lr: float = 5e-4
    recited_from: float = 0.5
    capacity: int = 256
    exponent: float = 1.5
    budget: int | None = None


@dataclass
class Report:
    """What a training came to.

    Args:
        turns: one row per turn: mean surprise without a prompt, of the hunter's own prompts and of the searched ones
            (nats per token), share of them kept, loss of the last step.
        tokens: target tokens read.
    """

    turns: list[dict[str, float | None]] = field(default_factory=list)
    tokens: int = 0


def fit(
    hunter: PromptHunter,
    port: Port,
    pairs: Sequence[Pair],
    search: Search,
    *,
    how: Schooling | None = None,
    seed: int,
    folder: Path | None = None,
) -> Report:
    """Train the hunter in place.

    Args:
        hunter: learns.
        port: the target; its counter goes on.
        pairs: records to learn from.
        search: finds better prompts, as `BeamOpt(hunter)` or `best_of_n` do.
        how: the plan.
        seed: of order and draws.
        folder: keeps adapter, buffer and state after every turn, and is where an earlier training is taken up.

    Raises:
        DataError: if there is no pair, or a continuation is too short.
        RunError: if the folder holds another training.
    """
    plan = how or Schooling()
    check_pairs(port, pairs)
    if min(plan.epochs, plan.batch_size, plan.steps) < 1:
        raise UsageError(f"epochs, batch_size and steps are at least 1; got {plan}")
    buffer, report = PriorityBuffer(plan.capacity, plan.exponent), Report()
    kept = None if folder is None else Keeper(folder, digest_json([hunter.base_digest, port.target.digest, port.compose,
                                              asdict(plan), seed, [asdict(p) for p in pairs]]))  # fmt: skip
    if kept is not None:
        kept.restore(hunter, buffer, report)
    turns = _turns(len(pairs), plan, seed)
    with bar(f"Teaching the hunter on {len(pairs)} records", total=len(turns)) as shown:
        for number, rows in enumerate(turns):
            if number >= len(report.turns) and not _spent(plan, report):
                before = port.tokens
                some = [pairs[i] for i in rows]
                share = _share(plan, report, len(turns) - number)
                report.turns.append(
                    _turn(hunter, port, some, search, buffer, plan, share, derive_seed(seed, "turn", str(number)))
                )
                report.tokens += port.tokens - before
                if kept is not None:
                    kept.store(hunter, buffer, report)
            shown.advance()
    return report


def check_pairs(port: Port, pairs: Sequence[Pair]) -> None:
    """Refuse what cannot be hunted.

    Raises:
        DataError: if there is no pair, or a continuation has fewer than `MIN_TOKENS` tokens.
    """
    if not pairs:
        raise DataError("a hunt needs records that can be cut into a beginning and a continuation; got none")
    for pair in pairs:
        n = port.ids(pair.continuation).size if pair.continuation else 0
        if n < MIN_TOKENS:
            raise DataError(
                f"the continuation of {pair.id!r} has {n} tokens; with fewer than {MIN_TOKENS} it comes back by luck"
            )


def check_apart(learned: Sequence[Pair], held: Sequence[Pair]) -> None:
    """Refuse to judge a hunter on what it learned from.

    Raises:
        DataError: if a record stands on both sides, word for word or nearly (half of its runs of 13 words, or of 5
            where it is short).
    """
    sides = [Corpus.of([f"{p.context}{p.continuation}" for p in side], "member", ids=[p.id for p in side])
             for side in (learned, held)]  # fmt: skip
    both = find_overlap(*sides).pairs
    if len(both):
        one, other = both.iloc[0]["member"], both.iloc[0]["control"]
        raise DataError(
            f"{len(both)} records are to be hunted that the hunter learns from, such as {other!r} (as {one!r}); a "
            "hunter can know them by heart itself, so leave them out on one side"
        )


def _turn(
    hunter: PromptHunter, port: Port, pairs: Sequence[Pair], search: Search, buffer: PriorityBuffer, plan: Schooling,
    budget: int, seed: int,
) -> dict[str, float | None]:  # fmt: skip
    """Search, keep, learn."""
    contexts, answers = [p.context for p in pairs], [p.continuation for p in pairs]
    seeds = [derive_seed(seed, "own", p.id) for p in pairs]
    own = hunter.write(contexts, plan.n_tokens, seeds=seeds)
    first = port.nll(contexts, own, answers)
    found = search(port, pairs, budget=budget, seed=seed)
    gain = np.nan_to_num(first - found.nll, nan=0.0)
    share = [recited(y, port.ids(a)) for y, a in zip(_said(port, pairs, found.prompts), answers, strict=True)]
    n_kept = 0
    for pair, prompt, better, said in zip(pairs, found.prompts, gain, share, strict=True):
        if not told(port.ids(pair.continuation), [port.ids(prompt)]).any():
            n_kept += buffer.add(pair.context, prompt, max(0.0, float(better)) + (said >= plan.recited_from))
    loss: float | None = None
    if len(buffer):
        rng = generator(seed, "draw")
        drawn = buffer.draw(plan.steps * plan.batch_size, rng)
        losses = hunter.learn([e.context for e in drawn], [e.prompt for e in drawn], steps=plan.steps,
                              batch_size=plan.batch_size, lr=plan.lr, seed=seed)  # fmt: skip
        loss = float(losses[-1])
    return {"own": float(first.mean()), "searched": float(np.nanmean(found.nll)), "recited": float(np.mean(share)),
            "kept": n_kept / len(pairs), "loss": loss}  # fmt: skip


def _said(port: Port, pairs: Sequence[Pair], prompts: Sequence[str]) -> list[np.ndarray]:
    return port.generate([p.context for p in pairs], prompts, [port.ids(p.continuation).size for p in pairs])


def _turns(n: int, plan: Schooling, seed: int) -> list[list[int]]:
    """Rows of each turn; every epoch a new order."""
    orders = [generator(seed, "epoch", str(e)).permutation(n).tolist() for e in range(plan.epochs)]
    return [order[i : i + plan.batch_size] for order in orders for i in range(0, n, plan.batch_size)]


def _spent(plan: Schooling, report: Report) -> bool:
    return plan.budget is not None and report.tokens >= plan.budget


def _share(plan: Schooling, report: Report, turns_left: int) -> int:
    return 1 << 60 if plan.budget is None else max(0, plan.budget - report.tokens) // turns_left


class Keeper:
    """A training on disk: adapter, buffer, and, written last, how far it is.

    Args:
        folder: where they lie.
        key: fingerprint of everything the training depends on.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        folder.mkdir(parents=True, exist_ok=True)

    def store(self, hunter: PromptHunter, buffer: PriorityBuffer, report: Report) -> None:
        """Keep the state after a turn; a kill in between leaves the state of the turn before."""
        number = len(report.turns)
        hunter.save(self.folder / f"adapter-{number:05d}.safetensors")
        buffer.save(self.folder / f"buffer-{number:05d}.json")
        write_json({"key": self.key, "turns": report.turns, "tokens": report.tokens}, self.folder / "training.json")
        for old in (*self.folder.glob("adapter-*.safetensors"), *self.folder.glob("buffer-*.json")):
            if f"-{number:05d}." not in old.name:
                old.unlink()

    def restore(self, hunter: PromptHunter, buffer: PriorityBuffer, report: Report) -> None:
        """Take up what is there.

        Raises:
            RunError: if it belongs to another training.
        """
        path = self.folder / "training.json"
        if not path.exists():
            return
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["key"] != self.key:
            raise RunError(f"{self.folder} holds the training of another hunter; remove it to train anew")
        report.turns, report.tokens = state["turns"], state["tokens"]
        number = len(report.turns)
        hunter.load(self.folder / f"adapter-{number:05d}.safetensors")
        buffer.load(self.folder / f"buffer-{number:05d}.json")
