"""Each kind of run brings its own part of the report; what all share names none of them."""

import ast
import sys
from pathlib import Path

import pytest
from lxml import html

import byheart.report
from byheart.core.card import addresses
from byheart.core.corpus import Corpus
from byheart.core.errors import RunError
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict
from byheart.report import write_all
from byheart.report.annex import write_annex
from byheart.report.evidence import Evidence
from byheart.report.markdown import write_model_card
from byheart.report.page import write_report
from byheart.report.page_frame import environment
from byheart.report.part import UNSAID, Part, baseline_word, kinds, part_named, part_of

ROOM = Path(byheart.report.__file__).parent
ROOMS = sorted(p.parent.name for p in ROOM.glob("*/part.py"))
SHARED = sorted([*ROOM.glob("*.py"), *ROOM.glob("templates/*.jinja")])
SEEN = [
    ("text", "member", "training record"),
    ("table", "member", "training row"),
    ("chat", "member", "article that the model may know"),
    ("benchmark", "member", "benchmark item"),
    ("chain", "unknown", "chain of reasoning"),
]


def verdict(method, family="text", decision="shown"):
    e = Estimate(0.7, 0.6, 0.8, 10, "AUC", "counted 'Ada Lovelace'")
    return Verdict(method, family, f"Claim of {method}.", decision, 0.01, e, control=e, baseline=e, caveats=("So.",))


def run_of(path, kind, *verdicts, role="member"):
    run = RunFolder.start(path, {"verb": f"audit {kind}", "model": "some/where/m"})
    Corpus.of(["x"], role).save(run.corpus_path)
    run.save_verdicts(list(verdicts))
    run.update(**({"family": kind} if kind else {}))
    return run


def headings(text):
    return {h: body for h, _, body in (part.partition("\n") for part in text.split("\n### "))}


def literals(path):
    """String constants of a module that are no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {node.value for node in strings if id(node) not in docs}


@pytest.mark.parametrize("path", SHARED, ids=lambda p: p.name)
def test_what_all_kinds_share_names_none_of_them(path):
    assert {"benchmark", "chain", "chat", "table", "text"} <= set(ROOMS)
    source = path.read_text(encoding="utf-8")
    assert not [room for room in ROOMS if f"byheart.report.{room}" in source or f'"{room}.html.jinja"' in source]
    if path.suffix == ".py":
        # "text" is also plotly's word for what stands beside a mark
        assert not literals(path) & (set(ROOMS) - {UNSAID})


@pytest.mark.parametrize("name", ["annex", "subject", "part", "markdown", "page", "evidence", "provenance"])
def test_what_all_kinds_share_names_no_method(name):
    methods = {a.partition("/")[2] for a in addresses()}
    assert "loss" in methods
    assert not literals(ROOM / f"{name}.py") & (methods - {"reference", "blind"})  # words of every audit too


def test_every_room_with_a_part_is_a_kind():
    assert kinds() == ROOMS
    assert all(isinstance(part_named(kind), Part) for kind in ROOMS)


@pytest.mark.parametrize(("kind", "role", "one"), SEEN)
def test_each_kind_has_its_words_and_its_name(tmp_path, kind, role, one):
    run = run_of(tmp_path, kind, role=role)
    part = part_of(Evidence.of(run))
    assert part is part_named(kind)
    assert part.counts(Evidence.of(run)) == [f"1 {one}"]
    assert part.name(Evidence.of(run)) == "m"  # its folder is nobody's business
    assert f"Audited: 1 {one}." in write_model_card(run).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "starts"),
    [
        ("text", ["No control records", "No canaries", "No reference model", "The token log-probabilities"]),
        ("table", ["No held-out rows", "The rows of the tables", "The distances", "Scores of the nearest",
                   "No quality"]),
        ("chat", ["No control articles", "What each way of asking"]),
        ("benchmark", ["No reference model", "The scores of the blind baseline"]),
        ("chain", ["The scores of the tokens", "No wrong words"]),
    ],
)  # fmt: skip
def test_what_an_empty_run_lacks_is_said_for_its_kind(tmp_path, kind, starts):
    run = RunFolder.start(tmp_path, {"verb": "audit"})
    run.update(family=kind)
    evidence = Evidence.of(run)
    said = [sentence for _, sentence in part_of(evidence).unlicensed(evidence)]
    assert len(said) == len(starts) + 1
    assert all(s.startswith(start) for s, start in zip(said, ["The audit has not come", *starts], strict=True))
    assert part_of(evidence).name(evidence) == ("the synthetic table" if kind == "table" else "the model")


def test_a_run_that_names_nothing_is_of_texts_or_of_what_its_records_are(tmp_path, table_run):
    run = run_of(tmp_path / "text", "")
    assert part_of(Evidence.of(run)) is part_named("text")
    facts = {k: v for k, v in table_run.facts.items() if k != "family"}
    evidence = Evidence(table_run, facts, corpus=table_run.corpus)
    assert evidence.kind == ""
    assert part_of(evidence) is part_named("table")
    assert part_of(Evidence(table_run, facts)) is part_named("text")


@pytest.mark.parametrize("kind", ["hologram", "templates", "claims", "..text", "text.part", "os", "a b"])
def test_a_kind_that_nothing_knows_is_refused_in_one_line(tmp_path, kind):
    run = run_of(tmp_path, kind, verdict("loss"))
    for write in (write_model_card, write_annex, write_report):
        with pytest.raises(RunError) as error:
            write(run)
        assert str(error.value).startswith(f"no report is known for a run of kind {kind!r}, only for benchmark, chain,")
        assert "\n" not in str(error.value)
    assert not {"report.html", "report.md", "annex.md"} & {p.name for p in tmp_path.iterdir()}


def test_the_baseline_is_blind_where_coincidence_is_none():
    words = {family: baseline_word(verdict("m", family)) for family in ("text", "chat", "table", "chain", "any")}
    assert words == {
        "text": "blind baseline", "chat": "blind baseline", "table": "baseline", "chain": "baseline",
        "any": "blind baseline",
    }  # fmt: skip


def test_claims_stand_under_the_threat_of_their_cards(tmp_path):
    methods = ["loss", "extraction", "nowhere_known", "singling_out"]
    of_model = write_annex(run_of(tmp_path / "a", "text", *map(verdict, methods))).read_text(encoding="utf-8")
    found = headings(of_model)
    assert list(found)[1:5] == ["Regurgitation of training data", "Membership inference", "Other measurements",
                                "Not tested by this run"]  # fmt: skip
    assert "| loss |" in found["Membership inference"]
    assert "| extraction |" in found["Regurgitation of training data"]
    assert "nowhere" in found["Other measurements"]  # without a card
    assert "singling" in found["Other measurements"]  # a threat that the annex of a model has no heading for


def test_attacks_of_another_program_have_their_place_without_a_card(tmp_path):
    names = ["anonymeter_inference", "anonymeter_linkability", "anonymeter_singling_out", "singling_out"]
    run = run_of(tmp_path, "table", *(verdict(n, "table") for n in names))
    found = headings(write_annex(run).read_text(encoding="utf-8"))
    assert list(found)[1:7] == ["Regurgitation of training data", "Membership inference", "Singling out",
                                "Linkability", "Attribute inference", "Not tested by this run"]  # fmt: skip
    assert found["Singling out"].count("| shown |") == 2
    assert "anonymeter\\_linkability" in found["Linkability"]
    assert "anonymeter\\_inference" in found["Attribute inference"]
    assert "No claim about membership inference was tested" in found["Membership inference"]


def test_only_a_run_over_texts_reads_its_tokens(sim, tmp_path):
    run = sim.simulated_run(tmp_path)
    assert "planted canaries word for word" in write_model_card(run).read_text(encoding="utf-8")
    counted = headings(write_annex(run).read_text(encoding="utf-8"))["Regurgitation of training data"]
    assert "Recited for 50 tokens or more by greedy decoding: " in counted
    run.update(family="chat")
    card = write_model_card(run).read_text(encoding="utf-8")
    assert "2 of 4 claims of memorization are shown." in card
    assert "greedy decoding" not in card + write_annex(run).read_text(encoding="utf-8")


ELSEWHERE = """
from byheart.report.part import Part
from byheart.report.subject import MODEL

PART = Part(
    home=__name__,
    template="sounds.html.jinja",
    page=lambda evidence, show_text: ({"headline": "It hums <what> it heard.", "bars": 12}, {}),
    card=lambda evidence: ("It hums what it heard.", "Twelve bars came back."),
    counted=lambda evidence: "Twelve bars.",
    subject=MODEL._replace(threats=("humming", "membership inference"), cardless={"hum": "humming"}),
    missing=lambda evidence: {"No score was given.": False, "No hall was given.": True},
    roles=(("member", "song", "songs"),),
    masking=lambda evidence: lambda text: text.replace("Ada Lovelace", "somebody"),
    baseline="silence",
)
PLAIN = Part()
"""
TEMPLATE = """{% extends "report.html.jinja" %}
{% block evidence %}<section id="bars"><p>{{ bars }} bars</p></section>
{% endblock %}
"""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package outside byheart, installed as far as Python can see, that brings the part of runs over sounds."""
    site = tmp_path / "site"
    (site / "sounding").mkdir(parents=True)
    (site / "sounding" / "__init__.py").write_text(ELSEWHERE, encoding="utf-8")
    (site / "sounding" / "sounds.html.jinja").write_text(TEMPLATE, encoding="utf-8")
    info = site / "sounding-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sounding\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[byheart.parts]\nsound = sounding:PART\nplain = sounding:PLAIN\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(site)
    part_named.cache_clear()
    yield
    part_named.cache_clear()
    environment.cache_clear()
    sys.modules.pop("sounding", None)


def test_a_kind_from_another_package_has_a_whole_report(elsewhere, tmp_path):
    assert "sound" in kinds()
    run = run_of(tmp_path / "run", "sound", verdict("hum", "sound"), verdict("loss"))
    page = write_all(run).read_text(encoding="utf-8")
    body = html.fromstring(page)
    assert [s.get("id") for s in body.xpath("//section")] == ["verdicts", "bars", "limits", "claims", "again", "words"]
    assert body.xpath("//h1")[0].text_content() == "It hums <what> it heard."
    assert body.xpath("//ul[@class='facts']/li")[0].text_content() == "1 song"
    assert [s.text_content() for s in body.xpath("//section[@id='limits']/ul[1]/li")] == ["No score was given."]
    assert "Silence" in {th.text_content() for th in body.xpath("//th")}
    assert "Lovelace" not in page
    assert "Lovelace" in write_report(run, show_text=True).read_text(encoding="utf-8")
    card = (run.path / "report.md").read_text(encoding="utf-8")
    assert card.startswith("## Memorization\n\nIt hums what it heard.")
    assert "\n\nTwelve bars came back.\n\n" in card
    found = headings((run.path / "annex.md").read_text(encoding="utf-8"))
    assert found["Humming"].count("| shown |") == 1
    assert found["Humming"].rstrip().endswith("Twelve bars.")


def test_a_part_without_any_words_of_its_own_gives_a_plain_report(elsewhere, tmp_path):
    run = run_of(tmp_path / "run", "plain", verdict("loss"))
    body = html.fromstring(write_all(run).read_text(encoding="utf-8"))
    assert body.xpath("//h1")[0].text_content() == "1 of 1 claims of memorization is shown."
    assert [s.get("id") for s in body.xpath("//section")] == ["verdicts", "limits", "claims", "again", "words"]


def test_a_part_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    room = tmp_path / "broken"
    room.mkdir()
    (room / "__init__.py").write_text("", encoding="utf-8")
    (room / "part.py").write_text("import no_such_library_at_all\n", encoding="utf-8")
    monkeypatch.setattr(byheart.report, "__path__", [*byheart.report.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match="no_such_library_at_all"):
        part_named("broken")
    sys.modules.pop("byheart.report.broken", None)
