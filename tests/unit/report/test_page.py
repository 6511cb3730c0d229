"""The page: whole, self-contained, masked, and nothing in a record can break out of it."""

import json
import re
import subprocess
import sys
import time

import pytest
from lxml import html

from byheart.core.corpus import Corpus
from byheart.core.errors import MissingExtra
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict
from byheart.report import write_all
from byheart.report.page import claims, marks, write_report

HOSTILE = [
    "</script><script>alert(1)</script> and then some more words that follow after it, one by one, to the end of it",
    "<img src=x onerror=alert(2)> \u202eright to left\u202c שלום עולם مرحبا 🙂🙂 and some more words to fill it",
    "nul \x00 escape \x1b bell \x07 --> <!-- ]]> &amp; {{ 7*7 }} {% raw %} and some more words to fill the line up",
    "long " + "x" * 10_000 + " words",
    "`" * 40 + " | table | <b>bold</b> \\ and some more words to fill the line up well enough to be recited in part",
    "password: hunter22 ada@example.org 4111 1111 1111 1111 and more words to fill the line up well enough to be long",
]


@pytest.fixture(scope="module")
def page(run):
    return write_report(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hostile(sim, tmp_path_factory):
    ids = [f"<script>alert({i})</script>" for i in range(60)]
    corpus = Corpus.of(HOSTILE * 10, ["member", "nonmember"] * 30, ids=ids)
    run = sim.simulated_run(tmp_path_factory.mktemp("hostile"), corpus=corpus)
    e = Estimate(0.5, 0.4, 0.6, 9, "<i>unit</i>", "</script><script>alert(3)</script>")
    claim = "<script>alert(4)</script>"
    run.save_verdicts([Verdict("min_k", "text", claim, "not shown", 0.5, e, caveats=("</ul><script>",))])
    run.update(notes=["<script>alert(5)</script>"], reproduce=["x </pre><script>alert(6)</script> ``` "])
    return run


def text_of(page):
    return " ".join(html.fromstring(page).text_content().split())


def test_verdicts_come_first_and_everything_else_in_order(page):
    order = ["verdicts", "membership", "canaries", "why", "records", "limits", "claims", "again", "words"]
    assert re.findall(r'<section[^>]* id="(\w+)"', page) == order
    top = html.fromstring(page).xpath("//h1")[0].text_content()
    assert re.fullmatch(r"This model recites \d+ of 24 planted canaries word for word, and .* of 48 twins .*", top)


def test_the_page_asks_no_network(page):
    body = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", body)
    assert "default-src 'none'" in body
    assert page.count("plotly.js v") == 1


def test_all_claims_have_their_numbers(page):
    rows = html.fromstring(page).xpath("//section[@id='claims']//tbody/tr")
    cells = [[c.text_content().strip() for c in row.xpath("td")] for row in rows]
    by_method = {c[1]: c for c in cells}
    assert len(cells) == 4
    # Holm over the three p-values 1e-6, 0.0004, 0.21: times 3, 2 and 1
    assert by_method["min_k"][2:8] == ["shown", "120", "0.74", "0.65 to 0.83", "0.0004", "0.0008"]
    assert by_method["loss"][6:8] == ["0.21", "0.21"]
    assert by_method["reference"][4:8] == ["–", "–", "–", "–"]


def test_terms_are_explained_and_readable_in_print(page):
    words = html.fromstring(page).xpath("//section[@id='words']//dt/text()")
    assert {"AUC", "ROC curve", "blind baseline", "control", "exposure"} <= set(words)


def test_no_training_text_in_clear_by_default(run, page):
    shown = text_of(page)
    for text in run.corpus.texts:
        assert text[:30] not in shown
    secrets = [s for s in run.corpus.columns["secret"].astype(str) if s.isdigit()]
    assert len(secrets) == 72
    assert not any(s in page for s in secrets)


def test_text_on_request(run, page, tmp_path):
    shown = write_report(run, show_text=True).read_text(encoding="utf-8")
    assert any(t[40:60].replace(" ", "") in re.sub(r"<[^>]+>|\s", "", shown) for t in run.corpus.texts)
    write_report(run)


@pytest.mark.parametrize("show_text", [False, True])
def test_hostile_records_stay_text(hostile, show_text):
    page = write_report(hostile, show_text=show_text).read_text(encoding="utf-8")
    assert page.count("<script>") == 2  # plotly and the page's own
    assert page.count("</script>") == 3
    assert "<img" not in re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", re.sub(r"<script>.*?</script>", "", page, flags=re.S))
    assert "x" * 100 not in re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    json.loads(re.search(r'id="charts">(.*?)</script>', page, re.S)[1])


def test_personal_data_are_masked_by_default(hostile):
    page = write_report(hostile).read_text(encoding="utf-8")
    assert "hunter22" not in page
    assert "ada@" not in page


@pytest.mark.parametrize("missing", ["verdicts.json", "corpus.parquet", "scores", "signals", "all"])
def test_any_part_may_be_absent(sim, tmp_path, missing):
    run = sim.simulated_run(tmp_path)
    parts = ["verdicts.json", "corpus.parquet", "scores", "signals"] if missing == "all" else [missing]
    for part in parts:
        (run.path / part).rename(tmp_path.parent / f"{tmp_path.name}-{part}")
    write_all(run)
    said = text_of((run.path / "report.html").read_text(encoding="utf-8"))
    expected = {
        "verdicts.json": "has not come to its verdicts", "scores": "", "corpus.parquet": "",
        "signals": "no record can be shown token by token", "all": "No control records were given",
    }  # fmt: skip
    assert expected[missing] in said
    assert (run.path / "report.md").exists()
    assert (run.path / "annex.md").exists()


def test_members_alone_get_a_page_that_says_what_a_control_would_add(sim, tmp_path):
    corpus = sim.simulated_corpus().where("member")
    said = text_of(write_report(sim.simulated_run(tmp_path, corpus=corpus)).read_text(encoding="utf-8"))
    assert "would show how often a high score occurs without training" in said
    assert "of 60 training records" in said


def test_an_empty_folder_gives_a_page(tmp_path):
    run = RunFolder.start(tmp_path, {"verb": "audit text"})
    assert "not come to a verdict" in text_of(write_report(run).read_text(encoding="utf-8"))


def test_marks_stand_in_proportion():
    # ends 0 and 1, a margin of 6 % on each side: 0.5 stands at 50, 0 at 0.06 / 1.12 = 5.36 %
    e = Estimate(0.5, 0.0, 1.0, 9, "", "")
    point = Estimate(0.25, None, None, 9, "", "")
    v = Verdict("m", "text", "c", "shown", 0.01, e, control=point)
    measured, control = marks(v)
    assert (measured["at"], measured["low"], measured["rest"]) == (50.0, 5.36, 5.36)
    assert control["low"] == control["at"] == pytest.approx(100 * 0.31 / 1.12, abs=0.01)


def test_one_card_speaks_for_all_methods_of_a_claim(sim):
    made = claims(sim.simulated_verdicts())
    assert [c["leads"] for c in made] == [True, True, False, True]
    assert [v.method for v in made[0]["others"]] == ["loss"]


def test_a_thousand_records_take_seconds(sim, tmp_path):
    run = sim.simulated_run(tmp_path, corpus=sim.simulated_corpus(n=400, n_canaries=50, n_twins=150))
    began = time.process_time()
    path = write_report(run)
    assert path.stat().st_size < 8e6
    assert time.process_time() - began < 20  # seconds; a guard against a quadratic step, not a benchmark


def test_without_plotly_the_texts_are_written_and_the_error_says_what_to_install(run, tmp_path):
    for path in run.path.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    code = (
        "import sys; sys.modules['plotly'] = None; from pathlib import Path; from byheart.core.run import RunFolder\n"
        "from byheart.core.errors import MissingExtra; from byheart.report import write_all, compare\n"
        "try: write_all(RunFolder(Path(sys.argv[1])))\n"
        "except MissingExtra as e: sys.exit(str(e))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == str(MissingExtra("plotly", "report"))
    assert (tmp_path / "report.md").exists()
    assert (tmp_path / "annex.md").exists()


def test_found_at_a_false_alarm_rate_that_the_controls_can_vouch_for_and_else_what_it_takes(page):
    # 60 controls without a false alarm vouch for 1 - 0.025^(1/60) = 6 %: 10 % is within reach, 1 % and 0.1 % are not
    assert re.search(r"\d+ % found at 10 % \(95 % interval \d+ to \d+ %\)", page)
    assert "not resolvable with 60 controls: they can vouch for 6 % at best; 1 % needs" in page
    assert "0.1 % needs" in page


def test_only_numbers_of_one_kind_share_a_line():
    def number(value, unit):
        return Estimate(value, None, None, 9, unit, "counted")

    v = Verdict("m", "text", "A claim.", "shown", 0.01, number(2.0, "nats per token"), number(1.0, "nats"),
                number(0.5, "AUC over 9 records"))  # fmt: skip
    assert [m["name"] for m in marks(v)] == ["measured", "control"]
