"""A corpus keeps what it is given, also through its file."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError


def test_absent_words_stay_absent_through_the_file(tmp_path):
    members = Corpus.of(["a", "b"], "member")
    canary = Corpus.of(["c"], "canary", columns={"secret": ["x7"], "repetitions": [4]})
    both = members + canary
    both.save(tmp_path / "corpus.parquet")
    again = Corpus.load(tmp_path / "corpus.parquet")
    assert both.columns["secret"].tolist() == [None, None, "x7"]
    assert again.columns["secret"].tolist() == [None, None, "x7"]
    assert again.columns["repetitions"][2] == 4
    assert np.isnan(float(again.columns["repetitions"][0] or np.nan))


def test_order_of_records_and_every_field_count_in_the_digest():
    one = Corpus.of(["a", "b"], "member", ids=["1", "2"])
    assert one.digest == Corpus.of(["a", "b"], "member", ids=["1", "2"]).digest
    assert one.digest != one.take([1, 0]).digest
    assert one.digest != Corpus.of(["a", "b"], "nonmember", ids=["1", "2"]).digest
    assert one.digest != Corpus.of(["a", "b"], "member", ids=["1", "2"], columns={"date": ["2020", "2021"]}).digest


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Corpus.of(["a"], "friend"), "got 'friend'"),
        (lambda: Corpus.of(["a", "b"], "member", ids=["1", "1"]), "have the id '1'"),
        (lambda: Corpus.of(["a", "b"], "member", columns={"date": ["2020"]}), "2 records but 1 date"),
    ],
)
def test_refusals(build, words):
    with pytest.raises(DataError, match=words):
        build()


def test_chats_come_back_as_chats(tmp_path):
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hé"}]
    Corpus.of([chat, "plain [1]"], "member").save(tmp_path / "c.parquet")
    assert Corpus.load(tmp_path / "c.parquet").items == [chat, "plain [1]"]
