"""Which records an audit rests on, and what was set aside."""

import json

import pytest

from byheart.audit.text.records import gather_text
from byheart.audit.text.selftest import made_up_records
from byheart.core.errors import DataError
from byheart.data.canaries.canaries import Manifest, make_canaries
from byheart.data.canaries.inject import inject

TEXTS = made_up_records(40, seed=7)


def write(path, texts, **columns):
    rows = [{"text": t, **{k: v[i] for k, v in columns.items()}} for i, t in enumerate(texts)]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_records_on_both_sides_are_set_aside_and_named(tmp_path):
    members = write(tmp_path / "m.jsonl", TEXTS[:20], id=[f"m{i}" for i in range(20)])
    control = write(tmp_path / "c.jsonl", TEXTS[18:40], id=[f"c{i}" for i in range(22)])
    found = gather_text(members, control, None, limit=None)
    assert (found.corpus.roles == "member").sum() == 18
    assert (found.corpus.roles == "nonmember").sum() == 20
    assert "Set aside from both sides: m18 = c0, m19 = c1." in found.notes


def test_equal_ids_on_two_sides_stay_apart(tmp_path):
    members = write(tmp_path / "m.jsonl", TEXTS[:20], id=list(range(20)))
    control = write(tmp_path / "c.jsonl", TEXTS[20:], id=list(range(20)))
    found = gather_text(members, control, None, limit=None)
    assert len(set(found.corpus.ids.tolist())) == len(set(found.corpus.groups.tolist())) == 40


def test_authors_are_groups_and_copies_join_them(tmp_path):
    """Two authors who hand in the same sentence count as one; the four others stay: 20 records, 5 groups less 1."""
    authors = [f"a{i // 4}" for i in range(20)]
    members = write(tmp_path / "m.jsonl", [*TEXTS[:19], TEXTS[0]], author=authors)
    found = gather_text(members, None, None, limit=None, group_column="author")
    assert len(set(found.corpus.groups.tolist())) == 4


def test_limit_is_of_each_side(tmp_path):
    members, control = write(tmp_path / "m.jsonl", TEXTS[:20]), write(tmp_path / "c.jsonl", TEXTS[20:])
    found = gather_text(members, control, None, limit=7)
    assert [(found.corpus.roles == r).sum() for r in ("member", "nonmember")] == [7, 7]


@pytest.fixture
def planted(tmp_path):
    """Members with canaries in them, those from before, and the manifest."""
    before, after, path = tmp_path / "before.jsonl", tmp_path / "after.jsonl", tmp_path / "canaries.json"
    write(before, TEXTS[:20])
    manifest = make_canaries(seed=0, families=("random",), repetitions=(1, 4), per_repetition=2, controls=10)
    inject(manifest, before, after).manifest.save(path)
    return before, after, path


def test_planted_canaries_are_no_members(planted):
    """2 x 1 + 2 x 4 copies leave the 20 members; 4 canaries and 10 twins are added once each."""
    before, after, path = planted
    for source in (before, after):
        found = gather_text(source, None, path, limit=None)
        counts = {r: int((found.corpus.roles == r).sum()) for r in ("member", "canary", "canary_control")}
        assert counts == {"member": 20, "canary": 4, "canary_control": 10}
        assert not found.coin
    assert "4 canaries were planted, 10 twins were drawn alike and never inserted." in found.notes
    assert "10 of the training records are planted canaries; they are judged by themselves." in found.notes


def test_canaries_of_other_data_are_refused(planted, tmp_path):
    _, _, path = planted
    with pytest.raises(DataError, match="from other data"):
        gather_text(write(tmp_path / "other.jsonl", TEXTS[20:]), None, path, limit=None)


def test_coin_design_is_told(tmp_path):
    before, after, path = write(tmp_path / "b.jsonl", TEXTS[:20]), tmp_path / "a.jsonl", tmp_path / "c.json"
    manifest = make_canaries(
        seed=0, families=("random",), repetitions=(1,), per_repetition=10, controls=10, design="coin"
    )
    inject(manifest, before, after).manifest.save(path)
    assert gather_text(after, None, path, limit=None).coin
    assert Manifest.load(path).settings["design"] == "coin"
