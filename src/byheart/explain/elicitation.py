"""Which way of asking brings an article back, and which one is refused?

Source: Freeman et al. 2024, arXiv 2412.06370 (prefix lengths x attacks). Refusals are counted beside every mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.compare.text.shared_text import RUN
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.signals.chat.reply_cells import ANSWERED, KINDS, reply_cells


@method(
    paper="2412.06370",
    family="chat",
    needs=("replies", "corpus"),
    unit="characters",
    cost="none beside the answers",
    limits="the best question was chosen after the fact; on other articles it may do less",
)
def elicitation(replies: Signals, corpus: Corpus, *, public: Sequence[str] = (), shared_run: int = RUN) -> Findings:
    """What each question of the grid brings back of members, and how its answers are spread over the kinds.

    Args:
        replies: as `signals/chat/replies` leaves them.
        corpus: the articles.
        public: texts that are nobody's.
        shared_run: words in a row that another article must share for them not to count.

    Returns:
        Findings of kind factor: an address `prefix:38 attack:0 role:member` for each question and role (with
        `offset:100` after the prefix where words were left out before it), its weight the mean longest stretch in
        characters over answered questions (0 without one). Columns: `prefix`, `offset`, `attack`, `role`, `answered`,
        `largest`, and the number of answers of each kind.
    """
    cells = reply_cells(replies, corpus, tuple(public), shared_run)
    keys = ["prefix", "offset", "attack", "role"]
    counts = cells.pivot_table(index=keys, columns="kind", values="row", aggfunc="count", fill_value=0, sort=True)
    counts = counts.reindex(columns=list(KINDS), fill_value=0)
    answered = cells[cells["kind"].isin(ANSWERED)].groupby(keys)["characters"].agg(["mean", "max", "count"])
    answered = answered.reindex(counts.index).fillna(0.0)
    names = [
        f"prefix:{prefix} {f'offset:{offset} ' if offset else ''}attack:{attack} role:{role}"
        for prefix, offset, attack, role in counts.index
    ]
    facts = counts.reset_index()
    columns = {name: facts[name].to_numpy() for name in [*keys, *KINDS]}
    columns |= {"answered": answered["count"].to_numpy(np.int64), "largest": answered["max"].to_numpy(np.int64)}
    card = elicitation.card  # type: ignore[attr-defined]
    weight = answered["mean"].to_numpy(np.float64)
    address, params = np.array(names, dtype=object), {"shared_run": shared_run}
    return Findings("factor", address, weight, card, params=params, columns=columns)
