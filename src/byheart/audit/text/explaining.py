"""Why is it recited, where in the network does that show, and what does switching it off do?

The expensive questions that follow a verdict; each leaves findings in the run, and the report draws them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.profiles import Profile
from byheart.audit.text.passes import make_pass, run_pass
from byheart.audit.text.probing import Probing, look_inside
from byheart.audit.text.switching import Switching, switch_off
from byheart.core.errors import TargetError, TooFewRecords
from byheart.core.run import RunFolder
from byheart.execute.job import Engine
from byheart.explain.redundancy import redundancy
from byheart.index import open_index

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

log = logging.getLogger(__name__)


def explain_run(
    run: RunFolder, target: LanguageModel, profile: Profile, engine: Engine, *, seed: int, batch_size: Any
) -> None:
    """Perturb prefixes, find the sites, switch them off; findings go into the run.

    Where records or model do not allow a question, the reason stands in run.json under `unanswered`.

    Args:
        run: the folder, with corpus and verdicts.
        target: its model.
        profile: how many records are read again.
        engine: where the pass runs.
        seed: of everything drawn.
        batch_size: tokens per forward pass, or auto.
    """
    one = make_pass("perturbed_prefixes", run.corpus, target, None, profile, seed=seed, batch_size=batch_size)
    assert one is not None, "a pass over the records' own prefixes needs nothing else"
    with run.step("redundancy"):
        signals = run_pass(one, run, engine, "Pass: perturbed prefixes")
        redundancy(signals, counts=seen_in_training(run), seed=seed).save(run.findings_folder)
    unanswered: dict[str, str] = {}
    try:
        look_inside(run, target, Probing(limit=profile.n_explained))
        log.info("Switching recitation off where it shows.")
        switch_off(run, target, Switching(limit=profile.n_explained), batch_size=batch_size)
    except (TooFewRecords, TargetError) as e:
        log.info("Not answered: %s.", e)
        unanswered["activation_probe"] = str(e)
    run.update(unanswered=unanswered)


def seen_in_training(run: RunFolder) -> np.ndarray | None:
    """How often each token stands in the training records, int64 (vocabulary,); None where they were not indexed."""
    index = run.path / "index"
    return np.asarray(open_index(index).unigrams) if (index / "index.json").exists() else None
