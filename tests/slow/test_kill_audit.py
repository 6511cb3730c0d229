"""An audit that is killed and started again ends with the same bytes as one that was left alone."""

import os
import signal
import subprocess
import sys
import time

import pytest

from byheart.core.randomness import generator
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

pytestmark = pytest.mark.slow

WORDS = ["river", "stone", "lamp", "winter", "orchard", "letter", "harbour", "engine", "garden", "copper", "thunder"]
N_KILLS = 20


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_gpt(272, width=64, context=512, seed=0).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Two folders of texts from one distribution, 60 each."""
    folder = tmp_path_factory.mktemp("records")
    for name in ("members", "control"):
        (folder / name).mkdir()
        for i in range(60):
            words = generator(0, name, str(i)).choice(WORDS, size=25)
            (folder / name / f"{i:02d}.txt").write_text(" ".join(words))
    return folder


@pytest.fixture
def audit(model, records, tmp_path):
    """Start an audit into a folder."""
    tmp_path.mkdir(exist_ok=True)

    def start(out):
        command = [sys.executable, "-m", "byheart.cli.main", "audit", "text", "--model", str(model), "--seed", "0"]
        command += ["--members", str(records / "members"), "--control", str(records / "control"), "--out", str(out)]
        log = (tmp_path / f"{out.name}.log").open("ab")
        return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})

    return start


def outcome(run):
    """The bytes that must not depend on kills."""
    files = [*(run / "scores").glob("*.parquet"), *(run / "signals").rglob("*"), run / "verdicts.json"]
    return {str(f.relative_to(run)): f.read_bytes() for f in sorted(files) if f.is_file()}


def test_audit_killed_twenty_times(audit, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.perf_counter()
    assert audit(whole).wait() == 0, (tmp_path / "whole.log").read_text()
    length = time.perf_counter() - began
    expected = outcome(whole)
    assert len([name for name in expected if name.startswith("scores/")]) > 3

    kills = sittings = 0
    while kills < N_KILLS:
        out = killed / str(sittings)
        out.parent.mkdir(exist_ok=True)
        process = audit(out)
        time.sleep(generator(0, "kill", str(kills + sittings)).uniform(0.2, 1.0) * length)
        process.send_signal(signal.SIGKILL)
        ended = process.wait()
        assert ended in (0, -signal.SIGKILL), (tmp_path / f"{out.name}.log").read_text()
        kills += ended != 0
        if ended == 0:
            assert outcome(out) == expected
            sittings += 1
    last = killed / str(sittings)
    assert audit(last).wait() == 0, (tmp_path / f"{last.name}.log").read_text()
    assert outcome(last) == expected
