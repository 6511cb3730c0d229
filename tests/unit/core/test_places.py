"""Records are found by their ids, in the order asked for, in all three nouns that have ids."""

import numpy as np
import pytest

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.places import aligned, places
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals


def column(words):
    return np.array(words.split(), dtype=object)


IDS, ROLES, GROUPS = column("a b c"), column("member nonmember member"), column("x y z")


def of_each_kind():
    values = np.array([1.0, 2.0, 3.0])
    arrays = {"dense": values, "ragged": Ragged(np.arange(6.0), np.array([0, 1, 3, 6]))}
    return {
        "corpus": Corpus(["A", "B", "C"], IDS, ROLES, GROUPS, {"n": values}),
        "signals": Signals(IDS, ROLES, GROUPS, arrays),
        "scores": Scores(values, IDS, ROLES, GROUPS, Card("m", "measure", "ours", "any"), extra={"n": values}),
    }


@pytest.mark.parametrize("kind", ["corpus", "signals", "scores"])
def test_the_order_is_that_of_the_ids_asked_for(kind):
    found = of_each_kind()[kind].at(["c", "a"])
    assert found.ids.tolist() == ["c", "a"]
    assert found.groups.tolist() == ["z", "x"]
    if kind == "corpus":
        assert found.items == ["C", "A"]
        assert found.columns["n"].tolist() == [3.0, 1.0]
    if kind == "signals":
        assert found.dense("dense").tolist() == [3.0, 1.0]
        assert [row.tolist() for row in found.ragged("ragged")] == [[3.0, 4.0, 5.0], [0.0]]
    if kind == "scores":
        assert found.values.tolist() == found.extra["n"].tolist() == [3.0, 1.0]


@pytest.mark.parametrize("kind", ["corpus", "signals", "scores"])
def test_an_unknown_id_is_refused_by_name_unless_it_is_to_be_skipped(kind):
    one = of_each_kind()[kind]
    with pytest.raises(DataError, match="no record has the id 'q'; there are 3, such as 'a'"):
        one.at(["b", "q", "r"])
    assert one.at(["b", "q", "a"], skip_unknown=True).ids.tolist() == ["b", "a"]
    assert len(one.at([])) == 0


def test_places_of_nobody():
    assert places(np.array([], dtype=object), ["a"]).tolist() == [-1]
    with pytest.raises(DataError, match=r"no record has the id 'a'; there are 0$"):
        Corpus.of([], "member").at(["a"])


def test_values_line_up_with_other_ids():
    values = aligned(np.array([True, False, True]), IDS, ["c", "q", "b"])
    assert values[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(values[1])
    assert np.isnan(aligned(np.array([]), np.array([], dtype=object), ["a"])).tolist() == [True]
