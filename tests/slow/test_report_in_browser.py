"""The page in a real browser: charts drawn, nothing wider than the window, no foreign script run, printable."""

import json
import re
import shutil
import subprocess

import pytest

from byheart.core.corpus import Corpus
from byheart.report.page import write_report

from ..unit.report import simulated_table as tables
from ..unit.report.simulated_run import simulated_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; install Debian's package chromium"),
]
QUIET = (  # noqa: SIM905
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --allow-file-access-from-files "
    "--virtual-time-budget=15000"
).split()
FRAME = """<!doctype html><body style="margin:0">
<iframe id="f" src="{uri}" style="width:{width}px;height:4000px;border:0"></iframe><pre id="out"></pre><script>
addEventListener("load", () => setTimeout(() => {{
  const f = document.getElementById("f"), d = f.contentDocument, wide = d.documentElement.clientWidth;
  const seen = [...d.querySelectorAll(".plot")].map((p) => ({{
    id: p.id, drawn: p.querySelectorAll(".main-svg").length, marks: p.querySelectorAll("path, .point").length,
    inside: p.getBoundingClientRect().right <= wide + 1,
  }}));
  const out = [...d.querySelectorAll("section *")].filter((e) => e.getBoundingClientRect().right > wide + 1
    && !e.closest(".scroll, pre, .tip, .plot, .id")).map((e) => e.tagName + "." + e.className).slice(0, 5);
  document.getElementById("out").textContent = JSON.stringify({{
    wide, scroll: d.documentElement.scrollWidth, seen, out, hacked: f.contentWindow.hacked ?? null,
    overlap: [...d.querySelectorAll(".marks > *")].some((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0),
  }});
}}, 4000));</script></body>"""


def browser(tmp_path, *arguments):
    command = [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def look(page, width, tmp_path):
    frame = tmp_path / f"frame-{width}.html"
    frame.write_text(FRAME.format(uri=page.as_uri(), width=width), encoding="utf-8")
    dom = browser(tmp_path, f"--window-size={max(width, 500)},4000", "--dump-dom", frame.as_uri())
    return json.loads(re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)[1].replace("&amp;", "&"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_report(simulated_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def table_page(tmp_path_factory):
    return write_report(tables.simulated_table_run(tmp_path_factory.mktemp("tables")))


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize(("name", "charts"), [("page", 6), ("table_page", 3)])
def test_charts_are_drawn_and_nothing_is_wider_than_the_window(name, charts, width, tmp_path, request):
    seen = look(request.getfixturevalue(name), width, tmp_path)
    assert len(seen["seen"]) == charts
    assert all(p["drawn"] and p["marks"] > 5 and p["inside"] for p in seen["seen"])
    assert seen["scroll"] <= seen["wide"]
    assert seen["out"] == []
    assert not seen["overlap"]


@pytest.mark.parametrize("name", ["page", "table_page"])
def test_it_prints_on_a_few_pages(name, tmp_path, request):
    pdf = tmp_path / "report.pdf"
    browser(tmp_path, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", request.getfixturevalue(name).as_uri())
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 12


@pytest.mark.parametrize("show_text", [False, True])
def test_no_record_runs_a_script_or_breaks_the_page(show_text, tmp_path):
    attack = '</script><script>hacked=1</script><img src=x onerror="hacked=2"> \u202e\u2066 מרחבא 🙂 ' + "W" * 10_000
    texts = [f"{attack} record {i} " + "and more words " * 20 for i in range(20)]
    ids = [f'"><script>hacked=3</script>{i}' for i in range(20)]
    corpus = Corpus.of(texts, ["member", "nonmember"] * 10, ids=ids)
    page = write_report(simulated_run(tmp_path / "run", corpus=corpus), show_text=show_text)
    seen = look(page, 390, tmp_path)
    assert seen["hacked"] is None
    assert seen["scroll"] <= seen["wide"]
    assert all(p["drawn"] for p in seen["seen"])


def test_no_cell_or_column_name_runs_a_script_or_breaks_the_page(tmp_path):
    attack = '</script><script>hacked=1</script><img src=x onerror="hacked=2"> \u202e' + "W" * 3_000
    def hostile(frame):
        frame["note"], frame["city"] = attack, attack
        return frame.rename(columns={c: f"{c}{attack}" for c in frame.columns})

    page = write_report(tables.simulated_table_run(tmp_path / "run", tables.tables(change=hostile)), show_text=True)
    seen = look(page, 390, tmp_path)
    assert seen["hacked"] is None
    assert seen["scroll"] <= seen["wide"]
    assert seen["out"] == []
    assert all(p["drawn"] for p in seen["seen"])
