"""What does recitation look like, and what became of canaries? Charts of a run over texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from byheart.core.randomness import generator
from byheart.report.figures import CANARY, CONTROL, MEMBER, QUIET, Chart, chart, line
from byheart.report.text.recitation import Recital
from byheart.stats.intervals import bootstrap_mean, clopper_pearson

NULL_BITS = float(np.log2(np.e))  # mean exposure of a canary that was never planted
MOST_DOTS = 1500


def stretch_chart(recital: Recital) -> Chart:
    """Share of records with a recited stretch of at least so many tokens."""
    longest = max(int(recital.length.max(initial=1)), 2)
    at = np.unique(np.geomspace(1, longest, 160).round().astype(np.int64))
    traces = []
    for role, name, colour in (("member", "training records", MEMBER), ("nonmember", "control", CONTROL)):
        lengths = np.sort(recital.length[recital.roles == role])
        if lengths.size:
            share = 1 - np.searchsorted(lengths, at, side="left") / lengths.size
            hover = f"%{{y:.1%}} of {name}: %{{x}} tokens or more<extra></extra>"
            traces.append(line(at, share, name, colour, hovertemplate=hover, line_shape="hv"))
    x = {"title": "length of the recited stretch, tokens", "type": "log", "range": [0, float(np.log10(longest * 1.1))]}
    x |= {"tickvals": [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if t <= longest * 1.1]}
    return chart(traces, x, {"title": "share of records", "tickformat": ".0%", "rangemode": "tozero"})


def exposure_chart(bits: Mapping[int, np.ndarray], ceiling: float, seed: int) -> Chart:
    """Exposure of each canary against its repetitions, with means; the twins stand at 0."""
    levels, chance, traces = sorted(bits), generator(seed, "jitter"), []
    means = [_mean(bits[r], seed) for r in levels]
    for i, r in enumerate(levels):
        shown = bits[r][:: max(1, -(-bits[r].size // (MOST_DOTS // len(levels))))]
        jitter = i + chance.uniform(-0.2, 0.2, shown.size)
        traces.append(_dots(jitter, shown, r))
    reach = {"array": [m[2] - m[0] for m in means], "arrayminus": [m[0] - m[1] for m in means]}
    traces.append({
        "type": "scatter", "mode": "lines+markers", "name": "mean", "x": list(range(len(levels))),
        "y": [m[0] for m in means], "line": {"color": "#E69F00", "width": 2}, "cliponaxis": False,
        "marker": {"size": 11, "symbol": "diamond", "color": "#E69F00"},
        "hovertemplate": "mean %{y:.2f} bits<extra></extra>",
        "error_y": {"type": "data", "symmetric": False, "thickness": 2, "width": 6, **reach},
    })  # fmt: skip
    traces += [
        _rule(len(levels), NULL_BITS, f"chance {NULL_BITS:.2f}", "dot"),
        _rule(len(levels), ceiling, f"ceiling {ceiling:.2f}", "dash"),
    ]
    return chart(traces, _times(levels), {"title": "exposure, bits", "rangemode": "tozero"})


def recited_chart(counts: Mapping[int, tuple[int, int]]) -> Chart:
    """Share of secrets recited whole, by repetitions; counts are (recited, planted)."""
    levels = sorted(counts)
    shares = [counts[r][0] / counts[r][1] for r in levels]
    spans = [clopper_pearson(*counts[r]) for r in levels]
    bar = {
        "type": "bar", "name": "recited whole, 95 % interval", "x": list(range(len(levels))), "y": shares,
        "width": 0.55,
        "marker": {"color": [CONTROL if r == 0 else CANARY for r in levels]},
        "customdata": [[*counts[r]] for r in levels],
        "hovertemplate": "%{customdata[0]} of %{customdata[1]} recited<extra></extra>",
        "error_y": {
            "type": "data", "symmetric": False, "array": [s[1] - v for s, v in zip(spans, shares, strict=True)],
            "arrayminus": [v - s[0] for s, v in zip(spans, shares, strict=True)], "thickness": 2, "width": 6,
        },
    }  # fmt: skip
    y = {"title": "secrets recited whole", "tickformat": ".0%", "range": [0, 1.03]}
    return chart([bar], _times(levels), y, showlegend=False)


def _times(levels: list[int]) -> Chart:
    names = ["twins" if r == 0 else f"{r:,}" for r in levels]
    places = list(range(len(levels)))
    title = "times planted" + (" (twins: never)" if 0 in levels else "")
    return {"title": title, "tickvals": places, "ticktext": names, "range": [-0.5, len(levels) - 0.5], "tickangle": 0}


def _dots(x: np.ndarray, y: np.ndarray, repetitions: int) -> Chart:
    twin = repetitions == 0
    look = {"color": CONTROL, "symbol": "circle-open"} if twin else {"color": CANARY, "symbol": "circle"}
    what = "twin, never planted" if twin else f"canary planted {repetitions:,} times"
    return {
        "type": "scatter", "mode": "markers", "name": what, "x": np.round(x, 3).tolist(), "y": np.round(y, 3).tolist(),
        "showlegend": False, "cliponaxis": False, "hovertemplate": f"%{{y:.2f}} bits<extra>{what}</extra>",
        "marker": {"size": 7, "opacity": 0.5, **look},
    }  # fmt: skip


def _rule(n: int, y: float, name: str, dash: str) -> Chart:
    return line(np.array([-0.5, n - 0.5]), np.array([y, y]), name, QUIET, width=1.5, dash=dash, hoverinfo="skip")


def _mean(values: np.ndarray, seed: int) -> tuple[float, float, float]:
    if values.size < 2:
        value = float(values.mean())
        return value, value, value
    e = bootstrap_mean(values, seed=seed, n_resamples=500)
    return float(e.value or 0), float(e.low or 0), float(e.high or 0)
