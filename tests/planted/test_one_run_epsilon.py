"""A bound on epsilon from one training run in which a fair coin decided on every canary."""

import pytest

from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.selftest import made_up_records
from byheart.core.corpus import Corpus
from byheart.data.canaries.canaries import make_canaries

from .conftest import trained


@pytest.fixture(scope="module")
def coins(tmp_path_factory):
    """120 strings, each put in or left out by a coin of its own."""
    manifest = make_canaries(
        seed=5, families=("random",), repetitions=(1,), per_repetition=60, controls=60, design="coin"
    )
    path = tmp_path_factory.mktemp("coins") / "canaries.json"
    manifest.save(path)
    return manifest, path


def epsilon(model, path, out):
    """The verdict on epsilon; 20 records go with it, as an audit has members."""
    members = Corpus.of(made_up_records(20, seed=6), "member")
    run = audit_text(model, members, canaries=path, out=out)
    return next(v for v in run.verdicts if v.method == "one_run_epsilon")


@pytest.mark.slow
def test_bound_is_positive_where_canaries_were_learned(coins, tmp_path):
    """All guesses right on 120 coins would bound epsilon at about 3.6; none can be above that."""
    manifest, path = coins
    model = trained([c.text for c in manifest.planted], seed=0, epochs=80)
    found = epsilon(model, path, tmp_path / "run")
    assert found.decision == "shown", found
    assert 0.5 < found.main.value < 4.5
    assert found.p < 1e-3  # delta = 1e-5 over 120 canaries alone costs 1.4e-4


def test_bound_is_zero_where_nothing_was_learned(coins, tmp_path):
    _, path = coins
    found = epsilon(trained([], seed=0, epochs=0), path, tmp_path / "run")
    assert found.decision == "not shown", found
    assert found.main.value == pytest.approx(0, abs=0.3)


def test_no_bound_without_coins(planted, audited):
    """Canaries of the fixed design license no epsilon."""
    verdicts, _ = audited
    assert planted.manifest.settings["design"] == "fixed"
    assert "one_run_epsilon" not in verdicts
