"""What does the model think of every token of every record? One forward pass; every score is read from what it leaves.

Source: the quantities are those of Shi et al. 2024, arXiv 2310.16789; Zhang et al. 2024, arXiv 2404.02936 (mean and
variance over the vocabulary); Carlini et al. 2023, arXiv 2202.07646 (a greedy continuation is exact if and only if
every token of it is the likeliest given the true tokens before it).
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError
from byheart.core.ragged import Ragged
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.target import Encoded, LanguageModel, Prefix
from byheart.signals.text.decoding import Decoding, check_decoding
from byheart.signals.text.vocabulary import FLOATS, read_vocabulary
from byheart.signals.text.windows import Window, batches, windows

TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 32768}
LOGIT_BYTES = {"cpu": 24 << 20, "cuda": 1 << 30}


def token_logprobs(
    target: LanguageModel,
    corpus: Corpus,
    *,
    seed: int = 0,
    max_tokens_per_batch: int | Literal["auto"] = "auto",
    decodings: Sequence[Decoding] = (),
    prefix: np.ndarray | None = None,
) -> Signals:
    """Read every record once.

    Args:
        target: the model.
        corpus: the records.
        seed: part of the key; nothing here is left to chance.
        max_tokens_per_batch: padding included; it is halved when memory runs out.
        decodings: (temperature, top_k, top_p) of schemes under which the tokens' log-probability is also wanted, as
            `decoded_0`, ...; temperature 0 is greedy.
        prefix: token ids (tokens,) that every record is read after, with the special tokens in front.

    Returns:
        Signals, ragged per token of each record: `token_ids`, `start`, `end`, `scored`, `secret`, `logprob`,
        `mean_logprob`, `var_logprob`, `rank`, `gap`, `mass_above`; natural logs; NaN and -1 where nothing is predicted.
        Dense: `n_bytes` and `n_zlib` of the learned text, `n_windows`.

    Raises:
        TargetError: if the logits are not numbers, or not even one record fits in memory.
        UsageError: if a decoding has no meaning.
    """
    encoded = [target.encode(item) for item in corpus.items]
    arrays = token_statistics(
        target, encoded, prefix=prefix, decodings=decodings, max_tokens_per_batch=max_tokens_per_batch
    )
    learned = [
        _learned_text(item, e).encode("utf-8", "surrogatepass") for item, e in zip(corpus.items, encoded, strict=True)
    ]
    arrays["secret"] = _secrets(corpus, encoded)
    arrays["n_bytes"] = np.array([len(text) for text in learned], np.int64)
    arrays["n_zlib"] = np.array([len(zlib.compress(text)) for text in learned], np.int64)
    options = "" if prefix is None else f" after {np.asarray(prefix).tolist()}"
    recipe = f"token_logprobs/1 {list(decodings)}{options}"
    key = SignalKey(target.digest, corpus.digest, recipe, seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def token_statistics(
    target: LanguageModel,
    encoded: Sequence[Encoded],
    *,
    prefix: np.ndarray | None = None,
    decodings: Sequence[Decoding] = (),
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> dict[str, Array]:
    """The arrays of `token_logprobs` that come from the model and the encoded texts alone."""
    for scheme in decodings:
        check_decoding(scheme)
    shared, lead, room = _after(target, prefix)
    pieces = [windows(row, e.ids, n_front(target, e), room, lead) for row, e in enumerate(encoded)]
    budget = TOKENS_PER_BATCH[_place(target)] if max_tokens_per_batch == "auto" else max_tokens_per_batch
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([e.ids.size for e in encoded], dtype=np.int64)])
    flat: dict[str, np.ndarray] = {name: np.full(offsets[-1], np.nan, np.float32) for name in FLOATS}
    flat |= {f"decoded_{i}": np.full(offsets[-1], np.nan, np.float32) for i in range(len(decodings))}
    flat["rank"] = np.full(offsets[-1], -1, np.int32)
    queue = deque(batches([w for text in pieces for w in text], budget))
    limit = np.inf
    while queue:
        batch = queue.popleft()
        half, size = len(batch) // 2, len(batch) * batch[0].ids.size
        if not half or size <= limit:
            try:
                _read(target, batch, shared, decodings, flat, offsets)
                continue
            except (torch.OutOfMemoryError, RuntimeError) as e:
                if not _out_of_memory(e):
                    raise
                if not half:
                    raise TargetError(f"a text of {size} tokens does not fit in memory, even alone") from e
                limit = size // 2
        queue.extendleft([batch[half:], batch[:half]])
    arrays: dict[str, Array] = {
        "token_ids": _ragged([e.ids for e in encoded], np.int32),
        "start": _ragged([e.start for e in encoded], np.int32),
        "end": _ragged([e.end for e in encoded], np.int32),
        "scored": _ragged([e.scored for e in encoded], np.uint8),
    }
    arrays |= {name: Ragged(values, offsets) for name, values in flat.items()}
    arrays["n_windows"] = np.array([len(text) for text in pieces], np.int64)
    return arrays


def n_front(target: LanguageModel, encoded: Encoded) -> int:
    """How many special tokens stand before the text itself."""
    n = int(target.front.size)
    return n if n and np.array_equal(encoded.ids[:n], target.front) else 0


def _after(target: LanguageModel, prefix: np.ndarray | None) -> tuple[Prefix | None, np.ndarray | None, int]:
    """A prefix as: what is read once, the token that each text is read behind, tokens left for the text."""
    if prefix is None or len(prefix) == 0:
        return None, None, target.context
    ids = np.asarray(prefix, np.int32)
    room = target.context - (ids.size - 1)
    return (target.read_prefix(ids[:-1]) if ids.size > 1 else None), ids[-1:], room


@torch.no_grad()
def _read(
    target: LanguageModel,
    batch: list[Window],
    shared: Prefix | None,
    decodings: Sequence[Decoding],
    flat: dict[str, np.ndarray],
    offsets: np.ndarray,
) -> None:
    """One forward pass; the vocabulary is opened for the positions that are asked, a portion at a time."""
    ids = torch.zeros(len(batch), batch[0].ids.size, dtype=torch.long)
    asked = torch.zeros_like(ids, dtype=torch.bool)
    for i, window in enumerate(batch):
        ids[i, : window.ids.size] = torch.from_numpy(window.ids)
        asked[i, window.skip : window.ids.size] = True
    states = target.hidden(ids.to(target.device), prefix=shared)
    states = states.flatten(0, 1)[asked.flatten().nonzero()[:, 0].to(states.device)]
    tokens = torch.from_numpy(np.concatenate([w.tokens for w in batch])).long().to(states.device)
    places = np.concatenate([np.arange(w.tokens.size) + offsets[w.row] + w.at for w in batch])
    rows = max(1, LOGIT_BYTES[_place(target)] // (4 * target.vocabulary))
    for k in range(0, len(states), rows):
        try:
            found = read_vocabulary(target.logits(states[k : k + rows]), tokens[k : k + rows], decodings)
        except TargetError as e:
            kind = str(states.dtype).removeprefix("torch.")
            raise TargetError(f"{target.name} gives logits that are not numbers in {kind}; open it in float32") from e
        for name, values in found.items():
            flat[name][places[k : k + rows]] = values.cpu().numpy()


def _learned_text(item: Any, encoded: Encoded) -> str:
    """The text that the loss is on: all of a text; in a chat, the assistant's words."""
    if isinstance(item, str):
        return item
    on = encoded.scored.astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]])))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return "".join(encoded.text[encoded.start[a] : encoded.end[b - 1]] for a, b in runs)


def _secrets(corpus: Corpus, encoded: Sequence[Encoded]) -> Ragged:
    """Which tokens overlap the canary's secret, uint8."""
    secrets = corpus.columns.get("secret", np.full(len(corpus), None, dtype=object))
    rows = []
    for e, secret in zip(encoded, secrets, strict=True):
        inside = np.zeros(e.ids.size, np.uint8)
        if isinstance(secret, str) and secret:
            at = e.text.find(secret)
            while at >= 0:
                inside |= ((e.end > at) & (e.start < at + len(secret))).astype(np.uint8)
                at = e.text.find(secret, at + 1)
        rows.append(inside)
    return _ragged(rows, np.uint8)


def _ragged(rows: list[np.ndarray], dtype: type) -> Ragged:
    return Ragged.of(rows, dtype=dtype)


def _place(target: LanguageModel) -> str:
    return "cuda" if target.device.type == "cuda" else "cpu"


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
