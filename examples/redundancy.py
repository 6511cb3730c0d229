"""Which texts does a model recite, and how little does it take to put it off? Perturb their beginnings and see.

Run it: python examples/redundancy.py   (about half a minute on one core; writes runs/redundancy/)
A tiny model learns 24 sentences, half of them with a beginning that repeats itself; 24 like them it never sees.
"""

from pathlib import Path

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.explain.redundancy import redundancy
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.perturbed_prefixes import perturbed_prefixes

OUT = Path("runs/redundancy")
LETTERS, SEED = "abcdefghijklmnopqrstuvwxyz", 0


def main() -> None:
    # 1. Records: 16 letters of beginning, then 8 to be recited.
    known, unseen = ([text(i, k) for i in range(24)] for k in ("known", "unseen"))
    corpus = Corpus.of(known, "member") + Corpus.of(unseen, "nonmember")

    # 2. A model that knows one half by heart.
    module = tiny_gpt(len(byte_tokenizer()), width=64, layers=2, context=32, seed=SEED)
    target = CausalLM(module, byte_tokenizer(), name="tiny")
    train(module, [target.encode(t) for t in known], epochs=150, batch_size=24, lr=5e-3, seed=SEED)
    target = CausalLM(module, byte_tokenizer(), name="tiny")

    # 3. One pass over every record after every perturbed beginning; then the table.
    signals = perturbed_prefixes(target, corpus, prefix_tokens=16, new_tokens=8, seed=SEED)
    found = redundancy(signals, seed=SEED)
    print(found.table()[["address", "weight", "low", "high", "strength", "of_low", "of_high", "twins"]].round(2))
    for name in ("recited beyond twins, low", "recited beyond twins, high", "drop, memorized", "vulnerability ratio",
                 "vulnerability ratio by places", "vulnerability ratio, matched"):  # fmt: skip
        print(f"{name:32}{found.estimates[name]}")
    for sentence in found.params["caveats"]:
        print(f"- {sentence}")
    found.save(OUT)
    print(f"\nWritten to {OUT}.")


def text(i: int, purpose: str) -> str:
    """Letters of chance; of every second text the first twelve are three that repeat."""
    drawn = "".join(LETTERS[k] for k in generator(SEED, purpose, str(i)).integers(0, 26, 24))
    return drawn[:3] * 4 + drawn[12:] if i % 2 else drawn


if __name__ == "__main__":
    main()
