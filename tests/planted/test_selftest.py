"""The instrument's own positive and negative control, as a user runs it."""

import subprocess
import sys


def test_selftest_finds_what_is_planted_and_is_silent_otherwise():
    command = [sys.executable, "-m", "byheart.cli.main", "selftest", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    positive, negative = done.stdout.splitlines()
    assert positive.startswith("positive control: as it must be")
    assert "exposure" in positive
    assert negative.startswith("negative control: as it must be; 0 of ")
