"""What do the numbers look like? Charts as plain data for plotly.js, which draws them in the reader's browser.

A chart is what `plotly.graph_objects.Figure` would serialise: a dict of `data` and `layout`. Colours are those of Okabe
and Ito 2008, which can be told apart with any kind of colour vision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.scores import Scores
from byheart.report.evidence import Evidence
from byheart.stats.auc import auc_estimate
from byheart.stats.roc import RocBand, certifiable_fpr, roc_band, roc_curve
from byheart.stats.sides import Sides

Chart = dict[str, Any]
MEMBER, CONTROL, BLIND, CANARY, QUIET = "#D55E00", "#0072B2", "#CC79A7", "#009E73", "#8a8f98"
MOST_POINTS = 400


def chart(traces: list[Chart], x: Chart, y: Chart, **layout: Any) -> Chart:
    """Traces in the house's frame: no border, small margins, the legend on top."""
    base: Chart = {
        "margin": {"l": 56, "r": 22, "t": 8, "b": 48}, "height": 360, "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left", "font": {"size": 12}},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"size": 13},
        "xaxis": _axis(x), "yaxis": _axis(y),
    }  # fmt: skip
    return {"data": traces, "layout": {**base, **layout}}


def line(x: np.ndarray, y: np.ndarray, name: str, colour: str, *, width: float = 2.5, dash: str = "solid",
         line_shape: str = "linear", **more: Any) -> Chart:  # fmt: skip
    """A line through points, given to six digits."""
    look = {"color": colour, "width": width, "dash": dash, "shape": line_shape}
    xs, ys = (np.round(v, 6).tolist() for v in (x, y))
    return {"type": "scatter", "mode": "lines", "name": name, "x": xs, "y": ys, "line": look, **more}


def roc_band_of(scores: Scores, seed: int) -> RocBand:
    """The band of one method over a grid that is fine at low rates; fewer resamples where there are many records."""
    sides = Sides.from_scores(scores)
    n = sides.controls.size
    low = np.geomspace(1 / n, 0.5, 40) if n > 2 else np.array([0.5])
    grid = np.unique(np.concatenate([low, np.linspace(0.02, 0.98, 49)]))
    n_resamples = int(np.clip(2e7 / (n + sides.members.size), 60, 400))
    return roc_band(sides, seed=seed, fpr=grid, n_resamples=n_resamples)


def roc_chart(evidence: Evidence, method: str, band: RocBand, *, log: bool) -> Chart:
    """Share of training records found against false alarms, the blind baseline beside it; `log` opens the low rates."""
    n = len(evidence.scores[method].where("nonmember"))
    floor = certifiable_fpr(n)
    traces = [
        *_ribbon(band),
        _curve(evidence.scores[method], method, MEMBER, width=3),
        *([_curve(evidence.blind, "blind baseline", BLIND, dash="dash")] if evidence.blind is not None else []),
        *(_curve(evidence.scores[m], m, QUIET, visible="legendonly") for m in evidence.membership[:4] if m != method),
        _chance(log, n),
    ]
    x: Chart = {"title": "false alarms among the controls", **_share(1.01)}
    if log:
        rates = [m * 10.0**e for e in range(-7, 0) for m in (1, 2, 5) if m * 10.0**e > 0.7 / n]
        few = [r for r in rates if n < 1000 or round(r / 10 ** np.floor(np.log10(r) + 1e-9)) == 1]
        x |= {"type": "log", "range": [float(np.log10(0.7 / n)), 0.02], "tickvals": [*few, 1], "tickformat": ".4~%"}
    y = {"title": "training records found", **_share(1.02)}
    shade = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": 0.5 / n if log else 0, "x1": floor, "y0": 0, "y1": 1,
        "fillcolor": QUIET, "opacity": 0.16, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    return chart(traces, x, y, shapes=[shade] if log else [])


def distribution_chart(scores: Scores) -> Chart:
    """Scores of training records and of controls, as shares per bin."""
    members, controls = (scores.where(role).values for role in ("member", "nonmember"))
    pooled = np.concatenate([members, controls])
    low, high = np.quantile(pooled, [0.002, 0.998])
    n_bins = int(np.clip(2 * np.cbrt(pooled.size), 10, 60))
    edges = np.linspace(low, high if high > low else low + 1, n_bins + 1)
    traces = [_bars(v, edges, name, colour) for v, name, colour in
              ((controls, "control", CONTROL), (members, "training records", MEMBER))]  # fmt: skip
    x = {"title": f"{scores.card.name}, {scores.card.unit}" if scores.card.unit else scores.card.name}
    return chart(traces, x, {"title": "share of records", "tickformat": ".0%"}, barmode="overlay", bargap=0)


def difference_chart(of: np.ndarray, others: np.ndarray, name: str, other: str, unit: str) -> Chart:
    """Two heaps of differences on one axis, as shares per bin."""
    low, high = np.quantile(np.concatenate([of, others]), [0.002, 0.998])
    n_bins = int(np.clip(2 * np.cbrt(of.size + others.size), 10, 60))
    edges = np.linspace(low, high if high > low else low + 1, n_bins + 1)
    traces = [_bars(others, edges, other, CONTROL), _bars(of, edges, name, MEMBER)]
    return chart(traces, {"title": unit}, {"title": "share", "tickformat": ".0%"}, barmode="overlay", bargap=0)


def auc_words(scores: Scores) -> str:
    """The AUC of a method with its interval, in words; why not, where it has none."""
    try:
        e = auc_estimate(Sides.from_scores(scores))
    except TooFewRecords as error:
        return str(error)
    return f"{e.value:.3f} ({100 * e.level:g} % interval {e.low:.3f} to {e.high:.3f})"


def _axis(options: Chart) -> Chart:
    options = dict(options)
    title = options.pop("title", "")
    frame = {"automargin": True, "zeroline": False, "fixedrange": True, "ticks": "outside", "ticklen": 4}
    return {"title": {"text": title, "font": {"size": 13}}, **frame, **options}


def _share(top: float) -> Chart:
    return {"tickformat": ".0%", "range": [-0.01, top], "tickvals": [0, 0.25, 0.5, 0.75, 1]}


def _curve(scores: Scores, name: str, colour: str, *, width: float = 2.5, dash: str = "solid", **more: Any) -> Chart:
    fpr, tpr, _ = roc_curve(scores.where("member").values, scores.where("nonmember").values)
    if fpr.size > MOST_POINTS:  # even steps along both ends of the axis: linear and logarithmic
        at = np.concatenate([np.linspace(0, 1, MOST_POINTS // 2), np.geomspace(1e-6, 1, MOST_POINTS // 2)])
        keep = np.unique(np.searchsorted(fpr, at, side="right") - 1)
        fpr, tpr = fpr[keep], tpr[keep]
    hover = "%{y:.1%} found at %{x:.2%} false alarms<extra>" + name + "</extra>"
    return line(fpr, tpr, name, colour, width=width, dash=dash, line_shape="hv", hovertemplate=hover, **more)


def _ribbon(band: RocBand) -> list[Chart]:
    quiet: Chart = {"showlegend": False, "hoverinfo": "skip"}
    x = band.fpr
    name = f"{100 * band.level:g} % band"
    return [
        line(x, band.low, "low", MEMBER, width=0, **quiet),
        line(x, band.high, name, MEMBER, width=0, fill="tonexty", fillcolor="rgba(213,94,0,0.18)", hoverinfo="skip"),
    ]


def _chance(log: bool, n: int) -> Chart:
    x = np.geomspace(0.5 / n, 1, 60) if log else np.array([0.0, 1.0])
    return line(x, x, "chance", QUIET, width=1.5, dash="dot", hoverinfo="skip", showlegend=False)


def _bars(values: np.ndarray, edges: np.ndarray, name: str, colour: str) -> Chart:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    middle = (edges[:-1] + edges[1:]) / 2
    return {
        "type": "bar", "name": f"{name} ({values.size:,})", "x": np.round(middle, 6).tolist(),
        "y": np.round(counts / max(values.size, 1), 6).tolist(), "customdata": counts.tolist(), "opacity": 0.62,
        "width": float(edges[1] - edges[0]), "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{customdata} of " + f"{values.size:,} {name}, score %{{x:.3g}}<extra></extra>",
    }  # fmt: skip
