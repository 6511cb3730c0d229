"""How is a name fetched when it is first used, so that a user of one family needs no library of another?"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from byheart.core.errors import MissingExtra
from byheart.core.extras import extra_of


def fetched(module: str, name: str, *, extra: str | None = None) -> Any:
    """What a module has under a name.

    Args:
        module: its address.
        name: of what is fetched.
        extra: which one to recommend for what is missing; else the first that brings it.

    Raises:
        MissingExtra: if the module, or what it imports, needs a library that is not installed.
    """
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as e:
        lacking = missing_extra(e, extra)
        if lacking is None:
            raise
        raise lacking from e


def missing_extra(error: ModuleNotFoundError, extra: str | None = None) -> MissingExtra | None:
    """The absence of a library in words, with the pip line; None if no extra brings it."""
    library = (error.name or "").partition(".")[0]
    first = extra_of(library)
    return None if first is None else MissingExtra(library, extra or first)
