"""Which prompts are worth learning from? Those that helped most, kept by how much they helped.

Source: Paulus et al. 2024, arXiv 2404.16873 (AdvPrompter: a buffer of 256, drawn in proportion to priority^1.5).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from byheart.core.atomic import write_json


@dataclass(frozen=True)
class Kept:
    """A prompt that worked: for which context, and how well."""

    context: str
    prompt: str
    priority: float


@dataclass
class PriorityBuffer:
    """The best prompts so far.

    Args:
        capacity: how many are kept; the least useful go first.
        exponent: how strongly the draw prefers the useful ones.
        entries: what is kept, in the order it came.
    """

    capacity: int = 256
    exponent: float = 1.5
    entries: list[Kept] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, context: str, prompt: str, priority: float) -> bool:
        """Keep a prompt if it helped at all; of the same prompt for the same context the better priority counts."""
        if not priority > 0 or not prompt:
            return False
        same = [e for e in self.entries if (e.context, e.prompt) == (context, prompt)]
        if same and same[0].priority >= priority:
            return False
        self.entries = [e for e in self.entries if e not in same] + [Kept(context, prompt, float(priority))]
        if len(self.entries) > self.capacity:
            self.entries.remove(min(self.entries, key=lambda e: e.priority))
        return True

    def draw(self, n: int, rng: np.random.Generator) -> list[Kept]:
        """So many entries, with replacement, in proportion to priority^exponent."""
        weight = np.array([e.priority for e in self.entries]) ** self.exponent
        return [self.entries[i] for i in rng.choice(len(self.entries), n, p=weight / weight.sum())]

    def save(self, path: Path) -> None:
        """Write a JSON file."""
        write_json({"entries": [asdict(e) for e in self.entries]}, path)

    def load(self, path: Path) -> None:
        """Take over what `save` wrote."""
        self.entries = [Kept(**e) for e in json.loads(path.read_text(encoding="utf-8"))["entries"]]
