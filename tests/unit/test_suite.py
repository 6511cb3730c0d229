"""Does the suite keep its own house: what is slow is counted, and no reproduction goes untried?"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = json.loads((ROOT / "tests" / "slow" / "seconds.json").read_text())
SMALL = sorted(path.parent.name for path in ROOT.glob("reproductions/*/small.py"))


def test_every_file_with_slow_tests_says_how_long_they_take():
    mark = "pytest.mark." + "slow"
    marked = {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py") if mark in path.read_text()}
    assert {name.partition("[")[0] for name in SECONDS} == marked
    assert [name for name in SECONDS if "[" in name] == [f"tests/slow/test_reproductions.py[{stem}]" for stem in SMALL]


def test_every_reproduction_is_tried_at_a_small_scale():
    """In the test of them all, or in one of its own."""
    stems = {path.parent.name for path in ROOT.glob("reproductions/*/run.py")}
    own = {path.stem.removeprefix("test_reproduce_") for path in ROOT.glob("tests/slow/test_reproduce_*.py")}
    assert stems == {*SMALL, *own}
