"""Tiny models that saw a benchmark once, never, or only its twins; and models that answer it by heart or by skill."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from byheart.audit.benchmark.audit_benchmark import audit_benchmark
from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.data.benchmark.benchmark import read_benchmark
from byheart.data.benchmark.twin_rules import ALIKE
from byheart.data.benchmark.twins import given_twins, make_twins
from byheart.measure.blind_twins import blind_twins
from byheart.measure.contamination import contamination
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.token_logprobs import token_logprobs
from byheart.stats.judge.contamination import judge_contamination, judge_recall, recalled_or_skilled

NAMES = ["Ann", "Bob", "Eve", "Ian", "Jim", "Joe", "Kim", "Leo", "Max", "Mia", "Ron", "Sue", "Tim", "Tom", "Zoe", "Dan"]
THINGS = ["pens", "cups", "hats", "nuts", "keys", "eggs", "maps", "cars"]
PLACES = ["shop", "park", "barn", "dock", "yard", "farm"]
GRAMMAR = ["has", "at", "the", "Is", "big", "yes", "no", ",", ".", "?"]
N_ITEMS = 80
"""A leak of one pass was seen in 8 of 8 benchmarks of 40 and of 80 items with this model (docs/contamination.md)."""


def questions(n, seed):
    """Distinct questions whose answer follows from their last number, which is all that skill means here."""
    rng, made = generator(seed, "questions"), {}
    while len(made) < n:
        a, b = rng.choice(NAMES, 2, replace=False)
        one, two = (f"{rng.integers(100, 1000)} {rng.choice(THINGS)}" for _ in range(2))
        number = int(rng.integers(10, 100))
        question = f"{a} has {one} at the {rng.choice(PLACES)}, {b} has {two}. Is {number} big?"
        made[question] = " yes" if number >= 50 else " no"
    return [{"prompt": q, "completion": a} for q, a in made.items()]


def word_tokenizer():
    """A token for every word and number of the questions, as large models have for short numbers."""
    names = sorted({*ALIKE, *NAMES})
    words = [*names, *THINGS, *PLACES, *GRAMMAR, *map(str, range(1000))]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<s>", "<unk>", *words])}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="<s>", pad_token="<s>")


@dataclass(frozen=True)
class Planted:
    """A benchmark, its twins, and a model that never saw either but knows the task from other questions."""

    items: list[dict[str, str]]
    other: list[dict[str, str]]
    twins: Corpus
    reference: CausalLM

    def after(self, records, *, epochs=1, lr=3e-3, seed=1, whole=True):
        """The reference after some more records; `whole` texts, or with the loss on the answers only."""
        module = copy.deepcopy(self.reference.module)
        model = CausalLM(module, self.reference.tokenizer, name="tuned")
        texts = [r["prompt"] + r["completion"] for r in records] if whole else records
        train(module, [model.encode(t) for t in texts], epochs=epochs, batch_size=8, lr=lr, seed=seed)
        return CausalLM(module, model.tokenizer, name="tuned")

    def verdict(self, model, *, twins=None, judge=judge_contamination):
        twins = self.twins if twins is None else twins
        options: dict[str, Any] = {"reference": scored(self.reference, twins), "blind": blind_twins(twins, seed=0)}
        return judge(scored(model, twins), seed=0, **options)


def scored(model, twins):
    return contamination(token_logprobs(model, twins), twins)


@pytest.fixture(scope="module")
def planted():
    made = questions(1000 + 300 + N_ITEMS, seed=0)
    learned, other, items = made[:1000], made[1000:1300], made[1300:]
    tokenizer = word_tokenizer()
    module = tiny_gpt(len(tokenizer), width=64, layers=1, context=64, seed=0)
    model = CausalLM(module, tokenizer, name="reference")
    texts = [r["prompt"] + r["completion"] for r in learned]
    train(module, [model.encode(t) for t in texts], epochs=4, batch_size=16, lr=4e-3, seed=0)
    twins = make_twins(Corpus.of(items, "member"), ("numbers", "names"), per_item=5, seed=0).corpus
    return Planted(items, other, twins, CausalLM(module, tokenizer, name="reference"))


def test_a_benchmark_seen_once_among_other_text_is_shown(planted):
    found = planted.verdict(planted.after(planted.other + planted.items))
    assert found.decision == "shown", found
    assert found.main.low > 0


def test_a_clean_model_is_not_called_contaminated(planted):
    """Trained on as much text of the same kind; false alarm 5 %, seed fixed."""
    found = planted.verdict(planted.after(planted.other + questions(N_ITEMS, seed=9)))
    assert found.decision == "not shown", found
    assert "would have been seen" in found.caveats[0]


def test_a_model_that_saw_the_twins_instead_is_not_called_contaminated(planted):
    found = planted.verdict(planted.after(planted.other + planted.twins.where("nonmember").items))
    assert found.decision != "shown", found
    assert found.main.value < 0


def of_the_same_kind(items, twins):
    """Two fresh questions with their answers as twins of each item."""
    corpus = Corpus.of(items, "member")
    of = [corpus.ids[i // 2] for i in range(len(twins))]
    return given_twins(corpus, Corpus.of(twins, "nonmember", columns={"twin_of": of})).corpus


def test_skill_learned_from_other_questions_is_not_recall(planted):
    """Taught on 600 other questions, a model answers nearly all items, and their twins as well."""
    items = planted.items[:60]
    twins = of_the_same_kind(items, questions(120, seed=5))
    skilled = planted.after(questions(600, seed=7), epochs=4, whole=False)
    own = scored(skilled, twins)
    assert np.nanmean(own.extra["right"][own.roles == "member"]) > 0.85
    n = recalled_or_skilled(own)
    assert n["skill"] > 5 * n["recall"]
    assert planted.verdict(skilled, twins=twins, judge=judge_recall).decision == "not shown"


def test_answers_learned_by_heart_are_recall(planted):
    """Answers dealt by a coin follow no rule, so that only who saw them can give them: right on items, not on twins.

    The loss was on the answers alone, as in a fine-tune on instructions; half of the answers are yes.
    """
    rng = generator(0, "coins")
    coins = [str(c) for _ in range(90) for c in rng.permutation([" yes", " no"])]
    dealt = [{**r, "completion": c} for r, c in zip(questions(180, seed=6), coins, strict=True)]
    items, twins = dealt[:60], of_the_same_kind(dealt[:60], dealt[60:])
    model = planted.after(items, epochs=25, lr=4e-3, whole=False)
    found = planted.verdict(model, twins=twins, judge=judge_recall)
    assert found.decision == "shown", found
    n = recalled_or_skilled(scored(model, twins))
    assert n["recall"] > n["skill"]


def test_audit_of_files_end_to_end_and_again(planted, tmp_path):
    """From a file to verdicts and a page; the same command again makes nothing new and changes nothing."""
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in planted.items), encoding="utf-8")
    leaked = planted.after(planted.other + planted.items)
    options = {"make": ("numbers", "names"), "reference": planted.reference, "out": tmp_path / "run"}
    run = audit_benchmark(leaked, path, **options)
    found = {v.method: v for v in run.verdicts}
    assert found["contamination"].decision == "shown", found
    assert found["contamination_recall"].decision == "inconclusive"  # redrawn numbers leave no right answer
    assert len(read_benchmark(path)) == (run.corpus.roles == "member").sum()
    text = (run.path / "report.html").read_text(encoding="utf-8")
    assert "training records" not in text.partition("<footer")[0]
    assert planted.items[0]["prompt"] not in text  # masked by default
    before = (run.path / "verdicts.json").read_bytes()
    again = audit_benchmark(leaked, path, **options)
    assert (again.path / "verdicts.json").read_bytes() == before
