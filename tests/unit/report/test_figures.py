"""Charts hold the numbers they claim to, and are valid for plotly."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from byheart.report.evidence import Evidence
from byheart.report.figures import MOST_DOTS, MOST_POINTS, distribution_chart, exposure_chart, recited_chart
from byheart.report.page import draw
from byheart.report.text.canaries import ceiling, exposures, recited_secrets
from byheart.report.text.recitation import recital


@pytest.fixture(scope="module")
def charts(run):
    evidence = Evidence.of(run)
    return draw(evidence, recital(evidence.shards("token_logprobs")))


def trace(chart, name):
    return next(t for t in chart["data"] if t["name"].startswith(name))


def test_every_chart_is_a_plotly_figure(charts):
    assert set(charts) == {"roc", "roc-low", "distribution", "stretch", "exposure", "recited"}
    for chart in charts.values():
        go.Figure(chart)
        json.dumps(chart, allow_nan=False)


def test_the_roc_curve_lies_in_its_band_and_the_blind_baseline_is_beside_it(charts):
    low, high, curve = charts["roc"]["data"][:3]
    assert curve["name"] == "min_k"
    at = np.searchsorted(curve["x"], low["x"], side="right") - 1
    found = np.array(curve["y"])[at]
    assert ((np.array(low["y"]) <= found + 1e-6) & (found <= np.array(high["y"]) + 1e-6)).all()
    assert trace(charts["roc"], "blind baseline")["line"]["dash"] == "dash"


def test_bars_hold_every_record_once(run):
    chart = distribution_chart(Evidence.of(run).scores["loss"])
    assert [sum(t["customdata"]) for t in chart["data"]] == [60, 60]


def test_exposure_has_twins_at_zero_and_the_null_line(run):
    evidence = Evidence.of(run)
    bits = exposures(evidence)
    assert {r: v.size for r, v in bits.items()} == {0: 48, 1: 8, 4: 8, 16: 8}
    chart = exposure_chart(bits, ceiling(evidence), seed=0)
    # log2(e) = 1.442695; 48 twins: log2(49) = 5.614710
    assert trace(chart, "chance")["y"] == [1.442695, 1.442695]
    assert trace(chart, "ceiling")["y"] == [5.61471, 5.61471]
    assert chart["layout"]["xaxis"]["ticktext"] == ["twins", "1", "4", "16"]
    mean = trace(chart, "mean")
    assert mean["y"][0] == pytest.approx(bits[0].mean())


def test_recited_share_and_exact_interval():
    # 0 of 10: Clopper-Pearson upper end 1 - 0.025^(1/10) = 0.3085
    bar = recited_chart({0: (0, 10), 4: (1, 2)})["data"][0]
    assert bar["y"] == [0.0, 0.5]
    assert bar["error_y"]["array"][0] == pytest.approx(0.3085, abs=1e-4)
    assert bar["error_y"]["arrayminus"][0] == 0


def test_secrets_are_counted_by_repetitions(run):
    evidence = Evidence.of(run)
    counts = recited_secrets(evidence, recital(evidence.shards("token_logprobs")))
    assert {r: n for r, (_, n) in counts.items()} == {0: 48, 1: 8, 4: 8, 16: 8}
    assert counts[16][0] > counts[0][0]


def test_many_records_make_no_large_chart(sim, tmp_path):
    chance = np.random.default_rng(0)
    chart = exposure_chart({0: chance.exponential(size=20_000), 1: chance.exponential(size=20_000)}, 14.0, seed=0)
    assert sum(len(t["x"]) for t in chart["data"]) <= MOST_DOTS + 10
    from byheart.core.scores import Scores
    from byheart.report.figures import _curve

    n = 20_000
    ids = np.arange(2 * n).astype(str).astype(object)
    roles = np.array(["member", "nonmember"] * n, dtype=object)
    scores = Scores(chance.normal(size=2 * n), ids, roles, ids, sim.card("loss", "nats"))
    curve = _curve(scores, "loss", "#000000")
    assert len(curve["x"]) <= MOST_POINTS
    assert (curve["y"][0], curve["x"][-1], curve["y"][-1]) == (0.0, 1.0, 1.0)
