import numpy as np
import pytest

from byheart.core.errors import DataError
from byheart.measure.cdd import cdd


def test_by_hand(written):
    # 20 tokens, alpha 0.05 allows 1 edit: equal (0 edits) and one replaced (1) count, two replaced do not: 2 of 3
    greedy = list(range(20))
    signals = written(
        greedy=[greedy], sample_000=[greedy], sample_001=[[99, *greedy[1:]]], sample_002=[[99, 98, *greedy[2:]]]
    )
    assert cdd(signals).values == pytest.approx([2 / 3])
    assert cdd(signals, alpha=0.0).values == pytest.approx([1 / 3])


@pytest.mark.parametrize(("greedy", "sample"), [(20, 19), (19, 20)])
def test_the_longest_output_decides_how_many_edits_are_allowed(written, greedy, sample):
    # one token more or less is 1 edit; 0.05 of 20 tokens allows 1, of 19 none
    signals = written(greedy=[list(range(greedy))], sample_000=[list(range(sample))])
    assert cdd(signals).values.tolist() == [1.0]


def test_outputs_are_cut(written):
    # they differ only behind the cut
    signals = written(greedy=[[1, 2, 3, 4]], sample_000=[[1, 2, 9, 9]])
    assert cdd(signals, alpha=0.0).values.tolist() == [0.0]
    assert cdd(signals, alpha=0.0, max_tokens=2).values.tolist() == [1.0]


def test_empty_outputs(written):
    assert np.isnan(cdd(written(greedy=[[]], sample_000=[[]])).values).all()


def test_refuses_no_samples(written):
    with pytest.raises(DataError, match="sample_000"):
        cdd(written(greedy=[[1]]))
