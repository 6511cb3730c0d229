"""How likely are the records in small letters?

Source: Carlini et al. 2021, arXiv 2012.07805, section 5.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.items.texts import Texts
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import token_logprobs


def lowercase_logprobs(
    target: LanguageModel,
    corpus: Corpus,
    *,
    seed: int = 0,
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> Signals:
    """The signals of `token_logprobs`, of the lower-cased records."""
    return token_logprobs(target, lowered(corpus), seed=seed, max_tokens_per_batch=max_tokens_per_batch)


def lowered(corpus: Corpus) -> Corpus:
    """The records, and their secrets, in small letters; roles in a chat stay as they are.

    >>> lowered(Corpus.of([[{"role": "user", "content": "Hi"}]], "member")).items[0]
    [{'role': 'user', 'content': 'hi'}]
    """
    columns = dict(corpus.columns)
    if "secret" in columns:
        columns["secret"] = np.array([_lower(s) for s in columns["secret"]], dtype=object)
    return replace(corpus, items=Texts(_lower(item) for item in corpus.items), columns=columns)


def _lower(item: Any) -> Any:
    if isinstance(item, str):
        return item.lower()
    if isinstance(item, list):
        return [_lower(part) for part in item]
    if isinstance(item, dict):
        return {k: v if k in ("role", "type") else _lower(v) for k, v in item.items()}
    return item
