"""`byheart explain stim` as a user types it: an untrained model, a corpus, a page, and what is refused in one line."""

import json
import re

import pandas as pd
import pytest

from byheart.audit.chain.audit_chains import audit_chains, choose_steps, read_chains
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.run import RunFolder
from byheart.index import build_index
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.report import write_all

TEXTS = [f"Ann has {n} red apples and Bob has {m} green pears <b>now</b>." for n in range(1, 8) for m in range(1, 8)]
CHAINS = [
    {"prompt": "Ann has 3 red apples. How many?", "completion": " Ann has 4 apples <i>.", "wrong": ["4"]},
    {"prompt": "Be brief. Bob has 2 pears?", "completion": " Bob has 2 pears.", "question": "Bob has 2 pears?"},
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stim") / "index"
    build_index(TEXTS, folder, tokenizer=byte_tokenizer(bos=True), names=[f"text <{i}>" for i in range(len(TEXTS))])
    return folder


@pytest.fixture
def chains(tmp_path):
    path = tmp_path / "chains.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in CHAINS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tiny():
    tokenizer = byte_tokenizer(bos=True)
    return CausalLM(tiny_gpt(len(tokenizer), width=32, layers=1, context=160, seed=0), tokenizer, name="tiny")


def test_chains_are_explained_and_drawn(untrained_folder, index, chains, tmp_path, byheart):
    words = ["explain", "stim", "--model", untrained_folder, "--chains", chains, "--index", index, "--quiet"]
    said = byheart(*words, "--out", tmp_path / "run")
    assert said.code == 0, said.err
    first, *_, last = said.out.strip().splitlines()
    assert re.match(r"Of \d+ scored tokens \d+ follows? the corpus through one channel: \d+ local, ", first)
    assert last == f"Page: {tmp_path / 'run' / 'report.html'}"
    assert "by chance it would be" in said.out
    assert "The highest score names a wrong token" in said.out
    run = RunFolder.existing(tmp_path / "run")
    assert all(v.decision != "shown" and v.caveats for v in run.verdicts)
    found = pd.read_parquet(run.findings_folder / "stim.parquet")
    assert set(found["chain"]) == {"chain-0000", "chain-0001"}
    assert (found["wrong"] == 1).sum() == 1
    passages = pd.read_parquet(run.findings_folder / "stim_passages.parquet")
    local = passages[passages["source"] == "local"]
    assert len(local)
    assert all((row["match"] + row["between"] + row["other"]) in "".join(TEXTS) for row in local.to_dict("records"))
    again = byheart(*words, "--out", tmp_path / "run")  # what was read is not read again
    assert again.code == 0
    assert again.out == said.out


def test_the_page_masks_text_and_lets_none_of_it_become_markup(tiny, index, tmp_path):
    run = audit_chains(tiny, read_chains(CHAINS, tiny), index, out=tmp_path / "run")
    masked = (run.path / "report.html").read_text(encoding="utf-8")
    write_all(run, show_text=True)
    clear = (run.path / "report.html").read_text(encoding="utf-8")
    for page in (masked, clear):
        body = page[page.index("<main>") :]
        assert "<i>." not in body
        assert "text <" not in body
        assert "text &lt;" in body  # the names of documents
        assert body.count('class="tok ') == body.count('role="note"') > 10
        for source in ("local", "mid-range", "long-range", "undetermined"):
            assert source in body
    assert "apples" not in re.sub(r"<[^>]*>", "", masked)
    assert "apples" in re.sub(r"<[^>]*>", "", clear)


def test_without_completions_the_model_writes_them(tiny):
    corpus = read_chains([{"prompt": "Ann has 3"}], tiny, new_tokens=5)
    written = corpus.items[0]["completion"]
    assert tiny.decode(tiny.generate([tiny.encode("Ann has 3").ids], 5)[0]) == written


def test_a_process_reward_chooses_the_step(tiny):
    rows = [
        {"prompt": "p", "completion": "Right one. Wrong one. Late one.", "correct": False},
        {"prompt": "p", "completion": "Fine. Better.", "correct": True},
        {"prompt": "p", "completion": "All good.", "correct": False},
    ]
    worth = {"Right one.": 0.95, "Wrong one.": 0.2, "Late one.": 0.1, "Fine.": 0.91, "Better.": 0.99, "All good.": 1.0}
    corpus, notes = choose_steps(read_chains(rows, tiny), lambda _, steps: [worth[s] for s in steps], 0.9)
    spans = zip(corpus.items, corpus.columns["step_left"], corpus.columns["step_right"], strict=True)
    assert [item["completion"][a:b] for item, a, b in spans] == ["Wrong one.", "Fine."]
    assert notes == ["1 chains without a doubtful step were left out."]
    with pytest.raises(DataError, match="probabilities for"):
        choose_steps(corpus, lambda *_: [0.5], 0.9)


def test_a_run_of_an_audit_can_be_explained(untrained_folder, index, chains, tmp_path, byheart):
    folder = tmp_path / "earlier"
    run = RunFolder.start(folder, {"verb": "audit text"})
    items = [{"prompt": c["prompt"], "completion": c["completion"]} for c in CHAINS]
    Corpus.of([*items, "a plain text"], "member").save(run.corpus_path)
    run.update(model_source=str(untrained_folder))
    said = byheart("explain", "stim", folder, "--index", index, "--quiet")
    assert said.code == 0, said.err
    assert set(pd.read_parquet(folder / "stim" / "findings" / "stim.parquet")["chain"]) == {
        "member-000000", "member-000001"
    }  # fmt: skip


def test_a_chain_beyond_the_context_is_noted(tiny, index, tmp_path):
    rows = [CHAINS[0], {"prompt": "x " * 90, "completion": " Bob has 2."}]
    run = audit_chains(tiny, read_chains(rows, tiny), index, out=tmp_path / "run")
    assert any("1 chains are longer than the model's context" in n for n in run.facts["notes"])


@pytest.mark.parametrize(
    ("words", "because"),
    [
        ([], "--index"),
        (["--index", "INDEX"], "a run folder, and not both"),
        (["--index", "nowhere", "--model", "MODEL", "--chains", "CHAINS"], "is not there"),
        (["--index", "BYTES", "--model", "MODEL", "--chains", "CHAINS"], "build the index with this tokenizer"),
        (["--index", "INDEX", "--model", "MODEL", "--chains", "EMPTY"], "a chain is a row with"),
        (["--index", "INDEX", "--model", "MODEL", "--chains", "CHAINS", "--association", "lift"], "association"),
        (["--index", "INDEX", "--model", "MODEL", "--chains", "CHAINS", "--saliency", "magic"], "saliency"),
        (["--index", "INDEX", "--model", "MODEL", "--chains", "CHAINS", "--reward", "no.such:thing"], "--reward"),
    ],
)
def test_what_cannot_be_done_is_told_and_exit_code_2(
    untrained_folder, index, chains, tmp_path, byheart, words, because
):
    build_index(TEXTS, tmp_path / "bytes")
    (tmp_path / "empty.jsonl").write_text('{"text": "no chain"}\n', encoding="utf-8")
    meant = {"INDEX": index, "MODEL": untrained_folder, "CHAINS": chains, "BYTES": tmp_path / "bytes",
             "EMPTY": tmp_path / "empty.jsonl"}  # fmt: skip
    said = byheart("explain", "stim", *[meant.get(w, w) for w in words], "--quiet", "--out", tmp_path / "run")
    assert said.code == 2
    assert because in said.err
    assert "Traceback" not in said.err


def test_the_page_of_a_run_without_findings_says_what_is_missing(tmp_path):
    run = RunFolder.start(tmp_path / "run", {"verb": "explain stim"})
    Corpus.of([CHAINS[0]["completion"]], "unknown").save(run.corpus_path)
    run.update(family="chain", model="m")
    page = write_all(run).read_text(encoding="utf-8")
    assert "so no chain can be shown" in page
    assert "No token of these chains could be scored" in page
