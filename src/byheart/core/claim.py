"""What does a paper claim, what did we find when we tried, and do the two agree?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from byheart.core.atomic import write_json
from byheart.core.errors import DataError, RunError
from byheart.core.verdict import Estimate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = "byheart.claims/1"
Status = Literal["met", "direction only", "not met", "not tried"]
STATUSES: tuple[Status, ...] = ("met", "direction only", "not met", "not tried")


@dataclass(frozen=True)
class Claim:
    """One sentence of a paper, the number it stands on, and ours.

    Args:
        id: short and unique within the paper.
        sentence: what is claimed, in plain words.
        paper: the paper's number; None where it prints none, or draws it only.
        where: where it stands in the paper.
        tolerance: how far ours may be from the paper's, in the same unit.
        side: the side of `than` on which the claim places the number; None where it claims a size only.
        than: the number that would mean that there is nothing to claim.
        ours: our number; None as long as nobody tried.
        note: what one must know before the two are compared.
    """

    id: str
    sentence: str
    paper: float | None = None
    where: str = ""
    tolerance: float = 0.0
    side: Literal["above", "below"] | None = None
    than: float = 0.0
    ours: Estimate | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.side not in (None, "above", "below"):
            raise DataError(f"claim {self.id!r}: side is 'above' or 'below'; got {self.side!r}")
        if self.paper is None and self.side is None:
            raise DataError(f"claim {self.id!r} can be neither met nor missed; give it `paper` or `side`")

    @property
    def status(self) -> Status:
        """How ours stands to the paper's.

        `met`: within the tolerance of the paper's number, if it has one, and the whole interval on the claimed side, if
        there is one. `direction only`: on the claimed side, but of another size. An interval that holds `than` shows no
        direction, however close the two numbers are.
        """
        if self.ours is None or self.ours.value is None:
            return "not tried"
        near = self.paper is None or abs(self.ours.value - self.paper) <= self.tolerance
        if self.side is None:
            return "met" if near else "not met"
        if not self._on_its_side(self.ours):
            return "not met"
        return "met" if near else "direction only"

    def _on_its_side(self, ours: Estimate) -> bool:
        if self.side == "above":
            return ours.low is not None and ours.low > self.than
        return ours.high is not None and ours.high < self.than

    def to_dict(self) -> dict[str, Any]:
        """As `claims.json` holds it."""
        return {**asdict(self), "status": self.status}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Claim:
        """Back from `to_dict`."""
        known = {k: v for k, v in fields.items() if k in cls.__dataclass_fields__}
        ours = known.get("ours")
        return cls(**{**known, "ours": None if ours is None else Estimate(**ours)})


@dataclass(frozen=True)
class Found:
    """Our number for a claim, as a reproduction hands it out.

    Args:
        claim: id of the claim.
        ours: the number.
        note: what to add to the claim's own note.
    """

    claim: str
    ours: Estimate
    note: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A table that a reproduction leaves beside its claims, drawn as a picture where that says more.

    Args:
        title: what it shows.
        caption: how to read it.
        rows: one dict per row, the same keys in all; numbers, words or None.
        plot: `x` and `y` name columns, `by` that of the series, if there are several; `x low`, `x high`, `y low`,
            `y high` those of the intervals, if any. `joined` draws lines, `log x` a logarithmic axis.

    Raises:
        ValueError: if a column that is to be drawn is in no row.
    """

    title: str
    caption: str
    rows: Sequence[Mapping[str, Any]]
    plot: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        drawn = [self.plot[k] for k in self.plot if k not in ("joined", "log x")]
        lost = [c for c in drawn if any(c not in row for row in self.rows)]
        if lost or (self.plot and not {"x", "y"} <= set(self.plot)):
            said = f"; no row has {lost[0]!r}" if lost else ""
            raise ValueError(f"the exhibit {self.title!r} is to be drawn by x and y, columns of its rows{said}")


@dataclass(frozen=True)
class Reproduction:
    """A paper's claims, tried.

    Args:
        stem: name of its folder in `reproductions/`.
        paper: arXiv id.
        title: of the paper.
        claims: in the order they are told.
        exhibits: the tables beside them.
        scale: cpu or gpu.
        seed: what everything random follows from.
        seconds: wall time so far, all sittings together.
    """

    stem: str
    paper: str
    title: str
    claims: tuple[Claim, ...]
    exhibits: tuple[Exhibit, ...] = ()
    scale: str = "cpu"
    seed: int = 0
    seconds: float = 0.0

    @classmethod
    def read(cls, folder: Path, *, scale: str, seed: int) -> Reproduction:
        """What `claims.toml` of a folder sets out to try.

        Raises:
            DataError: if the file is absent, not TOML, names an unknown field, or holds two claims of one id.
        """
        path = folder / "claims.toml"
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            claims = tuple(Claim(**entry) for entry in content["claim"])
            made = cls(folder.name, content["paper"], content["title"], claims, scale=scale, seed=seed)
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as e:
            raise DataError(f"{path} cannot be read as claims ({e})") from None
        ids = [c.id for c in claims]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise DataError(f"{path} holds two claims of the id {twice[0]!r}; ids are unique")
        return made

    def with_found(self, found: Found | Exhibit) -> Reproduction:
        """The same with one more number or table.

        Raises:
            DataError: if no claim has this id.
        """
        if isinstance(found, Exhibit):
            return replace(self, exhibits=(*self.exhibits, found))
        if found.claim not in [c.id for c in self.claims]:
            raise DataError(f"{self.stem} has no claim {found.claim!r} in its claims.toml")
        claims = (
            replace(c, ours=found.ours, note=" ".join(filter(None, (c.note, found.note)))) if c.id == found.claim else c
            for c in self.claims
        )
        return replace(self, claims=tuple(claims))

    def count(self, status: Status) -> int:
        """How many claims have this status."""
        return sum(c.status == status for c in self.claims)

    def save(self, path: Path) -> None:
        """Write `claims.json`."""
        claims = [c.to_dict() for c in self.claims]
        exhibits = [{**asdict(e), "rows": [dict(r) for r in e.rows], "plot": dict(e.plot)} for e in self.exhibits]
        facts = {k: getattr(self, k) for k in ("stem", "paper", "title", "scale", "seed", "seconds")}
        write_json({"schema": SCHEMA, **facts, "claims": claims, "exhibits": exhibits}, path)


def load_claims(path: Path) -> Reproduction:
    """Read `claims.json`.

    Raises:
        RunError: if the file is absent or of another schema.
    """
    if not path.exists():
        raise RunError(f"{path} is not there; `byheart reproduce` writes it")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("schema") != SCHEMA:
        raise RunError(f"{path} has schema {content.get('schema')!r}; this version reads {SCHEMA!r}")
    facts = {k: v for k, v in content.items() if k in Reproduction.__dataclass_fields__}
    claims = tuple(Claim.from_dict(c) for c in content["claims"])
    exhibits = tuple(Exhibit(**e) for e in content["exhibits"])
    return Reproduction(**{**facts, "claims": claims, "exhibits": exhibits})
