"""The four questions after a verdict: answered from findings, or the command that would answer them."""

import pandas as pd
import pytest

from byheart.core.atomic import write_json, write_parquet
from byheart.core.run import RunFolder
from byheart.report.evidence import Evidence
from byheart.report.text.firmness import disturbed
from byheart.report.text.sites import of_records
from byheart.report.text.why import why_part


def estimate(value, n=30, low=None, high=None):
    return {"value": value, "low": low, "high": high, "n": n, "unit": "", "how": "", "level": 0.95}


def answers(run):
    made, charts = why_part(Evidence(run, {}), None)
    return {a.question: a for a in made}, charts


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_what_was_not_asked_names_its_command(run):
    made, charts = answers(run)
    assert [a.command.split()[1] for a in made.values()] == ["explain", "signals", "localize", "mitigate"]
    assert not charts
    assert not any(a.sentences for a in made.values())


def with_probe(run, *, p, low):
    curve = [{"site": f"layers.{i}.block", "layer": i, "kind": "block", **estimate(0.5 + i / 10)} for i in range(3)]
    told = {"matched AUC": estimate(0.7, 40, low, 0.8), "matched AUC of p of the token": estimate(0.5, 40, 0.4, 0.6)}
    events = {"recited": 90, "others": 80}
    params = {"site": "layers.2.block", "p": p, "events": events, "curve": curve, "caveats": ["Few."]}
    table = pd.DataFrame({"address": ["layers.2.mlp_act:7"], "weight": [1.5], "d": [-1.5]})
    write_parquet(table, run.findings_folder / "activation_probe.parquet")
    write_json({"estimates": told, "params": params}, run.findings_folder / "activation_probe.json")


def test_a_site_is_told_with_its_control_and_its_baseline(run):
    with_probe(run, p=0.005, low=0.6)
    made, charts = answers(run)
    answer = made["Where in the network does it show?"]
    assert answer.sentences[0] == (
        "Recitation shows inside the model: at layers.2.block a probe tells 90 recited tokens from 80 others of which "
        "the model was just as sure, AUC 0.7 (0.6 to 0.8, n = 40), 0.5 is chance (p = 0.005)."
    )
    assert "p of the token 0.5 (0.4 to 0.6, n = 40)" in answer.sentences[1]
    assert "layers.2.mlp_act:7 (-1.50)" in answer.sentences[2]
    assert answer.caveats == ["Few."]
    assert charts["layers"]["data"][0]["y"] == [0.5, 0.6, 0.7]
    assert {t["name"]: t["y"] for t in charts["layers"]["data"][1:]} == {
        "chance": [0.5, 0.5], "probability of the token": [0.5, 0.5],
    }  # fmt: skip


@pytest.mark.parametrize(("p", "low"), [(0.2, 0.6), (0.005, 0.49)])
def test_a_probe_that_chance_explains_is_not_said_to_show_anything(run, p, low):
    with_probe(run, p=p, low=low)
    assert answers(run)[0]["Where in the network does it show?"].sentences[0].startswith("It is not shown")


def test_a_switch_is_told_with_its_price_and_random_directions(run):
    told = {
        "recited before": estimate(0.5), "recited after": estimate(0.1), "still recited": estimate(0.2),
        "still recited, random directions": estimate(0.95), "held-out text, loss": estimate(0.03, 40, 0.01, 0.05),
    }  # fmt: skip
    facts = {"sentence": "It controls.", "caveats": ["Same records."], "estimates": told}
    write_json(facts, run.findings_folder / "activation_probe_edit.json")
    made, charts = answers(run)
    answer = made["What does switching it off there do?"]
    assert answer.sentences == [
        "It controls.", "What else changes: loss on held-out text, nats per token 0.03 (0.01 to 0.05, n = 40).",
    ]  # fmt: skip
    dots = charts["switch"]["data"][0]
    assert dict(zip(dots["y"], dots["x"], strict=True)) == {
        "before": 0.5, "switched off": 0.1, "of these still, switched off": 0.2,
        "of these still, random directions": 0.95,
    }  # fmt: skip


def test_probe_and_switch_speak_of_single_records(run):
    probed = pd.DataFrame({"id": ["a", "b", "c"], "q": [0.01, 0.4, None]})
    write_parquet(probed, run.findings_folder / "activation_probe_records.parquet")
    switched = {"id": ["a", "b", "c"], "before": [True, True, False], "after": [False, True, False],
                "stretch_before": [50, 40, -1], "stretch_after": [3, 40, -1]}  # fmt: skip
    write_parquet(pd.DataFrame(switched), run.findings_folder / "activation_probe_edit.parquet")
    assert of_records(Evidence(run, {})) == {
        "a": [
            "By the probe inside it reads as recited (q = 0.01).",
            "With the switch on, its end no longer comes back word for word "
            "(longest stretch 50 tokens before, 3 after).",
        ],
        "b": [
            "By the probe inside it does not stand out (q = 0.4).",
            "With the switch on, its end still comes back word for word.",
        ],
    }


def test_what_could_not_be_answered_says_why(run):
    made, _ = why_part(Evidence(run, {"unanswered": {"activation_probe": "only 3 documents"}}), None)
    assert made[2].sentences == ["This could not be answered: only 3 documents."]
    assert not made[2].command


def test_perturbations_stand_in_words_with_their_intervals(run):
    rows = {"address": ["random/1", "delete/4/start"], "weight": [0.4, 0.1], "low": [0.2, 0.0], "high": [0.6, 0.3],
            "twins": [0.01, 0.0], "n": [13, 13]}  # fmt: skip
    write_parquet(pd.DataFrame(rows), run.findings_folder / "redundancy.parquet")
    told = {"drop, memorized": estimate(0.25, 13, 0.1, 0.4), "vulnerability ratio, matched": estimate(None, 0)}
    write_json({"estimates": told, "params": {"caveats": []}}, run.findings_folder / "redundancy.json")
    made, charts = answers(run)
    assert made["How firmly is it held?"].sentences == [
        "Disturbing the beginning of a recited record loses 0.25 (0.1 to 0.4, n = 13) of what came back, over records "
        "and perturbations."
    ]
    dots = charts["drops"]["data"][0]
    assert dots["y"] == ["first 4 left out", "1 swap"]
    assert dots["error_x"]["array"] == pytest.approx([0.2, 0.2])
    assert dots["error_x"]["arrayminus"] == pytest.approx([0.1, 0.2])


def test_an_unknown_perturbation_keeps_its_name():
    assert disturbed("typo/2/random") == "typo/2/random"


def test_a_proof_stands_as_a_table_and_says_the_switch_once(run):
    lines = [
        {"name": "targets", "question": "Still there?", "before": estimate(1.0), "after": estimate(0.2), "change": None,
         "random": estimate(0.9), "note": "Counted."},
        {"name": "bystanders", "question": "Untouched?", "before": None, "after": None, "change": None, "random": None,
         "note": "Does not apply: none."},
    ]  # fmt: skip
    facts = {"sentence": "It controls.", "caveats": ["Few."], "estimates": {}, "lines": lines}
    for method in ("activation_probe", "other"):
        write_json({"method": method, **facts}, run.findings_folder / f"{method}_edit.json")
    made, _ = answers(run)
    switch, other = (made[f"Does the cure hold? {method}"] for method in ("activation_probe", "other"))
    assert (switch.sentences, switch.caveats) == ([], [])  # they stand in the answer about the switch
    assert made["What does switching it off there do?"].sentences == ["It controls."]
    assert (other.sentences, other.caveats) == (["It controls."], ["Few."])
    first, second = other.rows
    assert [e and e.value for e in first.numbers] == [1.0, 0.2, None, 0.9]
    assert [e and e.value for e in second.numbers] == [None] * 4
    assert second.note == "Does not apply: none."


def test_a_switch_that_was_only_measured_has_no_proof(run):
    facts = {"method": "activation_probe", "sentence": "It controls.", "caveats": [], "estimates": {}}
    write_json(facts, run.findings_folder / "activation_probe_edit.json")
    assert not [question for question in answers(run)[0] if question.startswith("Does the cure hold?")]
