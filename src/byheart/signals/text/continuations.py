"""What does the model say when it is given the beginning of a record?

A text is cut after its first tokens, a canary before its secret, a chat before the assistant's longest answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.randomness import derive_seed
from byheart.core.signals import SignalKey, Signals
from byheart.core.target import Encoded, LanguageModel
from byheart.signals.text.token_logprobs import n_front

Cut = tuple[np.ndarray, np.ndarray]


def continuations(
    target: LanguageModel, corpus: Corpus, *, seed: int = 0, prefix_tokens: int = 50, new_tokens: int = 50
) -> Signals:
    """Greedy continuations of the beginnings of records.

    Args:
        target: the model.
        corpus: the records.
        seed: part of the key; nothing here is left to chance.
        prefix_tokens: where a text is cut.
        new_tokens: how much of the rest is asked for; a text shorter than both is cut in the same proportion.

    Returns:
        Signals, ragged int32: `prompt`, `generated`, `expected` (token ids, the last two of one length), and ragged
        uint8: `prompt_text`, `generated_text`, `expected_text` (UTF-8). Empty where a record is too short to be cut.
    """
    cuts = [cut_record(target, corpus, i, prefix_tokens, new_tokens) for i in range(len(corpus))]
    greedy = _continue(target, [prompt for prompt, _ in cuts], [expected.size for _, expected in cuts])
    columns = {"prompt": [p for p, _ in cuts], "generated": greedy, "expected": [e for _, e in cuts]}
    arrays = {name: Ragged.of(rows, dtype=np.int32) for name, rows in columns.items()}
    arrays |= {f"{name}_text": Ragged.of([_utf8(target, r) for r in rows], np.uint8) for name, rows in columns.items()}
    key = SignalKey(target.digest, corpus.digest, f"continuations/1 {prefix_tokens} {new_tokens}", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def samples(
    target: LanguageModel,
    corpus: Corpus,
    *,
    seed: int = 0,
    n_samples: int = 50,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float | None = None,
    prefix_tokens: int = 50,
    new_tokens: int = 100,
) -> Signals:
    """One greedy and many sampled continuations of the beginnings of records.

    Args:
        target: the model.
        corpus: the records.
        seed: of the samples; each sample of each record has chance of its own.
        n_samples: how many samples per record.
        temperature: logits are divided by it.
        top_k: only so many of the likeliest tokens are drawn from; None for all.
        top_p: only the smallest set of this probability is drawn from; None for all.
        prefix_tokens: as in `continuations`.
        new_tokens: length of each sample.

    Returns:
        Signals, ragged int32 token ids: `prompt`, `greedy`, `sample_000`, `sample_001`, ...; `new_tokens` tokens each,
        none where a record is too short to be cut.

    Raises:
        UsageError: if nothing is asked for, or the temperature is not above 0.
    """
    if n_samples < 1 or temperature <= 0:
        raise UsageError(f"samples are at least 1, at a temperature above 0; got {n_samples} at {temperature}")
    cuts = [cut_record(target, corpus, i, prefix_tokens, new_tokens) for i in range(len(corpus))]
    prompts, sizes = [p for p, _ in cuts], [new_tokens if e.size else 0 for _, e in cuts]
    columns = {"prompt": prompts, "greedy": _continue(target, prompts, sizes)}
    for k in range(n_samples):
        seeds = [derive_seed(seed, "samples", str(record), str(k)) for record in corpus.ids]
        options = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        columns[f"sample_{k:03d}"] = _continue(target, prompts, sizes, seeds=seeds, **options)
    arrays = {name: Ragged.of(rows, dtype=np.int32) for name, rows in columns.items()}
    scheme = (n_samples, temperature, top_k, top_p, prefix_tokens, new_tokens)
    key = SignalKey(target.digest, corpus.digest, f"samples/1 {scheme}", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def _continue(
    target: LanguageModel,
    prompts: Sequence[np.ndarray],
    sizes: Sequence[int],
    *,
    seeds: Sequence[int] | None = None,
    **options: Any,
) -> list[np.ndarray]:
    """Continue the prompts that ask for something, each to its own size."""
    made = [np.zeros(0, np.int32)] * len(prompts)
    asked = [i for i, size in enumerate(sizes) if size]
    if asked:
        chance = None if seeds is None else [seeds[i] for i in asked]
        new = target.generate([prompts[i] for i in asked], max(sizes), seeds=chance, **options)
        for i, row in zip(asked, new, strict=True):
            made[i] = row[: sizes[i]]
    return made


def cut_record(target: LanguageModel, corpus: Corpus, row: int, prefix_tokens: int, new_tokens: int) -> Cut:
    """Prompt and expected continuation of one record, both empty if it cannot be cut."""
    encoded = target.encode(corpus.items[row])
    front = n_front(target, encoded)
    start, stop = _span(encoded, corpus, row)
    if start is None:
        n, both = encoded.ids.size - front, prefix_tokens + new_tokens
        start = front + (prefix_tokens if n >= both else n * prefix_tokens // both)
    stop = min(stop, start + new_tokens)
    if start < max(1, front) or start >= stop or stop - start + 1 > target.context:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    spare = start + (stop - start) - target.context  # what does not fit is dropped from the left
    prompt = np.delete(encoded.ids[:start], slice(front, front + max(0, spare)))
    return prompt, encoded.ids[start:stop]


def _span(encoded: Encoded, corpus: Corpus, row: int) -> tuple[int | None, int]:
    """First and last + 1 token to be said, if the record itself marks them; None where the text is simply cut."""
    secret = corpus.columns["secret"][row] if "secret" in corpus.columns else None
    at = encoded.text.find(secret) if isinstance(secret, str) and secret else -1
    if at >= 0 and isinstance(secret, str):
        inside = np.flatnonzero((encoded.end > at) & (encoded.start < at + len(secret)))
        if inside.size and inside[0] > 0:
            return int(inside[0]), int(inside[-1]) + 1
    if isinstance(corpus.items[row], str):
        return None, encoded.ids.size
    edges = np.flatnonzero(np.diff(np.concatenate([[0], encoded.scored.astype(np.int8), [0]]))).reshape(-1, 2)
    if not edges.size:
        return 0, 0
    longest = edges[np.argmax(edges[:, 1] - edges[:, 0])]
    return int(longest[0]), int(longest[1])


def _utf8(target: LanguageModel, ids: np.ndarray) -> np.ndarray:
    return np.frombuffer(target.decode(ids).encode("utf-8", "surrogatepass"), dtype=np.uint8)
