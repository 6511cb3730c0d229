"""One training: a generator learns a table, with or without a cure; what does it copy, and what are its rows worth?"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from byheart.cli.reproduce import load_reproduction
from byheart.core.atomic import kept_json, kept_table
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.items.rows import Rows
from byheart.core.progress import progress
from byheart.core.randomness import derive_seed
from byheart.measure.table_quality import table_quality
from byheart.mitigate._row_mixing.baselines import mixup_tabular, smote_tabular
from byheart.mitigate.tabcutmix import TabCutMix
from byheart.models.table.tabddpm import TabDDPM
from byheart.models.table.tabsyn import TabSyn
from byheart.stats.excess import excess
from byheart.stats.intervals import proportion

from .ratios import METRICS, copied
from .tables import Table, adult

BASELINES: dict[str, Callable[..., pd.DataFrame]] = {"mixup": mixup_tabular, "SMOTE": smote_tabular}
CURES = ("none", *BASELINES, "TabCutMix", "TabCutMixPlus")
MODELS: dict[str, Any] = {"tabddpm": TabDDPM, "tabsyn": TabSyn}
FAMILIES = tuple(MODELS)
BATCH = 4096
"""Rows of an update, as in the paper, or all rows where there are fewer: then every update sees the whole table, and
with a cure every training row is seen exactly as often as without."""
SIZES: dict[tuple[str, str], dict[str, Any]] = {
    ("tabddpm", "small"): {"width": 128},
    ("tabsyn", "small"): {"width": 128, "lr": 5e-3, "vae_iterations": 500, "vae_layers": 1,
                          "factor": 8, "vae_lr": 5e-3},
    ("tabddpm", "paper"): {"width": 1024, "layers": 4, "steps": 1000, "lr": 1.81e-3,
                           "weight_decay": 5e-4},
    ("tabsyn", "paper"): {"width": 1024, "vae_epochs": 4000, "vae_lr": 1e-3},
}  # fmt: skip
QUALITY = ("shape", "trend", "efficacy", "alpha_precision", "beta_recall", "c2st_logistic")


@dataclass(frozen=True)
class Setting:
    """What one training depends on.

    Args:
        family: one of `FAMILIES`.
        seed: draws the rows, the start, the batches and the samples.
        rows: training rows.
        steps: updates of the network that removes noise, at full length.
        share: of the full length that is trained; TabSyn's autoencoder is always trained whole.
        columns: how many columns, the target among them; None for all.
        cure: one of `CURES`.
        ratio: new rows per training row.
        made: rows sampled.
        held: rows held out.
        size: `small` or `paper`, of the networks.
        device: cpu, cuda or auto.
    """

    family: str
    seed: int
    rows: int
    steps: int
    share: float = 1.0
    columns: int | None = None
    cure: str = "none"
    ratio: float = 0.3
    made: int = 1000
    held: int = 2000
    size: str = "small"
    device: str = "cpu"

    def but(self, **changes: Any) -> Setting:
        """The same with these changes."""
        return replace(self, **changes)


def all_measured(settings: list[Setting], folder: Path) -> dict[Setting, dict[str, float]]:
    """The numbers of all trainings, as many at a time as there are processors (one at a time on a GPU)."""
    n_workers = 1 if settings[0].device != "cpu" else min(len(settings), os.cpu_count() or 1)
    home = Path(__file__).parent
    with ProcessPoolExecutor(n_workers, get_context("spawn"), initializer=load_reproduction, initargs=(home,)) as pool:
        running = [pool.submit(measured, setting, folder) for setting in settings]
        try:
            return {s: r.result() for s, r in zip(settings, progress(running, "Trainings"), strict=True)}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def measured(setting: Setting, folder: Path) -> dict[str, float]:
    """The numbers of one training, kept in `folder`; what is there is not trained again.

    Returns:
        By metric (`gower`, `paper`): `ratio`, `null` and `excess`; and the parts of the quality.
    """
    torch.set_num_threads(1)
    place = folder / "trainings" / digest_json(asdict(setting))[:16]
    found: dict[str, float] = kept_json(place / "numbers.json", lambda: _numbers(setting, adult(), place))
    return found


def _numbers(setting: Setting, table: Table, place: Path) -> dict[str, Any]:
    table = table if setting.columns is None else table.only(_spread(table, setting.columns))
    rows = table.shuffled(setting.seed, "trainings")
    train, held = rows.iloc[: setting.rows], rows.iloc[-setting.held :].reset_index(drop=True)
    made = kept_table(place / "rows.parquet", lambda: _generated(setting, table, train, place))
    made = table.schema.conform(made)
    found: dict[str, Any] = {"setting": asdict(setting)}
    for metric in METRICS:
        shares = [proportion(copied(part, train, table, metric)) for part in (made, held)]
        found[f"{metric} ratio"], found[f"{metric} null"] = (s.value for s in shares)
        found[f"{metric} excess"] = excess(*shares).value
    return found | _quality(made, held, table, setting)


def _quality(made: pd.DataFrame, held: pd.DataFrame, table: Table, setting: Setting) -> dict[str, float | None]:
    """How like real rows the generated ones are: real rows that nobody trained on, as a copy is most like its original.

    One half of the held-out rows stands for the real table, models are judged on the other.
    """
    half = len(held) // 2
    parts = {"member": held[:half], "synthetic": made, "nonmember": held[half:]}
    first, second, third = (Corpus.of(Rows.of(part, table.schema), role) for role, part in parts.items())
    quality = table_quality(first + second + third, limit=setting.made, seed=setting.seed).estimates
    return {name: quality[name].value for name in QUALITY}


def _generated(setting: Setting, table: Table, train: pd.DataFrame, place: Path) -> pd.DataFrame:
    """Rows of a generator that is kept beside them."""
    kind, options = MODELS[setting.family], SIZES[setting.family, setting.size]
    if (place / "generator.json").exists():
        return kind.load(place, device=setting.device).sample(setting.made, seed=setting.seed)
    learned = cured(setting, table, train)
    n = round(setting.share * setting.steps)
    made = kind(n_iterations=n, batch_size=min(len(learned), BATCH), device=setting.device, **options)
    made.fit(learned, table.schema, seed=setting.seed).save(place)
    return made.sample(setting.made, seed=setting.seed)


def cured(setting: Setting, table: Table, train: pd.DataFrame) -> pd.DataFrame:
    """The training rows, and under them those of the cure."""
    target, seed = table.schema.target, derive_seed(setting.seed, "cure")
    options: dict[str, Any] = {"schema": table.schema, "seed": seed}
    if setting.cure == "none":
        return train
    if setting.cure in BASELINES:
        return BASELINES[setting.cure](train, target, ratio=setting.ratio, **options)
    return TabCutMix(setting.ratio, plus=setting.cure == "TabCutMixPlus", **options).fit_resample(train, target)


def _spread(table: Table, n: int) -> list[str]:
    """The target and n - 1 of the other columns, evenly among numbers and categories in the order of the file."""
    others = [c for c in table.schema.compared if c != table.schema.target]
    return [*(others[i * len(others) // (n - 1)] for i in range(n - 1)), str(table.schema.target)]
