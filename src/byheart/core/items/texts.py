"""Texts, chats, and prompts with completions as the records of a corpus."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd


class Texts(list[Any]):
    """A list of records that are texts, or that JSON can hold."""

    KEY = b""

    def take(self, places: np.ndarray) -> Texts:
        """Those at these places, int (m,)."""
        return Texts([self[int(i)] for i in places])

    def join(self, other: Texts) -> Texts:
        """These, then others."""
        return Texts([*self, *other])

    @property
    def texts(self) -> list[str]:
        """Each as one string: a text as it is, anything else as JSON."""
        return [as_text(item) for item in self]

    @property
    def fingerprints(self) -> list[str]:
        """The texts themselves."""
        return self.texts

    @property
    def facts(self) -> None:
        """None; the columns say all."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """`text`, and whether it is one or JSON."""
        return ("text", "is_text")

    def columns(self) -> dict[str, np.ndarray]:
        """These two, (n,) each."""
        texts, is_text = np.array(self.texts, dtype=object), [isinstance(item, str) for item in self]
        return {"text": texts, "is_text": np.array(is_text, dtype=bool)}

    @classmethod
    def from_columns(cls, frame: pd.DataFrame, facts: Any) -> Texts:
        """Read from these two columns."""
        pairs = zip(frame["text"], frame["is_text"], strict=True)
        return cls([text if is_text else json.loads(text) for text, is_text in pairs])


def as_text(item: Any) -> str:
    """A record as one string."""
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
