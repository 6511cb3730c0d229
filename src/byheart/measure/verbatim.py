"""How long a stretch of an article does a chat model write out word for word, asked in every way of a grid?

Source: Freeman et al. 2024, arXiv 2412.06370: longest common contiguous substring of answer and true continuation, in
characters, the largest over prefixes and attacks.
Departs from it: the prefix's echo and text that other articles share are taken out first; refused and failed questions
are missing data, not zeros; further measures stand beside. The maximum is taken over members and controls alike, so
that it raises both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from byheart.compare.text.plain_text import normalise, word_codes, words
from byheart.compare.text.shared_text import RUN, shared_runs
from byheart.compare.text.substring import longest_common_substring
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.chat.reply_cells import ANSWERED, KINDS, reply_cells

LARGEST = ("words", "near", "near_share", "covered", "rouge", "edit", "share")
POOR = 0.5
"""Share of different words below which a text is a list or a table, whose long matches need no memory."""


@method(
    paper="2412.06370",
    family="chat",
    needs=("replies", "corpus"),
    unit="characters",
    claim="membership",
    threat="regurgitation of training data",
    sentence="The model writes out longer stretches of the articles word for word than of articles it cannot have "
    "seen.",
    cost="none beside the answers",
    limits="a refusal or a filter hides memory; quotations and reprints are recited without this copy of the article",
)
def verbatim(
    replies: Signals, corpus: Corpus, *, public: Sequence[str] = (), shared_run: int = RUN, whole_words: int = 20
) -> Scores:
    """Longest stretch of each article's continuation that stands in an answer, the largest over all questions.

    Args:
        replies: as `signals/chat/replies` leaves them.
        corpus: the articles.
        public: texts that are nobody's; what an article shares with them does not count.
        shared_run: words in a row that another article must share for them not to count.
        whole_words: an article with so many words in a row is `recited`.

    Returns:
        Scores (articles,), characters: 0 when nothing came back; NaN where no question was answered, which says
        nothing about memory. Extra columns: the largest `words` in a row, `near` (words in the longest stretch of which
        at most one in ten is changed), `near_share` (share of the continuation in such stretches of 100 words or
        more), `covered` (words in blocks of 8), `rouge` (recall of the common subsequence of words), `edit` (similarity
        of the nearest part of the answer), `share` (of the continuation); `recited`; `guessed` (whether so many words
        in a row stand in the article's own beginning, another article or a public text); `poor` (a list or table);
        `with_refusals` (the value with every refusal as 0); `prefix`, `offset`, `attack`, `sample` and `span` of the
        longest stretch; and how many questions were of each kind (`n_refusal`, ...).
    """
    cells = reply_cells(replies, corpus, tuple(public), shared_run)
    n = len(corpus)
    answered = cells[cells["kind"].isin(ANSWERED)]
    extra = {name: _largest(answered, name, n) for name in LARGEST}
    value = _largest(answered, "characters", n)
    asked = cells[~cells["kind"].isin(("skipped", "error"))]
    best = answered.sort_values("characters", ascending=False, kind="stable").drop_duplicates("row").set_index("row")
    for name, absent in (("prefix", -1), ("offset", -1), ("attack", -1), ("sample", -1)):
        extra[name] = best[name].reindex(range(n), fill_value=absent).to_numpy(dtype=np.int64)
    extra["span"] = best["span"].reindex(range(n), fill_value="").to_numpy(dtype=object)
    extra["with_refusals"] = _largest(asked, "characters", n)
    extra["recited"] = np.nan_to_num(extra["words"]) >= whole_words
    extra["guessed"] = _guessable(cells, corpus, public, whole_words)
    extra["poor"] = np.array([_different(str(t)) < POOR for t in corpus.items], dtype=bool)
    for kind in KINDS:
        extra[f"n_{kind}"] = np.bincount(cells.loc[cells["kind"] == kind, "row"].to_numpy(np.int64), minlength=n)
    params = {"shared_run": shared_run, "whole_words": whole_words, "public": len(public)}
    card = verbatim.card  # type: ignore[attr-defined]
    return Scores(value, replies.ids, replies.roles, replies.groups, card, params, extra)


def _largest(cells: pd.DataFrame, name: str, n: int) -> np.ndarray:
    """Largest value of each article, float64 (n,); NaN without a question."""
    found: np.ndarray = cells.groupby("row")[name].max().reindex(range(n)).to_numpy(dtype=np.float64)
    return found


def _different(text: str) -> float:
    """Different words over words; 1 for an empty text."""
    said = words(normalise(text).lower())
    return len(set(said)) / len(said) if said else 1.0


def _guessable(cells: pd.DataFrame, corpus: Corpus, public: Sequence[str], run: int) -> np.ndarray:
    """Whether so many words in a row after the first cut also stand before it, or in somebody else's text.

    Then somebody could write them who never saw the article. Float64 (n,), 0 or 1; NaN where nothing was asked.
    """
    texts = [words(normalise(str(t))) for t in corpus.items]
    starts = shared_runs(texts, corpus.groups, [words(normalise(p)) for p in public], run=run)
    asked = cells[cells["kind"] != "skipped"]
    cuts = (asked["prefix"] + asked["offset"]).groupby(asked["row"]).min()
    found = np.full(len(corpus), np.nan)
    for i, cut in zip(cuts.index.tolist(), cuts.tolist(), strict=True):
        before, after = word_codes(texts[i][:cut], texts[i][cut:])
        repeats = longest_common_substring(before, after).length >= run
        found[i] = float(repeats or any(start >= cut for start in starts[i]))
    return found
