import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from byheart.core.errors import DataError
from byheart.stats.multiplicity import benjamini_hochberg, holm

ps = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_by_hand():
    # sorted 0.01, 0.02, 0.04: Holm 3, 2, 1 times -> 0.03, 0.04, 0.04; BH 3/1, 3/2, 3/3 times -> 0.03, 0.03, 0.04
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert benjamini_hochberg([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.03])


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_agree_with_statsmodels(n):
    p = np.random.default_rng(n).random(n).round(1) ** 2  # with ties
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


@settings(max_examples=50, deadline=None)
@given(ps)
def test_never_smaller_than_p_and_holm_is_the_stricter(p):
    assert (benjamini_hochberg(p) >= np.array(p) - 1e-15).all()
    assert (holm(p) >= benjamini_hochberg(p) - 1e-15).all()


def test_no_claims_and_no_probabilities():
    assert holm([]).size == 0
    for bad in ([1.2], [-0.1], [np.nan]):
        with pytest.raises(DataError):
            holm(bad)
