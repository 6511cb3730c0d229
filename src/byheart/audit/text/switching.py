"""What does switching recitation off do to the model of a run?

The switch is thrown at the site of the run's probe, or at sites that are named. What it does to recitation, held-out
text and repetition goes into the run as `findings/activation_probe_edit.json`. With `audit_again` the changed model is
read as the run's model was, and the claims of both are compared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from byheart.audit.judging import judge_scores
from byheart.audit.measuring import available, by_coin, measure_all, of_reference, records_of
from byheart.audit.opening import reopen
from byheart.audit.profiles import profile_named
from byheart.audit.text.passes import make_pass, run_pass
from byheart.audit.verify import note_outputs, seal
from byheart.core.atomic import write_json, write_parquet
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.execute import engine_named
from byheart.localize._activation_probe.probe import Probe
from byheart.mitigate.activation_probe import Effect, Mode, activation_probe, class_means, measure_switch
from byheart.models.text.sites import Site
from byheart.models.text.sites import sites as sites_of
from byheart.report.compare import Change, compare_runs, write_comparison
from byheart.signals.text.token_events import RULES, Rules, token_events

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

log = logging.getLogger(__name__)

NAME = "activation_probe_edit"
PROBE = "activation_probe.safetensors"
LIMIT = 100
"""Records of each role that a switch is measured on."""
COST = ("held-out text, loss", "held-out text, loss, 99th percentile", "next-token agreement", "repetition, change")


@dataclass(frozen=True)
class Switching:
    """What is thrown.

    Args:
        sites: addresses where recited tokens differ by their means; `blocks` is the residual behind every block. None
            is the site of the run's own probe.
        mode, alpha, coordinates: as in `activation_probe`.
        n_random: random directions that it is compared with.
        limit: records of each role at most.
        rules: which tokens count as recited.
    """

    sites: tuple[str, ...] = ()
    mode: Mode = "shift"
    alpha: float = 1.0
    coordinates: int = 16
    n_random: int = 20
    limit: int = LIMIT
    rules: Rules = RULES


def switch_run(
    path: Path | str, how: Switching, *, audit_again: bool = False, device: str = "auto", dtype: str = "auto",
    trust_remote_code: bool = False, batch_size: int | Literal["auto"] = "auto",
) -> tuple[Effect, list[Change], Path | None]:  # fmt: skip
    """Throw the switch on the model of a finished run of `audit text`.

    Args:
        path: the run folder.
        how: what is thrown.
        audit_again: whether the changed model is also audited on the run's records.
        device: auto, cpu or cuda.
        dtype: precision; auto is that of the run.
        trust_remote_code: allow a model's own code.
        batch_size: tokens per forward pass, or auto.

    Returns:
        What it does, the claims before and after, and the folder below `edits/` that holds the second audit.

    Raises:
        RunError: if the folder holds no run, or no probe and no site is named.
        UsageError: if a site is not one of the model's.
        TooFewRecords: if there is no recited token to learn from, or no record to be recited.
    """
    run = RunFolder.existing(path)
    target = reopen(run, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    effect, edit = switch_off(run, target, how, batch_size=batch_size)
    if not audit_again:
        return effect, [], None
    changes, folder = _audit_again(run, edit.apply(target), how, batch_size)
    return effect, changes, folder


def switch_off(
    run: RunFolder, target: LanguageModel, how: Switching, *, batch_size: int | Literal["auto"] = "auto"
) -> tuple[Effect, Edit]:
    """Measure the switch on the run's records and keep the facts in the run.

    `findings/activation_probe_edit.json` holds `decision` (controls, detects but does not control, costs too much,
    inconclusive), `sentence`, `p`, `caveats`, `mode`, `alpha`, `coordinates`, `sites` (addresses), `fitted` (whose
    probe), `n_random`, `records` (number by role), and `estimates` by name, each the fields of an `Estimate`:

        recited before | after [, member | , canary]    share of records recited exactly
        recited, change                                 after less before
        still recited [, random directions | , site of unseen text]   of those recited before
        longest stretch before | after                  generated tokens in a row, of those recited before
        recited tokens, loss                            rise, nats per recited token
        continuations, loss [, random directions | , beyond random | , site of unseen text]
        held-out text, loss [, 99th percentile]         rise, nats per token
        next-token agreement                            share of held-out tokens with the same best guess
        repetition before | after, repetition, change   share of second copies guessed

    `findings/activation_probe_edit.parquet` holds the same record by record (`Effect.records`).

    Returns:
        The same, and the edit.
    """
    seed = int(run.facts["command"]["seed"])
    corpus = _some(run.corpus, how.limit, seed)
    probes, corpus, fitted = _probes(run, target, corpus, how, seed)
    switch: Callable[[int | None], Edit] = partial(_thrown, probes, how, seed)
    addresses = [p.site for p in probes]
    name = addresses[0] if len(probes) == 1 else f"{len(probes)} sites from {addresses[0]} on"
    with run.step("switching off"):
        effect = measure_switch(
            target,
            switch,
            corpus,
            name=name,
            n_random=how.n_random,
            rules=how.rules,
            seed=seed,
            max_tokens_per_batch=batch_size,
        )
    effect = replace(effect, caveats=(*effect.caveats, fitted))
    facts = effect.to_dict()
    roles, counts = np.unique(corpus.roles.astype(str), return_counts=True)
    facts |= {
        "mode": how.mode, "alpha": how.alpha, "coordinates": how.coordinates, "n_random": how.n_random,
        "sites": addresses, "fitted": fitted, "model": target.name,
        "records": dict(zip(roles.tolist(), counts.tolist(), strict=True)),
    }  # fmt: skip
    write_json(facts, run.findings_folder / f"{NAME}.json")
    write_parquet(pd.DataFrame(effect.records), run.findings_folder / f"{NAME}.parquet")
    note_outputs(run, run.findings_folder.glob(f"{NAME}.*"))
    cost = {name: effect.estimates[name] for name in COST if name in effect.estimates}
    return effect, replace(switch(None), cost=cost)


def _thrown(probes: Sequence[Probe], how: Switching, seed: int, astray: int | None) -> Edit:
    return activation_probe(
        probes, mode=how.mode, alpha=how.alpha, coordinates=how.coordinates, astray=astray, seed=seed
    )


def _some(corpus: Corpus, limit: int, seed: int) -> Corpus:
    """At most so many records of each role, drawn by the seed."""
    rows = [
        generator(seed, "switching", role).permutation(np.flatnonzero(corpus.roles == role))[:limit]
        for role in ("member", "canary", "nonmember", "canary_control")
    ]
    return corpus.take(np.sort(np.concatenate(rows)))


def _probes(
    run: RunFolder, target: LanguageModel, corpus: Corpus, how: Switching, seed: int
) -> tuple[list[Probe], Corpus, str]:
    """The probes, the records to measure the switch on, and whose probes they are."""
    if not how.sites:
        probe = Probe.load(run.findings_folder / PROBE)
        return [probe], corpus, "The probe was fitted on tokens of these same records."
    everywhere = sites_of(target.module)  # type: ignore[attr-defined]
    chosen = [s for s in everywhere if s.kind == "block"] if how.sites == ("blocks",) else []
    chosen = chosen or [Site.parse(address, target.module) for address in how.sites]  # type: ignore[attr-defined]
    first = _half(corpus, seed)
    events = token_events(target, corpus.take(first), rules=how.rules, seed=seed)
    said = "The means were taken over one half of the documents, and the switch was measured on the other."
    return class_means(target, events, chosen), corpus.take(~first), said


def _half(corpus: Corpus, seed: int) -> np.ndarray:
    """Every second group of each role, bool (n,)."""
    first = np.zeros(len(corpus), bool)
    for role in np.unique(corpus.roles.astype(str)):
        groups = np.unique(corpus.groups[corpus.roles == role].astype(str))
        drawn = generator(seed, "switching", "half", role).permutation(groups)[: (groups.size + 1) // 2]
        first |= (corpus.roles == role) & np.isin(corpus.groups.astype(str), drawn)
    return first


def _audit_again(
    run: RunFolder, changed: LanguageModel, how: Switching, batch_size: int | Literal["auto"]
) -> tuple[list[Change], Path]:
    """Read the run's records with the changed model, score and judge them as before, and compare."""
    folder = run.path / "edits" / f"activation_probe-{digest_json([changed.digest, how.__dict__])[:8]}"
    command = run.facts["command"]
    after = RunFolder.start(folder / "run", {**command, "model": changed.digest})
    corpus, profile, seed = run.corpus, profile_named(command["profile"]), int(command["seed"])
    corpus.save(after.corpus_path)
    known = {k: run.facts[k] for k in ("data", "notes", "environment", "device", "opened") if k in run.facts}
    after.update(model=changed.name, model_source=f"{run.facts.get('model_source')}, switched", **known)
    sources = records_of(corpus, coin=by_coin(run))
    earlier = available(run).get("reference_logprobs")
    if earlier is not None:
        sources["reference_logprobs"] = earlier
    one = make_pass("token_logprobs", corpus, changed, None, profile, seed=seed, batch_size=batch_size)
    if one is None:
        raise UsageError("the records of this run cannot be read again")
    sources["token_logprobs"] = run_pass(one, after, engine_named("local"), "Reading the records with the switch on")
    scores = measure_all(sources, after, family="text", seed=seed)
    after.save_verdicts(judge_scores(scores, profile, reference=of_reference(scores, sources), seed=seed))
    seal(after)
    changes = [c for c in compare_runs(run, after) if c.before is not None and c.after is not None]
    write_comparison(changes, run, after, folder / "comparison.html")
    return changes, folder
