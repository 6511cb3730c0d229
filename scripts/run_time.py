"""The import contract of what must never be loaded: `forbidden`, but imports for type checkers alone do not count."""

from __future__ import annotations

import grimp
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract


class ForbiddenAtRunTime(ForbiddenContract):
    """Some modules never load others, by no detour; what stands under `TYPE_CHECKING` is never loaded."""

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Every chain of imports that a running program may follow."""
        loaded = grimp.build_graph(
            "byheart", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
        )
        return super().check(loaded, verbose)
