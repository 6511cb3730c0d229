import numpy as np

from byheart.stats.folds import grouped_folds

groups = np.array([f"g{i // 2}" for i in range(40)], dtype=object)
roles = np.array(["member"] * 20 + ["nonmember"] * 20, dtype=object)


def test_groups_stay_whole_and_strata_are_spread():
    folds = grouped_folds(groups, roles, 5, seed=0, purpose="t")
    assert (folds[0::2] == folds[1::2]).all()
    for role in ("member", "nonmember"):  # 10 groups of 2 in 5 folds: 4 records each
        assert np.bincount(folds[roles == role]).tolist() == [4] * 5


def test_order_does_not_count_but_the_seed_does():
    folds = grouped_folds(groups, roles, 5, seed=0, purpose="t")
    shuffled = np.random.default_rng(0).permutation(40)
    assert (grouped_folds(groups[shuffled], roles[shuffled], 5, seed=0, purpose="t") == folds[shuffled]).all()
    assert (grouped_folds(groups, roles, 5, seed=1, purpose="t") != folds).any()


def test_a_group_of_two_strata_is_in_one_fold():
    folds = grouped_folds(np.array(["x", "y", "x", "z"]), np.array(["b", "a", "a", "b"]), 2, seed=3, purpose="t")
    assert folds[0] == folds[2]
