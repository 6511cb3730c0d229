"""On what is an edit of a language model tried, and how is the edited model audited?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from byheart.audit.curing import Trial
from byheart.audit.judging import judge_scores
from byheart.audit.measuring import available, by_coin, measure_all, of_reference, records_of
from byheart.audit.profiles import profile_named
from byheart.audit.sources import Sources
from byheart.audit.text.passes import make_pass, run_pass
from byheart.audit.verify import seal
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.target import LanguageModel
from byheart.execute import engine_named
from byheart.mitigate._proof.language import LanguageQuestions
from byheart.mitigate._proof.prove import OF_TRAINING, on
from byheart.signals.text.token_events import RULES, Rules

LIMIT = 100
"""Records of each role that an edit is measured on."""
NEEDS = ("target",)


def trial(
    sources: Sources,
    edit: Edit,
    *,
    corpus: Corpus | None = None,
    settings: Mapping[str, Any] | None = None,
    rules: Rules = RULES,
    limit: int = LIMIT,
    batch_size: int | Literal["auto"] = "auto",
    **further: Any,
) -> Trial:
    """An edit of weights, activations or sampling on the model of a run of `audit text`.

    Args:
        sources: of the run; its model is opened where it is not at hand.
        edit: the edit.
        corpus: the records that it is measured on; None takes some of the run's.
        settings: what the folder of the second audit is named by, beside the edited model.
        rules: which tokens count as recited.
        limit: records of each role at most, where none are given.
        batch_size: tokens per forward pass, or auto.
        **further: of `Trial`.

    Raises:
        UsageError: if the edit acts through a training, or its targets are none of the run's records.
    """
    if edit.kind in OF_TRAINING:
        raise UsageError(
            f"{edit.card.name} is an edit of {edit.kind}, and a run of `audit text` does not tell how its model was "
            "trained; train on what it makes, audit the new model, and `byheart compare` the two runs"
        )
    run, model = sources.run, sources["target"]
    seed = int(run.facts["command"]["seed"])
    records = _measured_on(run.corpus, edit, limit, seed) if corpus is None else corpus
    strangers = sorted((edit.targets or frozenset()) - set(run.corpus.ids.tolist()))
    if strangers:
        raise UsageError(f"the run has no record {strangers[0]!r} to be a target; ids are those of corpus.parquet")
    roles, counts = np.unique(records.roles.astype(str), return_counts=True)
    facts = {"model": model.name, "records": dict(zip(roles.tolist(), counts.tolist(), strict=True))}
    questions = LanguageQuestions.of(model, records, edit, rules=rules, batch=batch_size, seed=seed)

    def audited() -> tuple[RunFolder, RunFolder, Path]:
        return audit_again(run, edit.apply(model), edit, settings or {}, batch_size)

    return Trial(
        run, edit, on(model), questions, audited, paired=True, facts={**facts, **further.pop("facts", {})}, **further
    )


def _measured_on(corpus: Corpus, edit: Edit, limit: int, seed: int) -> Corpus:
    """Some of each role, and every target that is named."""
    drawn = some_of_each(corpus, limit, seed).ids
    return corpus.take(np.isin(corpus.ids, [*drawn, *(edit.targets or ())]))


def some_of_each(corpus: Corpus, limit: int, seed: int) -> Corpus:
    """At most so many records of each role, drawn by the seed."""
    rows = [
        generator(seed, "switching", role).permutation(np.flatnonzero(corpus.roles == role))[:limit]
        for role in ("member", "canary", "nonmember", "canary_control")
    ]
    return corpus.take(np.sort(np.concatenate(rows)))


def audit_again(
    run: RunFolder, changed: LanguageModel, edit: Edit, settings: Mapping[str, Any], batch_size: int | Literal["auto"]
) -> tuple[RunFolder, RunFolder, Path]:
    """Read the run's records with the changed model, score and judge them as before.

    Returns:
        The run, that of the changed model, and the folder below `edits/` that holds it.
    """
    folder = run.path / "edits" / f"{edit.card.name}-{digest_json([changed.digest, dict(settings)])[:8]}"
    command = run.facts["command"]
    after = RunFolder.start(folder / "run", {**command, "model": changed.digest})
    corpus, profile, seed = run.corpus, profile_named(command["profile"]), int(command["seed"])
    corpus.save(after.corpus_path)
    known = {k: run.facts[k] for k in ("data", "notes", "environment", "device", "opened") if k in run.facts}
    done = "switched" if edit.kind == "activations" else "edited"
    after.update(model=changed.name, model_source=f"{run.facts.get('model_source')}, {done}", **known)
    sources = records_of(corpus, coin=by_coin(run))
    earlier = available(run).get("reference_logprobs")
    if earlier is not None:
        sources["reference_logprobs"] = earlier
    one = make_pass("token_logprobs", corpus, changed, None, profile, seed=seed, batch_size=batch_size)
    if one is None:
        raise UsageError("the records of this run cannot be read again")
    what = "switch on" if edit.kind == "activations" else "edit"
    sources["token_logprobs"] = run_pass(one, after, engine_named("local"), f"Reading the records with the {what}")
    scores = measure_all(sources, after, family="text", seed=seed)
    after.save_verdicts(judge_scores(scores, profile, reference=of_reference(scores, sources), seed=seed))
    seal(after)
    return run, after, folder
