"""A pass over texts that is cheap, uses chance per record, and can be told to die."""

import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from byheart.core.errors import DataError
from byheart.core.ragged import Ragged
from byheart.core.randomness import generator
from byheart.core.signals import SignalKey, Signals

# Ray reads these when imported. Without a token it would leave one in the home folder, which each later
# `ray start` there would ask for; so every cluster of these tests asks for this one.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
os.environ.pop("RAY_ADDRESS", None)

KEY = SignalKey(target="toy", corpus="letters", recipe="noise", seed=7)


@dataclass(frozen=True)
class NoisyLetters:
    """Each letter's code plus noise that belongs to the record; notes in `diary` every model that it opens."""

    texts: tuple[str, ...]
    diary: Path
    threads: int = 1
    pause: float = 0.0
    dies_at: str | None = None
    deaths: int = 1
    refuses: str | None = None

    def note(self, word):
        self.diary.mkdir(exist_ok=True)
        (self.diary / f"{word}-{os.getpid()}-{time.monotonic_ns()}").touch()

    def noted(self, word):
        return len(list(self.diary.glob(f"{word}-*")))

    def open(self):
        self.note("open")
        return {"offset": 0.5}

    def work(self, state, rows):
        time.sleep(self.pause)
        texts = [self.texts[i] for i in rows]
        if self.refuses in texts:
            raise DataError(f"the text {self.refuses!r} is refused")
        if self.dies_at in texts and self.noted("death") < self.deaths:
            self.note("death")
            os.kill(os.getpid(), signal.SIGKILL)
        noise = [generator(7, "noise", f"r{i}").normal(size=len(t)) for i, t in zip(rows, texts, strict=True)]
        letters = [np.frombuffer(t.encode("ascii"), np.uint8) + n for t, n in zip(texts, noise, strict=True)]
        arrays = {
            "noisy": Ragged.of(letters, dtype=np.float32),
            "length": np.array([len(t) for t in texts]) + state["offset"],
        }
        names = np.array([f"r{i}" for i in rows], dtype=object)
        return Signals(names, np.full(len(rows), "member", dtype=object), names, arrays)


@pytest.fixture
def key():
    return KEY


@pytest.fixture
def letters(tmp_path):
    """Sixty texts of 0 to 39 letters, as a job; `letters(pause=0.1)` changes it."""
    lengths = generator(0, "lengths").integers(0, 40, size=60)
    texts = tuple(chr(97 + i % 26) * n for i, n in enumerate(lengths))
    return lambda **options: NoisyLetters(texts, tmp_path / "diary", **options)


@pytest.fixture
def same_files():
    """Are these folders the same, byte for byte, with no file left over?"""

    def compare(one, two):
        found = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in (one, two)]
        assert found[0].keys() == found[1].keys()
        assert all(found[0][name] == found[1][name] for name in found[0])

    return compare


@pytest.fixture
def job_module():
    """The module of the job, for pickling it by value: workers cannot import a test."""
    return sys.modules[NoisyLetters.__module__]


@pytest.fixture
def by_value(job_module):
    """Ray's workers cannot import the tests, so the job travels with its class."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(job_module)
    yield
    cloudpickle.unregister_pickle_by_value(job_module)
