"""Which synthetic rows hold a cell, or a combination of cells, that no real row would?

Source: Fang et al. 2024, arXiv 2412.11044, Table 5 (out-of-distribution ratio of augmented rows).
Departs from it: half of the training rows teach the network, the other half say how often it calls a real row spoilt;
and rows with one spoilt cell, made of that half, say what it can see at all.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.out_of_distribution import out_of_distribution_ratio
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings


@method(
    paper="2412.11044",
    family="table",
    needs=("corpus",),
    unit="odds of a spoilt cell, 0 to 1",
    cost="a small neural network, seconds for ten thousand rows",
    limits="it sees cells that do not fit the others; a row that fits may still be made up, and where spoilt rows are "
    "hardly found it sees nothing",
)
def out_of_distribution(corpus: Corpus, *, factor: float = 100.0, seed: int = 0) -> Findings:
    """How sure a network is that a cell of each synthetic row was spoilt.

    Args:
        corpus: rows of roles member and synthetic.
        factor: a spoilt number is the number times this: 100 in the paper's text, 10 in its code.
        seed: deals the training rows into halves, spoils cells and begins the network.

    Returns:
        Findings with an address per synthetic row; the weight is how sure the network is that a cell of it was spoilt,
        0 to 1. Estimates, each a share of rows called spoilt: `synthetic`, `real` (training rows that the network did
        not learn from: its false alarms) and `spoilt` (those rows with one cell spoilt: what it can see).

    Raises:
        TooFewRecords: with fewer than 20 training rows, or no synthetic one.
    """
    tables = corpus.where("member", "synthetic")
    is_new = tables.roles == "synthetic"
    seen = out_of_distribution_ratio(tables.rows, is_new, factor=factor, seed=seed)
    return Findings(
        "record", tables.ids[is_new], np.asarray(seen.odds, np.float64),
        out_of_distribution.card,  # type: ignore[attr-defined]
        estimates={"synthetic": seen.augmented, "real": seen.real, "spoilt": seen.found},
        params={"factor": factor, "seed": seed},
    )  # fmt: skip
