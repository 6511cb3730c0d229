"""What does switching recitation off do to the model of a run?

The switch is thrown at the site of the run's probe, or at sites that are named. What it does to recitation, held-out
text and repetition goes into the run as `findings/activation_probe_edit.json`. With `audit_again` the changed model is
read as the run's model was, and the claims of both are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from byheart.audit.curing import Trial, cure
from byheart.audit.opening import reopen
from byheart.audit.sources import Sources
from byheart.audit.text.curing import LIMIT, some_of_each, trial
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.localize._activation_probe.probe import Probe
from byheart.mitigate._proof.effect import as_switch
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.proof import Proof
from byheart.mitigate.activation_probe import Mode, activation_probe, class_means
from byheart.models.text.sites import Site
from byheart.models.text.sites import sites as sites_of
from byheart.report.compare import Change
from byheart.signals.text.token_events import RULES, Rules, token_events

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

PROBE = "activation_probe.safetensors"
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
    path: Path | str, how: Switching, *, audit_again: bool = False, relearning: Relearning | None = None,
    targets: frozenset[str] | None = None, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False,
    batch_size: int | Literal["auto"] = "auto",
) -> tuple[Proof, list[Change], Path | None]:  # fmt: skip
    """Throw the switch on the model of a finished run of `audit text`.

    Args:
        path: the run folder.
        how: what is thrown.
        audit_again: whether the changed model is also audited on the run's records.
        relearning: how the model is then taught the beginnings of the targets, the switch on; None leaves it out.
        targets: ids of the records that shall not be recited; None for all. The others are bystanders.
        device: auto, cpu or cuda.
        dtype: precision; auto is that of the run.
        trust_remote_code: allow a model's own code.
        batch_size: tokens per forward pass, or auto.

    Returns:
        What it does, the claims before and after, and the folder below `edits/` that holds the second audit.

    Raises:
        RunError: if the folder holds no run, or no probe and no site is named.
        UsageError: if a site is not one of the model's, or a target none of the run's records.
        TooFewRecords: if there is no recited token to learn from, or no record to be recited.
    """
    run = RunFolder.existing(path)
    target = reopen(run, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    thrown = switch_trial(run, target, how, targets=targets, batch_size=batch_size)
    cured = cure(thrown, n_random=how.n_random, relearning=relearning, audit_again=audit_again)
    return cured.proof, cured.changes, cured.folder


def switch_off(
    run: RunFolder, target: LanguageModel, how: Switching, *, batch_size: int | Literal["auto"] = "auto"
) -> tuple[Proof, Edit]:
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

    `findings/activation_probe_edit.parquet` holds the same record by record (`Proof.records`).

    Returns:
        The same, and the edit.
    """
    thrown = switch_trial(run, target, how, batch_size=batch_size)
    proof = cure(thrown, n_random=how.n_random, audit_again=False).proof
    cost = {name: proof.estimates[name] for name in COST if name in proof.estimates}
    return proof, replace(thrown.edit, cost=cost)


def switch_trial(
    run: RunFolder, target: LanguageModel, how: Switching, *, targets: frozenset[str] | None = None,
    batch_size: int | Literal["auto"] = "auto",
) -> Trial:  # fmt: skip
    """The switch and what it is tried on; see `switch_run`."""
    seed = int(run.facts["command"]["seed"])
    corpus = some_of_each(run.corpus, how.limit, seed)
    probes, corpus, fitted = _probes(run, target, corpus, how, seed)
    edit = activation_probe(probes, mode=how.mode, alpha=how.alpha, coordinates=how.coordinates, seed=seed)
    addresses = [p.site for p in probes]
    name = addresses[0] if len(probes) == 1 else f"{len(probes)} sites from {addresses[0]} on"
    facts = {
        "mode": how.mode, "alpha": how.alpha, "coordinates": how.coordinates, "n_random": how.n_random,
        "sites": addresses, "fitted": fitted,
    }  # fmt: skip
    sources = Sources(run, {"target": target})
    return trial(
        sources, replace(edit, targets=targets), corpus=corpus, settings=how.__dict__, rules=how.rules,
        batch_size=batch_size, facts=facts, caveats=(fitted,), weighed=as_switch(name), step="switching off",
    )  # fmt: skip


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
