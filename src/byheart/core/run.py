"""A run is a folder that outlives the process: every step can be redone from the one before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from byheart.core.atomic import write_json
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import RunError
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict, load_verdicts, save_verdicts


class RunFolder:
    """Paths and facts of one run.

        run.json  corpus.parquet  signals/NAME/  scores/METHOD.parquet  findings/METHOD.*  verdicts.json  report.html

    Args:
        path: the folder; made if absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def existing(cls, path: Path | str) -> RunFolder:
        """A folder that holds a run.

        Raises:
            RunError: if it does not.
        """
        run = cls(Path(path))
        if not run.facts_path.exists():
            raise RunError(f"{path} is not a run folder (no run.json in it); give the folder that an audit wrote")
        return run

    @classmethod
    def start(cls, path: Path | str, command: Mapping[str, Any]) -> RunFolder:
        """Begin a run, or continue one that the same command began.

        Args:
            path: the folder.
            command: everything the answer depends on: verb, options, digests of model and data.

        Raises:
            RunError: if the folder holds a run of another command; the message names what differs.
        """
        run = cls(Path(path))
        stated = json.loads(json.dumps(dict(command), default=str))
        if run.facts_path.exists():
            before = run.facts.get("command", {})
            if digest_json(before) != digest_json(stated):
                differ = sorted(k for k in {*before, *stated} if before.get(k) != stated.get(k))
                raise RunError(
                    f"{path} holds a run of another command ({', '.join(differ)} differ); "
                    f"choose another --out or remove the folder"
                )
            return run
        run.path.mkdir(parents=True, exist_ok=True)
        run.update(command=stated, steps={})
        return run

    @property
    def facts_path(self) -> Path:
        """run.json."""
        return self.path / "run.json"

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says now."""
        if not self.facts_path.exists():
            return {}
        facts: dict[str, Any] = json.loads(self.facts_path.read_text(encoding="utf-8"))
        return facts

    def update(self, **facts: Any) -> None:
        """Add to run.json."""
        write_json({**self.facts, **facts}, self.facts_path)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and note its wall seconds in run.json; a step done in several sittings adds up."""
        began = time.perf_counter()
        yield
        steps = self.facts.get("steps", {})
        steps[name] = round(steps.get(name, 0.0) + time.perf_counter() - began, 3)
        self.update(steps=steps)

    @property
    def corpus_path(self) -> Path:
        """corpus.parquet."""
        return self.path / "corpus.parquet"

    @property
    def corpus(self) -> Corpus:
        """The records of the run."""
        return Corpus.load(self.corpus_path)

    def signals_folder(self, name: str) -> Path:
        """signals/NAME/, where the shards lie."""
        return self.path / "signals" / name

    def scores_path(self, name: str) -> Path:
        """scores/METHOD.parquet."""
        return self.path / "scores" / f"{name}.parquet"

    @property
    def scores(self) -> dict[str, Scores]:
        """All scores of the run by method name."""
        return {p.stem: Scores.load(p) for p in sorted((self.path / "scores").glob("*.parquet"))}

    @property
    def findings_folder(self) -> Path:
        """findings/."""
        return self.path / "findings"

    @property
    def verdicts_path(self) -> Path:
        """verdicts.json."""
        return self.path / "verdicts.json"

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts of the run."""
        return load_verdicts(self.verdicts_path)

    def save_verdicts(self, verdicts: list[Verdict]) -> None:
        """Write verdicts.json."""
        save_verdicts(verdicts, self.verdicts_path)
