"""What stands on the page of an audit for a leaked benchmark, beside what every page has?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from byheart.core.mask import mask_personal, mask_text
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.figures import Chart, difference_chart
from byheart.report.part import Part
from byheart.stats.judge.contamination import recalled_or_skilled
from byheart.stats.version_test import Versions

METHOD = "contamination"
MOST = 10  # items shown
GLOSSARY = {
    **{k: words.GLOSSARY[k] for k in ("interval", "p-value", "adjusted")},
    "twins": "texts of the same kind as an item that might have stood in its place and were never published",
    "reference": "a model that never saw the benchmark; what it prefers is not due to training on it",
    "blind baseline": "a guess made from the texts alone, without asking the model; if it tells items from twins, a "
    "model that saw neither may prefer items too",
    "control": "the same measured on the reference model, which never saw the benchmark",
    "log-likelihood": "how likely the model found a text, as a logarithm",
}


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of benchmarks says, and its charts by the id of their place."""
    own = {
        "headline": headline(evidence), "explain": words.Explained(GLOSSARY),
        "items": list(best_known(evidence, show_text)), "answers": answers(evidence), "most": MOST,
    }  # fmt: skip
    return own, charts(evidence)


def missing(evidence: Evidence) -> dict[str, bool]:
    """What an audit for a leaked benchmark may lack, and what it would add; whether it is there."""
    return {
        "No reference model was given, so nothing can be shown: twins may be less natural than items, and only a model "
        "that never saw the benchmark tells how much that alone is worth.":
            bool(evidence.shard_paths("reference_logprobs")),
        "The scores of the blind baseline were not kept, so whether twins read like items is not known.":
            evidence.blind is not None,
    }  # fmt: skip


def headline(evidence: Evidence) -> str:
    """The one sentence a reader takes away."""
    of = {v.method: v.decision for v in evidence.verdicts}
    if METHOD not in of:
        return "This audit has not come to a verdict yet."
    seen = {
        "shown": "This model has seen the benchmark: it knows the items' own words",
        "not shown": "This model knows the items of the benchmark no better than texts like them",
        "inconclusive": "Whether this model has seen the benchmark cannot be told from these items",
    }[of[METHOD]]
    recalled = {
        "shown": ", and it answers from memory" if of[METHOD] == "shown" else ", but it answers from memory",
        "not shown": ", and nothing says that it answers from memory",
    }.get(of.get(f"{METHOD}_recall", ""), "")
    return f"{seen}{recalled}."


def beyond_reference(evidence: Evidence) -> Versions | None:
    """Log-likelihoods of all versions, those of the reference taken off where there is one."""
    scores = evidence.scores.get(METHOD)
    if scores is None:
        return None
    known = scores.extra.get("reference_loglik", np.zeros(len(scores)))
    found = Versions.of(scores, np.asarray(scores.extra["loglik"], np.float64) - np.asarray(known, np.float64))
    return found if found.first.size else None


def charts(evidence: Evidence) -> dict[str, Chart]:
    """How far each item, and each twin, stands above the other versions."""
    found = beyond_reference(evidence)
    if found is None:
        return {}
    rest = np.delete(found.values, found.first)
    return {"difference": difference_chart(found.own, rest, "items", "twins in their place", "nats per character")}


def answers(evidence: Evidence) -> dict[str, int]:
    """Counts of items answered by skill, by recall or not; empty where answers are not known."""
    scores = evidence.scores.get(METHOD)
    counts = {} if scores is None else recalled_or_skilled(scores)
    return counts if sum(counts.values()) else {}


def best_known(evidence: Evidence, show_text: bool) -> Iterator[dict[str, Any]]:
    """The items that stand highest above their twins."""
    found = beyond_reference(evidence)
    if found is None or evidence.corpus is None:
        return
    texts = dict(zip(evidence.corpus.ids.tolist(), evidence.corpus.items, strict=True))
    beaten = found.beaten()
    for i in np.argsort(-found.own, kind="stable")[:MOST]:
        item = texts.get(found.items[i], "")
        text = words.safe(item if isinstance(item, str) else item["prompt"])
        yield {
            "name": mask_personal(str(found.items[i])), "value": float(found.own[i]), "beaten": float(beaten[i]),
            "twins": int(found.sizes[i]) - 1, "text": text if show_text else mask_text(text),
        }  # fmt: skip


PART = Part(
    home=__name__,
    template="benchmark.html.jinja",
    page=page,
    missing=missing,
    roles=(("member", "benchmark item", "benchmark items"), ("nonmember", "twin", "twins")),
)
