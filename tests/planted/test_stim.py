"""Tokens learned through one channel each, by a tiny model: does every channel name its own?"""

import sys

import numpy as np
import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.explain.stim import stim


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """Twenty names, each with 64 values behind it in graded numbers; every value is near every name equally often."""
    load_reproduction(HOME / "stim")
    traps, training = (sys.modules[f"byheart_reproduction_stim.{name}"] for name in ("traps", "training"))
    plan = traps.PLANS["cpu"].but(cycles=1, epochs=6, distractors=100, kinds=("local",))
    signals, kinds, index = training.trap_signals(plan, tmp_path_factory.mktemp("traps"), seed=0)
    found = stim(signals, index=index, n_perm=199)
    assert kinds == ["local"] * 20
    return found, found.columns["wrong"] == 1


def test_what_was_learned_from_two_words_is_named_local(local):
    """Chance is a third; 13 of 20 or more happen by chance once in 300."""
    found, planted = local
    assert (found.columns["leading"][planted] == "local").sum() >= 13
    sure = np.isin(found.columns["dominant"][planted], ("local", "mid", "long"))
    assert (found.columns["dominant"][planted][sure] == "local").all()
    assert np.nanmean(found.columns["local"][planted]) > 0.4
    assert abs(np.nanmean(found.columns["mid"][planted])) < 0.25  # made level in the corpus


def test_the_planted_token_is_found_among_the_others(local):
    found, _ = local
    assert found.estimates["precision@1, above random"].low > 0
