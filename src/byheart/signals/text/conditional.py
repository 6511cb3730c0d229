"""How likely are the records after other texts?

The texts in front are read once; every record continues from what the model then holds. A record's tokens are the same
ones as without the prefix, and the same ones are scored, so that an empty prefix changes nothing.

Source: Xie et al. 2024, arXiv 2406.15968 (ReCaLL); Wang et al. 2024, arXiv 2409.03363 (Con-ReCall).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import n_front, token_logprobs


def conditional_logprobs(
    target: LanguageModel,
    corpus: Corpus,
    prefix_texts: Sequence[Any],
    *,
    seed: int = 0,
    separator: str = "\n\n",
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> Signals:
    """Read every record after the same texts.

    Args:
        target: the model.
        corpus: the records.
        prefix_texts: records, all known or all unknown to the model; those that fit in half the context are used.
        seed: part of the key; nothing here is left to chance.
        separator: written behind every text of the prefix.
        max_tokens_per_batch: padding included.

    Returns:
        The signals of `token_logprobs`, of the same tokens. The first token of a text is predicted here even if the
        model has no beginning-of-sequence token, but it is scored only if it is scored without the prefix.

    Raises:
        UsageError: if not even the first text of the prefix fits.
    """
    prefix = prefix_tokens(target, prefix_texts, separator=separator)
    return token_logprobs(target, corpus, seed=seed, max_tokens_per_batch=max_tokens_per_batch, prefix=prefix)


def prefix_tokens(target: LanguageModel, prefix_texts: Sequence[Any], *, separator: str = "\n\n") -> np.ndarray:
    """The tokens of a prefix, int32 (tokens,): special tokens once in front, then text after text.

    Raises:
        UsageError: if not even the first text fits in half of the context.
    """
    parts, room = [target.front], target.context // 2 - target.front.size
    for text in prefix_texts:
        encoded = target.encode(text + separator if isinstance(text, str) else text)
        ids = encoded.ids[n_front(target, encoded) :]
        if ids.size > room:
            if len(parts) > 1:
                break
            raise UsageError(
                f"the first text of the prefix has {ids.size} tokens, and half the context is "
                f"{target.context // 2}; choose shorter texts"
            )
        parts.append(ids)
        room -= ids.size
    return np.concatenate(parts).astype(np.int32)
