"""What does a die say that knows some throws by heart? The adapter: what a method may ask of a model of this family."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from byheart.core.digest import digest_json
from byheart.core.errors import TargetError


@dataclass(frozen=True)
class Die:
    """A die with six faces, fair but for the throws it knows.

    Args:
        name: what reports call it.
        known: rows of throws that it repeats, each a string of digits.
    """

    name: str
    known: frozenset[str]

    @property
    def digest(self) -> str:
        """Fingerprint of what it knows."""
        return digest_json(sorted(self.known))

    def bits(self, throws: str) -> float:
        """Surprise at a row of throws, bits per throw: log2(6) for a fair die, one bit in all for a row it knows."""
        return (1.0 if throws in self.known else len(throws) * math.log2(6)) / len(throws)


def open_die(path: Path | str) -> Die:
    """A die from its file, `{"known": ["36142...", ...]}`.

    Raises:
        TargetError: if the file is not one of a die.
    """
    try:
        known = json.loads(Path(path).read_text(encoding="utf-8"))["known"]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise TargetError(f'{path} is not a die: a file with {{"known": [rows of throws]}} is one ({e})') from e
    return Die(Path(path).stem, frozenset(map(str, known)))
