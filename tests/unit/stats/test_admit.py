import numpy as np

from byheart.stats.admit import admit


def test_what_is_left_out_is_counted_and_said(scored):
    scores = scored(member=[1, np.nan, np.nan], nonmember=[2, np.inf], unknown=[np.nan])
    kept, said = admit(scores, "member", "nonmember")
    assert kept.values.tolist() == [1, 2, np.inf]
    assert said == ["2 of 3 member records could not be scored and are left out."]
    kept, said = admit(scores, "member", "nonmember", finite=True)
    assert kept.values.tolist() == [1, 2]
    assert said[1] == "1 of 2 control records could not be scored and are left out."


def test_a_record_counts_once(scored):
    scores = scored(member=[1, 2], nonmember=[3]).take([0, 1, 0, 2, 0])
    kept, said = admit(scores, "member", "nonmember")
    assert kept.values.tolist() == [1, 2, 3]
    assert said == ["2 records occur more than once; each is counted once."]
