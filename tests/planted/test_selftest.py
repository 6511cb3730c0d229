"""The instrument's own positive and negative control, as a user runs it."""

import subprocess
import sys

import pytest

from byheart.audit.table.selftest import selftest


@pytest.mark.slow
def test_selftest_finds_what_is_planted_and_is_silent_otherwise():
    command = [sys.executable, "-m", "byheart.cli.main", "selftest", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    positive, negative = done.stdout.splitlines()
    assert positive.startswith("positive control: as it must be")
    assert "exposure" in positive
    assert negative.startswith("negative control: as it must be; 0 of ")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_planted_copies_in_a_table_are_found_and_fresh_draws_show_nothing(seed):
    # false alarms: the negative control makes four claims, corrected together, at level 0.05 for each seed
    checks = {c.name: c for c in selftest(seed=seed)}
    assert checks["positive"].passed, checks["positive"].said
    assert checks["negative"].passed, checks["negative"].said
