"""Of a hunt the canaries alone."""

import numpy as np

from byheart.core.scores import Scores
from byheart.measure.memhunter import memhunter
from byheart.measure.memhunter_canaries import memhunter_canaries


def test_other_records_are_left_out():
    roles = np.array(["member", "nonmember", "canary", "canary_control"], object)
    ids = np.array(list("abcd"), object)
    found = memhunter_canaries(Scores(np.array([0.9, 0.2, 0.8, 0.1]), ids, roles, ids, memhunter.card))
    np.testing.assert_array_equal(found.values, [np.nan, np.nan, 0.8, 0.1])
    assert found.card.claim == "hunted_canaries"
