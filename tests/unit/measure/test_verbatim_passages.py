"""Articles of which a passage of the length fixed beforehand came back."""

import numpy as np

from byheart.core.scores import Scores
from byheart.measure.verbatim import verbatim
from byheart.measure.verbatim_passages import verbatim_passages


def test_recited_or_not_and_missing_where_nothing_was_answered():
    ids, roles = np.array(["a", "b", "c"], object), np.array(["member", "nonmember", "member"], object)
    columns = {"recited": np.array([True, False, False])}
    own = Scores(np.array([300, 9, np.nan]), ids, roles, ids, verbatim.card, {"whole_words": 20}, columns)
    found = verbatim_passages(own)
    np.testing.assert_array_equal(found.values, [1, 0, np.nan])
    assert found.card.sentence.format(**found.params).startswith("The model gives back 20 words in a row of articles")
