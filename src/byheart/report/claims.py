"""Does what a paper says hold when one tries? Its number beside ours, as a terminal table, as markdown, as a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from byheart.core.atomic import write_text
from byheart.core.claim import STATUSES, Claim, Exhibit, Reproduction
from byheart.core.errors import MissingExtra
from byheart.core.verdict import Estimate
from byheart.report.figures import Chart, chart
from byheart.report.markdown import plain
from byheart.report.page_frame import environment, script_json
from byheart.report.words import duration, interval_words, number, safe

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5c6370")  # Okabe and Ito 2008
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x")
STYLES = {"met": "green", "direction only": "yellow", "not met": "red", "not tried": "dim"}


def headline(tried: Reproduction) -> str:
    """How many claims came to what, in one sentence."""
    counts = [(tried.count(s), s) for s in STATUSES]
    said = ", ".join(f"{n} {status}" for n, status in counts if n)
    return f"Of {len(tried.claims)} claims: {said}." if tried.claims else "There is no claim to try."


def paper_words(claim: Claim) -> str:
    """The paper's number, or the direction it claims.

    >>> paper_words(Claim("a", "s", paper=0.293)), paper_words(Claim("a", "s", side="below", than=0.5))
    ('0.293', 'below 0.5')
    """
    return number(claim.paper) if claim.paper is not None else f"{claim.side} {number(claim.than)}"


def ours_words(claim: Claim) -> str:
    """Our number; a dash if there is none."""
    return number(claim.ours.value) if claim.ours is not None and claim.ours.value is not None else "–"


def claims_table(tried: Reproduction) -> Table:
    """For the terminal: what is claimed, the paper's number, ours with its interval, the status."""
    table = Table(title=f"{tried.title} (arXiv {tried.paper})", title_justify="left", box=None, pad_edge=False)
    table.add_column("claim", ratio=1)
    for name in ("paper", "ours", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for c in tried.claims:
        cells = safe(c.sentence), paper_words(c), ours_words(c), interval_words(c.ours) if c.ours else ""
        table.add_row(*cells, f"[{STYLES[c.status]}]{c.status}[/]")
    return table


def claims_markdown(tried: Reproduction) -> str:
    """One section: the claims, then each exhibit as a table."""
    head = "| claim | where | paper | ours | 95 % interval | n | status | note |\n|---|---|--:|--:|--:|--:|---|---|"
    parts = [f"## {plain(tried.title)}", f"arXiv {tried.paper}; {setting(tried)}. {headline(tried)}", head]
    lines = []
    for c in tried.claims:
        n = "" if c.ours is None else f"{c.ours.n:,}"
        span = interval_words(c.ours) if c.ours is not None else ""
        cells = (c.sentence, c.where, paper_words(c), ours_words(c), span, n, c.status, c.note)
        lines.append("| " + " | ".join(plain(x) for x in cells) + " |")
    parts[-1] = "\n".join([head, *lines])
    for e in tried.exhibits:
        parts += [f"### {plain(e.title)}", plain(e.caption), _markdown_rows(e)]
    return "\n\n".join(p for p in parts if p) + "\n"


def setting(tried: Reproduction) -> str:
    """Scale, seed and time in words."""
    return f"scale {tried.scale}, seed {tried.seed}, {duration(tried.seconds)}"


def write_claims(tried: Reproduction, folder: Path) -> Path:
    """Write `claims.json`, `claims.md` and `claims.html`.

    Returns:
        Path of the page. It holds everything it needs and asks no network.

    Raises:
        MissingExtra: if there is a picture to draw and plotly is not installed; the other two are written all the same.
    """
    tried.save(folder / "claims.json")
    write_text(claims_markdown(tried), folder / "claims.md")
    charts = {f"exhibit-{i}": exhibit_chart(e) for i, e in enumerate(tried.exhibits) if e.plot}
    page = environment().get_template("claims.html.jinja").render(
        tried=tried, headline=headline(tried), setting=setting(tried), charts=charts, charts_json=script_json(charts),
        rows=[
            {"claim": c, "paper": paper_words(c), "ours": ours_words(c), "marks": claim_marks(c)} for c in tried.claims
        ],
        cell=cell_words, columns=columns, plotly_js=_plotly() if charts else "",
    )  # fmt: skip
    write_text(page, folder / "claims.html")
    return folder / "claims.html"


def claim_marks(claim: Claim) -> dict[str, float] | None:
    """Where ours, its interval, the paper's number and `than` stand on one line, in percent of its width."""
    ours = claim.ours
    if ours is None or ours.value is None:
        return None
    ends = [ours.value, *(x for x in (ours.low, ours.high, claim.paper) if x is not None)]
    if claim.side is not None:
        ends.append(claim.than)
    width = max(ends) - min(ends) or 1.0
    left, right = min(ends) - 0.06 * width, max(ends) + 0.06 * width

    def place(x: float) -> float:
        return round(100 * (x - left) / (right - left), 2)

    marks = {"at": place(ours.value), **_span(ours, place)}
    if claim.paper is not None:
        marks["paper"] = place(claim.paper)
    if claim.side is not None:
        marks["than"] = place(claim.than)
    return marks


def _span(ours: Estimate, place: Any) -> dict[str, float]:
    low = 0.0 if ours.low is None else place(ours.low)
    high = 100.0 if ours.high is None else place(ours.high)
    return {"low": low, "rest": round(100 - high, 2)}


def exhibit_chart(exhibit: Exhibit) -> Chart:
    """One point per row, one colour and sign per value of the column `by`; joined by lines if `plot` says so."""
    plot = exhibit.plot

    def series(row: Mapping[str, Any]) -> str:
        return str(row[plot["by"]]) if "by" in plot else plot["y"]

    names = list(dict.fromkeys(series(r) for r in exhibit.rows))
    mode = "lines+markers" if plot.get("joined") else "markers"
    traces = []
    for i, name in enumerate(names):
        rows = [r for r in exhibit.rows if series(r) == name and None not in (r[plot["x"]], r[plot["y"]])]
        look = {"color": COLOURS[i % len(COLOURS)], "symbol": SYMBOLS[i % len(SYMBOLS)], "size": 10}
        told = ["<br>".join(f"{safe(k)}: {safe(cell_words(v))}" for k, v in r.items()) for r in rows]
        traces.append({
            "type": "scatter", "mode": mode, "name": safe(name), "marker": look, "line": {"color": look["color"]},
            "x": [r[plot["x"]] for r in rows], "y": [r[plot["y"]] for r in rows], "text": told,
            "hovertemplate": "%{text}<extra></extra>",
            **{f"error_{axis}": reach for axis in "xy" if (reach := _reach(rows, plot, axis))},
        })  # fmt: skip
    x: Chart = {"title": plot["x"], **({"type": "log"} if plot.get("log x") else {})}
    return chart(traces, x, {"title": plot["y"]}, height=440, showlegend="by" in plot)


def _reach(rows: list[Mapping[str, Any]], plot: Mapping[str, str], axis: str) -> Chart:
    low, high = (plot.get(f"{axis} {end}") for end in ("low", "high"))
    if low is None or high is None:
        return {}
    middle = [r[plot[axis]] for r in rows]
    up = [(r[high] if r[high] is not None else m) - m for r, m in zip(rows, middle, strict=True)]
    down = [m - (r[low] if r[low] is not None else m) for r, m in zip(rows, middle, strict=True)]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.2, "width": 4}


def columns(exhibit: Exhibit) -> list[str]:
    """Names of the columns of an exhibit, in the order of its first row."""
    return list(exhibit.rows[0]) if exhibit.rows else []


def cell_words(value: Any) -> str:
    """A cell of an exhibit.

    >>> cell_words(None), cell_words(0.12345), cell_words(3), cell_words("none")
    ('–', '0.123', '3', 'none')
    """
    if value is None:
        return "–"
    return number(value) if isinstance(value, float) else str(value)


def _markdown_rows(exhibit: Exhibit) -> str:
    names = columns(exhibit)
    if not names:
        return ""
    lines = ["| " + " | ".join(map(plain, names)) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(plain(cell_words(r[n])) for n in names) + " |" for r in exhibit.rows]
    return "\n".join(lines)


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as e:  # pragma: no cover
        raise MissingExtra("plotly", "report") from e
    return str(get_plotlyjs())
