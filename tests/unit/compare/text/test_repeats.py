from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.repeats import ORDERS, guess_by_repeating
from byheart.core.ragged import Ragged

rows = st.lists(st.lists(st.integers(0, 2), max_size=40), max_size=4)


def guess(row, t):
    for order in reversed(ORDERS):
        context = row[t - order : t]
        for end in range(t - 1, order - 1, -1):
            if len(context) == order and row[end - order : end] == context:
                return row[end]
    return -1


@given(rows)
def test_agrees_with_looking_it_up(rows):
    guesses = guess_by_repeating(Ragged.of(rows, dtype="int32"))
    assert [g.tolist() for g in guesses] == [[guess(r, t) for t in range(len(r))] for r in rows]


def test_by_hand():
    # 1 2 3 1 2 4 1 2: after "1" came 2 (position 4); after "1 2" came 3 (position 5); 4 is new, so no guess (6);
    # after the last "1" came 2 (7)
    assert guess_by_repeating(Ragged.of([[1, 2, 3, 1, 2, 4, 1, 2]]))[0].tolist() == [-1, -1, -1, -1, 2, 3, -1, 2]
