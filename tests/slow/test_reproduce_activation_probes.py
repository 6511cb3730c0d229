"""The reproduction of activation probes at the smallest scale: every claim is tried, and what was planted is found."""

import sys
from pathlib import Path

import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.core.claim import Reproduction


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """Every claim at a scale of some minutes, twice: the second time with the model that the folder keeps."""
    source, folder = HOME / "activation_probes", Path(tmp_path_factory.mktemp("activation_probes"))
    load_reproduction(source)
    run, texts = (sys.modules[f"byheart_reproduction_activation_probes.{name}"] for name in ("run", "texts"))

    def once():
        found = Reproduction.read(source, scale="cpu", seed=0)
        for piece in run.try_claims(folder, texts.SMALL, 0):
            found = found.with_found(piece)
        return found

    return once(), once()


@pytest.mark.slow
def test_every_claim_is_tried(tried):
    found, _ = tried
    assert [c.id for c in found.claims if c.ours is None] == []
    assert len(found.exhibits) == 4


@pytest.mark.slow
def test_what_was_planted_is_found(tried):
    ours = {c.id: c.ours for c in tried[0].claims}
    assert ours["confidence-does-too"].value > 0.95
    assert ours["tells-repeated"].low > 0.6
    assert abs(ours["p-matched"].value - 0.5) < 0.1
    assert abs(ours["shuffled"].value - 0.5) < 0.05
    assert ours["tells-repeated"].value > ours["twin"].value


@pytest.mark.slow
def test_the_model_is_kept(tried):
    first, second = tried
    assert [c.ours for c in first.claims] == [c.ours for c in second.claims]
