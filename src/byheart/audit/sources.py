"""What a method may ask for, opened when its card asks: of a run folder, of the user, or of a family's room.

A run holds records, signals, scores and verdicts. What else there is, as a model or a corpus index, a family opens: the
file `sources.py` of its room has a function of that name, which is found by it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from inspect import isfunction
from pathlib import Path
from typing import Any

import byheart.audit
from byheart.audit.measuring import Source, by_coin, load_signals, records_of, signals_of
from byheart.core.run import RunFolder
from byheart.core.scores import Scores


class Sources(Mapping[str, Source]):
    """All that methods can ask of a run, by name; each is opened once, and only if it is asked for.

    Args:
        run: the folder.
        given: what is at hand already, by name.
        index: folder of a corpus index, where another is meant than that of the run's own records.
        device: auto, cpu or cuda, for a model.
        dtype: precision of a model; auto is that of the run.
        trust_remote_code: allow a model's own code.
    """

    def __init__(
        self, run: RunFolder, given: Mapping[str, Source] | None = None, *, index: Path | str | None = None,
        device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False,
    ) -> None:  # fmt: skip
        self.run, self.index = run, index
        self.opening: dict[str, Any] = {"device": device, "dtype": dtype, "trust_remote_code": trust_remote_code}
        self._open: dict[str, Source] = dict(given or {})

    @cached_property
    def held(self) -> list[str]:
        """Names of the records and signals that the run holds."""
        return [*self._records, *signals_of(self.run)]

    @cached_property
    def _records(self) -> dict[str, Source]:
        return records_of(self.run.corpus, coin=by_coin(self.run))

    def __getitem__(self, name: str) -> Source:
        if name not in self._open:
            self._open[name] = self._opened(name)
        return self._open[name]

    def __contains__(self, name: object) -> bool:
        here = name in self._open or name in self.held or name in ("scores", "verdicts")
        return here or self.run.scores_path(str(name)).exists() or _opener(str(name)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._open, *self.held]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _opened(self, name: str) -> Source:
        if name in self._records:
            return self._records[name]
        if name in self.held:
            return load_signals(self.run, name)
        if self.run.scores_path(name).exists():
            return Scores.load(self.run.scores_path(name))
        if name in ("scores", "verdicts"):
            return getattr(self.run, name)
        opener = _opener(name)
        if opener is None:
            raise KeyError(name)
        return opener(self)


def _opener(name: str) -> Callable[[Sources], Source] | None:
    """The function of this name in the `sources.py` of a family's room; None if no family opens such a thing."""
    for room in pkgutil.iter_modules(byheart.audit.__path__):
        address = f"byheart.audit.{room.name}.sources"
        if room.ispkg and find_spec(address):
            function: Any = vars(import_module(address)).get(name)
            if isfunction(function) and function.__module__ == address:
                return function
    return None
