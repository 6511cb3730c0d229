"""Edits of every kind whose effect is known, through one function: nothing, everything, the targets alone."""

import copy
from functools import cache, partial

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.mitigate._proof.effect import measure_switch
from byheart.mitigate._proof.language import LanguageQuestions
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.proof import LINES
from byheart.mitigate._proof.prove import on, prove, retrained
from byheart.mitigate.activation_probe import activation_probe, class_means
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.token_events import Rules, token_events

N_WORDS, LENGTH = 64, 24
CARD = Card("by_hand", "mitigate", "ours", "text")
TARGETS = frozenset(f"member-{i:06d}" for i in range(6))
HABITS = generator(0, "habits").integers(0, N_WORDS, (N_WORDS, 2))


def random_text(name):
    return " ".join(f"w{i}" for i in generator(0, name).integers(0, N_WORDS, LENGTH))


def habitual_text(name):
    """Each word is one of two that use to follow the one before."""
    rng = generator(0, name)
    said = [int(rng.integers(N_WORDS))]
    for _ in range(LENGTH - 1):
        said.append(int(HABITS[said[-1], rng.choice(2, p=[0.8, 0.2])]))
    return " ".join(f"w{i}" for i in said)


KNOWN = [random_text(f"known {i}") for i in range(12)]
PRACTICE = [habitual_text(f"practice {i}") for i in range(30)]
CORPUS = Corpus.of(KNOWN, "member") + Corpus.of([habitual_text(f"unseen {i}") for i in range(20)], "nonmember")


def tokenizer():
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(N_WORDS)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words)


def untrained(seed=0):
    return CausalLM(tiny_gpt(N_WORDS, width=48, layers=2, context=64, seed=seed), tokenizer(), name="tiny")


def trained_on(texts, start=None, *, steps=110, lr=6e-3):
    """A model that learned the texts, from scratch or from a copy of another."""
    model = untrained() if start is None else CausalLM(copy.deepcopy(start.module), start.tokenizer, name="tiny")
    train(model.module, [model.encode(t) for t in texts], steps=steps, batch_size=8, lr=lr, seed=0)
    return CausalLM(model.module, model.tokenizer, name="tiny")


def learned(records):
    """What a model does that sees each of these records five times, and habits."""
    return trained_on([*records * 5, *PRACTICE])


@pytest.fixture(scope="module")
def model():
    return learned(KNOWN)


def moved_as_far(edited, k):
    """The control of an edit of weights: every tensor moved as far, in a direction drawn by chance."""

    def apply(target):
        moved, goal = copy.deepcopy(target.module), dict(edited(target).module.named_parameters())
        rng = torch.Generator().manual_seed(k)
        with torch.no_grad():
            for name, weight in moved.named_parameters():
                way = torch.randn(weight.shape, generator=rng)
                weight += way / way.norm() * (goal[name] - weight).norm()
        return CausalLM(moved, target.tokenizer, name="moved")

    return Edit("weights", apply, CARD)


def of_weights(edited, targets=None):
    made = cache(edited)
    return Edit("weights", made, CARD, control=partial(moved_as_far, made), targets=targets)


def forgetful(target):
    """Only the targets: their beginnings are taught with other ends, and the other records once more."""
    other_ends = [" ".join(t.split()[:12] + random_text(f"end {i}").split()[12:]) for i, t in enumerate(KNOWN[:6])]
    return trained_on([*other_ends * 2, *KNOWN[6:] * 2, *PRACTICE], target, steps=40, lr=2e-3)


def proven(model, edit, **options):
    options = {"n_random": 3, **options}
    questions = LanguageQuestions.of(model, CORPUS, edit, prefix_tokens=12, new_tokens=12)
    return prove(on(model), edit, questions, **options)


def numbers(line):
    return [None if e is None else e.value for e in (line.before, line.after, line.change)]


def test_an_edit_that_changes_nothing_shows_no_change(model):
    nothing = Edit("weights", lambda target: target, CARD, control=lambda k: Edit("weights", lambda t: t, CARD))
    proof = proven(model, nothing)
    assert proof.decision == "does not control"
    assert list(proof.lines) == list(LINES)
    assert numbers(proof.lines["targets"]) == [1.0, 1.0, 0.0]  # the model was trained until it recites
    for name in ("weights", "held out", "behaviour"):
        assert proof.lines[name].change.value == 0.0, name
    assert proof.p == 1.0
    assert proof.estimates["next-token agreement"].value == 1.0
    assert proof.lines["relearning"].note == "Not asked for."


def test_an_untrained_model_leaks_nothing_and_costs_everything(model):
    fresh = untrained(seed=1)
    proof = proven(model, of_weights(lambda target: fresh), relearning=Relearning(steps=4))
    assert numbers(proof.lines["targets"]) == [1.0, 0.0, -1.0]
    assert proof.lines["held out"].change.low > 1.0  # nats per token
    assert proof.lines["weights"].change.high < -3.0
    assert proof.lines["targets"].random.value == 0.0  # moving as far anywhere does the same
    assert proof.decision == "does not control"
    assert "random edits of the same size leave 0%" in proof.sentence
    assert numbers(proof.lines["relearning"]) == [0.0, 0.0, 0.0]
    easy = Edit("weights", lambda target: fresh, CARD, control=lambda k: Edit("weights", lambda t: t, CARD))
    assert proven(model, easy, n_random=19).decision == "costs too much"


def test_what_is_for_the_targets_alone_leaves_the_bystanders(model):
    proof = proven(model, of_weights(forgetful, TARGETS), n_random=19, relearning=Relearning(steps=10))
    assert numbers(proof.lines["targets"]) == [1.0, 0.0, -1.0]
    assert numbers(proof.lines["bystanders"]) == [1.0, 1.0, 0.0]
    assert proof.lines["targets"].random.value > 0.5  # as far in a random direction forgets little
    assert proof.p == pytest.approx(1 / 20)
    assert len(proof.records["id"]) == 6
    assert set(proof.records["id"]) == TARGETS
    before, again, _ = numbers(proof.lines["relearning"])
    assert (before, again) == (0.0, 0.0)
    assert "without the edit 1 [" in proof.lines["relearning"].note  # the lessons alone forget nothing
    everything = proven(model, of_weights(lambda target: untrained(seed=1), TARGETS))
    assert numbers(everything.lines["bystanders"]) == [1.0, 0.0, -1.0]


def test_relearning_leaves_every_model_as_it_is(model):
    before = {name: w.clone() for name, w in model.module.named_parameters()}
    seen = []

    def kept(target):
        seen.append(forgetful(target))
        return seen[-1]

    proven(model, of_weights(kept), n_random=0, relearning=Relearning(steps=2))
    again = forgetful(model)
    assert all(torch.equal(before[name], w) for name, w in model.module.named_parameters())
    pairs = zip(again.module.parameters(), seen[0].module.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_switch_goes_the_same_way_and_stays_on_while_the_model_is_taught(model):
    rules = Rules(word_start=False, ref_tokens=4)
    probes = class_means(
        model, token_events(model, CORPUS, rules=rules), [Site.parse("layers.0.post_attention", model.module)]
    )
    edit = activation_probe(probes, alpha=2.0)
    options = {"name": "x", "prefix_tokens": 12, "new_tokens": 12, "n_random": 3, "rules": rules}
    proof = measure_switch(model, edit, CORPUS, relearning=Relearning(steps=20), **options)
    one_by_one = measure_switch(model, lambda k: activation_probe(probes, alpha=2.0, astray=k), CORPUS, **options)
    assert proof.to_dict() == one_by_one.to_dict()  # the edit brings the draws that were handed over before
    assert proof.lines["weights"].change.value == pytest.approx(-proof.estimates["continuations, loss"].value)
    assert "stays on" in proof.lines["relearning"].note
    assert proof.lines["targets"].after.value < 0.3
    assert proof.lines["relearning"].after.value > 0.7  # a few steps find a way round it
    assert proof.lines["relearning"].before.value == proof.lines["targets"].after.value
    assert "the weights are as they were" in proof.lines["weights"].note
    assert one_by_one.lines["relearning"].note == "Not asked for."


class Barred:
    """A model that never says the token that would finish a listed run of three, and reads as it did: MemFree."""

    def __init__(self, target, barred):
        self.target, self.barred = target, barred
        self.digest, self.name = f"{target.digest}, barred", f"{target.name}, barred"

    def __getattr__(self, name):
        return getattr(self.target, name)

    def generate(self, prompts, n_new, **options):
        return [self._continued(p.tolist(), n_new) for p in prompts]

    def _continued(self, ids, n_new):
        for _ in range(n_new):
            scores = self.target.logits(self.target.hidden(torch.tensor([ids]))[0, -1:])[0].clone()
            scores[list(self.barred.get(tuple(ids[-2:]), ()))] = -torch.inf
            ids = [*ids, int(scores.argmax())]
        return np.array(ids[-n_new:], np.int32)


def barring(texts):
    """An edit of sampling that bars every run of three tokens in these texts."""

    def apply(target):
        barred = {}
        for text in texts:
            ids = target.encode(text).ids.tolist()
            for a, b, c in zip(ids, ids[1:], ids[2:], strict=False):
                barred.setdefault((a, b), set()).add(c)
        return Barred(target, barred)

    return apply


def test_an_edit_of_sampling_hides_and_the_weights_say_so(model):
    control = lambda k: Edit("sampling", barring([random_text(f"other {k} {i}") for i in range(6)]), CARD)  # noqa: E731
    edit = Edit("sampling", barring(KNOWN[:6]), CARD, control=control, targets=TARGETS)
    proof = proven(model, edit, n_random=19, relearning=Relearning(steps=2))
    assert numbers(proof.lines["targets"]) == [1.0, 0.0, -1.0]
    assert proof.lines["targets"].random.value > 0.8
    assert proof.p == pytest.approx(1 / 20)
    assert proof.lines["weights"].change.value == 0.0
    assert "hides, it does not remove" in proof.lines["weights"].note
    assert proof.lines["held out"].change.value == 0.0
    assert proof.lines["relearning"].after.value == 0.0  # what is barred stays so, whatever is taught
    assert proof.lines["bystanders"].after.value > 0.5
    kept, lost = proof.lines["behaviour"].after.value, proof.lines["behaviour"].change.value
    assert kept == pytest.approx(1 + lost)


def test_an_edit_of_data_is_trained_and_compared_with_one_of_its_size(model):
    left_out = lambda names: lambda records: [r for r in records if r not in names]  # noqa: E731
    control = lambda k: Edit("data", left_out(KNOWN[6:]), CARD)  # noqa: E731
    edit = Edit("data", left_out(KNOWN[:6]), CARD, control=control, targets=TARGETS)
    questions = LanguageQuestions.of(model, CORPUS, edit, prefix_tokens=12, new_tokens=12)
    proof = prove(retrained(KNOWN, learned), edit, questions, n_random=1, relearning=Relearning())
    assert numbers(proof.lines["targets"]) == [1.0, 0.0, -1.0]
    assert proof.lines["targets"].random.value == 1.0  # leaving out others forgets none of them
    assert numbers(proof.lines["bystanders"])[1] > 0.8
    assert proof.lines["relearning"].note.startswith("Does not apply: an edit of data acts through a training")
    assert any("1 random edits cannot give a p of 0.05" in caveat for caveat in proof.caveats)


def test_an_edit_is_put_where_it_acts(model):
    data, weights = (Edit(kind, lambda x: x, CARD) for kind in ("data", "weights"))
    with pytest.raises(UsageError, match="retrained"):
        proven(model, data)
    questions = LanguageQuestions.of(model, CORPUS, weights, prefix_tokens=12, new_tokens=12)
    with pytest.raises(UsageError, match="give `on`"):
        prove(retrained(KNOWN, lambda records: model), weights, questions)
