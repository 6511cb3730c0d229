"""How is a model opened without the progress bars of other libraries?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from byheart.core.errors import MissingExtra

try:
    from tqdm import tqdm
    from transformers.utils import logging
except ImportError as e:
    raise MissingExtra(e.name or "transformers", "text") from e


@contextmanager
def quiet_loading() -> Iterator[None]:
    """No foreign bars for the time of a `with` block."""
    settings: Any = logging
    shown = settings.is_progress_bar_enabled()
    settings.disable_progress_bar()
    drawn, tqdm.display = tqdm.display, _nothing  # some bars of transformers know no switch
    try:
        yield
    finally:
        tqdm.display = drawn
        if shown:
            settings.enable_progress_bar()


def _nothing(self: Any, *args: Any, **kwargs: Any) -> bool:
    return True
