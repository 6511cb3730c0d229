"""Options and fixtures of the whole suite."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json

import pytest


def pytest_addoption(parser):
    parser.addoption("--runslow", action="store_true", help="run tests that take minutes")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--runslow"):
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --runslow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def untrained_folder(tmp_path_factory):
    """A tiny model that never saw any text, with a byte tokenizer, as save_pretrained leaves it."""
    from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

    folder = tmp_path_factory.mktemp("untrained") / "tiny"
    tiny_gpt(272, width=32, layers=1, context=160, seed=0).save_pretrained(folder)
    byte_tokenizer(bos=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def records_folder(tmp_path_factory):
    """`members.jsonl` and `control.jsonl`: 30 made-up sentences each, drawn alike, one subject in each a group."""
    from byheart.audit.text.selftest import made_up_records

    folder, sentences = tmp_path_factory.mktemp("records"), made_up_records(60, seed=1)
    for name, part in (("members", sentences[:30]), ("control", sentences[30:])):
        lines = [json.dumps({"text": t, "author": f"{name} {i // 2}"}) for i, t in enumerate(part)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
