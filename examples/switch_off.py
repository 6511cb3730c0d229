"""Can recitation be switched off inside a model? Train one that recites, throw a switch at several sites, and measure.

Run it: python examples/switch_off.py   (about half a minute on one core)
A tiny model learns 20 random texts by heart, and from 60 others which words use to follow which.
"""

from functools import partial

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.mitigate.activation_probe import activation_probe, class_means, measure_switch
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.token_events import token_events

N_WORDS, LENGTH, SEED = 128, 40, 0
HABITS = generator(SEED, "habits").integers(0, N_WORDS, (N_WORDS, 3))


def main() -> None:
    # 1. Texts that nobody can guess, and texts that follow habits.
    known = [random_text(f"known {i}") for i in range(20)]
    practice = [habitual_text(f"practice {i}") for i in range(60)]
    unseen = [habitual_text(f"unseen {i}") for i in range(24)] + [random_text(f"unseen {i}") for i in range(16)]
    corpus = Corpus.of(known, "member") + Corpus.of(unseen, "nonmember")

    # 2. A model that knows the first by heart.
    model = CausalLM(tiny_gpt(N_WORDS, width=64, layers=2, context=96, seed=SEED), word_tokenizer(), name="tiny")
    texts = [model.encode(t) for t in known * 5 + practice]
    train(model.module, texts, epochs=10, batch_size=8, lr=4e-3, seed=SEED)
    model = CausalLM(model.module, model.tokenizer, name="tiny")

    # 3. Where do recited tokens differ from others? Half of the texts say, the other half are measured.
    half = [i % 2 == 0 for i in range(len(corpus))]
    events = token_events(model, corpus.take([i for i, first in enumerate(half) if first]), seed=SEED)
    rest = corpus.take([i for i, first in enumerate(half) if not first])

    # 4. Throw the switch at one site after the other.
    for address in ("layers.0.attention_out", "layers.0.post_attention", "layers.0.block", "layers.1.block"):
        probes = class_means(model, events, [Site.parse(address, model.module)])
        effect = measure_switch(model, partial(thrown, probes), rest, name=address, seed=SEED)
        print(f"\n{effect.decision.upper()}: {effect.sentence}")
        for name in ("recited tokens, loss", "held-out text, loss", "next-token agreement"):
            print(f"  {name:24}{effect.estimates[name]}")


def thrown(probes, draw):
    """The switch; or, for a number, the control that goes as far in a random direction."""
    return activation_probe(probes, mode="gate", astray=draw, seed=SEED)


def random_text(name: str) -> str:
    return " ".join(f"w{i}" for i in generator(SEED, name).integers(0, N_WORDS, LENGTH))


def habitual_text(name: str) -> str:
    rng = generator(SEED, name)
    said = [int(rng.integers(N_WORDS))]
    for _ in range(LENGTH - 1):
        said.append(int(HABITS[said[-1], rng.choice(3, p=[0.6, 0.3, 0.1])]))
    return " ".join(f"w{i}" for i in said)


def word_tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(N_WORDS)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words)


if __name__ == "__main__":
    main()
