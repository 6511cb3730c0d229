"""Right on the item and wrong on its twins."""

import numpy as np

from byheart.core.scores import Scores
from byheart.measure.contamination import contamination
from byheart.measure.contamination_recall import contamination_recall


def test_recall_is_being_right_beyond_the_other_versions():
    # Item a is right, its twins once and not: 1 - 1/2. The twin that is right: 1 - 1/2; the one that is wrong: 0 - 1.
    # Item b is right, but its twin has no known answer: nothing to compare with.
    ids = np.array(["a", "a1", "a2", "b", "b1"], object)
    roles = np.array(["member", "nonmember", "nonmember", "member", "nonmember"], object)
    columns = {"right": np.array([1, 1, 0, 1, np.nan]), "family": np.array(["a", "a", "a", "b", "b"], object)}
    own = Scores(np.zeros(5), ids, roles, ids, contamination.card, {}, columns)
    found = contamination_recall(own)
    np.testing.assert_array_equal(found.values, [0.5, 0.5, -1, np.nan, np.nan])
    np.testing.assert_array_equal(found.extra["right"], columns["right"])  # the judge reads it
