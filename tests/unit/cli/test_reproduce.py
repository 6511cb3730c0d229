"""Does `byheart reproduce` run a folder, set the numbers beside each other, and go on where it was killed?"""

import json
import re
import shutil
import subprocess
import sys

import pytest

from byheart.cli import reproduce
from byheart.core.claim import load_claims

CLAIMS = """
paper = "2412.11044"
title = "Coins <and> dice"
[[claim]]
id = "heads"
sentence = "A fair coin shows heads half of the time."
paper = 0.5
where = "Table 1"
tolerance = 0.1
[[claim]]
id = "bias"
sentence = "A bent coin shows heads more often."
side = "above"
than = 0.5
[[claim]]
id = "dice"
sentence = "Dice are not tried."
side = "below"
"""

RUN = '''"""Toss coins."""
import numpy as np
from byheart.core.claim import Exhibit, Found
from byheart.core.atomic import kept_json
from byheart.core.randomness import generator
from byheart.stats.intervals import proportion
from .tosses import N


def run(folder, *, scale, seed):
    n = N[scale]
    fair = kept_json(folder / "fair.json", lambda: (generator(seed, "fair").random(n) < 0.5).tolist())
    yield Found("heads", proportion(fair), "Fair indeed.")
    if (folder / "stop").exists():
        raise KeyboardInterrupt
    bent = kept_json(folder / "bent.json", lambda: (generator(seed, "bent").random(n) < 0.52).tolist())
    share = proportion(bent)
    yield Found("bias", share)
    rows = [{"coin": "fair", "tosses": n, "heads": float(np.mean(fair)), "low": None, "high": None},
            {"coin": "bent", "tosses": n, "heads": share.value, "low": share.low, "high": share.high}]
    yield Exhibit("Coins", "Heads by coin.", rows, {"x": "tosses", "y": "heads", "by": "coin", "y low": "low",
                                                    "y high": "high"})
'''


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A house with one reproduction of coins; commands run beside it."""
    folder = tmp_path / "reproductions" / "coins"
    folder.mkdir(parents=True)
    (folder / "claims.toml").write_text(CLAIMS)
    (folder / "run.py").write_text(RUN)
    (folder / "tosses.py").write_text('N = {"cpu": 1000, "gpu": 4000}\n')
    monkeypatch.setattr(reproduce, "HOME", folder.parent)
    monkeypatch.chdir(tmp_path)
    return folder


def test_alone_it_lists_what_there_is(home, byheart):
    said = byheart("reproduce")
    assert said.code == 0
    assert re.search(r"^coins +Coins <and> dice$", said.out, re.MULTILINE)


def test_the_papers_number_stands_beside_ours(home, byheart, tmp_path):
    said = byheart("reproduce", "coins", "--quiet")
    assert said.code == 0, said.err
    folder = tmp_path / "runs/reproduce-coins"
    tried = load_claims(folder / "claims.json")
    heads, bias, dice = tried.claims
    fair = json.loads((folder / "fair.json").read_text())
    assert heads.ours.value == sum(fair) / 1000
    assert (heads.status, dice.status) == ("met", "not tried")
    assert bias.status == "not met"  # 1000 tosses cannot tell 0.52 from 0.5, and the status says so; still exit code 0
    assert (tried.scale, tried.seed, tried.stem) == ("cpu", 0, "coins")
    words = f"{heads.ours.value:.3g}"
    assert re.search(rf"0\.5 +{re.escape(words)} +0\.\d+ to 0\.\d+ +met", said.out)
    assert "Of 3 claims: 1 met, 1 not met, 1 not tried." in said.out
    for text in ((folder / "claims.md").read_text(), (folder / "claims.html").read_text()):
        assert words in text
        assert "Fair indeed." in text
    page = (folder / "claims.html").read_text()
    assert "Coins &lt;and&gt; dice" in page
    assert '"error_y"' in page


def test_json_is_the_file_and_nothing_else(home, byheart, tmp_path):
    said = byheart("reproduce", "coins", "--json", "--quiet", "--scale", "gpu", "--seed", "3", "--out", "other")
    assert json.loads(said.out) == json.loads((tmp_path / "other/claims.json").read_text())
    assert json.loads(said.out)["claims"][0]["ours"]["n"] == 4000


def test_an_interrupted_run_goes_on(home, byheart, tmp_path):
    folder = tmp_path / "runs/reproduce-coins"
    folder.mkdir(parents=True)
    (folder / "stop").touch()
    assert byheart("reproduce", "coins", "--quiet").code == 130
    partly = load_claims(folder / "claims.json")
    assert [c.status for c in partly.claims] == ["met", "not tried", "not tried"]
    (folder / "fair.json").write_text(json.dumps([True] * 1000))  # only a run that goes on reads this
    (folder / "stop").unlink()
    assert byheart("reproduce", "coins", "--quiet").code == 0
    done = load_claims(folder / "claims.json")
    assert done.claims[0].ours.value == 1.0
    assert done.claims[1].ours is not None
    assert done.seconds >= partly.seconds


def test_another_seed_in_the_same_folder_is_refused(home, byheart):
    assert byheart("reproduce", "coins", "--quiet").code == 0
    said = byheart("reproduce", "coins", "--quiet", "--seed", "1")
    assert said.code == 2
    assert "seed differ" in said.err


def test_a_name_that_is_not_there(home, byheart):
    said = byheart("reproduce", "dice")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "'dice'; there are coins" in said.err


def test_a_scale_that_is_not_there(home, byheart):
    said = byheart("reproduce", "coins", "--scale", "tpu")
    assert said.code == 2
    assert "got 'tpu'" in said.err


def test_without_the_source_it_says_where_to_get_it(home, byheart, monkeypatch):
    shutil.rmtree(home.parent)
    said = byheart("reproduce", "coins")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "clone the repository" in said.err


def test_a_number_for_no_claim_is_an_error_of_one_line(home, byheart):
    (home / "claims.toml").write_text(CLAIMS.replace('"heads"', '"tails"'))
    said = byheart("reproduce", "coins", "--quiet")
    assert said.code == 2
    assert "no claim 'heads'" in said.err


def test_the_house_lists_its_own_reproductions(byheart):
    """Every folder here has claims that can be read, and a run.py of fewer than 150 lines."""
    assert "tabcutmix" in reproduce.stems()
    for stem in reproduce.stems():
        assert len((reproduce.HOME / stem / "run.py").read_text().splitlines()) < 150
        assert (reproduce.HOME / stem / "README.md").exists()
    code = "import sys, byheart.cli.main; print('torch' in sys.modules or 'plotly' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
