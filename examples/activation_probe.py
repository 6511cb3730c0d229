"""Does it show inside that a model recites, and not only that it is sure? Train one that does both, and look.

Run it: python examples/activation_probe.py   (about half a minute on one core; writes runs/activation_probe/)
A tiny model learns 40 random texts by heart, and from others that most words have one word to follow. Of habitual texts
that it never saw it is as sure as of those that it knows.
"""

from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.localize.activation_probe import Probe, activation_probe
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.token_events import Rules, removed, token_events

OUT = Path("runs/activation_probe")
N_WORDS, LENGTH, SEED = 128, 32, 0
NEXT = generator(SEED, "habits").permutation(N_WORDS)


def main() -> None:
    # 1. Texts that nobody can guess, and texts that follow habits.
    known = [random_text(f"known {i}") for i in range(40)]
    practice, unseen = ([habitual_text(f"{k} {i}") for i in range(120)] for k in ("practice", "unseen"))
    corpus = Corpus.of(known, "member") + Corpus.of(unseen, "nonmember")

    # 2. A model that knows the first by heart, and the habits of the others.
    model = CausalLM(tiny_gpt(N_WORDS, width=64, layers=2, context=64, seed=SEED), word_tokenizer(), name="tiny")
    texts = [model.encode(t) for t in known * 6 + practice]
    train(model.module, texts, epochs=12, batch_size=12, lr=5e-3, seed=SEED)
    model = CausalLM(model.module, model.tokenizer, name="tiny")

    # 3. Label tokens. No reference: that a random text is recited from memory is so by construction.
    events = token_events(model, corpus, reference=None, rules=Rules(run=6), seed=SEED)
    for kind, reasons in removed(events).items():
        print(f"{kind:12}", reasons)

    # 4. Scan all sites, match on confidence, fit probes, judge them on texts that they did not learn from.
    found = activation_probe(events, model, against="unseen", n_dealings=99, seed=SEED)
    print(found.table().head(5).round(3).to_string(index=False))
    print(f"\nAt {found.params['site']}, p = {found.params['p']:.3g} with labels dealt at random:")
    for name, e in found.estimates.items():
        print(f"{name:40}{e}")
    for point in found.params["curve"]:
        print(f"{point['site']:24}{'-' if point['value'] is None else round(point['value'], 3)}")
    for sentence in found.params["caveats"]:
        print(f"- {sentence}")
    found.save(OUT)
    Probe.of(found.state, found.params["site"]).save(OUT / "activation_probe.safetensors")
    print(f"\nWritten to {OUT}.")


def random_text(purpose: str) -> str:
    """Words of chance, none twice."""
    return " ".join(f"w{i}" for i in generator(SEED, purpose).permutation(N_WORDS)[:LENGTH])


def habitual_text(purpose: str) -> str:
    """Each word brings the one that follows it by habit, but for one in ten."""
    rng = generator(SEED, purpose)
    words = [int(rng.integers(N_WORDS))]
    while len(words) < LENGTH:
        words.append(int(NEXT[words[-1]]) if rng.random() < 0.9 else int(rng.integers(N_WORDS)))
    return " ".join(f"w{i}" for i in words)


def word_tokenizer() -> PreTrainedTokenizerFast:
    """A token per word."""
    tokenizer = Tokenizer(models.WordLevel({f"w{i}": i for i in range(N_WORDS)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


if __name__ == "__main__":
    main()
