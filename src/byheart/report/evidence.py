"""What did a run leave behind, and what is missing from it?

Every part of a run folder may be absent; a report is made from what is there and says what is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.corpus import Corpus
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Verdict

ORDER = {"shown": 0, "inconclusive": 1, "not shown": 2}


@dataclass(frozen=True, eq=False)
class Evidence:
    """The parts of a run that a report reads.

    Args:
        run: the folder.
        facts: run.json.
        verdicts: strongest decision first; empty if the audit has not come to them.
        scores: by method name.
        corpus: None if absent.
    """

    run: RunFolder
    facts: dict[str, Any]
    verdicts: list[Verdict] = field(default_factory=list)
    scores: dict[str, Scores] = field(default_factory=dict)
    corpus: Corpus | None = None

    @classmethod
    def of(cls, run: RunFolder) -> Evidence:
        """Read the folder.

        Raises:
            RunError: if a file in it is of another schema.
        """
        verdicts = run.verdicts if run.verdicts_path.exists() else []
        corpus = run.corpus if run.corpus_path.exists() else None
        ordered = sorted(verdicts, key=lambda v: (ORDER[v.decision], 1.0 if v.p is None else v.p))
        return cls(run, run.facts, ordered, run.scores, corpus)

    @property
    def seed(self) -> int:
        """The seed of the run, 0 if it names none."""
        command = self.facts.get("command", {})
        return int(self.facts.get("seed") or command.get("seed") or 0)

    @property
    def kind(self) -> str:
        """What kind of audit it was, as the run says; empty if it does not."""
        return str(self.facts.get("family") or "")

    def shards(self, name: str) -> Iterator[Signals]:
        """The shards of one signal, in name order, one in memory at a time."""
        for path in self.shard_paths(name):
            yield Signals.load(path)

    def shard_paths(self, name: str) -> list[Path]:
        """Files of one signal, in name order."""
        return sorted(self.run.signals_folder(name).glob("*.safetensors"))

    def count(self, role: str) -> int:
        """Records of this role."""
        if self.corpus is not None:
            return int(np.count_nonzero(self.corpus.roles == role))
        return max((int(np.count_nonzero(s.roles == role)) for s in self.scores.values()), default=0)

    @property
    def blind(self) -> Scores | None:
        """Scores of the blind baseline, which never saw the model, if the audit kept them."""
        return next((s for name, s in self.scores.items() if is_blind(name)), None)

    @property
    def membership(self) -> list[str]:
        """Methods that scored both members and controls; those with the strongest verdict on an AUC first."""
        known = {name: s for name, s in self.scores.items() if not is_blind(name)}
        both = [n for n, s in known.items() if min(len(s.where("member")), len(s.where("nonmember"))) >= 2]
        judged = [v.method for v in sorted(self.verdicts, key=lambda v: not v.main.unit.startswith("AUC"))]
        return sorted(both, key=lambda n: (judged.index(n) if n in judged else len(judged), n))

    def findings(self, name: str) -> tuple[pd.DataFrame, dict[str, Any]] | None:
        """Table and facts that a method that localizes or explains left; None if it left none."""
        table, facts = (self.run.findings_folder / f"{name}.{kind}" for kind in ("parquet", "json"))
        if not (table.exists() and facts.exists()):
            return None
        return pd.read_parquet(table), json.loads(facts.read_text(encoding="utf-8"))

    @property
    def standing_out(self) -> dict[str, float]:
        """How surely each training record stands out from the controls: its q-value by id, if the audit kept it."""
        path = self.run.findings_folder / "standing_out.parquet"
        if not path.exists():
            return {}
        table = pd.read_parquet(path)
        return dict(zip(table["address"].tolist(), table["q"].tolist(), strict=True))


def is_blind(name: str) -> bool:
    """Whether a method's name says that it is the blind baseline."""
    return "blind" in name or name == "baseline"
