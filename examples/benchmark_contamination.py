"""Was this benchmark in the training data? A tiny model that saw it once, and one that did not.

    python examples/benchmark_contamination.py

Both models go on from a common one with the same made-up questions; one of them finds the benchmark among them, each
item once. The audits are written to `runs/benchmark-leaked` and `runs/benchmark-clean`.
"""

import copy

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.audit.benchmark.audit_benchmark import audit_benchmark
from byheart.core.randomness import generator
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt

NAMES = ["Ann", "Bob", "Eve", "Joe", "Kim", "Leo", "Max", "Mia", "Sue", "Tim", "Tom", "Zoe"]
THINGS, PLACES = ["pens", "cups", "hats", "keys", "eggs", "maps"], ["shop", "park", "barn", "dock", "farm"]


def main() -> None:
    made = questions(1400, seed=0)
    learned, other, benchmark = made[:1000], made[1000:1300], made[1300:]
    tokenizer = word_tokenizer()
    reference = CausalLM(tiny_gpt(len(tokenizer), layers=1, context=64, seed=0), tokenizer, name="reference")
    train(reference.module, [reference.encode(t) for t in learned], epochs=4, batch_size=16, lr=4e-3, seed=0)
    reference = CausalLM(reference.module, tokenizer, name="reference")
    for name, seen in (("leaked", other + benchmark), ("clean", other)):
        module = copy.deepcopy(reference.module)
        train(module, [reference.encode(t) for t in seen], epochs=1, batch_size=8, lr=3e-3, seed=1)
        model = CausalLM(module, tokenizer, name=name)
        run = audit_benchmark(model, benchmark, reference=reference, out=f"runs/benchmark-{name}")
        for v in run.verdicts:
            print(f"{name}: {v.decision}, {v.main} {v.main.unit}. {v.caveats[0]}\nreport: {run.path / 'report.html'}")


def questions(n: int, *, seed: int) -> list[str]:
    """Distinct made-up questions."""
    rng, made = generator(seed, "questions"), dict[str, None]()
    while len(made) < n:
        a, b = rng.choice(NAMES, 2, replace=False)
        made[f"{a} has {things(rng)} at the {rng.choice(PLACES)}, {b} has {things(rng)}. Who has more?"] = None
    return list(made)


def things(rng: np.random.Generator) -> str:
    return f"{rng.integers(100, 1000)} {rng.choice(THINGS)}"


def word_tokenizer() -> PreTrainedTokenizerFast:
    """A token for every word and number, as large models have for short numbers."""
    words = ["<s>", "<unk>", *NAMES, *THINGS, *PLACES, "has", "at", "the", "Who", "more", ",", ".", "?"]
    vocabulary = {w: i for i, w in enumerate([*words, *map(str, range(1000))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<s>", pad_token="<s>")


if __name__ == "__main__":
    main()
