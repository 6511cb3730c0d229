"""Has a language model seen this benchmark, and does it answer it from memory or by skill?

model + items -> twins -> signals -> scores -> verdicts -> report
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.audit.folder import begin, conclude, finish, told_source
from byheart.audit.judging import judge_scores
from byheart.audit.measuring import Source, measure_with, of_reference, read_off, records_of
from byheart.audit.opening import open_text_model
from byheart.audit.profiles import Profile, profile_named
from byheart.audit.text.passes import make_pass, run_pass
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.data.benchmark.benchmark import read_benchmark, read_twins, twins_in_column
from byheart.data.benchmark.twin_rules import RULES
from byheart.data.benchmark.twins import Twinned, make_twins
from byheart.data.sources import source_facts
from byheart.execute import engine_named
from byheart.measure.blind_twins import blind_twins
from byheart.measure.contamination import contamination
from byheart.stats.judge.contamination import recalled_or_skilled

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel
    from byheart.execute.job import Engine

log = logging.getLogger(__name__)


def audit_benchmark(
    model: Any,
    items: Any,
    *,
    twins: Any = None,
    twin_column: str | None = None,
    make: Sequence[str] = tuple(RULES),
    per_item: int = 5,
    reference: Any = None,
    text_column: str | None = None,
    group_column: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    engine: Engine | None = None,
    profile: str = "routine",
    limit: int | None = None,
    trust_remote_code: bool = False,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Audit a language model for having seen a benchmark; killed and started again, it continues.

    Args:
        model: folder, hub id, `.gguf` file, adapter folder, or `smollm2`. From Python as for `audit_text`.
        items: the benchmark: texts, prompts, or questions with choices. A path, hub id, data frame or list of texts,
            prompts with completions, or rows with `question`, `choices` and `answer`.
        twins: twins of your own, with a column `twin_of`. Without them twins are made by rule.
        twin_column: column of the items with twins. Stands in place of a file of them.
        make: rules that make twins. They are numbers, names, options; redrawn numbers leave the right answer unknown.
        per_item: twins made of each item.
        reference: a model of the same size that never saw the benchmark. Without it nothing is shown; the base of an
            adapter serves by itself.
        text_column: column that holds the text.
        group_column: what several items share. A passage, for one.
        out: run folder, default `runs/<date>-<model>-<items>`.
        seed: everything random follows from it.
        device: auto, cpu or cuda.
        dtype: precision the model computes in, or auto.
        engine: where the passes run, default this process.
        profile: smoke, routine or powered.
        limit: items at most.
        trust_remote_code: allow a model's own code and pickled weights.
        show_text: items in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with verdicts and report in it.

    Raises:
        ByheartError: one line on what is wrong with the input.
    """
    chosen = profile_named(profile)
    log.info("Reading the benchmark.")
    found = _twinned(items, twins, twin_column, make, per_item, chosen.at_most(limit), text_column, group_column, seed)
    opening = partial(open_text_model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    log.info("Opening the model.")
    target = opening(model)
    other = None if reference is None else opening(reference)
    command = {
        "verb": "audit benchmark", "model": target.digest, "reference": other.digest if other else None,
        "corpus": found.corpus.digest, "seed": seed, "profile": profile,
    }  # fmt: skip
    run = begin(
        command, found.corpus, target.name, items, out=out, command_line=command_line, family="benchmark",
        model_source=told_source(model), reference=other.name if other else None, notes=list(found.notes),
        data={k: source_facts(v) for k, v in (("items", items), ("twins", twins)) if v is not None},
        opened=opening.keywords, device=str(target.device),
    )  # fmt: skip
    sources = _passes(found, target, other, chosen, run, engine or engine_named("local"), seed)
    with run.step("verdicts"):
        log.info("Scoring and judging.")
        verdicts, told = _judged(sources, run, chosen, seed)
        conclude(run, verdicts, [*found.notes, *told])
    return finish(run, show_text=show_text)


def _twinned(
    items: Any, twins: Any, twin_column: str | None, make: Sequence[str], per_item: int, limit: int | None,
    text_column: str | None, group_column: str | None, seed: int,
) -> Twinned:  # fmt: skip
    corpus = read_benchmark(items, text_column=text_column, group_column=group_column, limit=limit, keep=twin_column)
    if twins is not None:
        return read_twins(twins, corpus, text_column=text_column)
    if twin_column is not None:
        return twins_in_column(corpus, twin_column)
    return make_twins(corpus, make, per_item=per_item, seed=seed)


def _passes(
    found: Twinned, target: LanguageModel, other: LanguageModel | None, chosen: Profile, run: RunFolder, engine: Engine,
    seed: int,
) -> dict[str, Source]:  # fmt: skip
    """The pass of the model and that of the reference, or of the base under an adapter, by name."""
    sources = records_of(found.corpus)
    for name in ("token_logprobs", "reference_logprobs"):
        one = make_pass(name, found.corpus, target, other, chosen, seed=seed)
        if one is not None:
            sources[name] = run_pass(one, run, engine, f"Pass: {name}")
    return sources


def _judged(
    sources: Mapping[str, Source], run: RunFolder, chosen: Profile, seed: int
) -> tuple[list[Verdict], list[str]]:
    own: Scores = measure_with(contamination, sources)
    guess: Scores = measure_with(blind_twins, sources, seed=seed)
    scores = {s.card.name: s for s in (own, guess)}
    scores |= read_off(scores, sources, family="text", seed=seed)
    reference = of_reference(scores, sources)
    if own.card.name in reference:
        own = _beside(own, reference[own.card.name])
    for kept in (own, guess):
        kept.save(run.scores_path(kept.card.name))
    n, notes = recalled_or_skilled(own), []
    if sum(n.values()):
        notes = [
            f"Of {sum(n.values())} items with a known answer the model is right on {n['skill'] + n['recall']}: on "
            f"{n['skill']} of them it is right on more than half of the twins too (skill), on {n['recall']} it is "
            "not (recall, or luck)."
        ]
    return judge_scores(scores, chosen, reference=reference, seed=seed), notes


def _beside(scores: Scores, known: Scores) -> Scores:
    """The scores with the reference's beside them, for who reads the file."""
    extra = {**scores.extra, "reference_loglik": known.extra["loglik"], "reference_right": known.extra["right"]}
    return Scores(scores.values, scores.ids, scores.roles, scores.groups, scores.card, scores.params, extra)
