"""Does a language model know its training records by heart, which ones, and how sure are we?

model + records -> signals -> scores -> verdicts -> report
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.folder import begin, conclude, finish, told_source
from byheart.audit.judging import judge_scores
from byheart.audit.measuring import Source, measure_all, of_reference, records_of
from byheart.audit.opening import open_text_model, reopen
from byheart.audit.profiles import profile_named
from byheart.audit.text.explaining import explain_run
from byheart.audit.text.passes import make_pass, run_pass, shadow_pass, text_passes
from byheart.audit.text.records import gather_text
from byheart.audit.text.shadows import measure_shadows, open_shadow
from byheart.audit.text.tracing import index_digest, trace_sources
from byheart.audit.verify import note_outputs
from byheart.core.corpus import Corpus
from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Verdict
from byheart.execute import engine_named
from byheart.execute.job import Engine
from byheart.explain.standing_out import naming, standing_out
from byheart.measure.extraction import extraction

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

log = logging.getLogger(__name__)


def audit_text(
    model: Any,
    members: Any,
    control: Any = None,
    *,
    canaries: Path | str | None = None,
    reference: Any = None,
    text_column: str | None = None,
    group_column: str | None = None,
    date_column: str | None = None,
    shadows: Sequence[str] = (),
    index: Path | str | None = None,
    explain: bool = False,
    out: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    engine: Engine | None = None,
    profile: str = "routine",
    limit: int | None = None,
    batch_size: str | int = "auto",
    trust_remote_code: bool = False,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Audit a language model end to end; killed and started again, it continues.

    Args:
        model: folder, hub id, `.gguf` file, adapter folder, or `smollm2`. From Python also a live (model, tokenizer)
            pair or a LanguageModel.
        members: what the model was trained on. A path, hub id, data frame, list or Corpus.
        control: records like them that it never saw. Likewise; without them membership stays inconclusive.
        canaries: manifest of the planted canaries.
        reference: a model that never saw the records. The base of an adapter serves by itself.
        text_column: column that holds the text.
        group_column: document or author of a record. Intervals resample these.
        date_column: date of a record.
        shadows: `MODEL=IDS`: a shadow model and the ids it was trained on. The ids stand in a text file.
        index: index of all training data, to trace what is recited. `byheart index build` makes it; by default it is
            of the records given.
        explain: also tell why, where in the network, and what switching it off does. Which perturbations make it
            forget, where recitation shows; takes several times as long.
        out: run folder, default `runs/<date>-<model>-<members>`.
        seed: everything random follows from it.
        device: auto, cpu or cuda.
        dtype: precision the model computes in, or auto.
        engine: where the passes run, default this process.
        profile: smoke, routine or powered.
        limit: records of each set at most.
        batch_size: tokens per forward pass, or auto.
        trust_remote_code: allow a model's own code and pickled weights.
        show_text: recited text in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with verdicts and report in it.

    Raises:
        ByheartError: one line on what is wrong with the input.
    """
    chosen, batches = profile_named(profile), _tokens(batch_size)
    log.info("Reading the records.")
    gathered = gather_text(
        members, control, canaries, limit=chosen.at_most(limit),
        text_column=text_column, group_column=group_column, date_column=date_column,
    )  # fmt: skip
    opening = partial(open_text_model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    log.info("Opening the model.")
    target = opening(model)
    other = None if reference is None else opening(reference)
    shadow_models = [open_shadow(s, opening) for s in shadows]
    corpus = _rendered(gathered.corpus, target)
    command = {
        "verb": "audit text", "model": target.digest, "reference": other.digest if other else None,
        "corpus": corpus.digest, "seed": seed, "profile": profile, "batch_size": batches,
        "shadows": [s.digest for s in shadow_models], "index": index_digest(index, target),
    }  # fmt: skip
    run = begin(
        command, corpus, target.name, members, out=out, command_line=command_line, model_source=told_source(model),
        reference=other.name if other else None, data=gathered.sources, notes=gathered.notes, opened=opening.keywords,
        device=str(target.device),
    )  # fmt: skip
    passes = text_passes(corpus, target, other, chosen, seed=seed, batch_size=batches)
    passes += [shadow_pass(s.model, i, corpus, seed=seed) for i, s in enumerate(shadow_models)]
    worker = engine or engine_named("local")
    sources = records_of(corpus, coin=gathered.coin)
    for number, one in enumerate(passes, 1):
        sources[one.name] = run_pass(one, run, worker, f"Pass {number} of {len(passes)}: {one.name}")
    with run.step("scores"):
        log.info("Scoring and judging.")
        scores = measure_all(sources, run, family="text", seed=seed)
        scores |= measure_shadows(sources, shadow_models, run)
    with run.step("verdicts"):
        verdicts = judge_scores(scores, chosen, reference=of_reference(scores, sources), seed=seed)
        named = _named(scores, verdicts, run)
        conclude(run, verdicts, [*gathered.notes, named, *_told_by(sources)], coin=gathered.coin)
    with run.step("sources"):
        trace_sources(run, _token_logprobs(sources), target, index, seed=seed)
    if explain:
        explain_run(run, target, chosen, worker, seed=seed, batch_size=batches)
    return finish(run, show_text=show_text)


def add_signals(
    path: Path, name: str, *, reference: Any = None, engine: Engine | None = None, batch_size: str | int = "auto",
    device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False,
) -> Signals:  # fmt: skip
    """One pass over the records of an existing run, kept in it.

    Raises:
        UsageError: if the records or models do not allow the pass.
        TargetError: if the model is not the one that the run was made with.
    """
    run = RunFolder.existing(path)
    target = reopen(run, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    command = run.facts["command"]
    dtype = run.facts.get("opened", {}).get("dtype", "auto") if dtype == "auto" else dtype
    opening = partial(open_text_model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    other = None if reference is None else opening(reference)
    chosen = profile_named(command["profile"])
    one = make_pass(name, run.corpus, target, other, chosen, seed=command["seed"], batch_size=_tokens(batch_size))
    if one is None:
        raise UsageError(f"{name} cannot be taken here: it needs a reference, more control records, or open weights")
    made = run_pass(one, run, engine or engine_named("local"), name)
    note_outputs(run, run.signals_folder(name).glob("*.safetensors"))
    return made


def _tokens(batch_size: str | int) -> int | str:
    if batch_size == "auto":
        return "auto"
    if not str(batch_size).isdigit() or int(batch_size) < 1:
        raise UsageError(f"--batch-size is a number of tokens, 1 or more, or auto; got {batch_size!r}")
    return int(batch_size)


def _rendered(corpus: Corpus, target: LanguageModel) -> Corpus:
    """Chats get the text that the model reads as a further column, as token positions refer to it."""
    if all(isinstance(item, str) for item in corpus.items):
        return corpus
    texts = [item if isinstance(item, str) else target.encode(item).text for item in corpus.items]
    return replace(corpus, columns={**corpus.columns, "rendered": np.array(texts, dtype=object)})


def _named(scores: Mapping[str, Scores], verdicts: Sequence[Verdict], run: RunFolder) -> str:
    """Name the records that stand out, where the data license it; a sentence for the report."""
    try:
        found = standing_out(scores, verdicts)
    except TooFewRecords as e:
        return str(e)
    found.save(run.findings_folder)
    return naming(found)


def _told_by(sources: Mapping[str, Source]) -> list[str]:
    """What a reader should know that only the pass could tell."""
    signals, notes = _token_logprobs(sources), []
    long = int((signals.dense("n_windows") > 1).sum())
    if long:
        notes.append(
            f"{long} records are longer than the model's context; they were read in windows that overlap by half."
        )
    ties = extraction(signals)
    close = ties.ids[np.asarray(ties.extra["near_tie"], bool) & np.asarray(ties.extra["extracted"], bool)].tolist()
    if close:
        notes.append(
            f"In {len(close)} recited records two tokens are nearly tied ({', '.join(close[:5])}), where rounding may "
            "turn greedy decoding either way."
        )
    return notes


def _token_logprobs(sources: Mapping[str, Source]) -> Signals:
    signals = sources["token_logprobs"]
    assert isinstance(signals, Signals)
    return signals
