"""The import contract of the four verb rooms: a method imports no other method, neither directly nor on a detour.

What one method needs lies beside it in a package that begins with an underscore; what two need moves down the ladder.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class VerbRooms(Contract):
    """Methods of one room are independent of each other; a new one is covered without being named."""

    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every chain of imports from one method of a room to another."""
        chains = []
        for room in self.rooms:
            methods = sorted(m for m in graph.find_children(room) if not m.rpartition(".")[2].startswith("_"))
            found = (graph.find_shortest_chain(a, b) for a, b in permutations(methods, 2))
            chains += [chain for chain in found if chain]
        return ContractCheck(kept=not chains, metadata={"chains": chains})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line a chain."""
        chains: list[Any] = check.metadata["chains"]
        for chain in chains:
            output.print_error(" -> ".join(chain))
