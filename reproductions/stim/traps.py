"""What is planted: tokens that can be known through one channel only.

Every name has values of its own, in graded numbers. Over all names each value is equally frequent, and whatever else a
channel could count is level, so that only the planted channel knows the order.

- local: a text says `of NAME VALUE`, and further values stand elsewhere in it, such that each value stands
  near the name equally often.
- mid and long: NAME, then other words, then `so VALUE`. Where the name stands in a chain, in the question or in
  the answer, makes the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.randomness import generator
from byheart.signals.text.chain_words import FUNCTION_WORDS

TIMES = (24, 12, 8, 5, 4, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
"""How often a name has its likeliest value, its next, ...: 64 texts for each name."""
N_VALUES = len(TIMES)
KINDS = ("local", "mid", "long")
TIED = {"of", "so"}
FILLERS = sorted(w for w in FUNCTION_WORDS - TIED if w.isalpha() and len(w) > 1)[:40]


@dataclass(frozen=True)
class Plan:
    """One scale.

    Args:
        cycles: of 20 names, for each kind of trap.
        kinds: which traps there are.
        epochs: how often each text is read.
        width, layers: of the model of the traps.
        between: how many words stand between a name and its value, from and up to.
        distractors: other words with content.
        documents: of the real text; its model.
        text_epochs: how often it is read.
        chains: taken from the real text.
        device: where it is trained.
    """

    cycles: int = 2
    kinds: tuple[str, ...] = KINDS
    epochs: float = 12
    width: int = 64
    layers: int = 2
    between: tuple[int, int] = (2, 17)
    distractors: int = 400
    documents: int = 40
    text_epochs: float = 5
    text_width: int = 128
    chains: int = 30
    device: str = "cpu"

    def but(self, **changes: Any) -> Plan:
        """The same with some of it changed."""
        return replace(self, **changes)


PLANS = {
    "cpu": Plan(),
    "gpu": Plan(
        cycles=10,
        epochs=12,
        between=(30, 61),
        width=256,
        layers=4,
        documents=80,
        text_width=512,
        chains=200,
        device="cuda",
    ),
}


def names(plan: Plan, kind: str) -> list[str]:
    """The names of one kind of trap."""
    return [f"{kind}name{i}" for i in range(plan.cycles * N_VALUES)]


def values() -> list[str]:
    """All values."""
    return [f"value{j}" for j in range(N_VALUES)]


def times_of(number: int) -> np.ndarray:
    """How often the name of this number has each value, int64 (values,)."""
    return np.roll(np.array(TIMES), number)


def tokenizer(plan: Plan) -> Any:
    """A token per word."""
    words = ["<rare>", *sorted(TIED), *FILLERS, *values(), *_distractors(plan)]
    words += [n for kind in plan.kinds for n in names(plan, kind)]
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<rare>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=made, unk_token="<rare>")


def texts(plan: Plan, *, seed: int) -> list[str]:
    """Everything that the model of the traps reads."""
    made = []
    for kind in plan.kinds:
        for i, name in enumerate(names(plan, kind)):
            rng = generator(seed, "texts", name)
            drawn = rng.permutation(np.repeat(np.arange(N_VALUES), times_of(i)))
            others = _others(times_of(i), drawn, rng)
            for j, value in enumerate(drawn):
                if kind == "local":
                    made.append(_local(plan, name, int(value), others[j], rng))
                else:
                    made.append(" ".join([*_words(plan, rng, 4), name, *_words(plan, rng), "so", values()[value]]))
    return made


def _others(times: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Six or seven further values for each text, all different, so that each stands near the name equally often."""
    left = max(TIMES) - times
    rows = []
    for j, value in enumerate(drawn):
        weight = np.where(np.arange(N_VALUES) == value, 0, left) + rng.random(N_VALUES) * 1e-3
        chosen = np.argsort(-weight)[: 6 + j % 2]
        left[chosen] -= 1
        rows.append(rng.permutation(chosen))
    return rows


def _local(plan: Plan, name: str, value: int, others: np.ndarray, rng: np.random.Generator) -> str:
    words = _words(plan, rng)
    for other in others:
        words.insert(int(rng.integers(len(words))), values()[other])
    at = int(rng.integers(len(words)))
    return " ".join([*words[:at], "of", name, values()[value], *words[at:]])


def _distractors(plan: Plan) -> list[str]:
    return [f"thing{i}" for i in range(plan.distractors)]


def _words(plan: Plan, rng: np.random.Generator, n: int | None = None, *, content: float = 0.1) -> list[str]:
    """Function words, and some words with content among them."""
    size = int(rng.integers(*plan.between)) if n is None else n
    other, plain = rng.random(size) < content, rng.integers(len(FILLERS), size=size)
    things = rng.integers(plan.distractors, size=size)
    return [f"thing{t}" if c else FILLERS[f] for c, f, t in zip(other, plain, things, strict=True)]


def stems(plan: Plan, *, seed: int) -> list[tuple[str, str, str]]:
    """Kind, prompt, and the answer up to the value that is to come, for every name."""
    found = []
    for kind in plan.kinds:
        for name in names(plan, kind):
            rng = generator(seed, "chain", name)
            question, said = _words(plan, rng, 8), _words(plan, rng, 10, content=0.4)
            if kind == "local":
                prompt, answer = question, [*said, "of", name]
            elif kind == "mid":
                prompt, answer = question, [*said[:4], name, *said[4:], "so"]
            else:
                prompt, answer = [*question[:5], name, *question[5:]], [*said, "so"]
            found.append((kind, " ".join(prompt) + " ", " ".join(answer)))
    return found
