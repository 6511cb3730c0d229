"""What should a model card say about memorization? One markdown section, made from a run folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from byheart.core.atomic import write_text
from byheart.core.run import RunFolder
from byheart.core.verdict import Verdict
from byheart.report.evidence import Evidence
from byheart.report.part import Part, baseline_word, part_of
from byheart.report.provenance import made_with
from byheart.report.words import interval_words, number, p_words, safe, said, sentence, tally


def write_model_card(run: RunFolder) -> Path:
    """Write `report.md`: the verdicts, their numbers, what they do not license, how to make them again.

    It never holds training text, nor a cell of a table.
    """
    evidence = Evidence.of(run)
    part = part_of(evidence)
    tell, (headline, more) = part.telling(evidence), part.card(evidence)
    parts = [
        "## Memorization",
        plain(headline),
        plain(f"{tally(evidence.verdicts)} Audited: {', '.join(part.counts(evidence)) or 'no records'}."),
        claims_table(evidence.verdicts),
        more,
        "### What this does not show",
        bullets([of(methods, tell(s)) for methods, s in part.unlicensed(evidence)]),
        bullets([of(methods, tell(s)) for methods, s in said(evidence.verdicts, shown=True)]),
        bullets([tell(s) for s in evidence.facts.get("notes", [])]),
        "### How it was measured",
        provenance(part, evidence),
    ]
    path = run.path / "report.md"
    write_text("\n\n".join(p for p in parts if p) + "\n", path)
    return path


def plain(text: Any) -> str:
    """A sentence that markdown shows as it is, on one line, personal data masked."""
    line = " ".join(sentence(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", line)


def bullets(sentences: list[Any]) -> str:
    """A list; empty if there is nothing to list."""
    return "\n".join(f"- {plain(s)}" for s in sentences)


def of(methods: list[str], text: str) -> str:
    """A sentence with the methods it was said of."""
    return f"{text} ({', '.join(methods)})" if methods else text


def code(lines: list[Any]) -> str:
    """A fenced block that no line in it can end."""
    text = "\n".join(safe(x) for x in lines)
    longest = max((len(m) for m in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"


def claims_table(verdicts: list[Verdict]) -> str:
    """All claims with n, interval, p, control and blind baseline."""
    if not verdicts:
        return ""
    baseline = baseline_word(verdicts[0])
    head = f"| claim | method | decision | n | measured | 95 % interval | p | control | {baseline} |"
    rows = [head, "|---|---|---|--:|--:|--:|--:|--:|--:|"]
    for v in verdicts:
        others = [number(e.value) if e else "–" for e in (v.control, v.baseline)]
        cells = [v.claim, v.method, v.decision, f"{v.main.n:,}", number(v.main.value), interval_words(v.main) or "–",
                 p_words(v.p), *others]  # fmt: skip
        rows.append("| " + " | ".join(plain(c) for c in cells) + " |")
    return "\n".join(rows)


def provenance(part: Part, evidence: Evidence) -> str:
    """Commands, versions, digests, seed and device."""
    listed = bullets([f"{name}: {value}" for name, value in made_with(evidence.facts, part.made_from)])
    commands = evidence.facts.get("reproduce", [])
    return f"{code(commands)}\n\n{listed}" if commands else listed
