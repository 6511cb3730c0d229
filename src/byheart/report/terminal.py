"""What does a verdict look like in a terminal, a log, a file without colours?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from byheart.core.verdict import Verdict
from byheart.report.evidence import ORDER
from byheart.report.part import baseline_word
from byheart.report.words import estimate_words, p_words, safe, tally

WIDTH = 100


def verdict_lines(verdicts: Sequence[Verdict], width: int = WIDTH) -> list[str]:
    """The verdicts as plain lines, the strongest first, then how many claims are shown.

    Args:
        verdicts: in any order.
        width: characters a line may have.
    """
    lines: list[str] = []
    for verdict in sorted(verdicts, key=lambda v: (ORDER[v.decision], 1.0 if v.p is None else v.p)):
        lines += [*_lines(verdict, width), ""]
    return [*lines, tally(list(verdicts))]


def _lines(verdict: Verdict, width: int) -> Iterator[str]:
    yield from _wrapped(f"{verdict.decision.upper()}  {verdict.claim} [{verdict.method}]", width, "  ")
    measured = f"measured {estimate_words(verdict.main)}, {verdict.main.unit}, {p_words(verdict.p)}"
    yield from _wrapped(measured, width, "    ", "  ")
    for name, estimate in (("control", verdict.control), (baseline_word(verdict), verdict.baseline)):
        if estimate is not None:
            yield from _wrapped(f"{name} {estimate_words(estimate)}", width, "    ", "  ")
    for caveat in verdict.caveats:
        yield from _wrapped(f"- {caveat}", width, "    ", "  ")


def _wrapped(text: str, width: int, rest: str, first: str = "") -> list[str]:
    return wrap(safe(text), width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
