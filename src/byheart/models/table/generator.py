"""What do all trained generators of tables share? A codec, a network, a loop, a folder on disk.

A generator says how its network is built, how it is trained and how it draws; the rest is here, once.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from byheart.core.atomic import replacing, write_json
from byheart.core.digest import digest_json, digest_text
from byheart.core.errors import TargetError, UsageError
from byheart.core.progress import progress
from byheart.core.randomness import derive_seed
from byheart.core.schema import Schema
from byheart.models.table.codec import TableCodec

FORMAT = "byheart.table_generator/1"
CHUNK = 4096  # rows drawn at once; a constant, so that nothing drawn depends on the memory of the machine
Self = TypeVar("Self", bound="TableGenerator")


@dataclass(frozen=True, eq=False)
class TrainState:
    """What a callback sees after an update.

    Args:
        loss: of the batch.
        generator: as far as it is trained; it can be sampled, which leaves the training as it was.
    """

    loss: float
    generator: TableGenerator


Callback = Callable[[int, TrainState], None]


@dataclass(eq=False, kw_only=True)
class TableGenerator(ABC):
    """A network that learned a table.

    Args:
        n_iterations: updates of the weights.
        epochs: passes over the rows; if given, in place of `n_iterations`.
        batch_size: rows of an update; a table that is smaller stands in it several times.
        lr: highest learning rate.
        weight_decay: of the optimizer.
        device: `cpu`, `cuda` or `auto` (a GPU where there is one).
        callback: called after each update with its number, from 1, and a `TrainState`.
    """

    name: ClassVar[str]
    n_iterations: int
    epochs: int | None = None
    batch_size: int = 256
    lr: float = 1e-3
    weight_decay: float = 0.0
    device: str = "cpu"
    callback: Callback | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if min(self.n_iterations, self.batch_size, 1 if self.epochs is None else self.epochs) < 1 or self.lr <= 0:
            raise UsageError(f"{self.name} needs positive numbers of iterations, epochs and rows a batch; got {self}")
        self.codec: TableCodec | None = None
        self.module: nn.Module | None = None

    @abstractmethod
    def _build(self, codec: TableCodec) -> nn.Module:
        """The network, with random weights."""

    @abstractmethod
    def _train(self, module: Any, z: Tensor, codes: Tensor, seed: int) -> None:
        """Train the network in place on the rows."""

    @abstractmethod
    def _draw(self, module: Any, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw z (n, numbers) and codes (n, categories)."""

    def fit(self: Self, frame: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Learn from rows, from random weights; the global random state is left as it was.

        Raises:
            TooFewRecords: if there is no row.
            DataError: if the rows do not fit the schema.
        """
        self.codec = TableCodec.fit(frame, schema)
        z, codes = (torch.from_numpy(a).to(self.place) for a in self.codec.encode(frame))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "first weights"))
            self.module = self._build(self.codec).to(self.place)
        self._train(self.module, z, codes, seed)
        return self

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """So many new rows, with the columns of the schema; free texts and identifiers stay empty.

        Raises:
            TargetError: before `fit`.
        """
        if self.codec is None or self.module is None:
            raise TargetError("the generator has learned nothing yet; call fit first")
        sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)] or [0]
        parts = []
        with torch.no_grad():
            for i, size in enumerate(progress(sizes, f"Drawing {n} rows") if len(sizes) > 1 else sizes):
                rng = torch.Generator().manual_seed(derive_seed(seed, "rows", str(i)))
                z, codes = self._draw(self.module, size, rng)
                parts.append(self.codec.decode(z.cpu().numpy(), codes.cpu().numpy()))
        return pd.concat(parts, ignore_index=True)

    def _tell(self, step: int, loss: float) -> None:
        if self.callback is not None:
            self.callback(step, TrainState(loss, self))

    @property
    def place(self) -> torch.device:
        """Where the network is."""
        fast = self.device == "cuda" or (self.device == "auto" and torch.cuda.is_available())
        return torch.device("cuda" if fast else "cpu")

    @property
    def options(self) -> dict[str, Any]:
        """What it was made with, as JSON can hold it; neither device nor callback."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("device", "callback")}

    @property
    def digest(self) -> str:
        """Fingerprint of options, codec and weights (hex)."""
        weights = self.module.state_dict() if self.module is not None else {}
        hashed = [f"{k}{tuple(v.shape)}{v.cpu().numpy().tobytes().hex()}" for k, v in sorted(weights.items())]
        codec = None if self.codec is None else self.codec.to_dict()
        return digest_json([self.name, self.options, codec, digest_text(hashed)])

    def save(self, folder: Path | str) -> None:
        """Write `generator.json` and `weights.safetensors`. The JSON lists all values of the columns: keep it safe.

        Raises:
            TargetError: before `fit`.
        """
        if self.codec is None or self.module is None:
            raise TargetError("there is nothing to save yet; call fit first")
        facts = {"format": FORMAT, "name": self.name, "options": self.options, "codec": self.codec.to_dict()}
        with replacing(Path(folder) / "weights.safetensors") as part:
            part.write_bytes(save({k: v.cpu().contiguous() for k, v in self.module.state_dict().items()}))
        write_json(facts | {"digest": self.digest}, Path(folder) / "generator.json")

    @classmethod
    def load(cls: type[Self], folder: Path | str, *, device: str = "cpu") -> Self:
        """Open what `save` wrote.

        Raises:
            TargetError: if the folder holds something else, or was changed.
        """
        facts = read_facts(folder)
        if facts["name"] != cls.name:
            raise TargetError(f"{folder} holds a {facts['name']}, not a {cls.name}")
        made = replace(cls(**facts["options"]), device=device)
        made.codec = TableCodec.from_dict(facts["codec"])
        made.module = made._build(made.codec).to(made.place)
        try:
            made.module.load_state_dict(load_file(Path(folder) / "weights.safetensors"))
        except (OSError, RuntimeError, SafetensorError) as e:
            raise TargetError(f"the weights in {folder} cannot be opened: {str(e).splitlines()[0]}") from e
        if made.digest != facts["digest"]:
            raise TargetError(f"the generator in {folder} was changed after it was saved")
        return made


def read_facts(folder: Path | str) -> dict[str, Any]:
    """The JSON of a saved generator.

    Raises:
        TargetError: if there is none.
    """
    path = Path(folder) / "generator.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise TargetError(f"{folder} holds no generator that byheart saved (generator.json)") from e
    if facts.get("format") != FORMAT:
        raise TargetError(f"{path} is of the format {facts.get('format')!r}, not {FORMAT!r}")
    return facts


def descend(
    loss: Callable[[Tensor, float], Tensor],
    module: nn.Module,
    n_rows: int,
    n_iterations: int,
    *,
    batch_size: int,
    lr: float,
    weight_decay: float = 0.0,
    rng: torch.Generator,
    title: str,
    after: Callable[[int, float], None] | None = None,
) -> None:
    """Minimise a loss with AdamW, whose learning rate falls linearly to zero.

    Args:
        loss: of the rows at some places, int64 (batch,), and the share of the training that is over; a scalar.
        module: whose weights are trained.
        n_rows: how many rows there are.
        n_iterations: updates.
        batch_size: rows of an update.
        lr: highest learning rate.
        weight_decay: of AdamW.
        rng: the order of the rows.
        title: of the progress bar.
        after: called with the number of each update, from 1, and its loss.
    """
    optimizer = torch.optim.AdamW(module.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=n_iterations)
    places = islice(_batches(n_rows, batch_size, rng), n_iterations)
    for step, rows in enumerate(progress(places, title, n_iterations), start=1):
        value = loss(rows, step / n_iterations)
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if after is not None:
            after(step, float(value.detach()))


def iterations(n_rows: int, batch_size: int, n_iterations: int, epochs: int | None) -> int:
    """Updates of so many passes over the rows, or as many as are asked for."""
    return n_iterations if epochs is None else max(1, -(-epochs * n_rows // batch_size))


def _batches(n_rows: int, batch_size: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Places of rows without end: pass after pass, each in a new order, cut into batches of one size.

    A table smaller than a batch stands in it several times, each time with other noise.
    """
    heap = torch.empty(0, dtype=torch.long)
    while True:
        while len(heap) < batch_size:
            heap = torch.cat([heap, torch.randperm(n_rows, generator=rng)])
        yield heap[:batch_size]
        heap = heap[batch_size:]
