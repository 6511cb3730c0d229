"""Which tokens are compared, and what does the model compute where it predicts them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.models.text.activations import reading
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import RECITED
from byheart.signals.text.token_logprobs import TOKENS_PER_BATCH
from byheart.signals.text.windows import Window, batches, windows
from byheart.stats.sides import number_groups

BUDGET = 2 << 30
"""Bytes of activations kept at a time; more sites are read in several passes."""


@dataclass(frozen=True, eq=False)
class Events:
    """Predictions of single tokens, flat.

    Args:
        record: number of the record, int64 (events,).
        at: place in the record of the token that is predicted, int64 (events,); the activation is that of `at - 1`.
        label: as `token_events` has it, int8 (events,).
        positive: whether it is of the first class, bool (events,).
        p, entropy, margin: what the model thought, float64 (events,).
        token: the token just read, at `at - 1`, int64 (events,).
        begins: whether the predicted token begins a word, bool (events,).
        document: number of the document, int64 (events,), for folds and intervals.
    """

    record: np.ndarray
    at: np.ndarray
    label: np.ndarray
    positive: np.ndarray
    p: np.ndarray
    entropy: np.ndarray
    margin: np.ndarray
    token: np.ndarray
    begins: np.ndarray
    document: np.ndarray

    def __len__(self) -> int:
        return int(self.record.size)

    @classmethod
    def of(cls, signals: Signals, labels: Iterable[int], positive: int = RECITED) -> Events:
        """The events of some labels; one of these is the first class."""
        label = signals.ragged("label")
        flat = np.flatnonzero(np.isin(label.values, list(labels)))
        record = label.row[flat]
        at = flat - label.offsets[record]
        numbers = {name: signals.ragged(name).values[flat].astype(np.float64) for name in ("p", "entropy", "margin")}
        return cls(
            record, at, label.values[flat], label.values[flat] == positive, **numbers,
            token=signals.ragged("token_ids").values[flat - 1].astype(np.int64),
            begins=signals.ragged("word_start").values[flat].astype(bool),
            document=number_groups(signals.groups)[0][record],
        )  # fmt: skip

    def take(self, rows: np.ndarray) -> Events:
        """Some of them; numbers or a bool mask."""
        fields = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return replace(self, **fields)

    @property
    def n_documents(self) -> tuple[int, int]:
        """Documents with an event of the first class, and with one of the other."""
        return np.unique(self.document[self.positive]).size, np.unique(self.document[~self.positive]).size

    @property
    def unit(self) -> np.ndarray:
        """What is dealt together: the events of one class in one document, int64 (events,)."""
        return np.unique(2 * self.document + self.positive, return_inverse=True)[1].reshape(-1)


def portions(sites: Sequence[Site], bytes_per_number: int, budget: int = BUDGET) -> list[list[Site]]:
    """Sites that are read together, so that what is kept of them stays within the budget."""
    found: list[list[Site]] = [[]]
    room = budget // bytes_per_number
    used = 0
    for site in sites:
        if found[-1] and used + site.dim > room:
            found.append([])
            used = 0
        found[-1].append(site)
        used += site.dim
    return found


def walk(
    target: LanguageModel, signals: Signals, record: np.ndarray, at: np.ndarray, sites: Sequence[Site],
    *, max_tokens_per_batch: int | None = None,
) -> Iterator[tuple[np.ndarray, dict[Site, np.ndarray]]]:  # fmt: skip
    """Read documents in batches of like length, one forward pass each, and hand out activations as they come.

    Args:
        target: the model; an open one.
        signals: `token_ids` and `n_front` of the records.
        record: number of the record of each event, int64 (events,).
        at: place of the predicted token in it, int64 (events,), at least 1.
        sites: where to read.
        max_tokens_per_batch: padding included; None takes the usual.

    Yields:
        Numbers of the events (some,), and by site their activations, float32 (some, dim). Nothing of them is kept.
    """
    ids, fronts = signals.ragged("token_ids"), signals.dense("n_front")
    place = "cuda" if target.device.type == "cuda" else "cpu"
    budget = max_tokens_per_batch or TOKENS_PER_BATCH[place]
    order = np.lexsort((at, record))
    rows, first = np.unique(record[order], return_index=True)
    own = {int(r): part for r, part in zip(rows, np.split(order, first[1:]), strict=True)}
    pieces = [w for r in own for w in windows(r, ids[r], int(fronts[r]), target.context)]
    asked = {(w.row, w.at): own[w.row][_inside(w, at[own[w.row]])] for w in pieces}
    pieces = [w for w in pieces if asked[w.row, w.at].size]
    with torch.no_grad(), reading(target.module, sites, dtype=torch.float32) as seen:  # type: ignore[attr-defined]
        for batch in batches(pieces, budget):
            yield _read(target, batch, asked, at, sites, seen)


def _inside(window: Window, at: np.ndarray) -> np.ndarray:
    """Which of these tokens the window predicts, bool."""
    found: np.ndarray = (at >= window.at) & (at < window.at + window.tokens.size)
    return found


def _read(
    target: LanguageModel, batch: list[Window], asked: dict[tuple[int, int], np.ndarray], at: np.ndarray,
    sites: Sequence[Site], seen: object,
) -> tuple[np.ndarray, dict[Site, np.ndarray]]:  # fmt: skip
    ids = torch.zeros(len(batch), batch[0].ids.size, dtype=torch.long)
    for i, window in enumerate(batch):
        ids[i, : window.ids.size] = torch.from_numpy(window.ids)
    target.hidden(ids.to(target.device))
    events = [asked[w.row, w.at] for w in batch]
    text = np.repeat(np.arange(len(batch)), [e.size for e in events])
    position = np.concatenate([w.skip + at[e] - w.at for w, e in zip(batch, events, strict=True)])
    found = {site: seen[site][text, position].cpu().numpy() for site in sites}  # type: ignore[index]
    return np.concatenate(events), found


def kept(
    target: LanguageModel, signals: Signals, events: Events, sites: Sequence[Site],
    *, max_tokens_per_batch: int | None = None,
) -> dict[Site, np.ndarray]:  # fmt: skip
    """The activations of a few sites at all events, float32 (events, dim) each."""
    found = {site: np.zeros((len(events), site.dim), np.float32) for site in sites}
    for some in portions(sites, 4 * TOKENS_PER_BATCH["cpu"]):
        read = walk(target, signals, events.record, events.at, some, max_tokens_per_batch=max_tokens_per_batch)
        for rows, by_site in read:
            for site, values in by_site.items():
                found[site][rows] = values
    return found


def texts_before(signals: Signals, events: Events, n_tokens: int) -> Ragged:
    """The last tokens read before each event, its own position included, special tokens left out."""
    ids, fronts = signals.ragged("token_ids"), signals.dense("n_front")
    read = zip(events.record.tolist(), events.at.tolist(), strict=True)
    return Ragged.of([ids[r][max(int(fronts[r]), u - n_tokens) : u] for r, u in read], np.int32)
