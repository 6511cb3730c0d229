import numpy as np
import pytest
from scipy.stats import rankdata

from byheart.core.errors import DataError, TooFewRecords
from byheart.measure._table_quality.efficacy import (
    _is_category,
    efficacy,
    efficacy_estimate,
    one_against_rest,
    r2_score,
)
from byheart.measure._table_quality.influence import Units, standard_error
from byheart.stats.auc import auc_estimate
from byheart.stats.sides import Sides


def test_r2_by_hand():
    # truth 0 2 4, mean 2, squares 4 0 4; told 0 2 2: errors 0 0 4; 1 - 4/8
    score = r2_score(np.array([0.0, 2, 4]), np.array([0.0, 2, 2]))
    assert score.value == pytest.approx(0.5)
    # -(error - 1/2 * square) / 8: 2/8, 0, -(4 - 2)/8
    np.testing.assert_allclose(score.moves[0], [0.25, 0, -0.25])


def test_auc_of_each_class_by_hand():
    truth = np.array([0, 0, 1, 2])
    told = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7]])
    # class 0: 0.9 beats 0.3 and 0.1, 0.2 beats 0.1: 3/4; class 1: 0.6 beats all; class 2: 0.7 beats all
    assert one_against_rest(truth, told).value == pytest.approx((3 / 4 + 1 + 1) / 3)


def test_two_classes_are_delongs():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    chance = truth + rng.normal(size=200)
    score = one_against_rest(truth, np.stack([-chance, chance], axis=1))
    sides = Sides.of(chance[truth == 1], chance[truth == 0])
    assert score.value == pytest.approx(auc_estimate(sides).value)
    ranks = rankdata(chance)  # Mann & Whitney by ranks
    m, n = (truth == 1).sum(), (truth == 0).sum()
    assert score.value == pytest.approx((ranks[truth == 1].sum() - m * (m + 1) / 2) / (m * n))
    assert standard_error(score, Units.of(np.arange(200))) > 0


def known(table, n, rng, classes=2):
    """A target that the column beside it decides."""
    x = rng.normal(size=(n, 1))
    return table(x, np.clip((x[:, 0] * classes / 2).astype(int) + classes // 2, 0, classes - 1))


def test_learns_what_is_there_and_nothing_from_shuffled_columns(table):
    rng = np.random.default_rng(1)
    learn, test = known(table, 400, rng), known(table, 400, rng)
    good = efficacy(learn, test, "c0", seed=0)
    assert good.value > 0.99
    found = efficacy_estimate(good, test, "c0", how="")
    assert found.low < found.value <= found.high <= 1
    # an AUC of 400 rows with nothing to tell has sd 0.03; four of them
    assert abs(efficacy(learn.shuffled(rng), test, "c0", seed=0).value - 0.5) < 0.12
    assert efficacy(learn, test, "x0", seed=0).value > 0.3  # the class tells the sign of the number
    assert efficacy(learn, test, "c0", seed=0).value == good.value


def test_a_perfect_answer_still_has_an_interval(table):
    x = np.repeat([0.0, 1.0], 30)
    learn = table(x, x.astype(int))
    found = efficacy_estimate(efficacy(learn, learn, "c0", seed=0), learn, "c0", how="")
    assert (found.value, found.high) == (1, 1)
    assert 0.8 < found.low < 1


def test_a_class_that_was_never_learned_is_told_by_nothing(table):
    rng = np.random.default_rng(2)
    learn, test = known(table, 300, rng, 2), known(table, 300, rng, 2)
    third = np.append(test.codes, 7)
    with_third = table(np.append(test.numbers, 0.0), third)
    two, three = efficacy(learn, test, "c0", seed=0).value, efficacy(learn, with_third, "c0", seed=0).value
    # the third class alone is at 0.5; the new row moves the other two AUCs by at most 1/100
    assert three == pytest.approx((2 * two + 0.5) / 3, abs=0.02)


def test_missing_targets_are_left_out(table):
    rng = np.random.default_rng(3)
    learn, test = known(table, 200, rng), known(table, 100, rng)
    codes = test.codes.copy()
    codes[:10] = -1
    score = efficacy(learn, table(test.numbers, codes), "c0", seed=0)
    assert score.moves[0].shape == (100,)
    assert not score.moves[0][:10].any()
    codes[10:30] = 1 - codes[10:30]
    wrong = table(test.numbers, codes)
    found = efficacy_estimate(efficacy(learn, wrong, "c0", seed=0), wrong, "c0", how="")
    assert 0 < found.low < found.value < found.high < 1  # over the rows that have one


def test_which_columns_the_trees_are_told_are_categories(table):
    assert _is_category(table(np.zeros((3, 2)), np.zeros((3, 2), int))).tolist() == [False, False, True, True]


def test_more_categories_than_trees_know(table):
    rng = np.random.default_rng(4)
    codes = np.stack([rng.integers(0, 600, 700), rng.integers(0, 2, 700)], axis=1)
    learn = table(codes=codes)
    assert 0.5 <= efficacy(learn, learn, "c1", seed=0).value <= 1


def test_refusals(table):
    rng = np.random.default_rng(5)
    learn, test = known(table, 200, rng), known(table, 200, rng)
    with pytest.raises(TooFewRecords, match="got 39 and 200"):
        efficacy(learn.take(np.arange(39)), test, "c0", seed=0)
    with pytest.raises(DataError, match="one value only in the rows to learn from"):
        efficacy(learn.take(learn.codes[:, 0] == 1), test, "c0", seed=0)
    with pytest.raises(DataError, match="one value only in the rows to be judged on"):
        efficacy(learn, test.take(test.codes[:, 0] == 1), "c0", seed=0)
    with pytest.raises(DataError, match="no column beside"):
        efficacy(table(codes=learn.codes), table(codes=test.codes), "c0", seed=0)
