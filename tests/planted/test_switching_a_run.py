"""From a run folder to what switching recitation off does, on a model that was trained."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.audit.opening import reopen
from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.switching import Switching, switch_run
from byheart.audit.verify import note_outputs, verify_run
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate
from byheart.mitigate.activation_probe import class_means
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
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
