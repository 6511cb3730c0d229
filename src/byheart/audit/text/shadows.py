"""Shadow models: trained as the target was, each on its own part of the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byheart.audit.measuring import Source
from byheart.core.digest import digest_text
from byheart.core.errors import DataError, UsageError
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.measure.counterfactual import counterfactual
from byheart.measure.lira import lira
from byheart.measure.rmia import rmia

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel


@dataclass(frozen=True)
class Shadow:
    """A shadow model and the ids of the records it was trained on."""

    model: LanguageModel
    trained_on: frozenset[str]

    @property
    def digest(self) -> str:
        """Fingerprint of the model and of what it was trained on."""
        return digest_text([self.model.digest, *sorted(self.trained_on)])


def open_shadow(stated: str, opening: Callable[[str], LanguageModel]) -> Shadow:
    """A shadow model from `MODEL=IDS`, IDS a text file with one record id a line.

    Raises:
        UsageError: if it is not of that form.
        DataError: if the file of ids is not there or empty.
    """
    source, equals, ids = stated.rpartition("=")
    if not equals or not source:
        raise UsageError(f"--shadow is MODEL=IDS, a model and a file with the ids it was trained on; got {stated!r}")
    if not Path(ids).is_file():
        raise DataError(f"{ids} is not there; it lists the ids of the records that {source} was trained on, one a line")
    names = frozenset(line.strip() for line in Path(ids).read_text(encoding="utf-8").splitlines() if line.strip())
    if not names:
        raise DataError(f"{ids} names no record; give the ids that {source} was trained on, one a line")
    return Shadow(opening(source), names)


def measure_shadows(sources: Mapping[str, Source], shadows: Sequence[Shadow], run: RunFolder) -> dict[str, Scores]:
    """LiRA, RMIA and counterfactual memorization, if there are shadow models.

    Returns:
        Scores by method name, kept in the run folder.
    """
    if not shadows:
        return {}
    signals = [sources[f"shadow_{i:03d}_logprobs"] for i in range(len(shadows))]
    passes = [s for s in signals if isinstance(s, Signals)]
    target = sources["token_logprobs"]
    assert isinstance(target, Signals)
    plain = target.take(np.isin(target.ids, passes[0].ids))
    included = np.array([[i in s.trained_on for i in plain.ids.tolist()] for s in shadows], dtype=bool)
    if not included.any():
        raise DataError(
            "no record of the audit is among the ids of the shadow models; ids must be those of the records"
        )
    offline = not (included.any(0) & ~included.all(0)).any()
    found = {
        "lira": lira(plain, passes, included=included, offline=offline),
        "rmia": rmia(plain, passes, included=included),
        "counterfactual": counterfactual(passes, included=included),
    }
    for name, scores in found.items():
        scores.save(run.scores_path(name))
    return found
