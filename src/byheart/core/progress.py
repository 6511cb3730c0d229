"""One progress bar: on standard error, silent when nobody watches, switchable off."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import length_hint
from typing import Protocol, TypeVar

T = TypeVar("T")

_state = {"on": True}


def progress_off() -> None:
    """Silence every bar of this process (`--quiet`)."""
    _state["on"] = False


class Bar(Protocol):
    """What a step reports to while it works."""

    def advance(self, amount: float = 1) -> None:
        """Count `amount` more units as done."""


class _Silent:
    def advance(self, amount: float = 1) -> None:
        """Do nothing."""


class _Rich:
    def __init__(self, columns: object, task: object) -> None:
        self._columns, self._task = columns, task

    def advance(self, amount: float = 1) -> None:
        """Move the bar."""
        self._columns.advance(self._task, amount)  # type: ignore[attr-defined]


@contextmanager
def bar(title: str, total: float | None = None) -> Iterator[Bar]:
    """A bar for the time of a `with` block.

    Args:
        title: what is being done, for a reader ("Reading 300 texts with the model").
        total: how many units there are, None when unknown.
    """
    if not _state["on"] or not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=False,
    )
    with columns:
        yield _Rich(columns, columns.add_task(title, total=total))


def progress(items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a bar."""
    n = total if total is not None else length_hint(items, 0) or None
    with bar(title, n) as b:
        for item in items:
            yield item
            b.advance()
