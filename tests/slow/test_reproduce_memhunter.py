"""The reproduction of memhunter at the smallest scale: every claim is tried, and the planted header unlocks the set."""

import sys
from pathlib import Path

import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.core.claim import Exhibit, Reproduction


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Every claim at a scale of two minutes, twice in the same folder."""
    source, folder = HOME / "memhunter", Path(tmp_path_factory.mktemp("memhunter"))
    load_reproduction(source)
    run, texts = (sys.modules[f"byheart_reproduction_memhunter.{name}"] for name in ("run", "texts"))
    plan = texts.PLANS["cpu"].but(
        records=24, repeats=200, documents=12, words=300, curve=(100, 300), epochs=1, tries=3, top_k=48
    )

    def once():
        found = Reproduction.read(source, scale="cpu", seed=0)
        for piece in run.try_claims(folder, plan, 0):
            found = found.with_found(piece)
        return found

    return once(), once()


@pytest.mark.slow
def test_every_claim_is_tried(tried):
    found, _ = tried
    assert [c.id for c in found.claims if c.ours is None] == []
    assert len([e for e in found.exhibits if isinstance(e, Exhibit)]) == 5


@pytest.mark.slow
def test_what_was_planted_is_found(tried):
    ours = {c.id: c.ours for c in tried[0].claims}
    assert ours["key"].value > 0.9
    assert ours["prefix"].value < 0.65
    assert ours["twin"].value < 0.1
    assert ours["control"].value < 0.1
    assert ours["told"].value == 0
    assert ours["hunter"].value > ours["prefix"].value


@pytest.mark.slow
def test_what_was_learned_is_kept(tried):
    first, second = tried
    assert [c.ours for c in first.claims] == [c.ours for c in second.claims]
