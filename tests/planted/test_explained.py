"""One command goes from a recited passage to its documents, its sites, and what switching them off does."""

import json

import pytest
from markupsafe import escape

from byheart.audit.text.audit_text import audit_text
from byheart.audit.verify import verify_run

from .conftest import sides


@pytest.fixture(scope="module")
def explained(planted, tmp_path_factory):
    known, unseen = sides(planted.members, planted.control)
    out = tmp_path_factory.mktemp("explained") / "run"
    return audit_text(planted.model, known, unseen, canaries=planted.path, profile="smoke", explain=True, out=out)


def test_every_question_has_an_answer_or_a_reason_on_the_page(explained):
    page = (explained.path / "report.html").read_text(encoding="utf-8")
    assert "recited passages" in page
    facts = json.loads((explained.findings_folder / "redundancy.json").read_text(encoding="utf-8"))
    assert facts["params"]["caveats"]
    assert "frequency, nll, others, slope" in facts["estimates"]  # counts come from the index of the training records
    assert all(str(escape(s)) in page for s in facts["params"]["caveats"])
    assert "Not asked yet" not in page
    probed = (explained.findings_folder / "activation_probe.json").exists()
    assert probed != ("activation_probe" in explained.facts["unanswered"])
    if probed:
        switched = json.loads((explained.findings_folder / "activation_probe_edit.json").read_text(encoding="utf-8"))
        assert switched["sentence"] in page
    else:
        assert page.count(str(escape(explained.facts["unanswered"]["activation_probe"]))) == 2


def test_what_was_added_is_sealed(explained):
    assert {"findings/sources.parquet", "findings/redundancy.json"} <= set(explained.facts["outputs"])
    assert not verify_run(explained)[1]
