"""What does a chat model say when it is asked, in several ways, to go on with an article?

Every article is cut after each of some numbers of words, and what stands before the cut is put into each attack
template. Members and controls are asked the same.

Source: Freeman et al. 2024, arXiv 2412.06370 (prefixes x attacks). Departs from it: prefixes count words, as the
tokenizer behind an endpoint is unknown, and end at a word; 19, 38, 75, 150 and 300 English words are about its 25, 50,
100, 200 and 400 tokens. A prefix may also be taken from further inside an article (Xu et al. 2025, who find that its
place matters as much as its length).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from byheart.compare.text.plain_text import word_ends
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.randomness import derive_seed, generator
from byheart.core.signals import SignalKey, Signals
from byheart.core.target.chat import ChatModel, ChatReply, ChatRequest
from byheart.data.attack_templates import AttackTemplate

PREFIXES = (19, 38, 75, 150, 300)
FINISHES = ("skipped", "stop", "length", "filter", "cut", "refusal", "error")
CHARACTERS_PER_TOKEN = 4
ROOM_TO_THINK = 2048
"""Tokens for a second try when the first answer is empty: reasoning models spend them before they speak."""


@dataclass(frozen=True)
class Grid:
    """How every article is asked.

    Args:
        prefixes: words given, one or more numbers.
        attacks: templates.
        offsets: words of the article left out before the prefix, one or more numbers.
        n_samples: answers to each question; the first at temperature 0, the others at `temperature`.
        temperature: of the further samples.
        max_tokens: longest answer; so much of the article is compared with it.
        least: words that must follow the prefix, else the question is skipped.
        repeated: share of the questions asked twice, to see whether the answers agree.

    Raises:
        UsageError: if a number has no meaning.
    """

    prefixes: tuple[int, ...]
    attacks: tuple[AttackTemplate, ...]
    offsets: tuple[int, ...] = (0,)
    n_samples: int = 1
    temperature: float = 1.0
    max_tokens: int = 256
    least: int = 40
    repeated: float = 0.05

    def __post_init__(self) -> None:
        if not self.prefixes or min(self.prefixes) < 1 or len(set(self.prefixes)) < len(self.prefixes):
            raise UsageError(f"--prefix is a number of words, 1 or more, each once; got {self.prefixes}")
        if not self.offsets or min(self.offsets) < 0 or len(set(self.offsets)) < len(self.offsets):
            raise UsageError(f"--offset is a number of words, 0 or more, each once; got {self.offsets}")
        if not self.attacks or self.n_samples < 1 or self.max_tokens < 1 or self.temperature <= 0 or self.least < 1:
            raise UsageError(
                f"a grid needs an attack, samples, tokens and a temperature above 0; got {len(self.attacks)} attacks, "
                f"{self.n_samples} samples, {self.max_tokens} tokens, temperature {self.temperature}"
            )

    @property
    def cells(self) -> list[tuple[int, int, int, int]]:
        """(words of the prefix, words left out before it, number of the attack, of the sample) of every question."""
        return list(product(self.prefixes, self.offsets, range(len(self.attacks)), range(self.n_samples)))

    @property
    def digest(self) -> str:
        """Fingerprint of all that a question depends on."""
        facts = {**self.__dict__, "attacks": [[a.name, a.version, a.turns] for a in self.attacks]}
        return digest_json({"recipe": "replies/2", **facts})


@dataclass(frozen=True)
class _Question:
    """A question about one article; the truth is `text[cut:end]`."""

    prefix: int
    offset: int
    attack: int
    sample: int
    cut: int = 0
    end: int = 0
    request: ChatRequest | None = None


def replies(target: ChatModel, corpus: Corpus, grid: Grid, *, seed: int = 0) -> Signals:
    """Answers of a chat model to every question about every article.

    Args:
        target: the model.
        corpus: articles as texts; reads a column `title`, if there is one.
        grid: how each is asked.
        seed: of the further samples, and of which questions are asked twice.

    Returns:
        Signals, ragged (articles, questions): `prefix` and `offset` (words), `attack`, `sample`, `cut` and `end`
        (characters; the truth is `text[cut:end]`), `finish` (a number of `FINISHES`), `reply_bytes`, `prompt_tokens`,
        `new_tokens`, `repeated` (1 same answer twice, 0 another, -1 not asked twice); and `reply` (articles, UTF-8
        bytes of all answers one after the other).

    Raises:
        UsageError: if a record is no text.
    """
    asked = [_questions(corpus, i, grid, seed) for i in range(len(corpus))]
    flat = [q for one in asked for q in one]
    given = _answers(target, [q.request for q in flat])
    again = _repeated(target, corpus, asked, given, grid, seed)
    columns: dict[str, list[int]] = {
        **{name: [getattr(q, name) for q in flat] for name in ("prefix", "offset", "attack", "sample", "cut", "end")},
        "finish": [0 if r is None else FINISHES.index(r.finish) for r in given],
        "reply_bytes": [len(_utf8(r)) for r in given],
        "prompt_tokens": [0 if r is None else r.prompt_tokens for r in given],
        "new_tokens": [0 if r is None else r.new_tokens for r in given], "repeated": again,
    }  # fmt: skip
    counts = np.concatenate([[0], np.cumsum([len(one) for one in asked])]).astype(np.int64)
    arrays = {name: Ragged(np.array(values, dtype=np.int32), counts) for name, values in columns.items()}
    texts = [b"".join(_utf8(r) for r in given[a:b]) for a, b in pairwise(counts.tolist())]
    arrays["reply"] = Ragged.of([np.frombuffer(t, dtype=np.uint8) for t in texts], np.uint8)
    key = SignalKey(target.digest, corpus.digest, grid.digest, seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def reply_texts(signals: Signals) -> Iterator[list[str]]:
    """The answers to the questions about each article, in the order of the questions."""
    for utf8, sizes in zip(signals.ragged("reply"), signals.ragged("reply_bytes"), strict=True):
        ends = np.cumsum(sizes)
        data = utf8.tobytes()
        yield [data[b - n : b].decode("utf-8", "replace") for n, b in zip(sizes.tolist(), ends.tolist(), strict=True)]


def _questions(corpus: Corpus, row: int, grid: Grid, seed: int) -> list[_Question]:
    text, name = corpus.items[row], str(corpus.ids[row])
    if not isinstance(text, str):
        raise UsageError(f"record {name} is a {type(text).__name__}; a chat model is asked about articles, as texts")
    title = corpus.columns["title"][row] if "title" in corpus.columns else None
    ends, made = word_ends(text), []
    for prefix, offset, attack, sample in grid.cells:
        first = offset + prefix  # words before the cut
        if len(ends) < first + grid.least:
            made.append(_Question(prefix, offset, attack, sample))
            continue
        begin, cut = (ends[offset - 1] if offset else 0), ends[first - 1]
        longest = cut + CHARACTERS_PER_TOKEN * grid.max_tokens
        n_words = max(int(np.searchsorted(ends, longest, side="right")), first + 1)
        asked_words = max(10, round(n_words - first, -1))
        messages = grid.attacks[attack].render(
            prefix=text[begin:cut].lstrip() if offset else text[:cut],
            title=title if isinstance(title, str) else None,
            words=asked_words,
        )
        place = [str(n) for n in ((prefix, offset) if offset else (prefix,))]
        chance = None if sample == 0 else derive_seed(seed, "reply", name, *place, str(attack), str(sample))
        heat = 0.0 if sample == 0 else grid.temperature
        request = ChatRequest(messages, grid.max_tokens, heat, chance)
        made.append(_Question(prefix, offset, attack, sample, cut, ends[n_words - 1], request))
    return made


def _answers(target: ChatModel, requests: Sequence[ChatRequest | None]) -> list[ChatReply | None]:
    """An answer to each request; empty ones that ran out of tokens are asked once more with room to think."""
    given: list[ChatReply | None] = [None] * len(requests)
    _ask(target, {i: r for i, r in enumerate(requests) if r is not None}, given)
    empty = {
        i: replace(r, max_tokens=max(ROOM_TO_THINK, 4 * r.max_tokens))
        for i, r in enumerate(requests)
        if r is not None and (reply := given[i]) is not None and reply.finish == "length" and not reply.text.strip()
    }
    second: list[ChatReply | None] = [None] * len(requests)
    _ask(target, empty, second)
    return [a if b is None or b.finish == "error" else b for a, b in zip(given, second, strict=True)]


def _ask(target: ChatModel, requests: dict[int, ChatRequest], given: list[ChatReply | None]) -> None:
    rows = list(requests)
    for k, reply in target.complete(list(requests.values())):
        given[rows[k]] = reply


def _repeated(
    target: ChatModel,
    corpus: Corpus,
    asked: list[list[_Question]],
    given: list[ChatReply | None],
    grid: Grid,
    seed: int,
) -> list[int]:
    """Whether a question that is drawn gets the same answer again; a question about an article is drawn by itself."""
    drawn = [
        generator(seed, "asked twice", str(name)).random(len(one)) < grid.repeated
        for name, one in zip(corpus.ids, asked, strict=True)
    ]
    flat = [q for one in asked for q in one]
    again: dict[int, ChatRequest] = {}
    for i, (question, twice) in enumerate(zip(flat, np.concatenate(drawn) if drawn else [], strict=True)):
        reply = given[i]
        if twice and question.request is not None and reply is not None and reply.finish != "error":
            again[i] = replace(question.request, again=1)
    second: list[ChatReply | None] = [None] * len(flat)
    _ask(target, again, second)
    return [-1 if b is None or a is None else int(a.text == b.text) for a, b in zip(given, second, strict=True)]


def _utf8(reply: ChatReply | None) -> bytes:
    return b"" if reply is None else reply.text.encode("utf-8", "replace")
