"""Which scores are set against which, and which of them belong to the same document or person?

Every test and interval in this room works on `Sides`: the scores of one role against those of another, with the groups
that tie records together. A group may lie on one side, or reach over both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from byheart.core.scores import Scores


@dataclass(frozen=True, eq=False)
class Sides:
    """Scores of members (m,) and of controls (n,), none of them NaN.

    Args:
        members, controls: float64 (m,) and (n,); higher is more memorized.
        member_groups, control_groups: int64 (m,) and (n,), the group of each record in 0..n_groups - 1.
        n_groups: how many groups there are on both sides together.
    """

    members: np.ndarray
    controls: np.ndarray
    member_groups: np.ndarray
    control_groups: np.ndarray
    n_groups: int

    @classmethod
    def of(
        cls,
        members: Sequence[float] | np.ndarray,
        controls: Sequence[float] | np.ndarray,
        member_groups: Sequence[Any] | np.ndarray | None = None,
        control_groups: Sequence[Any] | np.ndarray | None = None,
    ) -> Sides:
        """From plain arrays; without groups every record stands alone.

        >>> Sides.of([1.0, 2.0], [0.0], ["a", "a"], ["b"]).n_groups
        2
        """
        m, n = np.asarray(members, np.float64), np.asarray(controls, np.float64)
        if member_groups is None or control_groups is None:
            return cls(m, n, np.arange(m.size), m.size + np.arange(n.size), m.size + n.size)
        codes, n_groups = number_groups(np.concatenate([_objects(member_groups), _objects(control_groups)]))
        return cls(m, n, codes[: m.size], codes[m.size :], n_groups)

    @classmethod
    def from_scores(cls, scores: Scores, members: str = "member", controls: str = "nonmember") -> Sides:
        """The records of two roles that could be scored."""
        m, n = scores.where(members), scores.where(controls)
        return cls.of(m.values, n.values, m.groups, n.groups)

    def with_values(self, members: np.ndarray, controls: np.ndarray) -> Sides:
        """Other numbers of the same records."""
        return Sides(members, controls, self.member_groups, self.control_groups, self.n_groups)

    @cached_property
    def member_sizes(self) -> np.ndarray:
        """Members in each group, int64 (n_groups,)."""
        return np.bincount(self.member_groups, minlength=self.n_groups)

    @cached_property
    def control_sizes(self) -> np.ndarray:
        """Controls in each group, int64 (n_groups,)."""
        return np.bincount(self.control_groups, minlength=self.n_groups)

    @property
    def n_member_groups(self) -> int:
        """Groups with at least one member."""
        return int(np.count_nonzero(self.member_sizes))

    @property
    def n_control_groups(self) -> int:
        """Groups with at least one control."""
        return int(np.count_nonzero(self.control_sizes))

    @property
    def singletons(self) -> bool:
        """Whether every record is a group of its own."""
        return self.n_groups == self.members.size + self.controls.size

    def counted(self) -> str:
        """The two sizes in words, for `Estimate.unit`."""
        if self.singletons:
            return f"{self.members.size} members and {self.controls.size} controls"
        return (
            f"{self.members.size} members in {self.n_member_groups} groups "
            f"and {self.controls.size} controls in {self.n_control_groups} groups"
        )


def number_groups(labels: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, int]:
    """Groups as numbers 0, 1, ... in order of first appearance.

    Returns:
        The number of each label, int64 (n,), and how many different ones there are.

    >>> number_groups(["b", "a", "b"])[0].tolist()
    [0, 1, 0]
    """
    names = labels.tolist() if isinstance(labels, np.ndarray) else labels
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.fromiter(map(number.__getitem__, names), np.int64, len(names)), len(number)


def _objects(labels: Sequence[Any] | np.ndarray) -> np.ndarray:
    return np.asarray(labels, dtype=object)
