"""What stands on the page of an audit of texts, beside what every page has?"""

from __future__ import annotations

from typing import Any

import numpy as np

from byheart.report.evidence import Evidence
from byheart.report.figures import Chart, distribution_chart, roc_band_of, roc_chart
from byheart.report.markdown import plain
from byheart.report.part import Part
from byheart.report.text.canaries import ceiling, exposures, recited_secrets
from byheart.report.text.figures import NULL_BITS, exposure_chart, recited_chart, stretch_chart
from byheart.report.text.membership import membership_words
from byheart.report.text.recitation import LONG, Recital, recital
from byheart.report.text.sites import of_records
from byheart.report.text.sources import sources_of
from byheart.report.text.tokens import LEAST, TOP, most_memorized
from byheart.report.text.why import why_part
from byheart.report.text.words import headline, stretches


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of texts says, and its charts."""
    recited = recital(evidence.shards("token_logprobs"))
    traced = sources_of(evidence, show_text=show_text)
    answers, drawn = why_part(evidence, traced)
    own = {
        "headline": headline(evidence.verdicts, recited),
        "top": TOP, "long": LONG, "least": LEAST, "null_bits": NULL_BITS,
        "rows": most_memorized(evidence, recited, show_text=show_text) if recited is not None else [],
        "stretches": stretch_words(recited), "membership": membership_words(evidence), "answers": answers,
        "sources": together(traced.of if traced is not None else {}, of_records(evidence)),
    }  # fmt: skip
    return own, draw(evidence, recited) | drawn


def together(*said: dict[str, list[str]]) -> dict[str, list[str]]:
    """Sentences by record from several hands, in order."""
    return {name: [s for of in said for s in of.get(name, [])] for name in dict.fromkeys(n for of in said for n in of)}


def draw(evidence: Evidence, recited: Recital | None) -> dict[str, Chart]:
    """The charts that the run has numbers for, by the id of their place on the page."""
    charts: dict[str, Chart] = {}
    if evidence.membership:
        method = evidence.membership[0]
        band = roc_band_of(evidence.scores[method], evidence.seed)
        charts["roc"] = roc_chart(evidence, method, band, log=False)
        charts["roc-low"] = roc_chart(evidence, method, band, log=True)
        charts["distribution"] = distribution_chart(evidence.scores[method])
    if recited is not None and np.isin(recited.roles, ("member", "nonmember")).any():
        charts["stretch"] = stretch_chart(recited)
    bits = exposures(evidence)
    if bits:
        charts["exposure"] = exposure_chart(bits, ceiling(evidence), evidence.seed)
    counts = recited_secrets(evidence, recited)
    if counts:
        charts["recited"] = recited_chart(counts)
    return charts


def stretch_words(recited: Recital | None) -> dict[str, Any]:
    """Counts of long stretches among training records and among controls."""
    out: dict[str, Any] = {"member": None, "nonmember": None}
    if recited is None:
        return out
    for role in ("member", "nonmember"):
        lengths = recited.length[recited.roles == role]
        if lengths.size:
            out[role] = {"n": lengths.size, "long": int((lengths >= LONG).sum()), "most": int(lengths.max())}
    return out


def card(evidence: Evidence) -> tuple[str, str]:
    """What was recited, in one sentence and in counts."""
    recited = recital(evidence.shards("token_logprobs"))
    return headline(evidence.verdicts, recited), stretches(recited)


def counted(evidence: Evidence) -> str:
    """How many records have a long recited stretch."""
    return plain(stretches(recital(evidence.shards("token_logprobs"))))


def missing(evidence: Evidence) -> dict[str, bool]:
    """What a run over texts may lack, and what it would add; whether it is there."""
    return {
        "No control records were given, so nothing can be said about membership: a control of records that the "
        "model never saw, from the same source, would show how often a high score occurs without training.":
            evidence.count("nonmember") > 0,
        "No canaries were planted: canaries, with twins that are never planted, give an exact test that does not "
        "depend on how members and control were collected.": evidence.count("canary") > 0,
        "No reference model was given: with the model as it was before training, the report would tell what was "
        "learned here from what was known before.": bool(evidence.shard_paths("reference_logprobs")),
        "The scores of the blind baseline were not kept, so its curve is not drawn; where it was run, its number "
        "stands in the table of claims.": evidence.blind is not None or not evidence.membership,
        "The token log-probabilities are not in the run folder, so no record can be shown token by token.":
            bool(evidence.shard_paths("token_logprobs")),
    }  # fmt: skip


PART = Part(home=__name__, template="text.html.jinja", page=page, card=card, counted=counted, missing=missing)
