"""Does the model of a run show inside when it recites, where, and which records does that tell apart?

Tokens of the run's records are labelled, all sites are compared and probes fitted; every record then gets a score from
probes that did not learn from it. `score_file` labels any further texts with the probe that was kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.audit.opening import reopen
from byheart.audit.sources import Sources
from byheart.audit.verify import note_outputs
from byheart.core.atomic import replacing, write_parquet
from byheart.core.corpus import Corpus
from byheart.core.errors import RunError, TooFewRecords, UsageError
from byheart.core.findings import Findings
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.data.text.read import read
from byheart.localize._activation_probe.lines import Kind, Line
from byheart.localize._activation_probe.probe import Probe
from byheart.localize._activation_probe.records import LEVEL, POOLS, by_record, score_records
from byheart.localize._activation_probe.sequences import stretches, text_scores, token_odds, tokens_of
from byheart.localize.activation_probe import activation_probe
from byheart.models.text.sites import Site
from byheart.report import write_all
from byheart.signals.text.token_events import RULES, Rules, given_twice, token_events
from byheart.signals.text.token_logprobs import token_logprobs
from byheart.stats.conformal import conformal_p
from byheart.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

log = logging.getLogger(__name__)

NAME = "activation_probe"
BATCH = 64  # texts that are scored before the next are read


@dataclass(frozen=True)
class Probing:
    """What is asked.

    Args:
        against, kind, sites, n_dealings: as in `activation_probe`.
        rules: what counts as recited.
        limit: records of each role at most.
    """

    against: Literal["both", "unseen", "repetition"] = "both"
    kind: Kind = "logistic"
    sites: tuple[str, ...] | None = None
    n_dealings: int = 200
    rules: Rules = RULES
    limit: int = 300


def probe_run(
    path: Path | str, how: Probing, *, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False
) -> tuple[Findings, pd.DataFrame]:
    """Probe the model of a finished run of `audit text` and keep all of it in the run.

    Beside the findings (`findings/activation_probe.parquet` and `.json`) it leaves the probe
    (`activation_probe.safetensors`) and a row per record (`activation_probe_records.parquet`).

    Args:
        path: the run folder.
        how: what is asked.
        device: auto, cpu or cuda.
        dtype: precision; auto is that of the run.
        trust_remote_code: allow a model's own code.

    Returns:
        The findings, with `estimates` by record added: `records told apart, ROLE` (AUC against those never seen) and
        `records flagged, ROLE` (share, at most 5 % of those named falsely); and the table of records.

    Raises:
        RunError: if the folder holds no run of a language model with its token pass.
        TooFewRecords: if too few records hold recited tokens.
    """
    run = RunFolder.existing(path)
    target = reopen(run, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    found, table = look_inside(run, target, how)
    write_all(run)
    return found, table


def look_inside(run: RunFolder, target: LanguageModel, how: Probing) -> tuple[Findings, pd.DataFrame]:
    """The same with the model at hand, without writing the report.

    Raises:
        RunError: if the run holds no `token_logprobs`.
        TooFewRecords: if too few records hold recited tokens.
    """
    seed = int(run.facts["command"]["seed"])
    with run.step(NAME):
        log.info("Labelling tokens.")
        events, corpus = label_run(run, target, how, seed)
        log.info("Looking inside the model.")
        source = corpus.columns.get("source")
        found = activation_probe(
            events, target, against=how.against, kind=how.kind, sites=how.sites, n_dealings=how.n_dealings,
            sources=None if source is None else source.astype(str), seed=seed,
        )  # fmt: skip
        plain = events.take(np.array([not str(name).endswith(" twice") for name in events.ids], bool))
        site = Site.parse(found.params["site"], target.module)  # type: ignore[attr-defined]
        table, level = score_records(target, plain, site, found.state)
        params = {**found.params, "level": level}
        found = replace(found, estimates={**found.estimates, **by_record(table)}, params=params)
    keep(run, found, table)
    return found, table


def keep(run: RunFolder, found: Findings, table: pd.DataFrame) -> None:
    """Write findings, probe and records into the run."""
    found.save(run.findings_folder)
    Probe.of(found.state, found.params["site"]).save(run.findings_folder / f"{NAME}.safetensors")
    write_parquet(table, run.findings_folder / f"{NAME}_records.parquet")
    note_outputs(run, run.findings_folder.glob(f"{NAME}*"))


def label_run(run: RunFolder, target: LanguageModel, how: Probing, seed: int) -> tuple[Signals, Corpus]:
    """Token events of the run's records, and of its control records given twice.

    Raises:
        RunError: if the run holds no `token_logprobs`.
    """
    signals = Sources(run)
    own = signals.get("token_logprobs")
    if own is None:
        raise RunError(f"{run.path} holds no tokens; make them with `byheart signals token_logprobs {run.path}`")
    corpus = _some(run.corpus, how.limit, seed)
    other = signals.get("reference_logprobs")
    reference = None if other is None else other.at(corpus.ids)
    read_own = own.at(corpus.ids)
    if reference is not None and not np.array_equal(
        reference.ragged("token_ids").values, read_own.ragged("token_ids").values
    ):
        log.info("The reference has another tokenizer; the model judges from a short context itself.")
        reference = None
    events = token_events(
        target, corpus, token_signals=read_own, reference=reference or "short context", rules=how.rules, seed=seed
    )
    control = corpus.where("nonmember", "canary_control")
    if how.against == "unseen" or not len(control):
        return events, corpus
    twice = given_twice(target, control)
    log.info("Reading %d control records twice in a row.", len(twice))
    again = token_logprobs(target, twice, seed=seed)
    repeated = token_events(target, twice, token_signals=again, reference=None, rules=how.rules, seed=seed)
    return Signals.join([events, repeated]), corpus + twice


def score_file(
    path: Path | str, source: Any, out: Path | None = None, *, text_column: str | None = None, device: str = "auto",
    dtype: str = "auto", trust_remote_code: bool = False,
) -> tuple[pd.DataFrame, Path]:  # fmt: skip
    """Label texts with the probe that a run keeps, some at a time: one forward pass each, however many there are.

    Args:
        path: the run folder.
        source: texts, anything `read` takes.
        out: where to write, default `labelled/NAME.parquet` in the run; tokens go to `NAME.tokens.parquet` beside it.
        text_column: column of the text.
        device: auto, cpu or cuda.
        dtype: precision; auto is that of the run.
        trust_remote_code: allow a model's own code.

    Returns:
        The table written, a row per text as in `score_records`, and its path. Tokens: `start`, `end` (characters) and
        `odds` (log-odds of recitation) lists per text.

    Raises:
        RunError: if the run has no probe yet.
        TooFewRecords: if it scored no record that the model never saw.
    """
    run = RunFolder.existing(path)
    probe = Probe.load(run.findings_folder / f"{NAME}.safetensors")
    records = pd.read_parquet(run.findings_folder / f"{NAME}_records.parquet")
    unseen = records.loc[records["role"].isin(["nonmember", "canary_control"]), "score"].dropna().to_numpy()
    if not unseen.size:
        raise TooFewRecords("texts stand out from texts that the model never saw, and the run has none; audit it with "
                            "--control")  # fmt: skip
    target = reopen(run, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    corpus = read(source, role="unknown", text_column=text_column, minimum=1)
    out = out or run.path / "labelled" / f"{Path(str(source)).stem}.parquet"
    if out.suffix != ".parquet":
        raise UsageError(f"labels are written as .parquet; got {out}")
    parts = list(_labelled(target, corpus, probe, out.with_suffix(".tokens.parquet"), _level(run)))
    table = pd.concat(parts, ignore_index=True)
    table["p"] = conformal_p(table["score"].to_numpy(), unseen)
    table["q"] = np.nan
    told = table["p"].notna()
    table.loc[told, "q"] = benjamini_hochberg(table.loc[told, "p"].to_numpy())
    write_parquet(table, out)
    return table, out


def _labelled(
    target: LanguageModel, corpus: Corpus, probe: Probe, tokens: Path, level: float
) -> Iterator[pd.DataFrame]:
    """Scores of some texts at a time; their tokens are written as they come."""
    site, line = Site.parse(probe.site, target.module), Line(probe.w, float(probe.b))  # type: ignore[attr-defined]
    schema = pa.schema([("id", pa.string()), ("start", pa.list_(pa.int32())), ("end", pa.list_(pa.int32())),
                        ("odds", pa.list_(pa.float32()))])  # fmt: skip
    with (
        replacing(tokens) as part, pq.ParquetWriter(part, schema) as writer,
        bar("Labelling texts", total=len(corpus)) as b,
    ):  # fmt: skip
        for k in range(0, len(corpus), BATCH):
            some = tokens_of(target, corpus.take(np.arange(k, min(k + BATCH, len(corpus)))))
            odds = token_odds(target, some, site, [line])[0]
            start, end = some.ragged("start"), some.ragged("end")
            rows = [[str(i) for i in some.ids], *([r.tolist() for r in x] for x in (start, end, odds))]
            writer.write_table(pa.table(rows, schema=schema))
            first, last, weight = stretches(odds, start, end, level)
            yield pd.DataFrame({
                "id": some.ids, "score": text_scores(odds, some.ragged("word_start")), "from": first, "to": last,
                "weight": weight,
            })  # fmt: skip
            b.advance(len(some))


def sentences(found: Findings, table: pd.DataFrame) -> list[str]:
    """What was found, for a reader, the judgement first."""
    e, params = found.estimates, found.params
    own, n = e["matched AUC"], params["events"]
    seen = params["p"] <= LEVEL and (own.low or 0.0) > 0.5
    judged = "The model shows inside when it recites" if seen else "It is not shown that recitation can be seen inside"
    said = [
        f"{judged}: "
        f"at {params['site']} a probe tells {n['recited']} recited tokens of {n['documents recited']} documents from "
        f"{n['others']} others of which the model was just as sure (AUC {own}, 0.5 is chance; p = {params['p']:.3g} "
        "with labels dealt at random over all sites)."
    ]
    blind = {k.removeprefix("matched AUC of "): v for k, v in e.items() if k.startswith("matched AUC of ")}
    said.append(
        "Without a look inside: " + ", ".join(f"{name} {v}" for name, v in blind.items() if v.value is not None) + "."
    )
    for role, name in (("member", "members"), ("canary", "canaries")):
        flagged = e.get(f"records flagged, {role}")
        if flagged is not None:
            some = table[table["role"] == role]
            said.append(
                f"{int((some['q'] <= LEVEL).sum())} of {len(some)} {name} read as "
                f"recited (at most {LEVEL:.0%} of these by chance); AUC {e[f'records told apart, {role}']}."
            )
    return said + list(params["caveats"])


def _level(run: RunFolder) -> float:
    """Log-odds that unseen tokens of the run hardly exceed."""
    facts = json.loads((run.findings_folder / f"{NAME}.json").read_text(encoding="utf-8"))
    return float(facts["params"]["level"])


def _some(corpus: Corpus, limit: int, seed: int) -> Corpus:
    """At most so many records of each role, drawn by the seed."""
    rows = [
        generator(seed, "probing", role).permutation(np.flatnonzero(corpus.roles == role))[:limit]
        for pool in POOLS
        for role in pool
    ]
    return corpus.take(np.sort(np.concatenate(rows)))
