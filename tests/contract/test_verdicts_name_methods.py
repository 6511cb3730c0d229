"""Every verdict of every audit is given on a method that `load` finds; its claim is what that method's card says."""

from importlib import import_module

import pytest

from byheart.audit.benchmark.audit_benchmark import audit_benchmark
from byheart.audit.chain.audit_chains import audit_chains
from byheart.audit.chat.audit_chat import audit_chat
from byheart.audit.table.anonymeter import _verdict as outside_verdict
from byheart.audit.table.audit_table import audit_table
from byheart.audit.table.selftest import made_up_patients
from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.hunt import hunt_run
from byheart.audit.text.hunt_records import Hunting
from byheart.audit.text.selftest import made_up_records
from byheart.core.card import addresses, load
from byheart.core.corpus import Corpus
from byheart.data.canaries.canaries import make_canaries
from byheart.index import build_index
from byheart.models.chat.opening import CallableChat
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.table.anonymeter import ATTACKS, Attack

LINES = made_up_records(48, seed=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that knows nothing, in a folder; verdicts are given all the same."""
    folder = tmp_path_factory.mktemp("model")
    tiny_gpt(272, width=16, layers=1, heads=2, context=192, seed=0).save_pretrained(folder)
    byte_tokenizer(bos=True).save_pretrained(folder)
    return str(folder)


def text(model, folder):
    manifest = make_canaries(
        seed=5, families=("random",), repetitions=(1,), per_repetition=16, controls=16, design="coin"
    )
    path = folder / "canaries.json"
    manifest.save(path)
    sides = Corpus.of(LINES[:24], "member"), Corpus.of(LINES[24:], "nonmember", groups=[f"c{i}" for i in range(24)])
    run = audit_text(model, *sides, canaries=path, profile="smoke", out=folder / "run")
    assert run.facts["coin"] is True
    return run


def names(run):
    return [v.method for v in run.verdicts]


def known(verdicts):
    """Whether each verdict's method is one, of the family and for the claim that the verdict tells."""
    for verdict in verdicts:
        address = next(a for a in addresses() if a.endswith(f"/{verdict.method}"))
        card = load(address).card
        assert card.name == verdict.method
        assert verdict.family in (card.family, "chain")
        if card.sentence or card.claim != "none":
            sentence = card.sentence or import_module(f"byheart.stats.judge.{card.claim}").CLAIM
            assert verdict.claim.startswith(sentence.partition("{")[0])
    return True


def test_of_a_text_audit_with_coins_and_a_hunt_in_it(model, tmp_path):
    run = text(model, tmp_path)
    assert {"extraction", "exposure", "one_run_epsilon", "dataset_inference", "loss"} <= set(
        names(run)
    )
    assert not (run.path / "scores/one_run_epsilon.parquet").exists()  # its numbers stand in those of exposure
    hunt_run(run.path, hunter=model, how=Hunting(tries=1, prompt_tokens=2, prefix_tokens=8, new_tokens=12, epochs=1,
                                                 top_k=4, budget=2_000, to_the_top=True))  # fmt: skip
    assert names(run)[-2:] == ["memhunter", "memhunter_canaries"]
    assert known(run.verdicts)


def test_of_a_table_audit(tmp_path):
    train, made, control = (made_up_patients(60, seed=0, name=n) for n in "abc")
    run = audit_table(train, made, control, profile="smoke", out=tmp_path / "run")
    assert names(run) == ["nearest_row", "closest_record", "singling_out", "row_membership"]
    assert known(run.verdicts)
    for name in ATTACKS:
        made_attack = Attack(name, {"main": (9.0, 50), "control": (8.0, 50), "baseline": (1.0, 50)}, "", "How.")
        assert known([outside_verdict(load(f"measure/anonymeter_{name}").card, made_attack)])


def test_of_a_chat_audit(tmp_path):
    sides = [Corpus.of([" ".join(LINES[i : i + 4]) for i in range(k, k + 12)], role)
             for k, role in ((0, "member"), (24, "nonmember"))]  # fmt: skip
    run = audit_chat(CallableChat(lambda messages: "No.", "a quiet one"), *sides, prefixes=(8,), attacks=("plain",),
                     profile="smoke", out=tmp_path / "run")  # fmt: skip
    assert names(run) == ["verbatim", "verbatim_passages"]
    assert known(run.verdicts)
    assert not (run.path / "scores/verbatim_passages.parquet").exists()


def test_of_a_benchmark_audit(model, tmp_path):
    items = [
        {"question": f"What is {a} and {a + 1}?", "choices": ["one", "two", "three"], "answer": i % 3}
        for i, a in enumerate(range(20, 44))
    ]
    run = audit_benchmark(model, items, reference=model, make=("options",), profile="smoke", out=tmp_path / "run")
    assert names(run) == ["contamination", "contamination_recall"]
    assert known(run.verdicts)


def test_of_chains(model, tmp_path):
    target = CausalLM(tiny_gpt(272, width=16, layers=1, heads=2, context=192, seed=0), byte_tokenizer(bos=True))
    index = build_index(LINES, tmp_path / "index", tokenizer=target.tokenizer)
    chains = [{"prompt": line, "completion": " " + other} for line, other in zip(LINES[:2], LINES[2:4], strict=True)]
    run = audit_chains(target, chains, index.path, out=tmp_path / "run")
    assert names(run) == ["stim"]
    assert known(run.verdicts)
