"""`byheart index`, as a user types it."""

import csv
import json
from importlib.util import find_spec

import numpy as np
import pytest

from ..index.conftest import word_tokenizer

COPIED = "whoever wishes to pass must first answer three riddles about the river and its seven bridges"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    rng = np.random.default_rng(0)
    words = ["river", "stone", "bridge", "winter", "paper", "signal", "garden", "copper", "engine", "harbour"]
    folder = tmp_path_factory.mktemp("corpus")
    texts = [" ".join(rng.choice(words, 40)) for _ in range(60)]
    held_out = [" ".join(rng.choice(words, 400)) for _ in range(3)]
    texts[7] += f". {COPIED}"
    texts[21] += f". {COPIED}"
    texts[33] = texts[34]
    lines = [json.dumps({"id": f"doc-{i}", "text": t}) for i, t in enumerate(texts)]
    (folder / "train.jsonl").write_text("\n".join(lines))
    (folder / "new.jsonl").write_text("\n".join(json.dumps({"text": t}) for t in held_out))
    return folder


@pytest.fixture(scope="module")
def index(byheart, corpus):
    said = byheart("index", "build", corpus / "train.jsonl", "--out", corpus / "ix", "--quiet")
    assert said.code == 0, said.err
    assert "of 60 documents" in said.out
    return corpus / "ix"


def test_count(byheart, index):
    said = byheart("index", "count", index, "three riddles", "--next", 2)
    assert said.out.startswith("2 times in ")
    assert "2  ' '" in said.out
    found = json.loads(byheart("index", "count", index, "three riddles", "--json").out)
    assert (found["count"], found["tokens"]) == (2, 13)
    assert found["expected_in_any_order"] < 1


def test_trace_names_both_sources_and_what_chance_gives(byheart, index, corpus):
    text = f"My answer: {COPIED}, I think."
    said = byheart("index", "trace", index, text, "--held-out", corpus / "new.jsonl", "--min-tokens", 20)
    assert said.code == 0, said.err
    assert "By chance alone, the longest match of random text is" in said.out
    assert "doc-7 at token" in said.out
    assert "doc-21 at token" in said.out
    assert "riddles" not in said.out
    assert "riddles" in byheart("index", "trace", index, text, "--show-text").out
    found = json.loads(byheart("index", "trace", index, text, "--json").out)
    best = max(found["spans"], key=lambda s: s["tokens"])
    assert best["tokens"] >= len(COPIED)
    assert best["count"] == 2
    assert best["p_held_out"] is None
    assert best["tokens"] > 3 * best["longest_by_chance"]


def test_dedup(byheart, index, tmp_path):
    said = byheart("index", "dedup", index, "--min-tokens", len(COPIED), "--out", tmp_path / "d.csv")
    assert said.code == 0, said.err
    assert "doc-33" in said.out
    rows = list(csv.DictReader((tmp_path / "d.csv").open()))
    assert {r["document"] for r in rows} >= {"doc-7", "doc-21", "doc-33", "doc-34"}
    assert all(int(r["copies"]) == 2 for r in rows if r["document"] in ("doc-33", "doc-34"))


def test_neardup(byheart, corpus, tmp_path):
    said = byheart("index", "neardup", corpus / "train.jsonl", "--out", tmp_path / "p.csv", "--quiet")
    assert said.out.startswith("1 pairs among 60 records; 1 could go")
    assert [r["first"] for r in csv.DictReader((tmp_path / "p.csv").open())] == ["doc-33"]


@pytest.mark.skipif(find_spec("wordllama") is None, reason="wordllama is not installed")
def test_neardup_by_meaning(byheart, corpus):
    same = "--semantic", "wordllama", "--threshold", 0.9999, "--json"
    said = byheart("index", "neardup", corpus / "train.jsonl", *same)
    assert json.loads(said.out)["pairs"] == 1


def test_a_tokenizer(byheart, corpus, tmp_path):
    word_tokenizer(*COPIED.split()).save(str(tmp_path / "tokenizer.json"))
    said = byheart("index", "build", corpus / "train.jsonl", "--tokenizer", tmp_path, "--out", tmp_path / "ix")
    assert said.code == 0, said.err
    assert byheart("index", "count", tmp_path / "ix", "three riddles").out.startswith("2 times")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["count", "{corpus}", "a"], "is the rest of a build|is not there|did not end"),
        (["trace", "{index}"], "give the text to trace"),
        (["dedup", "{index}", "--min-tokens", "0"], "at least 1 token"),
        (["build", "{corpus}/train.jsonl", "--out", "{index}"], "already holds an index"),
        (["build", "{corpus}/train.jsonl", "--out", "{corpus}/j", "--tokenizer", "{corpus}/train.jsonl"], "tokenizer"),
        (["neardup", "{corpus}/train.jsonl", "--engine", "x"], "rensa, datasketch"),
        (["neardup", "{corpus}/train.jsonl", "--semantic", "x"], "wordllama, minilm"),
    ],
)
def test_wrong_input_is_told_in_one_line(byheart, index, corpus, arguments, message):
    import re

    said = byheart("index", *(a.format(index=index, corpus=corpus) for a in arguments))
    assert said.code == 2
    assert re.search(message, said.err)
    assert said.err.count("\n") == 1
