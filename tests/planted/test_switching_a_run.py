"""From a run folder to what switching recitation off does, on a model that was trained."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.audit.curing import Proving, trial_of
from byheart.audit.opening import reopen
from byheart.audit.sources import Sources
from byheart.audit.step import run_step
from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.switching import Switching, switch_run
from byheart.audit.verify import note_outputs, verify_run
from byheart.cli.main import run as command_line
from byheart.cli.steps import _callback
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate
from byheart.mitigate.activation_probe import class_means
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.report.compare import compare_runs
from byheart.signals.text.token_events import token_events

N_WORDS = 128


def random_text(rng):
    """40 words that nobody can guess."""
    return " ".join(f"w{i}" for i in rng.integers(0, N_WORDS, 40))


def habitual_text(rng, habits):
    """40 words, each one of three that use to follow the one before."""
    said = [int(rng.integers(N_WORDS))]
    for _ in range(39):
        said.append(int(habits[said[-1], rng.choice(3, p=[0.6, 0.3, 0.1])]))
    return " ".join(f"w{i}" for i in said)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model that learned 20 random texts by heart, and habits from 60 others; its audit."""
    rng = np.random.default_rng(0)
    habits = rng.integers(0, N_WORDS, (N_WORDS, 3))
    known, practice = [random_text(rng) for _ in range(20)], [habitual_text(rng, habits) for _ in range(60)]
    control = [habitual_text(rng, habits) for _ in range(24)] + [random_text(rng) for _ in range(16)]
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(N_WORDS)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words)
    model = CausalLM(tiny_gpt(N_WORDS, width=64, layers=2, context=96, seed=0), tokenizer)
    texts = [model.encode(t) for t in known * 5 + practice]
    train(model.module, texts, epochs=10, batch_size=8, lr=4e-3, seed=0)
    folder = tmp_path_factory.mktemp("switched")
    for part in (model.module, tokenizer):
        part.save_pretrained(folder / "tiny")
    members, unseen = Corpus.of(known, "member"), Corpus.of(control, "nonmember")
    return audit_text(str(folder / "tiny"), members, unseen, out=folder / "run", profile="smoke")


@pytest.fixture(scope="module")
def kept(run):
    """The same with a probe in it, by the means of its own tokens; and what switching that off does."""
    model = reopen(run)
    site = Site.parse("layers.0.post_attention", model.module)
    (probe,) = class_means(model, token_events(model, run.corpus), [site])
    probe.save(run.findings_folder / "activation_probe.safetensors")
    note_outputs(run, run.findings_folder.glob("activation_probe.safetensors"))
    return switch_run(run.path, Switching(), audit_again=True)


def consistent(effect):
    """Whether the words agree with the numbers, whichever they are."""
    e = effect.estimates
    before, after = e["recited before"].value, e["recited after"].value
    lowered = after <= before / 2 and effect.p <= 0.05 and e["continuations, loss, beyond random"].low > 0
    dear = e["held-out text, loss"].value > 0.05 or e["repetition, change"].value < -0.05
    if effect.decision == "detects but does not control":
        return not lowered and "detects but does not control" in effect.sentence
    return lowered and effect.sentence.startswith("Switching off") and (effect.decision == "costs too much") == dear


def test_what_the_switch_does_is_told_as_it_is(kept, run):
    effect, _, _ = kept
    assert effect.estimates["recited before"].value >= 0.9  # it was trained until it recites
    assert consistent(effect)
    assert effect.estimates["recited tokens, loss"].low > 0  # the means do move what is recited
    assert effect.records["before"].mean() == effect.estimates["recited before"].value
    assert effect.records["after"].mean() == effect.estimates["recited after"].value
    whole = effect.records["stretch_before"][effect.records["before"]]
    again = effect.records["stretch_after"][effect.records["after"] & effect.records["before"]]
    assert (whole == 20).all()
    assert (again == 20).all()  # what is counted without generating is what is generated
    assert "fitted on tokens of these same records" in effect.caveats[-1]


def test_the_run_keeps_the_facts(kept, run):
    effect, _, _ = kept
    facts = json.loads((run.findings_folder / "activation_probe_edit.json").read_text())
    assert facts["sites"] == ["layers.0.post_attention"]
    assert facts["records"] == {"member": 20, "nonmember": 40}
    assert (facts["decision"], facts["sentence"], facts["p"]) == (effect.decision, effect.sentence, effect.p)
    assert {k: Estimate(**e) for k, e in facts["estimates"].items()} == effect.estimates
    assert not verify_run(run)[1]


def test_the_changed_model_is_audited_and_compared(kept, run):
    _, changes, folder = kept
    after = RunFolder.existing(folder / "run")
    assert after.facts["command"]["model"] != run.facts["command"]["model"]
    known = {c.name: c for c in changes}
    assert {"loss", "extraction"} <= set(known)
    loss = [r.scores["loss"].where("member").values.mean() for r in (run, after)]
    assert loss[1] < loss[0]  # higher is more memorized
    assert (folder / "comparison.html").stat().st_size > 1000
    proof = known["proof: targets"]
    assert proof.to_dict() in [c.to_dict() for c in compare_runs(run, after)]  # `byheart compare` finds it in the run
    assert not [c for c in compare_runs(after, run) if c.name.startswith("proof")]
    effect = kept[0]
    assert (proof.before, proof.difference) == (effect.estimates["recited before"], effect.estimates["recited, change"])
    assert effect.lines["bystanders"].note.startswith("Does not apply")
    assert effect.lines["relearning"].note == "Not asked for."
    assert "activation_probe" in folder.name


def test_sites_can_be_named_and_are_measured_on_other_documents(run):
    effect, changes, folder = switch_run(run.path, Switching(sites=("blocks",), n_random=3, mode="gate"))
    assert (changes, folder) == ([], None)
    facts = json.loads((run.findings_folder / "activation_probe_edit.json").read_text())
    assert facts["sites"] == ["layers.0.block", "layers.1.block"]
    assert facts["records"] == {"member": 10, "nonmember": 20}
    assert effect.decision == "detects but does not control"
    assert "3 random directions cannot give a p of 0.05; take more." in effect.caveats
    assert np.isin(effect.records["id"], run.corpus.ids).all()
    with pytest.raises(UsageError, match="no site"):
        switch_run(run.path, Switching(sites=("layers.5.block",)))


@method(paper="ours", family="text", needs=("corpus",))
def reset(corpus, *, width: int = 64, seed: int = 0) -> Edit:
    """Put an untrained model in the place of the trained one; the control is another one.

    Args:
        corpus: the records.
        width: of its hidden states.
        seed: of its weights.
    """

    def fresh(k):
        module = lambda: tiny_gpt(N_WORDS, width=width, layers=2, context=96, seed=k)  # noqa: E731
        return lambda target: CausalLM(module(), target.tokenizer, name=f"{target.name}, reset")

    return Edit("weights", fresh(seed + 1), reset.card, control=lambda k: Edit("weights", fresh(k + 2), reset.card))


reset.card = replace(reset.card, verb="mitigate")  # the verb is the room, and this is none


def test_a_method_without_a_command_of_its_own_goes_the_same_way(run):
    lines = run_step(reset, run.path, {}, proving={"then": "measure", "random": 2, "relearn": 2})
    facts = json.loads((run.findings_folder / "reset_edit.json").read_text())
    assert facts["kind"] == "weights"
    assert facts["schema"] == "byheart.proof/1"
    assert lines[0] == facts["sentence"]
    leaks = {line["name"]: line["after"] and line["after"]["value"] for line in facts["lines"]}
    assert leaks["targets"] == leaks["relearning"] == 0.0
    assert facts["lines"][3]["change"]["low"] > 0.1  # held-out text costs more
    (folder,) = (run.path / "edits").glob("reset-*")
    after = RunFolder.existing(folder / "run")
    changes = {c.name: c for c in compare_runs(run, after)}
    assert changes["proof: targets"].moved == changes["proof: weights"].moved == "fell"
    assert changes["proof: held out"].moved == "rose"
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Does the cure hold? reset" in page
    assert "Do the targets come back after a few steps of fine-tuning?" in page
    assert not verify_run(run)[1]


def test_its_options_are_those_of_method_proof_and_trial():
    options = list(_callback(reset).__signature__.parameters)
    assert options[:2] == ["run", "width"]
    assert {"then", "random", "relearn", "device", "dtype", "limit", "trust_remote_code"} <= set(options)
    assert "seed" not in options


def test_targets_can_be_named_and_the_others_are_bystanders(run, capsys, tmp_path):
    names = run.corpus.where("member").ids[:8].tolist()
    (tmp_path / "ids").write_text("\n".join(names))
    words = ["mitigate", "activation_probe", str(run.path), "--site", "blocks", "--random", "2", "--quiet"]
    assert command_line([*words, "--targets", str(tmp_path / "ids"), "--then", "measure", "--relearn", "2"]) == 0
    said = capsys.readouterr().out
    facts = json.loads((run.findings_folder / "activation_probe_edit.json").read_text())
    by_name = {line["name"]: line for line in facts["lines"]}
    # the 10 documents that the direction was not made of, some of them named
    assert by_name["targets"]["before"]["n"] + by_name["bystanders"]["before"]["n"] == 10
    assert "proof: bystanders" in said
    (tmp_path / "ids").write_text("nobody")
    assert command_line([*words, "--targets", str(tmp_path / "ids")]) == 2
    assert "the run has no record 'nobody'" in capsys.readouterr().err
    (tmp_path / "ids").write_text("")
    assert command_line([*words, "--targets", str(tmp_path / "ids")]) == 2
    assert "names no record" in capsys.readouterr().err


def test_what_cannot_be_tried_is_refused_in_words(run, tmp_path):
    edit = Edit("data", lambda x: x, reset.card)
    with pytest.raises(UsageError, match="does not tell how its model was trained"):
        trial_of(Sources(run), edit)
    chat = RunFolder.start(tmp_path / "chat", {"verb": "audit chat"})
    chat.update(family="chat")
    with pytest.raises(UsageError, match="no cure can be tried on a run of `audit chat`"):
        trial_of(Sources(chat), edit)
    for options, words in (({"then": "sell"}, "--then is measure"), ({"relearn": -1}, "0 or more; got -1")):
        with pytest.raises(UsageError, match=words):
            Proving(**options)
    assert Proving().relearning is None  # without a second audit nothing is taught
    assert Proving("measure", relearn=0).relearning is None
    assert Proving("measure", relearn=3).relearning.steps == 3
