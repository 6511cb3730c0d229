"""Before and after: the same records paired, other records by their intervals."""

import json

import numpy as np
import pytest

from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.report.compare import change_lines, compare_runs, difference_of, write_comparison
from byheart.stats.auc import auc_estimate
from byheart.stats.sides import Sides


def estimate(value, low=None, high=None, unit="AUC"):
    return Estimate(value, low, high, 40, unit, "how")


def run_of(path, sim, values, roles, main=None, method="loss", **extra):
    run = RunFolder.start(path, {"verb": "audit text", "model": path.name})
    ids = np.array([f"r{i}" for i in range(len(values))], dtype=object)
    scores = Scores(np.array(values, float), ids, np.array(roles, dtype=object), ids, sim.card(method, ""), {}, extra)
    scores.save(run.scores_path(method))
    main = main or auc_estimate(Sides.from_scores(scores))
    run.save_verdicts([Verdict(method, "text", "It knows.", "not shown", 0.2, main, caveats=("Too few.",))])
    return run


def test_difference_from_two_intervals_by_hand():
    # 0.5 - 0.8 = -0.3; down: hypot(0.5 - 0.46, 0.83 - 0.8) = hypot(.04, .03) = 0.05; up: hypot(.03, .04) = 0.05
    d = difference_of(estimate(0.8, 0.76, 0.83), estimate(0.5, 0.46, 0.53))
    assert (d.value, d.low, d.high) == pytest.approx((-0.3, -0.35, -0.25))
    assert difference_of(estimate(0.8, None, 0.83), estimate(0.5, 0.46, 0.53)).high is None
    assert difference_of(estimate(None), estimate(0.5)) is None


def test_an_auc_on_the_same_records_is_paired(sim, tmp_path):
    chance = np.random.default_rng(0)
    roles = ["member"] * 40 + ["nonmember"] * 40
    base = chance.normal(size=80)
    before = run_of(tmp_path / "a", sim, base + np.repeat([1.5, 0.0], 40), roles)
    after = run_of(tmp_path / "b", sim, base + np.repeat([0.2, 0.0], 40), roles)
    (change,) = compare_runs(before, after)
    alone = difference_of(change.before, change.after)
    assert change.difference.how == "paired by record (DeLong)"
    assert change.difference.value == pytest.approx(change.after.value - change.before.value)
    assert change.difference.high - change.difference.low < alone.high - alone.low
    assert change.moved == "fell"


def test_a_share_is_read_from_its_column_and_paired(sim, tmp_path):
    roles = ["member"] * 10
    was, now = np.array([True] * 8 + [False] * 2), np.array([True] * 2 + [False] * 8)
    before = run_of(tmp_path / "a", sim, range(10), roles, estimate(0.8), "extraction", extracted=was)
    after = run_of(tmp_path / "b", sim, range(10), roles, estimate(0.2), "extraction", extracted=now)
    (change,) = compare_runs(before, after)
    # six of ten records changed from recited to not recited
    assert change.difference.value == pytest.approx(-0.6)
    assert change.difference.how.startswith("paired by record; 10 groups")
    assert -1 <= change.difference.low < change.difference.high < 0


def test_a_number_that_is_none_of_these_is_compared_by_its_intervals(sim, tmp_path):
    roles = ["member"] * 4
    before = run_of(tmp_path / "a", sim, range(4), roles, estimate(17.0, 16.0, 18.0))
    after = run_of(tmp_path / "b", sim, range(4), roles, estimate(17.5, 16.5, 18.5))
    (change,) = compare_runs(before, after)
    assert "Zou and Donner" in change.difference.how
    assert change.moved == "no clear change"


def test_other_records_are_not_paired(sim, tmp_path):
    before = run_of(tmp_path / "a", sim, range(4), ["member"] * 4, estimate(1.5, 1.0, 2.0))
    after = run_of(tmp_path / "b", sim, range(5), ["member"] * 5, estimate(2.0, 1.5, 2.5))
    assert "Zou and Donner" in compare_runs(before, after)[0].difference.how


def test_a_claim_of_one_run_and_a_utility(sim, tmp_path):
    before = run_of(tmp_path / "a", sim, range(4), ["member"] * 4, estimate(1.5))
    after = run_of(tmp_path / "b", sim, range(4), ["member"] * 4, estimate(1.5), "zlib")
    for run, value in ((before, 20.0), (after, 22.0)):
        utility = estimate(value, value - 1, value + 1, "perplexity on held-out text")
        run.update(utility={"perplexity": utility.__dict__})
    changes = {c.name: c for c in compare_runs(before, after)}
    assert changes["loss"].after is None
    assert changes["zlib"].before is None
    assert changes["utility: perplexity"].difference.value == 2.0
    assert changes["utility: perplexity"].moved == "rose"


def test_lines_page_and_json(run, sim, tmp_path):
    after = sim.simulated_run(tmp_path / "after", known=False)
    changes = compare_runs(run, after)
    json.dumps([c.to_dict() for c in changes], allow_nan=False)
    assert len(change_lines(changes)) == 3 * len(changes) - 1  # one claim has no number
    page = write_comparison(changes, run, after, tmp_path / "compare.html").read_text(encoding="utf-8")
    assert page.count('<article class="verdict">') == len(changes)
    assert "<script" not in page
    text = write_comparison(changes, run, after, tmp_path / "compare.md").read_text(encoding="utf-8")
    assert text.count("\n|") == len(changes) + 2
    assert change_lines([]) == ["Neither run has a verdict to compare."]
