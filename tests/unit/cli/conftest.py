"""The command line in this process, and what it prints."""

import contextlib
import io
import logging
from dataclasses import dataclass

import pytest

from byheart.cli.main import run as run_command_line


@dataclass(frozen=True)
class Said:
    """Exit code and both streams of one command."""

    code: int
    out: str
    err: str


def call(*arguments):
    """Run a command; the log is left as it was found."""
    out, err, log = io.StringIO(), io.StringIO(), logging.getLogger("byheart")
    before = log.handlers, log.level, log.propagate
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command_line([str(a) for a in arguments])
    finally:
        log.handlers, level, log.propagate = before
        log.setLevel(level)
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def byheart():
    return call


@pytest.fixture(scope="session")
def run_folder(untrained_folder, records_folder, tmp_path_factory):
    """A finished audit of a model that was never trained."""
    out = tmp_path_factory.mktemp("runs") / "run"
    said = call(
        "audit",
        "text",
        "--quiet",
        "--model",
        untrained_folder,
        "--out",
        out,
        "--limit",
        16,
        "--members",
        records_folder / "members.jsonl",
        "--control",
        records_folder / "control.jsonl",
    )
    assert said.code == 0, said.err
    return out
