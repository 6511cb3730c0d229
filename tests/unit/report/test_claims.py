"""Are claims and exhibits drawn where they belong?"""

import pytest

from byheart.core.claim import Claim, Exhibit, Reproduction
from byheart.core.verdict import Estimate
from byheart.report.claims import claim_marks, claims_markdown, exhibit_chart, headline, write_claims

OURS = Estimate(0.5, 0.25, 1.0, 4, "share of rows", "counted")
ROWS = [
    {"cure": "none", "excess": 0.4, "low": 0.3, "high": 0.6, "quality": 0.9},
    {"cure": "mixup", "excess": 0.2, "low": None, "high": 0.3, "quality": 0.8},
    {"cure": "none", "excess": None, "low": None, "high": None, "quality": 0.7},
]
PLOT = {"x": "quality", "y": "excess", "by": "cure", "y low": "low", "y high": "high"}


def tried(**fields):
    claims = (Claim("a", "One | two <b>.", paper=0.0, tolerance=0.1, side="above", ours=OURS), Claim("b", "B", 1.0))
    return Reproduction("coins", "2412.11044", "Coins", claims, **fields)


def test_marks_share_one_line():
    """Ends 0 and 1, margins 0.06 of it: from -0.06 to 1.06; (x + 0.06) / 1.12: 0 at 5.36 %, 0.5 at 50 %, 0.25 at
    27.68 %, 1 at 94.64 %."""
    marks = claim_marks(tried().claims[0])
    assert marks == {"at": 50.0, "low": 27.68, "rest": 5.36, "paper": 5.36, "than": 5.36}
    assert claim_marks(tried().claims[1]) is None


def test_open_ends_reach_the_border():
    ours = Estimate(0.5, None, None, 4, "", "")
    assert claim_marks(Claim("a", "s", 1.0, ours=ours)) == {"at": 5.36, "low": 0.0, "rest": 0.0, "paper": 94.64}


def test_one_trace_per_name_rows_without_a_value_left_out():
    none, mixup = exhibit_chart(Exhibit("E", "how", ROWS, PLOT))["data"]
    assert (none["name"], none["x"], none["y"], mixup["x"], mixup["y"]) == ("none", [0.9], [0.4], [0.8], [0.2])
    assert [round(x, 9) for x in none["error_y"]["array"] + none["error_y"]["arrayminus"]] == [0.2, 0.1]
    assert mixup["error_y"]["arrayminus"] == [0.0]  # open: no bar on that side
    assert "error_x" not in none
    assert (none["mode"], none["marker"]["color"] != mixup["marker"]["color"]) == ("markers", True)
    assert exhibit_chart(Exhibit("E", "how", ROWS, {**PLOT, "joined": "yes"}))["data"][0]["mode"] == "lines+markers"


def test_markdown_holds_every_cell_and_cannot_be_broken():
    text = claims_markdown(tried(exhibits=(Exhibit("E", "how", ROWS),), seconds=61.5))
    assert "One \\| two \\<b\\>." in text
    assert "| 0 | 0.5 | 0.25 to 1 | 4 | direction only |" in text
    assert "| none | – | – | – | 0.7 |" in text
    assert "scale cpu, seed 0, 1 min 2 s" in text
    assert headline(tried()) == "Of 2 claims: 1 direction only, 1 not tried."


def test_a_page_without_a_picture_carries_no_script(tmp_path):
    page = write_claims(tried(exhibits=(Exhibit("E", "how", ROWS),)), tmp_path).read_text()
    assert "<script" not in page
    assert "One | two &lt;b&gt;." in page
    assert "<script" in write_claims(tried(exhibits=(Exhibit("E", "how", ROWS, PLOT),)), tmp_path).read_text()


def test_one_series_needs_no_name():
    drawn = exhibit_chart(Exhibit("T", "C", [{"n": 1, "auc": 0.5}, {"n": 2, "auc": 0.75}], {"x": "n", "y": "auc"}))
    (only,) = drawn["data"]
    assert (only["name"], only["x"], only["y"]) == ("auc", [1, 2], [0.5, 0.75])
    assert not drawn["layout"]["showlegend"]


@pytest.mark.parametrize("plot", [{"x": "n", "y": "nothing"}, {"x": "n"}, {"x": "n", "y": "auc", "by": "who"}])
def test_what_cannot_be_drawn_is_refused_when_it_is_made(plot):
    with pytest.raises(ValueError, match="to be drawn"):
        Exhibit("T", "C", [{"n": 1, "auc": 0.5}], plot)
