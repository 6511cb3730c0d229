"""The sentences and numbers that a signatory reads first, worked out by hand."""

import numpy as np

from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.measure.nearest_row import nearest_row
from byheart.report.evidence import Evidence
from byheart.report.table.words import areas, told


def evidence(made, held):
    """A run that holds nothing but the ratios and distances of these synthetic and held-out rows."""
    n, m = len(made), len(held)
    ids = np.array([f"r{i}" for i in range(n + m)], dtype=object)
    distance = np.concatenate([made, held])
    roles = np.array(["synthetic"] * n + ["nonmember"] * m, dtype=object)
    extra = {"distance_1": distance, "copied": distance < 0, "exact": (distance == 0).astype(int)}
    values = np.concatenate([np.full(n, 0.25), np.full(m, 0.5)])
    scores = Scores(values, ids, roles, ids, nearest_row.card, {}, extra)
    return Evidence(RunFolder("nowhere"), {}, [], {"nearest_row": scores})


def test_near_copies_are_counted_against_the_nearest_hundredth_of_the_held_out_rows():
    # held-out distances 1, 2, ..., 200: the 1 % quantile, lower, is at place floor(0.01 * 199) = 1, distance 2; of the
    # synthetic distances 0, 1, 2 and 50 two lie below 2, a half
    said = told(evidence(np.array([0.0, 1.0, 2.0, 50.0]), np.arange(1.0, 201.0)))
    assert said[-1].startswith("2 (50 %) of them are nearer to a training row than 99 % of the held-out rows are")
    assert "Of 4 synthetic rows, 1 (25 %) are equal to a training row" in said[1]


def test_too_few_held_out_rows_give_no_such_sentence():
    assert not any("nearer" in s for s in told(evidence(np.array([0.0, 1.0]), np.arange(1.0, 51.0))))


def test_the_area_under_the_curve_is_one_minus_the_mean_ratio():
    # the scores are 1 - ratio: 0.25 of every synthetic and 0.5 of every held-out row, so the areas are these
    found = areas(evidence(np.arange(1.0, 5.0), np.arange(1.0, 9.0)))
    assert (found["synthetic"].value, found["nonmember"].value) == (0.25, 0.5)
    assert areas(Evidence(RunFolder("nowhere"), {})) == {}
