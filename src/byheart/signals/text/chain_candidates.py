"""At each step of a chain of reasoning: what else could have come, what brought it about, and which words mattered?

Three things are read of every chain. The candidates: the likeliest tokens at each scored place, float32, one reading of
the chain. The elicitation: the shortest end of the answer so far after which greedy decoding says the token. A longer
end may fail where a shorter one works, so all starts are tried; but one reading of the answer from a start on tells it
for every later token, so the whole chain takes one short reading per start, in padded batches, shortest first. The
saliency of the content words of question and answer: what each later token loses when a word is left out, again one
reading per word for all tokens at once.

Cost beside the candidates' own reading, counted in `forwards`: at most one reading per token of the answer for the
elicitation, one per content word of the answer, and one per content word of the question, which are left out in groups
where they are more than the answer's tokens. So never more than 3 readings per token of the answer. Saliency `grad`
takes one reading and a backward pass per token, `lerg` some hundred readings per text.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 3; Tuan et al. 2021, arXiv 2106.06528 (LERG).
Departs from it: saliency is by leaving out words, exact and cheap, unless `lerg` is asked for; what is left out is
deleted, not replaced by an unknown token; ids are compared, not strings; the candidates are exactly k.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.target import Encoded, LanguageModel
from byheart.index import fingerprint
from byheart.signals.text.chain_elicitation import elicit
from byheart.signals.text.chain_saliency import salience
from byheart.signals.text.chain_words import Word, content_words
from byheart.signals.text.token_logprobs import LOGIT_BYTES, n_front

K = 20
Saliency = Literal["loo", "lerg", "grad"]


@dataclass(frozen=True, eq=False)
class Chain:
    """One chain as the model reads it.

    Args:
        name: record id.
        encoded: the whole, question, what else stands in the prompt, and answer.
        n_front: special tokens that open the text.
        answer: first token of the answer.
        positions: the tokens that are scored, int64 (scored,).
        asked: content words of the question.
        said: content words of the answer.
    """

    name: str
    encoded: Encoded
    n_front: int
    answer: int
    positions: np.ndarray
    asked: list[Word]
    said: list[Word]

    @property
    def ids(self) -> np.ndarray:
        """All its tokens, int32 (tokens,)."""
        return self.encoded.ids

    @property
    def words(self) -> list[Word]:
        """Content words of the question, then of the answer."""
        return [*self.asked, *self.said]


def chain_candidates(
    target: LanguageModel,
    corpus: Corpus,
    *,
    seed: int = 0,
    k: int = K,
    saliency: Saliency = "loo",
    positions: Literal["content", "all"] = "content",
    include_target: bool = False,
    max_context: int | None = None,
) -> Signals:
    """Read chains of reasoning: candidates, elicitation and saliency of every scored token.

    Args:
        target: the model.
        corpus: prompts with completions. Columns, all optional: `question`, the part of the prompt that asks, else all
            of it; `step_left` and `step_right`, the characters of the completion that are scored, else all; `wrong`,
            JSON, a list of the wrong words, or of [first, end] characters, of the completion.
        seed: of the draws of `lerg`.
        k: candidates at each place.
        saliency: `loo` leaves out one word at a time, `lerg` samples Shapley values, in the question and in the
            eliciting end alone, `grad` is the contrastive gradient times input, which needs open weights.
        positions: score the tokens of content words, or all.
        include_target: where the token that was said is not among the k, it takes the place of the last of them.
        max_context: longest end of the answer that is tried.

    Returns:
        Signals. Ragged, by token of the chain: `token_ids`, `start`, `end` (characters); `text` (UTF-8). By scored
        token: `position`, `logprob`, `elicited` (0 or 1), `suffix` (first token of the eliciting end; the beginning
        of the answer where none elicits it), `wrong` (0, 1; 2 where nothing was said of it). By scored token and
        candidate: `candidate` (ids, likeliest first), `candidate_logprob`. By word: `word_left`, `word_right`
        (characters), `word_first`, `word_end` (tokens), `word_asked` (1 in the question, 0 in the answer). By scored
        token and word: `salience`, nats (L1-normalised for `grad`), NaN where the word does not come before.
        `tokenizer`, the fingerprint (ASCII). Dense: `k`, `answer` (its first token), `n_front`, `forwards` (readings
        beside the candidates' own), `too_long` (1: longer than the context, nothing was read).

    Raises:
        DataError: if a question does not stand in its prompt, or a column cannot be read.
        UsageError: if an option has no meaning.
    """
    if k < 3 or saliency not in ("loo", "lerg", "grad") or positions not in ("content", "all"):
        raise UsageError(
            f"k is at least 3, saliency loo, lerg or grad, positions content or all; got {k}, {saliency}, {positions}"
        )
    n = min(k, target.vocabulary)
    rows = []
    for i in range(len(corpus)):
        chain = _chain(target, corpus, i, everything=positions == "all")
        read = _read(target, chain, n, saliency, include_target, max_context, seed)
        rows.append(read | {"wrong": _wrong(chain, corpus, i)})
    mark = np.frombuffer((fingerprint(target.tokenizer) if hasattr(target, "tokenizer") else "").encode(), np.uint8)
    arrays: dict[str, Array] = {name: Ragged.of([r[name] for r in rows], kind) for name, kind in RAGGED.items()}
    arrays |= {name: np.array([r[name] for r in rows], np.int64) for name in DENSE}
    arrays |= {"tokenizer": Ragged.of([mark] * len(rows), np.uint8), "k": np.full(len(rows), n, np.int64)}
    recipe = f"chain_candidates/1 {(n, saliency, positions, include_target, max_context)}"
    key = SignalKey(target.digest, corpus.digest, recipe, seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


RAGGED: Mapping[str, Any] = {
    "token_ids": np.int32, "start": np.int32, "end": np.int32, "text": np.uint8, "position": np.int32,
    "logprob": np.float32, "elicited": np.uint8, "suffix": np.int32, "wrong": np.uint8, "candidate": np.int32,
    "candidate_logprob": np.float32, "word_left": np.int32, "word_right": np.int32, "word_first": np.int32,
    "word_end": np.int32, "word_asked": np.uint8, "salience": np.float32,
}  # fmt: skip
DENSE = ("answer", "n_front", "forwards", "too_long")


def _chain(target: LanguageModel, corpus: Corpus, i: int, *, everything: bool) -> Chain:
    """Where question, answer and scored tokens of a record are."""
    item, name = corpus.items[i], str(corpus.ids[i])
    encoded = target.encode(item)
    scored = np.flatnonzero(encoded.scored)
    answer = int(scored[0]) if scored.size else encoded.ids.size
    at = _answer_at(item, encoded, answer)
    left, right = _step(corpus, i, at, len(encoded.text))
    asked = _question(corpus, i, encoded.text, at, name)
    said = [w for w in content_words(encoded, at, len(encoded.text)) if w.first >= answer]
    inside = scored[(encoded.start[scored] >= left) & (encoded.end[scored] <= right)]
    if not everything:
        content = [t for w in said for t in range(w.first, w.end)]
        inside = inside[np.isin(inside, content)]
    words = [w for w in content_words(encoded, *asked) if w.end <= answer]
    return Chain(name, encoded, n_front(target, encoded), answer, inside, words, said)


def _answer_at(item: Any, encoded: Encoded, answer: int) -> int:
    """First character of the answer."""
    if isinstance(item, dict) and isinstance(item.get("prompt"), str):
        return len(item["prompt"])
    return int(encoded.start[answer]) if answer < encoded.start.size else len(encoded.text)


def _step(corpus: Corpus, i: int, at: int, end: int) -> tuple[int, int]:
    """Characters of the chosen step, in the whole text; a leading blank belongs to its first token."""
    if "step_left" not in corpus.columns or corpus.columns["step_right"][i] < 0:
        return at - 1, end
    return at + int(corpus.columns["step_left"][i]) - 1, at + int(corpus.columns["step_right"][i])


def _question(corpus: Corpus, i: int, text: str, at: int, name: str) -> tuple[int, int]:
    """Characters of the question: where it last stands in the prompt."""
    question = corpus.columns["question"][i] if "question" in corpus.columns else None
    if not isinstance(question, str) or not question:
        return 0, at
    left = text.rfind(question, 0, at)
    if left < 0:
        raise DataError(f"chain {name!r}: its question does not stand in its prompt; give the part that asks, as it is")
    return left, left + len(question)


def _wrong(chain: Chain, corpus: Corpus, i: int) -> np.ndarray:
    """Which scored tokens are known to be wrong, 2 where nothing was said, uint8 (scored,)."""
    told = corpus.columns["wrong"][i] if "wrong" in corpus.columns else None
    if not isinstance(told, str):
        return np.full(chain.positions.size, 2, np.uint8)
    try:
        entries = json.loads(told)
        at = _answer_at(corpus.items[i], chain.encoded, chain.answer)
        spans = [(at + int(e[0]), at + int(e[1])) for e in entries if not isinstance(e, str)]
        named = {e.lower() for e in entries if isinstance(e, str)}
    except (ValueError, TypeError, IndexError) as e:
        raise DataError(f"chain {chain.name!r}: `wrong` is a list of words or of [first, end] characters ({e})") from e
    spans += [(w.left, w.right) for w in chain.said if w.text in named]
    start, end = (a[chain.positions] for a in (chain.encoded.start, chain.encoded.end))
    hit = [(end > left) & (start < right) for left, right in spans]
    return np.any(hit, axis=0).astype(np.uint8) if hit else np.zeros(chain.positions.size, np.uint8)


def _read(
    target: LanguageModel, chain: Chain, k: int, saliency: Saliency, include_target: bool, max_context: int | None,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Everything of one chain."""
    too_long = chain.ids.size > target.context
    if too_long or not chain.positions.size:
        chain = Chain(chain.name, chain.encoded, chain.n_front, chain.answer, chain.positions[:0], [], [])
    logprob, candidate, candidate_logprob = _candidates(target, chain, k, include_target)
    suffix, elicited, n_elicited = elicit(target, chain, max_context)
    mattered, n_salient = salience(target, chain, saliency, logprob, suffix, seed)
    words = chain.words
    return {
        "token_ids": chain.ids, "start": chain.encoded.start, "end": chain.encoded.end,
        "text": np.frombuffer(chain.encoded.text.encode("utf-8", "surrogatepass"), np.uint8),
        "position": chain.positions, "logprob": logprob, "elicited": elicited, "suffix": suffix,
        "candidate": candidate.ravel(), "candidate_logprob": candidate_logprob.ravel(),
        "word_left": [w.left for w in words], "word_right": [w.right for w in words],
        "word_first": [w.first for w in words], "word_end": [w.end for w in words],
        "word_asked": [1] * len(chain.asked) + [0] * len(chain.said), "salience": mattered.ravel(),
        "answer": chain.answer, "n_front": chain.n_front, "forwards": n_elicited + n_salient, "too_long": too_long,
    }  # fmt: skip


def _candidates(
    target: LanguageModel, chain: Chain, k: int, include_target: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-probability of each scored token (scored,), and its k candidates with theirs (scored, k)."""
    at = chain.positions
    if not at.size:
        return np.zeros(0, np.float32), np.zeros((0, k), np.int32), np.zeros((0, k), np.float32)
    states = target.hidden(torch.from_numpy(chain.ids[: at[-1]])[None].to(target.device))[0]
    said = torch.from_numpy(chain.ids[at]).long().to(states.device)
    portion = max(1, LOGIT_BYTES["cuda" if target.device.type == "cuda" else "cpu"] // (4 * target.vocabulary))
    parts = []
    for i in range(0, at.size, portion):
        law = target.logits(states[torch.from_numpy(at[i : i + portion] - 1).to(states.device)]).log_softmax(dim=-1)
        mine, best = law.gather(1, said[i : i + portion, None]), law.topk(k, dim=1)
        ids, values = best.indices, best.values
        if include_target:
            absent = ~(ids == said[i : i + portion, None]).any(dim=1)
            ids[absent, -1], values[absent, -1] = said[i : i + portion][absent], mine[absent, 0]
        parts.append([x.cpu().numpy() for x in (mine[:, 0], ids, values)])
    logprob, ids_, values_ = (np.concatenate(x) for x in zip(*parts, strict=True))
    return logprob, ids_.astype(np.int32), values_
