"""Which records each pass reads, and what it reads before them."""

import numpy as np
import pytest

import byheart.signals.text as room
from byheart.audit.profiles import PROFILES
from byheart.audit.text.passes import N_SHOTS, make_pass
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.models.toy.bigram import ToyBigram

TOY = ToyBigram(np.full((3, 3), 1 / 3), "ab\n")


def records(m, n):
    """Records of as and bs, all different, with ids that say their role."""
    texts = [f"{i:08b}".replace("0", "a").replace("1", "b") for i in range(m + n)]
    ids = [f"m{i}" for i in range(m)] + [f"c{i}" for i in range(n)]
    return Corpus.of(texts, ["member"] * m + ["nonmember"] * n, ids=ids)


def prefix_pass(role, corpus):
    return make_pass(f"{role}_prefix_logprobs", corpus, TOY, None, PROFILES["routine"], seed=0)


def test_no_record_is_read_after_itself():
    """Seven controls stand in front and are not read; the seven members in front of the other pass are not either."""
    corpus = records(40, 40)
    controls, members = (prefix_pass(role, corpus) for role in ("nonmember", "member"))
    assert {len(p.facts) for p in (controls, members)} == {N_SHOTS}
    assert {i[0] for i in controls.facts} == {"c"}
    assert {i[0] for i in members.facts} == {"m"}
    every = set(corpus.ids.tolist())
    assert set(controls.corpus.ids.tolist()) == every - set(controls.facts)
    assert set(members.corpus.ids.tolist()) == every - set(controls.facts) - set(members.facts)


def test_the_records_in_front_are_what_is_read_in_front():
    corpus = records(40, 40)
    p = prefix_pass("nonmember", corpus)
    texts = dict(zip(corpus.ids.tolist(), corpus.items, strict=True))
    assert p.recipe.keywords["prefix_texts"] == [texts[i] for i in p.facts]


@pytest.mark.parametrize(("m", "n", "made"), [(35, 35, True), (35, 34, False)])
def test_a_prefix_takes_at_most_a_fifth_of_a_set(m, n, made):
    assert (prefix_pass("nonmember", records(m, n)) is not None) == made


def test_another_seed_puts_other_records_in_front():
    corpus = records(40, 40)
    found = [
        make_pass("nonmember_prefix_logprobs", corpus, TOY, None, PROFILES["routine"], seed=seed).facts
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1] != found[2]
    assert np.unique(found[0]).size == N_SHOTS


LETTERS = """
import numpy as np
from byheart.core.signals import Signals

def letters_read(target, corpus, *, seed):
    return Signals(corpus.ids, corpus.roles, corpus.groups, {"n": np.array([len(t) + seed for t in corpus.texts])})

def of_more(target, corpus, words, *, seed):
    return None
"""


def test_a_new_file_of_signals_is_a_pass_without_a_line_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "letters_read.py").write_text(LETTERS)
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    corpus = records(3, 2)
    p = make_pass("letters_read", corpus, TOY, None, PROFILES["routine"], seed=7)
    assert p.work(p.open(), np.array([0, 4])).dense("n").tolist() == [8 + 7, 8 + 7]
    assert p.key.target == TOY.digest
    assert p.key.recipe != make_pass("token_logprobs", corpus, TOY, None, PROFILES["routine"], seed=7).key.recipe


@pytest.mark.parametrize("name", ["windows", "of_more", "no such"])
def test_what_is_no_pass_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / "of_more.py").write_text(LETTERS)
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    with pytest.raises(UsageError, match=f"no pass is called '{name}'; there are token_logprobs"):
        make_pass(name, records(2, 2), TOY, None, PROFILES["routine"], seed=0)
