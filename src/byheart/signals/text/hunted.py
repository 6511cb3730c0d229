"""What does the model say after prompts that were written to make it recite?

Every record has been cut into a beginning and a continuation, and a number of prompts has been written for it without
knowing the continuation. Each prompt is read once with the true continuation, and once continued greedily by exactly
as many tokens as the continuation has. The same pass over a reference model tells what anyone would say.

Source: Wu et al., arXiv 2412.07261 (withdrawn by its authors; the method as third parties tell it).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.ragged import Ragged
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.target import LanguageModel
from byheart.signals.text.composed import Compose, composed_ids, text_ids
from byheart.signals.text.continuations import cut_record
from byheart.signals.text.forced import forced


def cut_in_two(target: LanguageModel, corpus: Corpus, *, prefix_tokens: int = 50, new_tokens: int = 50) -> Corpus:
    """The records with their beginning and continuation as columns `context` and `continuation`, text.

    A record that is too short to be cut has an empty continuation. Canaries are cut before their secret, chats before
    the longest answer.
    """
    cuts = [cut_record(target, corpus, i, prefix_tokens, new_tokens) for i in range(len(corpus))]
    front = target.front.size
    context = [target.decode(x[front:] if np.array_equal(x[:front], target.front) else x) for x, _ in cuts]
    return with_columns(corpus, context=context, continuation=[target.decode(y) for _, y in cuts])


def with_columns(corpus: Corpus, **columns: Sequence[str]) -> Corpus:
    """The same records with further columns of text, (n,) each."""
    made = {name: np.array([*values, None], dtype=object)[:-1] for name, values in columns.items()}
    return Corpus(corpus.items, corpus.ids, corpus.roles, corpus.groups, {**corpus.columns, **made})


def with_prompts(corpus: Corpus, prompts: Sequence[Sequence[str]]) -> Corpus:
    """The same records with K prompts each, (n, K), as columns `prompt_000`, ..."""
    tries = range(len(prompts[0]) if len(prompts) else 0)
    return with_columns(corpus, **{f"prompt_{k:03d}": [of_one[k] for of_one in prompts] for k in tries})


def hunted(target: LanguageModel, corpus: Corpus, *, seed: int = 0, compose: Compose = "prepend") -> Signals:
    """Try the prompts of each record.

    Args:
        target: the model under audit, or a reference.
        corpus: the records, with columns `context`, `continuation` and `prompt_000`, ...
        seed: part of the key; nothing here is left to chance.
        compose: how context and prompt make what the model reads.

    Returns:
        Signals, ragged int32 token ids: `expected` (the continuation), `context`, and for each try `prompt_000` and
        `response_000` (as long as `expected`), ragged uint8 `prompt_text_000` (UTF-8). Dense: `nll` (n, tries), mean
        surprise of the continuation in nats per token; `tokens` (n,), read by the model for this record. Empty and NaN
        where a record could not be cut.

    Raises:
        DataError: if a column is missing.
    """
    names = sorted(c.removeprefix("prompt_") for c in corpus.columns if c.startswith("prompt_"))
    if not names or not {"context", "continuation"} <= corpus.columns.keys():
        raise DataError(
            "a hunt needs records that were cut (`cut_in_two`) and have prompts (`with_prompts`); "
            f"the columns are {', '.join(corpus.columns) or 'none'}"
        )
    texts = [corpus.columns[c].tolist() for c in ("context", "continuation")]
    expected = [text_ids(target, y) if y else np.zeros(0, np.int32) for y in texts[1]]
    rows = np.array([i for i, y in enumerate(expected) if y.size], dtype=np.int64)
    arrays: dict[str, Array] = {"expected": Ragged.of(expected, np.int32)}
    given = [text_ids(target, x) if x else y[:0] for x, y in zip(texts[0], expected, strict=True)]
    arrays["context"] = Ragged.of(given, np.int32)
    nll, tokens = np.full((len(corpus), len(names)), np.nan, np.float32), np.zeros(len(corpus), np.int64)
    for k, name in enumerate(names):
        prompts = corpus.columns[f"prompt_{name}"].tolist()
        read = [composed_ids(target, texts[0][i], prompts[i], compose, room=target.context - expected[i].size)
                for i in rows]  # fmt: skip
        nll[rows, k] = _surprise(target, read, [expected[i] for i in rows])
        said = [y[:0] for y in expected]
        for i, row in zip(rows, _continued(target, read, [expected[i].size for i in rows]), strict=True):
            said[i] = row
        tokens[rows] += [2 * (r.size + expected[i].size) for i, r in zip(rows, read, strict=True)]
        arrays[f"response_{name}"] = Ragged.of(said, np.int32)
        arrays[f"prompt_{name}"] = Ragged.of([text_ids(target, p) if p else said[0][:0] for p in prompts], np.int32)
        arrays[f"prompt_text_{name}"] = Ragged.of([_utf8(p) for p in prompts], np.uint8)
    key = SignalKey(target.digest, corpus.digest, f"hunted/1 {compose}", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays | {"nll": nll, "tokens": tokens}, key)


def _surprise(target: LanguageModel, read: list[np.ndarray], expected: list[np.ndarray]) -> np.ndarray:
    if not read:
        return np.zeros(0)
    logprob = forced(target, read, expected)["logprob"]
    means: np.ndarray = -np.add.reduceat(logprob.values.astype(np.float64), logprob.offsets[:-1]) / logprob.lengths
    return means


def _continued(target: LanguageModel, read: list[np.ndarray], sizes: list[int]) -> list[np.ndarray]:
    """Each prompt continued to its own size; prompts that ask for as many tokens go together."""
    made: list[np.ndarray] = [np.zeros(0, np.int32)] * len(read)
    for n in sorted(set(sizes)):
        which = [i for i, size in enumerate(sizes) if size == n]
        for i, new in zip(which, target.generate([read[i] for i in which], n), strict=True):
            made[i] = new
    return made


def _utf8(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
