"""The reproduction of STIM at a small scale: every claim is tried, and what was planted is found."""

import sys
from pathlib import Path

import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.core.claim import Reproduction


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Every claim at a scale of minutes, twice; the second time nothing is learned again."""
    source, folder = HOME / "stim", Path(tmp_path_factory.mktemp("stim"))
    load_reproduction(source)
    run, traps = (sys.modules[f"byheart_reproduction_stim.{name}"] for name in ("run", "traps"))
    plan = traps.PLANS["cpu"].but(cycles=1, epochs=24, documents=10, text_epochs=3, chains=8)

    def once():
        found = Reproduction.read(source, scale="cpu", seed=0)
        for piece in run.try_claims(folder, plan, 0):
            found = found.with_found(piece)
        return found

    return once(), once()


@pytest.mark.slow
def test_every_claim_is_tried(tried):
    assert [c.id for c in tried[0].claims if c.ours is None] == []
    assert len(tried[0].exhibits) == 3


@pytest.mark.slow
def test_what_was_planted_is_named(tried):
    ours = {c.id: c.ours for c in tried[0].claims}
    assert ours["trap-local"].low > 1 / 3
    assert ours["traps"].low > 1 / 3
    assert ours["precision-1"].low > 0


@pytest.mark.slow
def test_other_token_ids_give_chance(tried):
    ours = {c.id: c.ours for c in tried[0].claims}
    assert abs(ours["text-shuffled"].value) < 3  # chance gives more once in 370


@pytest.mark.slow
def test_what_was_read_is_kept(tried):
    first, second = tried
    assert [c.ours for c in first.claims] == [c.ours for c in second.claims]
