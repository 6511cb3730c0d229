"""Articles of which as long a passage could be written by who never saw them."""

import numpy as np

from byheart.core.scores import Scores
from byheart.measure.guessed_passages import guessed_passages
from byheart.measure.verbatim import verbatim


def test_guessed_or_not_and_missing_where_nothing_was_asked():
    ids, roles = np.array(["a", "b", "c"], object), np.array(["member", "nonmember", "member"], object)
    own = Scores(np.array([300, 9, np.nan]), ids, roles, ids, verbatim.card, {}, {"guessed": np.array([0, 1, np.nan])})
    np.testing.assert_array_equal(guessed_passages(own).values, [0, 1, np.nan])
    assert guessed_passages(own).card.guesses == ("recitation",)
