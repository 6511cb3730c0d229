"""The reproduction of the verbatim audit at the smallest scale: every claim is tried, and what was planted is found."""

import sys
from pathlib import Path

import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.core.claim import Exhibit, Reproduction


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Every claim at a scale of a minute, twice in one folder."""
    source, folder = HOME / "frontier_verbatim", Path(tmp_path_factory.mktemp("frontier_verbatim"))
    load_reproduction(source)
    run, articles = (sys.modules[f"byheart_reproduction_frontier_verbatim.{name}"] for name in ("run", "articles"))
    plan = articles.PLANS["cpu"].but(
        articles=4,
        control=30,
        repeats=(1, 8, 64),
        background=0,
        prefixes=(10, 20),
        sizes=((64, 2), (96, 2)),
        oracle=10,
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
    assert len([e for e in found.exhibits if isinstance(e, Exhibit)]) == 4


@pytest.mark.slow
def test_what_was_planted_is_found(tried):
    """These do not depend on how much a small model learns in a minute."""
    ours = {c.id: c.ours.value for c in tried[0].claims}
    assert {k: ours[k] for k in ("exact", "kinds", "filter", "no-filter", "refusal")} == {
        "exact": 1.0, "kinds": 1.0, "filter": 50.0, "no-filter": 0.0, "refusal": 0.0,
    }  # fmt: skip
    assert next(c.ours.low for c in tried[0].claims if c.id == "bypass") > 0
    assert ours["controls"] == 0.0


@pytest.mark.slow
def test_what_was_made_is_kept(tried):
    first, second = tried
    assert [c.ours for c in first.claims] == [c.ours for c in second.claims]
