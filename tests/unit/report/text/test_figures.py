"""Charts of canaries hold the numbers they claim to."""

import numpy as np
import pytest

from byheart.report.evidence import Evidence
from byheart.report.text.canaries import ceiling, exposures, recited_secrets
from byheart.report.text.figures import MOST_DOTS, exposure_chart, recited_chart
from byheart.report.text.recitation import recital


def trace(chart, name):
    return next(t for t in chart["data"] if t["name"].startswith(name))


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


def test_many_canaries_make_no_large_chart():
    chance = np.random.default_rng(0)
    chart = exposure_chart({0: chance.exponential(size=20_000), 1: chance.exponential(size=20_000)}, 14.0, seed=0)
    assert sum(len(t["x"]) for t in chart["data"]) <= MOST_DOTS + 10
