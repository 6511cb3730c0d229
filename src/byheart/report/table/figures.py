"""What do distances between rows look like? Charts of a run over tables, as plain data for plotly.js."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.scores import Scores
from byheart.report.figures import CANARY, CONTROL, MEMBER, MOST_POINTS, QUIET, Chart, chart
from byheart.report.table.cells import short
from byheart.report.table.neighbours import COPIED

BOTH = (("nonmember", "held-out rows", CONTROL), ("synthetic", "synthetic rows", MEMBER))
MOST_COLUMNS = 30  # in the chart
LONGEST = 26  # characters of a column's name on an axis


def ratio_chart(scores: Scores) -> Chart:
    """Share of rows with a ratio of at most so much, synthetic and held-out rows, with the line at 1/3."""
    traces = []
    for role, name, colour in BOTH:
        ratio = np.sort(1 - scores.where(role).values)
        if ratio.size:
            traces.append(_steps(ratio, f"{name} ({ratio.size:,})", name, colour))
    shade = {"type": "rect", "xref": "x", "yref": "paper", "x0": 0, "x1": COPIED, "y0": 0, "y1": 1, "layer": "below",
             "fillcolor": MEMBER, "opacity": 0.08, "line": {"width": 0}}  # fmt: skip
    line = {"type": "line", "xref": "x", "yref": "paper", "x0": COPIED, "x1": COPIED, "y0": 0, "y1": 1,
            "line": {"color": QUIET, "width": 1.5, "dash": "dot"}}  # fmt: skip
    note = {"xref": "x", "yref": "paper", "x": COPIED, "y": 1, "xanchor": "left", "yanchor": "top", "showarrow": False,
            "text": " 1/3", "font": {"size": 12}}  # fmt: skip
    x = {"title": "ratio of the two distances", "range": [-0.01, 1.01],
         "tickvals": [0, 0.25, 0.5, 0.75, 1]}  # fmt: skip
    y = {"title": "share of rows", "tickformat": ".0%", "range": [-0.01, 1.02]}
    return chart(traces, x, y, shapes=[shade, line], annotations=[note])


def distance_chart(scores: Scores) -> Chart:
    """Distances to the nearest training row as shares per bin on a logarithmic axis; distance 0 is a bar of its own."""
    sides = {role: scores.where(role).extra["distance_1"].astype(np.float64) for role, _, _ in BOTH}
    pooled = np.concatenate(list(sides.values()))
    positive = np.log10(pooled[pooled > 0])
    low, high = (float(positive.min()), float(positive.max())) if positive.size else (-2.0, 0.0)
    low = max(low, high - 6)
    n_bins = int(np.clip(2 * np.cbrt(pooled.size), 12, 48))
    width = max(high - low, 0.3) / n_bins
    edges = low + width * np.arange(n_bins + 1)
    zero = low - 3.5 * width
    traces = [_bins(sides[role], edges, zero, name, colour) for role, name, colour in BOTH if sides[role].size]
    ticks = [e for e in range(int(np.ceil(low)), int(np.floor(edges[-1])) + 1)]
    ticks = ticks if len(ticks) > 1 else np.round(np.linspace(low, edges[-1], 4), 2).tolist()
    x = {"title": "distance to the nearest training row", "tickvals": [zero, *ticks],
         "ticktext": ["0", *(f"{10**t:.2g}" for t in ticks)],
         "range": [zero - 1.5 * width, edges[-1] + width / 2]}  # fmt: skip
    gap = {"type": "line", "xref": "x", "yref": "paper", "x0": low - 1.2 * width, "x1": low - 1.2 * width, "y0": 0,
           "y1": 1, "line": {"color": QUIET, "width": 1, "dash": "dot"}}  # fmt: skip
    y = {"title": "share of rows", "tickformat": ".0%", "rangemode": "tozero"}
    return chart(traces, x, y, barmode="overlay", bargap=0, shapes=[gap])


def columns_chart(columns: Sequence[Mapping[str, Any]]) -> Chart:
    """For each column, how often it agrees in copied pairs (dot with interval) and in held-out pairs (square).

    Args:
        columns: of `table_columns`, the tellest first: `name`, `value`, `low`, `high`, `null`.
    """
    kept = list(columns)[:MOST_COLUMNS][::-1]
    places = list(range(len(kept)))
    value = [c["value"] for c in kept]
    low, high = ([c["value"] if c[end] is None else c[end] for c in kept] for end in ("low", "high"))
    reach = {"array": [b - v for b, v in zip(high, value, strict=True)],
             "arrayminus": [v - a for a, v in zip(low, value, strict=True)]}  # fmt: skip
    labels = [_label(c["name"]) for c in kept]
    traces = [_marks([c["null"] for c in kept], places, labels, "held-out rows", CONTROL, "square-open")]
    traces.append({**_marks(value, places, labels, "synthetic rows", MEMBER, "circle"),
                   "error_x": {"type": "data", "symmetric": False, "thickness": 2, "width": 4, **reach}})  # fmt: skip
    y = {"tickvals": places, "ticktext": labels, "range": [-0.7, len(kept) - 0.3]}
    x = {"title": "rows that agree", "tickformat": ".0%", "range": [-0.02, 1.03]}
    return chart(traces, x, y, height=max(260, 110 + 26 * len(kept)))


def trade_off_chart(points: Sequence[Mapping[str, Any]], privacy: str, quality: str) -> Chart:
    """One point per table: what it costs in privacy and what it is worth, with both intervals."""
    traces: list[Chart] = []
    for n, point in enumerate(points):
        x, y = point["privacy"], point["quality"]
        if x["value"] is None or y["value"] is None:
            continue
        symbol = ("circle", "diamond", "square", "triangle-up", "star", "x")[n % 6]
        colour = (MEMBER, CONTROL, CANARY, "#CC79A7", "#E69F00", QUIET)[n % 6]
        traces.append({
            "type": "scatter", "mode": "markers", "name": _label(point["name"]), "x": [x["value"]], "y": [y["value"]],
            "marker": {"size": 12, "symbol": symbol, "color": colour}, "error_x": _bar(x), "error_y": _bar(y),
            "hovertemplate": "%{x:.3g}, %{y:.3g}<extra>" + _label(point["name"]) + "</extra>",
        })  # fmt: skip
    return chart(traces, {"title": _label(privacy, 80)}, {"title": _label(quality, 80)})


def table_columns(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Findings on columns as the page reads them, the most telling first; numbers that are not there are None."""
    return [
        {"name": str(row["address"]), **{k: _number(row.get(k)) for k in ("value", "low", "high", "null", "q")}}
        for row in frame.to_dict("records")
    ]  # fmt: skip


def _number(x: Any) -> float | None:
    return None if x is None or pd.isna(x) else float(x)


def _label(name: Any, longest: int = LONGEST) -> str:
    """A name as plotly shows it: its own markup is escaped, as plotly reads a few tags in labels."""
    return short(name, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _bar(e: Mapping[str, Any]) -> Chart:
    low, high = (e["value"] if e[end] is None else e[end] for end in ("low", "high"))
    return {"type": "data", "symmetric": False, "array": [high - e["value"]], "arrayminus": [e["value"] - low],
            "thickness": 1.5, "width": 5}  # fmt: skip


def _marks(x: list[Any], y: list[int], labels: list[str], name: str, colour: str, symbol: str) -> Chart:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "customdata": labels,
        "marker": {"size": 10, "symbol": symbol, "color": colour, "line": {"width": 2}},
        "hovertemplate": f"%{{customdata}}: %{{x:.1%}} of {name}<extra></extra>",
    }  # fmt: skip


def _steps(ratio: np.ndarray, name: str, what: str, colour: str) -> Chart:
    at = np.unique(np.concatenate([np.linspace(0, 1, MOST_POINTS), np.quantile(ratio, np.linspace(0, 1, MOST_POINTS))]))
    share = np.searchsorted(ratio, at, side="right") / ratio.size
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": np.round(at, 5).tolist(),
        "y": np.round(share, 6).tolist(), "line": {"color": colour, "width": 2.5, "shape": "hv"},
        "hovertemplate": f"%{{y:.1%}} of {what}: ratio %{{x:.2f}} or less<extra></extra>",
    }  # fmt: skip


def _bins(values: np.ndarray, edges: np.ndarray, zero: float, name: str, colour: str) -> Chart:
    exact = int(np.count_nonzero(values == 0))
    logs = np.clip(np.log10(values[values > 0]), edges[0], edges[-1])
    counts = [exact, *np.histogram(logs, edges)[0].tolist()]
    width = float(edges[1] - edges[0])
    return {
        "type": "bar", "name": f"{name} ({values.size:,})", "opacity": 0.62,
        "x": [zero, *np.round((edges[:-1] + edges[1:]) / 2, 6).tolist()],
        "y": np.round(np.array(counts) / values.size, 6).tolist(), "width": [2 * width, *[width] * (edges.size - 1)],
        "customdata": [[c, "near this distance" if n else "equal to a training row"] for n, c in enumerate(counts)],
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{customdata[0]} of " + f"{values.size:,} {name} %{{customdata[1]}}<extra></extra>",
    }  # fmt: skip
