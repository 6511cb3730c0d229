"""Charts hold the numbers they claim to, and are valid for plotly."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from byheart.core.scores import Scores
from byheart.report.evidence import Evidence
from byheart.report.figures import MOST_POINTS, _curve, distribution_chart
from byheart.report.text.part import draw
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


def test_many_records_make_no_large_chart(sim):
    chance = np.random.default_rng(0)
    n = 20_000
    ids = np.arange(2 * n).astype(str).astype(object)
    roles = np.array(["member", "nonmember"] * n, dtype=object)
    scores = Scores(chance.normal(size=2 * n), ids, roles, ids, sim.card("loss", "nats"))
    curve = _curve(scores, "loss", "#000000")
    assert len(curve["x"]) <= MOST_POINTS
    above = (scores.where("member").values > scores.where("nonmember").values.max()).mean()  # without a false alarm
    assert (curve["x"][0], curve["y"][0], curve["x"][-1], curve["y"][-1]) == (0.0, above, 1.0, 1.0)
