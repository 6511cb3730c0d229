from dataclasses import replace

import numpy as np

from byheart.stats.gate import gate, matched


def test_matched_by_id_in_any_order(scored):
    ours = scored(member=[1, 2], nonmember=[3, 4])
    theirs = scored(member=[10, 20], nonmember=[30, 40]).take([3, 0, 2])
    a, b = matched(ours, theirs)
    assert a.ids.tolist() == b.ids.tolist() == ["member-0", "nonmember-0", "nonmember-1"]
    assert (a.values.tolist(), b.values.tolist()) == ([1, 3, 4], [10, 30, 40])


def test_gate_in_its_four_states(scored):
    rng = np.random.default_rng(0)
    noise, more = rng.normal(size=(2, 60)), rng.normal(size=(2, 60))
    ours = scored(member=noise[0] + 2, nonmember=noise[1])
    assert gate(ours, None).baseline is None
    assert gate(ours, scored(member=[1.0], nonmember=[2.0])).baseline is None
    fair = gate(ours, scored(member=more[0], nonmember=more[1]))
    assert not fair.separates
    assert fair.beyond.low > 0.2
    shifted = gate(ours, scored(member=more[0] + 2, nonmember=more[1]))
    assert shifted.separates
    assert "refused" in shifted.refusal()
    below = scored(member=more[0] - 2, nonmember=more[1])
    assert gate(ours, below).separates
    assert not gate(ours, replace(below, params={"fitted": True})).separates
    assert gate(ours, replace(below, values=-below.values, params={"fitted": True})).separates
