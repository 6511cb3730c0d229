"""Where in the training data does what a run recites stand? From a run folder and an index to findings."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.audit.measuring import measure_with
from byheart.audit.sources import Sources
from byheart.audit.step import carry_out
from byheart.audit.text.sources import given_index
from byheart.core.digest import digest_file
from byheart.core.errors import MissingExtra, UsageError
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.explain.sources import sources
from byheart.report.text.sources import overall

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

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
    there = Sources(run, {"token_logprobs": signals, "target": target}, index=index)
    try:
        found: Findings = measure_with(sources, there, seed=seed)
    except MissingExtra as e:
        if index is not None:
            raise
        log.info("Recited passages are not traced to their documents: %s.", e)
        return None
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
    there = Sources(RunFolder.existing(path), index=index)
    if "token_logprobs" not in there:
        raise UsageError(f"{path} holds no token log-probabilities; it is no run of `byheart audit text`")
    carry_out(sources, there)
    facts = json.loads((there.run.findings_folder / "sources.json").read_text(encoding="utf-8"))
    return there.run, overall(facts["estimates"], facts["params"])


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
    given_index(index, target)
    return digest_file(facts)
