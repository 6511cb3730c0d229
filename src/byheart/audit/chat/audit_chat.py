"""How much of our articles does a chat model give back word for word, beyond articles it cannot know?

articles -> questions -> answers -> scores -> verdicts -> report
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from byheart.audit.chat.asking import Asking, announce, ask_all, charge
from byheart.audit.chat.judging import judge_chat
from byheart.audit.folder import begin, conclude, finish, told_source
from byheart.audit.measuring import Source, measure_with, read_off
from byheart.audit.profiles import profile_named
from byheart.audit.text.records import gather_text
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_text
from byheart.core.errors import TooFewRecords
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.data.attack_templates import attack_templates
from byheart.data.text.read import read
from byheart.explain.elicitation import elicitation
from byheart.explain.output_filter import filter_found, output_filter
from byheart.explain.prefix_length import prefix_length
from byheart.explain.standing_out import article_naming, standing_out
from byheart.measure.blind import blind
from byheart.measure.verbatim import verbatim
from byheart.models.chat.cache import CachedChat
from byheart.models.chat.limits import Budget
from byheart.models.chat.opening import open_chat_model
from byheart.signals.chat.replies import PREFIXES, Grid
from byheart.signals.chat.reply_cells import reply_cells

log = logging.getLogger(__name__)

ATTACKS = ("direct", "context", "roleplay")
FALSE_ALARMS = 0.05
"""Rate that the threshold for single articles aims at."""
BY_PROFILE = {"smoke": (38,), "routine": (38, 75, 150), "powered": PREFIXES}


def audit_chat(
    model: Any,
    members: Any,
    control: Any = None,
    *,
    prefixes: Sequence[int] | None = None,
    offsets: Sequence[int] = (0,),
    attacks: Sequence[str] = ATTACKS,
    n_samples: int = 1,
    temperature: float = 1.0,
    max_tokens: int = 256,
    boilerplate: Any = None,
    budget: Budget | None = None,
    cache: Path | str | None = None,
    text_column: str | None = None,
    group_column: str | None = None,
    date_column: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    profile: str = "routine",
    limit: int | None = None,
    trust_remote_code: bool = False,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Audit a chat model by what it writes; killed and started again, it repeats no request that was answered.

    Args:
        model: an `EndpointChat` or other `ChatModel`, a function from messages to an answer, or a language model as
            `audit_text` takes it, which is then asked through its chat template.
        members: articles that the model may know. A path, hub id, data frame, list or Corpus.
        control: articles like them it cannot have seen. Likewise; without them nothing can be shown.
        prefixes: words of the article that are given; default by profile.
        offsets: words left out before the prefix; may stand several times. 0 is the very beginning of the article.
        attacks: template or .yaml file of them; may stand several times.
        n_samples: answers to each question, the first at temperature 0.
        temperature: of the further samples.
        max_tokens: longest answer.
        boilerplate: texts that are nobody's. What an article shares with them does not count.
        budget: what may be spent, unless the model brings its own.
        cache: folder of answers; default in the run folder.
        text_column: column that holds the text.
        group_column: author or source of an article. Intervals resample these.
        date_column: date of an article.
        out: run folder, default `runs/<date>-<model>-<members>`.
        seed: everything random follows from it.
        device: auto, cpu or cuda, for a model on this machine.
        dtype: precision it computes in, or auto.
        profile: smoke, routine or powered.
        limit: articles of each set at most.
        trust_remote_code: allow a model's own code and pickled weights.
        show_text: recited text in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with verdicts and report in it.

    Raises:
        ByheartError: one line on what is wrong with the input, the server or the budget.
    """
    chosen = profile_named(profile)
    grid = Grid(
        tuple(BY_PROFILE[chosen.name] if prefixes is None else prefixes), attack_templates(attacks), tuple(offsets),
        n_samples, temperature, max_tokens,
    )  # fmt: skip
    log.info("Reading the articles.")
    gathered = gather_text(
        members, control, None, limit=chosen.at_most(limit),
        text_column=text_column, group_column=group_column, date_column=date_column,
    )  # fmt: skip
    corpus, public = gathered.corpus, _public(boilerplate)
    opened: dict[str, Any] = {"device": device, "dtype": dtype, "trust_remote_code": trust_remote_code}
    asked = open_chat_model(model, budget=budget, **opened)
    command = {
        "verb": "audit chat", "model": asked.digest, "corpus": corpus.digest, "grid": grid.digest, "seed": seed,
        "profile": profile, "boilerplate": digest_text(public),
    }  # fmt: skip
    run = begin(
        command, corpus, asked.name, members, out=out, command_line=command_line, family="chat",
        model_source=told_source(model), endpoint=getattr(asked, "url", None), data=gathered.sources,
        notes=gathered.notes, attacks=[f"{a.name} (version {a.version})" for a in grid.attacks],
        prefixes=list(grid.prefixes), offsets=list(grid.offsets), opened=opened,
    )  # fmt: skip
    kept = CachedChat(asked, Path(cache) if cache else run.path / "answers")
    charge(kept, asked.budget if hasattr(asked, "budget") else Budget())
    asking = Asking(kept, corpus, grid, seed)
    announce(asking)
    answers, incomplete = ask_all(asking, run)
    sources: dict[str, Source] = {"replies": answers, "corpus": corpus.take(np.isin(corpus.ids, answers.ids))}
    scores, cut_off, naming = _scored(sources, run, public, seed)
    with run.step("verdicts"):
        verdicts = judge_chat(scores, chosen, cut_off=cut_off, seed=seed)
        if incomplete:
            verdicts = [replace(v, caveats=(*v.caveats, incomplete)) for v in verdicts]
        served = charge(kept, Budget())
        notes = [*gathered.notes, naming, *_filter(cut_off), *told(sources, scores, public), *_served(served)]
        notes += [f"The server does not take every parameter: {s}." for s in getattr(asked, "adapted", [])]
        conclude(run, verdicts, notes, served=served)
    return finish(run, show_text=show_text)


def _scored(
    sources: Mapping[str, Source], run: RunFolder, public: tuple[str, ...], seed: int
) -> tuple[dict[str, Scores], Findings, str]:
    """Scores by method name, where recitations are cut off, and which articles are named; all kept in the run."""
    log.info("Scoring and judging.")
    with run.step("scores"):
        scores: dict[str, Scores] = {
            "verbatim": measure_with(verbatim, sources, public=public), "blind": measure_with(blind, sources, seed=seed)
        }  # fmt: skip
        for one in scores.values():
            one.save(run.scores_path(one.card.name))
        scores |= read_off(scores, sources, family="chat", seed=seed)
    with run.step("findings"):
        cut_off: Findings = measure_with(output_filter, sources, public=public)
        named, naming = name_articles(scores)
        curve = measure_with(prefix_length, sources, public=public, seed=seed)
        for found in (cut_off, named, curve, measure_with(elicitation, sources, public=public)):
            if found is not None:
                found.save(run.findings_folder)
    return scores, cut_off, naming


def name_articles(scores: Mapping[str, Scores]) -> tuple[Findings | None, str]:
    """The articles that stand out, named whatever becomes of the claims; and a sentence for the report."""
    try:
        found = standing_out(scores, (), rate=FALSE_ALARMS)
    except TooFewRecords:
        return None, "No single article is named: there are no answers about members and controls to compare."
    return found, article_naming(found)


def told(sources: Mapping[str, Source], scores: Mapping[str, Scores], public: tuple[str, ...]) -> list[str]:
    """What a reader should know that only the answers could tell."""
    answers, corpus = sources["replies"], sources["corpus"]
    assert isinstance(answers, Signals)
    assert isinstance(corpus, Corpus)
    cells, notes = reply_cells(answers, corpus, public), []
    twice = cells.loc[cells["repeated"] >= 0, "repeated"]
    if len(twice):
        notes.append(
            f"{len(twice)} questions were asked twice at the same setting; {int(twice.sum())} got the same answer."
        )
    links = int(cells["link"].sum())
    if links:
        notes.append(
            f"{links} answers name web addresses. A model that can search the web retrieves instead of recalling; "
            "switch its tools off."
        )
    own = scores["verbatim"]
    poor = np.asarray(own.extra["poor"], dtype=bool)
    if poor.any():
        rest = own.take(~poor).where("member").values
        mean = f"{rest.mean():.0f} characters" if rest.size else "unknown"
        notes.append(
            f"{int(poor.sum())} articles are lists or tables by their words, where long matches need no memory; "
            f"without them the mean longest stretch of members is {mean}."
        )
    return notes


def _filter(cut_off: Any) -> list[str]:
    length, spike = filter_found(cut_off), cut_off.estimates["spike"]
    return [] if length is None else [f"Recitations are cut off after {length} words, as by a filter: {spike.how}."]


def _served(served: list[str]) -> list[str]:
    if len(served) < 2:
        return [f"The server calls the model {served[0]}."] if served else []
    return [
        f"The answers come from {len(served)} versions of the model ({', '.join(served[:5])}); it was changed, or its "
        "server, while it was asked. Articles were asked in an order of chance, so both sides met all versions."
    ]


def _public(boilerplate: Any) -> tuple[str, ...]:
    if boilerplate is None:
        return ()
    return tuple(read(boilerplate, role="unknown", minimum=1).texts)
