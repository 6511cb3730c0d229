"""From what a chat model wrote to verdicts: a refusal is missing data, and never read as 'not memorized'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from byheart.audit.judging import each_claim, held
from byheart.audit.profiles import Profile
from byheart.core.findings import Findings
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.explain.output_filter import filter_found
from byheart.signals.chat.reply_cells import ANSWERED, KINDS
from byheart.stats.admit import admit
from byheart.stats.gate import gate
from byheart.stats.judge.beside import Beside

SILENT = 0.1
"""Share of the members without any answer, or of answers filtered, above which nothing seen means nothing."""
MOSTLY = 0.5


def judge_chat(
    scores: Mapping[str, Scores], profile: Profile, *, cut_off: Findings | None = None, seed: int, level: float = 0.05
) -> list[Verdict]:
    """Judge both claims: longer stretches (ranks), and whole passages (a length fixed beforehand).

    Args:
        scores: `verbatim` with what is read off it, and `blind` if it could be made.
        profile: how many resamples, and whether a claim may be made at all.
        cut_off: of `explain/output_filter`.
        seed: for resampling.
        level: largest p that counts.
    """
    own = scores["verbatim"]
    hidden, told = hiding(own, cut_off), [*counted(own), *_alike(own)]
    judged = each_claim(scores, profile, seed=seed, level=level)
    judged = [_known_elsewhere(v, scores, seed) if scores[v.method].card.claim == "recitation" else v for v in judged]
    return [_cautioned(v, hidden, told) for v in held(judged, scores, profile, level=level)]


def _known_elsewhere(verdict: Verdict, scores: Mapping[str, Scores], seed: int) -> Verdict:
    """Where the sets differ in themselves, passages may be known from reprints and quotations."""
    blind = Beside(scores=scores, seed=seed).guess("membership")
    apart = gate(admit(scores["verbatim"], "member", "nonmember")[0], blind)
    if verdict.decision != "shown" or not apart.separates:
        return verdict
    caveat = (
        f"The two sets differ in themselves (a blind guess tells them apart with AUC {apart.baseline}): passages this "
        "long are not guessed, but the model may know them from quotations and reprints rather than from these copies. "
        "Read the passages."
    )
    return replace(verdict, caveats=(*verdict.caveats, caveat))


def _cautioned(verdict: Verdict, hidden: str, told: Sequence[str]) -> Verdict:
    if verdict.decision != "shown" and hidden:
        return replace(verdict, decision="inconclusive", caveats=(hidden, *verdict.caveats, *told))
    return replace(verdict, caveats=(*verdict.caveats, *told))


def hiding(own: Scores, cut_off: Findings | None = None) -> str:
    """Why nothing seen would mean nothing: the model refuses, is filtered, or fails; empty where it answers."""
    mine = own.take(own.roles == "member")
    n, silent = len(mine), int(np.isnan(mine.values).sum())
    kinds = {kind: float(mine.extra[f"n_{kind}"].sum()) for kind in KINDS}
    asked = sum(v for k, v in kinds.items() if k != "skipped")
    if n == 0 or asked == 0:
        return "No question about a member article was answered, so nothing can be said about memory."
    if silent / n > SILENT:
        most = max(("refusal", "empty", "error", "skipped"), key=lambda k: kinds[k])
        why = {
            "refusal": "the model refuses", "empty": "answers are empty", "error": "requests failed",
            "skipped": "articles are too short for the grid",
        }[most]  # fmt: skip
        return (
            f"{silent} of {n} member articles got no answer to any question ({why}). That is missing data, not "
            "absence of memory: try other attack templates, or an interface without refusals."
        )
    if kinds["refusal"] / asked > MOSTLY:
        return (
            f"The model refused {100 * kinds['refusal'] / asked:.0f} % of the questions about member articles. That is "
            "missing data, not absence of memory: try other attack templates."
        )
    length = None if cut_off is None else filter_found(cut_off)
    if length is not None or kinds["filtered"] / asked > SILENT:
        where = f" after about {length} words" if length is not None else ""
        return f"Something cuts recitations off{where}, so longer ones may exist that cannot be seen."
    return ""


def counted(own: Scores) -> list[str]:
    """How many questions were answered, refused and so on, on both sides, in sentences."""
    out = []
    for role, name in (("member", "member"), ("nonmember", "control")):
        side = own.take(own.roles == role)
        if not len(side):
            continue
        kinds = {k: int(side.extra[f"n_{k}"].sum()) for k in KINDS}
        rest = ", ".join(f"{n} {k}" for k, n in kinds.items() if n and k not in ANSWERED)
        full = np.where(np.isnan(side.extra["with_refusals"]), 0.0, side.extra["with_refusals"])
        both = "" if not kinds["refusal"] else (
            f" Mean longest stretch over answered questions {_mean(side.values)} characters; with refusals as nothing "
            f"{full.mean():.0f}."
        )  # fmt: skip
        cut = f" ({kinds['filtered']} of them cut off)" if kinds["filtered"] else ""
        answered = sum(kinds[k] for k in ANSWERED)
        out.append(f"Questions about {name} articles: {answered} answered{cut}, {rest or 'none left out'}.{both}")
    return out


def _mean(values: np.ndarray) -> str:
    known = values[~np.isnan(values)]
    return f"{known.mean():.0f}" if known.size else "unknown"


def _alike(own: Scores) -> list[str]:
    """Whether both sides were asked as often: the largest of more answers is larger."""
    means = {}
    for role in ("member", "nonmember"):
        side = own.take(own.roles == role)
        means[role] = float(np.mean(sum(side.extra[f"n_{k}"] for k in ANSWERED))) if len(side) else 0.0
    low, high = sorted(means.values())
    if not low or high / low <= 1.1:
        return []
    return [
        f"Member articles got {means['member']:.1f} answers each and controls {means['nonmember']:.1f}: the largest of "
        "more answers is larger by chance alone. Use articles of like length, or shorter prefixes."
    ]
