"""How does one say a number, an interval and a decision in plain words?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from byheart.core.mask import mask_personal
from byheart.core.verdict import Estimate, Verdict

GLOSSARY = {
    "control": "records from the same source that the model was never trained on",
    "blind baseline": "a guess made from the texts alone, without asking the model; if it succeeds, the two sets "
    "differ by themselves and a high score proves nothing about training",
    "canary": "a made-up record planted in the training data by us, so that we know what the model saw and how often",
    "canaries": "made-up records planted in the training data by us, so that we know what the model saw and how often",
    "twins": "made-up records of the same kind that were never planted; what happens to them happens by chance",
    "AUC": "how often a training record scores higher than a control, of all pairs; 0.5 is chance, 1 is always",
    "ROC curve": "the share of training records found, for each share of controls that are wrongly accused",
    "interval": "the range of true values that the data are compatible with; 95 of 100 such ranges hold the true value",
    "p-value": "how often chance alone would give a result at least this strong",
    "adjusted": "made larger to allow for the number of claims that were tested at once",
    "exposure": "how early a canary comes when it is ranked among its twins, in bits; each bit halves the number of "
    "twins before it",
    "bits": "powers of two: 3 bits is one in 8, 10 bits is one in 1,024",
    "token": "a piece of text, often a word or part of one, that the model reads and writes at a time",
    "tokens": "pieces of text, often words or parts of words, that the model reads and writes one at a time",
    "log-probability": "how likely the model found a token, as a logarithm; 0 is certain, -2.3 is one in ten",
    "greedy decoding": "letting the model write, taking the likeliest token each time",
    "false alarms": "controls that are wrongly taken for training records",
}


def number(x: float | None) -> str:
    """Three significant digits, no needless zeros; a dash where there is none."""
    if x is None:
        return "–"
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"


def interval_words(e: Estimate) -> str:
    """`0.65 to 0.83`, open sides in words; empty if there is no interval.

    >>> interval_words(Estimate(1.0, 0.5, None, 9, "", ""))
    '0.5 or more'
    """
    if e.low is not None and e.high is not None:
        return f"{number(e.low)} to {number(e.high)}"
    if e.low is not None:
        return f"{number(e.low)} or more"
    return f"up to {number(e.high)}" if e.high is not None else ""


def estimate_words(e: Estimate) -> str:
    """`0.74 (95 % interval 0.65 to 0.83)`.

    >>> estimate_words(Estimate(0.5, None, None, 3, "", ""))
    '0.5'
    """
    if e.value is None:
        return "no value"
    span = interval_words(e)
    return number(e.value) + (f" ({100 * e.level:g} % interval {span})" if span else "")


def p_words(p: float | None) -> str:
    """`p = 0.02`, with a floor at 0.0001.

    >>> p_words(0.00001), p_words(None)
    ('p < 0.0001', 'no p-value')
    """
    if p is None:
        return "no p-value"
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(61.5), duration(2)
    ('1 min 2 s', '2.0 s')
    """
    whole = round(seconds)
    return f"{seconds:.1f} s" if seconds < 60 else f"{whole // 60} min {whole % 60} s"


def safe(text: Any) -> str:
    r"""Text that any page or XML file can hold: control characters as pictures, no lone surrogates.

    >>> safe("a\x00b")
    'a␀b'
    """
    shown = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", lambda m: _picture(m[0]), str(text))
    return shown.encode("utf-8", "replace").decode("utf-8")


def _picture(c: str) -> str:
    return chr(0x2400 + ord(c)) if ord(c) < 0x20 else "\ufffd"


def sentence(text: Any, show_text: bool = False) -> str:
    """A sentence that others wrote, fit to be shown: personal data masked unless text may be shown."""
    return safe(text if show_text else mask_personal(str(text)))


def claims_headline(verdicts: Sequence[Verdict]) -> str:
    """How many claims of memorization are shown, where a run has nothing plainer to open with."""
    if not verdicts:
        return "This audit has not come to a verdict yet."
    shown = sum(v.decision == "shown" for v in verdicts)
    return f"{shown} of {len(verdicts)} claims of memorization {'is' if shown == 1 else 'are'} shown."


def overall(verdicts: list[Verdict]) -> str:
    """The strongest decision of all: shown, else inconclusive, else not shown."""
    decisions = {v.decision for v in verdicts}
    return next((d for d in ("shown", "inconclusive", "not shown") if d in decisions), "inconclusive")


def tally(verdicts: list[Verdict]) -> str:
    """How many claims are shown, not shown, inconclusive, in one sentence."""
    if not verdicts:
        return "There is no verdict to report."
    counts = [(sum(v.decision == d for v in verdicts), d) for d in ("shown", "not shown", "inconclusive")]
    n, first = len(verdicts), counts[0][0]
    rest = "".join(f", {k} {'is' if k == 1 else 'are'} {d}" for k, d in counts[1:] if k)
    return f"{first} of {n} claim{'' if n == 1 else 's'} {'is' if first == 1 else 'are'} shown{rest}."


def said(verdicts: Sequence[Verdict], *, shown: bool) -> list[tuple[list[str], str]]:
    """Caveats of the claims that are shown, or of the others: each sentence once, with the methods it was said of."""
    found: dict[str, list[str]] = {}
    for v in verdicts:
        if (v.decision == "shown") is shown:
            for caveat in v.caveats:
                found.setdefault(caveat, []).append(v.method)
    return [(methods, caveat) for caveat, methods in found.items()]


class Explained:
    """Wraps the first occurrence of each term of the glossary on one page; later ones stay plain."""

    def __init__(self, glossary: Mapping[str, str] | None = None) -> None:
        self.glossary = GLOSSARY if glossary is None else glossary
        self.used: dict[str, str] = {}

    def __call__(self, text: Any) -> Markup:
        """The text, escaped, with first occurrences explained."""
        terms = sorted((t for t in self.glossary if t not in self.used), key=len, reverse=True)
        html = str(escape(safe(text)))
        if not terms:
            return Markup(html)
        return Markup(re.sub(rf"(?i)\b({'|'.join(terms)})\b", self._once, html))

    def _once(self, match: re.Match[str]) -> str:
        term = next(t for t in self.glossary if t.lower() == match[0].lower())
        if term in self.used or _singular(term) in self.used:
            return match[0]
        self.used[term] = self.glossary[term]
        tip = escape(self.glossary[term])
        return f'<dfn tabindex="0">{match[0]}<span class="tip" role="tooltip"><b>{escape(term)}</b>: {tip}</span></dfn>'


def _singular(term: str) -> str:
    pairs = (("canary", "canaries"), ("token", "tokens"), ("held-out row", "held-out rows"))
    return next((b if term == a else a for a, b in pairs if term in (a, b)), "")
