import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.runs import greedy_hits, longest_runs, recited_from, suffix_lengths, trailing_runs
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals

rows = st.lists(st.lists(st.booleans(), max_size=9), max_size=6)


def run_at_end(row):
    n = 0
    for hit in reversed(row):
        if not hit:
            break
        n += 1
    return n


@given(rows)
def test_runs_agree_with_counting(rows):
    hits = Ragged.of(rows, dtype=bool)
    assert trailing_runs(hits).tolist() == [run_at_end(r) for r in rows]
    assert longest_runs(hits).tolist() == [max(run_at_end(r[:i]) for i in range(len(r) + 1)) for r in rows]
    assert [r.tolist() for r in recited_from(hits)] == [[all(r[i:]) for i in range(len(r))] for r in rows]


def test_a_tie_is_no_hit_and_unscored_tokens_do_not_count():
    gap = Ragged.of([[np.nan, 1.0, 0.0, -1.0, 2.0]], dtype=np.float32)
    scored = Ragged.of([[0, 1, 1, 0, 1]], dtype=np.uint8)
    one = np.array(["a"], dtype=object)
    hits = greedy_hits(Signals(one, one, one, {"gap": gap, "scored": scored}))
    assert hits[0].tolist() == [True, False, True]


def test_suffix_lengths_by_hand():
    # 50 of 100 or more, half below, never less than one
    assert suffix_lengths(np.array([101, 99, 3, 1]), 50).tolist() == [50, 49, 1, 1]
