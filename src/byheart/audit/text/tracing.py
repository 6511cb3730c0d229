"""Where in the training data does what a run recites stand? From a run folder and an index to findings."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.measuring import available
from byheart.audit.opening import reopen
from byheart.audit.verify import note_outputs
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_file
from byheart.core.errors import MissingExtra, UsageError
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.report.text.sources import overall

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel
    from byheart.index import CorpusIndex

log = logging.getLogger(__name__)


def trace_sources(
    run: RunFolder, signals: Signals, target: LanguageModel, index: Path | str | None, *, seed: int
) -> Findings | None:
    """Find the training documents of all recited passages, and keep the findings in the run.

    Args:
        run: the folder; an index of its training records is made in it, unless one is given.
        signals: its `token_logprobs`.
        target: the model; its tokenizer must be that of the index.
        index: of the whole training data, or None for the training records that the run holds.
        seed: of the draws.

    Returns:
        The findings; None where no index was given and none can be made, as the extra `index` is not installed.

    Raises:
        TokenizerMismatchError: if the index was made with another tokenizer.
    """
    from byheart.explain.sources import sources

    try:
        opened = _given(index, target) if index is not None else index_of_members(run, signals, target)
    except MissingExtra as e:
        if index is not None:
            raise
        log.info("Recited passages are not traced to their documents: %s.", e)
        return None
    found = sources(signals, index=opened, seed=seed)
    found.save(run.findings_folder)
    return found


def trace_run(path: Path, index: Path | str | None) -> tuple[RunFolder, list[str]]:
    """The same for a run that is finished; its model is opened for its tokenizer alone.

    Args:
        path: run folder of a text audit.
        index: of the whole training data, or None for the training records of the run.

    Returns:
        The folder, and sentences on what was found.

    Raises:
        UsageError: if the run holds no token log-probabilities.
        MissingExtra: without pydivsufsort, where an index must be made.
    """
    run = RunFolder.existing(path)
    signals = available(run).get("token_logprobs")
    if not isinstance(signals, Signals):
        raise UsageError(f"{path} holds no token log-probabilities; it is no run of `byheart audit text`")
    target = reopen(run)
    if index is None:
        index_of_members(run, signals, target)  # says what is missing
    found = trace_sources(run, signals, target, index, seed=int(run.facts["command"]["seed"]))
    assert found is not None
    note_outputs(run, run.findings_folder.glob("sources.*"))
    facts = json.loads((run.findings_folder / "sources.json").read_text(encoding="utf-8"))
    return run, overall(facts["estimates"], facts["params"])


def index_digest(index: Path | str | None, target: LanguageModel) -> str | None:
    """What an index says of itself, as a fingerprint, once it is known to fit the model; None without one.

    Raises:
        UsageError: if the folder is no index.
        TokenizerMismatchError: if it was made with another tokenizer.
    """
    if index is None:
        return None
    facts = Path(index) / "index.json"
    if not facts.is_file():
        raise UsageError(f"{index} is not an index (no index.json in it); make one with `byheart index build`")
    _given(index, target)
    return digest_file(facts)


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


def _given(index: Path | str, target: LanguageModel) -> CorpusIndex:
    from byheart.index import open_index

    tokenizer: Any = getattr(target, "tokenizer", None)
    return open_index(index, tokenizer=tokenizer) if tokenizer is not None else open_index(index)
