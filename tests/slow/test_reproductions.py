"""Each reproduction at its smallest scale: every claim is tried, what was planted is found, what was made is kept.

The scale and what has to be found there stand in the reproduction's own `small.py`.
"""

import importlib
from types import SimpleNamespace

import pytest

from byheart.cli.reproduce import HOME, load_reproduction
from byheart.core.claim import Exhibit, Reproduction

pytestmark = pytest.mark.slow
STEMS = sorted(path.parent.name for path in HOME.glob("*/small.py"))


@pytest.fixture(scope="module", params=STEMS)
def tried(request, tmp_path_factory):
    """The claims after a first and a second pass in one folder, and what the first has to find."""
    stem, folder = request.param, tmp_path_factory.mktemp(request.param)
    load_reproduction(HOME / stem)
    run, small = (importlib.import_module(f"byheart_reproduction_{stem}.{name}") for name in ("run", "small"))

    def once():
        found = Reproduction.read(HOME / stem, scale="cpu", seed=0)
        for piece in run.try_claims(folder, small.PLAN, 0):
            found = found.with_found(piece)
        return found

    return SimpleNamespace(first=once(), second=once(), exhibits=small.EXHIBITS, expected=small.FOUND)


def test_every_claim_is_tried(tried):
    assert [c.id for c in tried.first.claims if c.ours is None] == []
    assert len([e for e in tried.first.exhibits if isinstance(e, Exhibit)]) == tried.exhibits


def test_what_was_planted_is_found(tried):
    ours = {c.id: c.ours for c in tried.first.claims}
    for claim, field, holds, bound in tried.expected:
        limit = getattr(ours[bound], field) if isinstance(bound, str) else bound
        assert holds(getattr(ours[claim], field), limit), (claim, field, ours[claim], holds.__name__, limit)


def test_what_was_made_is_kept(tried):
    assert [c.ours for c in tried.first.claims] == [c.ours for c in tried.second.claims]
