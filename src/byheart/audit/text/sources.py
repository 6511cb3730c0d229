"""What methods about language models may ask for beside signals: the model, a corpus index, labelled tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.opening import reopen
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.core.signals import Signals

if TYPE_CHECKING:
    from byheart.audit.sources import Sources
    from byheart.core.target import LanguageModel
    from byheart.index import CorpusIndex


def target(sources: Sources) -> LanguageModel:
    """The model of the run, opened again."""
    return reopen(sources.run, **sources.opening)


def index(sources: Sources) -> CorpusIndex:
    """The index that was named, or one of the records that the run's model was trained on.

    Raises:
        UsageError: if none was named and the run holds no tokens to make one of.
        MissingExtra: without pydivsufsort, where one must be made.
        TokenizerMismatchError: if it was made with another tokenizer.
    """
    if sources.index is not None:
        return given_index(sources.index, sources["target"])
    if "token_logprobs" not in sources:
        raise UsageError(f"{sources.run.path} holds no tokens to make an index of; name an index with --index")
    return index_of_members(sources.run, sources["token_logprobs"], sources["target"])


def token_events(sources: Sources) -> Signals:
    """Which tokens the model recites and which it does not, by the usual rules."""
    from byheart.audit.text.probing import Probing, label_run

    seed = int(sources.run.facts["command"]["seed"])
    return label_run(sources.run, sources["target"], Probing(), seed)[0]


def given_index(folder: Path | str, target: LanguageModel) -> CorpusIndex:
    """The index in a folder, once it is known to fit the model's tokens.

    Raises:
        TokenizerMismatchError: if it was made with another tokenizer.
    """
    from byheart.index import open_index

    tokenizer: Any = getattr(target, "tokenizer", None)
    return open_index(folder, tokenizer=tokenizer) if tokenizer is not None else open_index(folder)


def index_of_members(run: RunFolder, signals: Signals, target: LanguageModel) -> CorpusIndex:
    """An index of the records that were trained on, each canary as often as it was planted; made once.

    Raises:
        MissingExtra: without pydivsufsort.
        UsageError: if the run holds no such record.
    """
    from byheart.index import build_index, open_index

    folder = run.path / "index"
    if (folder / "index.json").exists():
        return open_index(folder)
    rows = np.flatnonzero(np.isin(signals.roles, ("member", "canary")))
    if not rows.size:
        raise UsageError(f"{run.path} holds no record that was trained on; give an index of the training data")
    ids, planted = signals.ragged("token_ids"), _planted(run.corpus)
    docs = [(str(signals.ids[i]), ids[int(i)]) for i in rows for _ in range(planted.get(str(signals.ids[i]), 1))]
    return build_index(
        [tokens for _, tokens in docs], folder, tokenizer=getattr(target, "tokenizer", None),
        vocab_size=target.vocabulary, names=[name for name, _ in docs],
    )  # fmt: skip


def _planted(corpus: Corpus) -> dict[str, int]:
    """How often each canary stands in the training data."""
    if "repetitions" not in corpus.columns:
        return {}
    there = corpus.where("canary")
    return {str(i): int(n) for i, n in zip(there.ids, there.columns["repetitions"], strict=True)}
