"""Which tokens does a model recite, which does it only guess well, and which does it copy from what it just read?

The event of token u is its prediction at position u - 1, where its activation is read: one position later the token
itself stands in the input. A document is not recited as a whole. Its first tokens cannot be, a piece inside a word
follows from the piece before it, and a phrase that stands in the context already is copied. Each condition removes
tokens, and each token that is removed keeps the reason.

Source: Slonski 2024, arXiv 2412.01014 (labels by token, of which a summary was at hand); the rules are ours.
Departs from it: whatever the paper's thresholds are, these are options with defaults of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TokenizerMismatchError
from byheart.core.ragged import Ragged
from byheart.core.randomness import generator
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.target import Encoded, LanguageModel
from byheart.signals.text.forced import forced
from byheart.signals.text.token_logprobs import n_front, token_logprobs

IGNORED, NOT_RECITED, RECITED, REPEATED = -1, 0, 1, 2
REASONS = (
    "kept", "first of its text", "not the best guess", "too early in a run of best guesses", "not confident",
    "inside a word", "copied from the context", "over the limit of its document", "expected by the reference",
    "in the first copy", "of a record without a role",
)  # fmt: skip
KEPT, FIRST, MISSED, EARLY, UNSURE, INSIDE, COPIED, OVER, EXPECTED, FIRST_COPY, NO_ROLE = range(len(REASONS))
TWICE = "second_from"
"""Column of a corpus: where in the text its second copy begins, in characters; 0 or nothing for plain records."""
GAP = "\n\n"


@dataclass(frozen=True)
class Rules:
    """When a token counts as recited.

    Args:
        run: best guesses in a row that come before it.
        p_min: least probability.
        p_ref_max: largest probability under the reference.
        word_start: only tokens that begin a word.
        copy_ngram: tokens, itself the last, that must not stand together earlier in the text; 0 lets all pass.
        max_per_document: tokens of each class taken from one document.
        ref_tokens: what the model may read of the context when it is its own reference.
    """

    run: int = 8
    p_min: float = 0.9
    p_ref_max: float = 0.5
    word_start: bool = True
    copy_ngram: int = 3
    max_per_document: int = 100
    ref_tokens: int = 16


RULES = Rules()


def token_events(
    target: LanguageModel,
    corpus: Corpus,
    *,
    token_signals: Signals | None = None,
    reference: Signals | Literal["short context"] | None = "short context",
    rules: Rules = RULES,
    seed: int = 0,
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> Signals:
    """Label every token of every record.

    Args:
        target: the model.
        corpus: members and canaries may be recited; nonmembers and canary controls are not; what `given_twice` made
            is repetition.
        token_signals: `token_logprobs` of these records, if they are there already.
        reference: `token_logprobs` of the same records under a model that does not know them; `short context` lets the
            model itself judge with its last few tokens alone, where all other rules pass; None leaves the rule out.
        rules: when a token counts as recited.
        seed: of the draw where a document has more tokens than the limit.
        max_tokens_per_batch: padding included.

    Returns:
        Signals, ragged per token: `token_ids`, `label` int8 (-1 ignored, 0 not recited, 1 recited, 2 repetition),
        `reason` uint8 (place in `REASONS`), `p`, `entropy` (nats), `margin` (nats to the best other token), `p_ref`
        (NaN where it was not needed), `word_start` uint8, `start`, `end`. Dense: `n_front` (special tokens in front),
        `would_be` int8 (the class of the record's tokens before any rule).

    Raises:
        DataError: if the tokenizer does not tell where words begin; set `word_start` to False then.
        TokenizerMismatchError: if the reference cuts the records into other tokens.
    """
    read = token_signals or token_logprobs(target, corpus, seed=seed, max_tokens_per_batch=max_tokens_per_batch)
    encoded = [target.encode(item) for item in corpus.items]
    fronts = np.array([n_front(target, e) for e in encoded], np.int64)
    begins = _checked_starts(encoded, rules)
    p = np.exp(read.ragged("logprob").values.astype(np.float64))
    classes = _classes(corpus)
    reason = _cheap_reasons(read, corpus, classes, fronts, begins, p, rules)
    shape = read.ragged("token_ids")
    row = shape.row
    _draw(reason, row, classes, p, rules, corpus.ids, seed)
    asked = np.flatnonzero((reason == KEPT) & (classes[row] == RECITED))
    p_ref = _reference_p(reference, target, read, asked, fronts, rules, max_tokens_per_batch)
    reason[p_ref > rules.p_ref_max] = EXPECTED
    flat = {
        "label": np.where(reason == KEPT, classes[row], IGNORED).astype(np.int8), "reason": reason,
        "p": p.astype(np.float32), "entropy": -read.ragged("mean_logprob").values, "margin": read.ragged("gap").values,
        "p_ref": p_ref.astype(np.float32), "word_start": begins.astype(np.uint8),
    }  # fmt: skip
    arrays: dict[str, Array] = {name: shape.like(values) for name, values in flat.items()}
    arrays |= {name: read.ragged(name) for name in ("token_ids", "start", "end")}
    arrays |= {"n_front": fronts, "would_be": classes}
    told = reference.key.digest if isinstance(reference, Signals) else reference
    key = SignalKey(target.digest, corpus.digest, f"token_events/1 {rules} {told}", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def given_twice(target: LanguageModel, corpus: Corpus) -> Corpus:
    """Each record twice in a row: in the second copy a model can be sure without having learned anything.

    Args:
        target: its context bounds the length; a long record is cut so that both copies fit.
        corpus: records the model never saw.

    Returns:
        Texts, named and grouped as the records they are made of, with a column that says where the second copy begins.
    """
    room = (target.context - target.front.size) // 2 - 4
    texts, second = [], []
    for item in corpus.items:
        e = target.encode(item)
        kept = min(e.ids.size, room + n_front(target, e))
        text = e.text[: int(e.end[kept - 1])] if kept else e.text
        texts.append(f"{text}{GAP}{text}")
        second.append(len(text) + len(GAP))
    ids = [f"{name} twice" for name in corpus.ids]
    made = Corpus.of(texts, corpus.roles.tolist(), ids=ids, groups=corpus.groups.tolist())
    return replace(made, columns={TWICE: np.array(second)})


def removed(events: Signals) -> dict[str, dict[str, int]]:
    """How many tokens each rule removed, by what they would have been; those that are left stand under `kept`."""
    reason = events.ragged("reason")
    kind = events.dense("would_be")[reason.row]
    return {
        name: {REASONS[r]: int(n) for r, n in enumerate(np.bincount(reason.values[kind == code])) if n}
        for code, name in ((RECITED, "recited"), (NOT_RECITED, "not recited"), (REPEATED, "repetition"))
    }


def _classes(corpus: Corpus) -> np.ndarray:
    """What the tokens of each record are if nothing speaks against it, int8 (records,)."""
    classes = np.full(len(corpus), IGNORED, np.int8)
    classes[np.isin(corpus.roles, ("member", "canary"))] = RECITED
    classes[np.isin(corpus.roles, ("nonmember", "canary_control"))] = NOT_RECITED
    classes[_second_from(corpus) > 0] = REPEATED
    return classes


def _second_from(corpus: Corpus) -> np.ndarray:
    values = corpus.columns.get(TWICE, np.zeros(len(corpus)))
    return np.array([0 if v is None or v != v else int(v) for v in values.tolist()], np.int64)


def _checked_starts(encoded: Sequence[Encoded], rules: Rules) -> np.ndarray:
    """Which tokens begin a word, bool, by the letters and digits at their place in the text."""
    begins = np.concatenate([word_starts(e) for e in encoded]) if encoded else np.zeros(0, bool)
    if rules.word_start and begins.size and not begins.any():
        raise DataError(
            "the tokenizer does not tell where words begin (or the texts have none); set word_start to False, knowing "
            "that pieces inside a word can be guessed from the piece before"
        )
    return begins


def word_starts(e: Encoded) -> np.ndarray:
    """Which tokens begin a word: their first sign is a letter or digit that stands behind neither; bool (tokens,).

    A token that opens with a blank is judged by what follows the blank.
    """
    said = np.array([c.isalnum() for c in e.text] + [False], bool)
    blank = np.array([c.isspace() for c in e.text] + [False], bool)
    first = e.start.astype(np.int64)
    for _ in range(2):  # " word" and "\n word"
        first = np.where((first < e.end - 1) & blank[np.minimum(first, said.size - 1)], first + 1, first)
    first = np.minimum(first, said.size - 1)
    begins: np.ndarray = (e.end > e.start) & said[first] & ~((first > 0) & said[first - 1])
    return begins


def _cheap_reasons(
    read: Signals,
    corpus: Corpus,
    classes: np.ndarray,
    fronts: np.ndarray,
    begins: np.ndarray,
    p: np.ndarray,
    rules: Rules,
) -> np.ndarray:
    """The first rule that each token fails, of those that need no further reading; uint8 (tokens,)."""
    gap = read.ragged("gap")
    row, place = gap.row, np.arange(gap.values.size) - gap.offsets[:-1][gap.row]
    second = _second_from(corpus)[row]
    of_first = (second > 0) & (read.ragged("start").values < second)
    asked = read.ragged("scored").values.astype(bool) & (place > np.maximum(fronts, 1)[row])
    hit = asked & (gap.values > 0) & ~of_first
    kind = classes[row]
    judged = kind > NOT_RECITED
    copied = np.concatenate([_copied(ids, rules.copy_ngram) for ids in read.ragged("token_ids")] or [np.zeros(0, bool)])
    tests = (
        (NO_ROLE, kind == IGNORED), (FIRST_COPY, of_first), (FIRST, ~asked), (MISSED, judged & ~hit),
        (EARLY, judged & (_run(hit, gap) <= rules.run)), (UNSURE, judged & ~(p >= rules.p_min)),
        (INSIDE, judged & ~begins if rules.word_start else np.zeros(p.size, bool)),
        (COPIED, (kind == RECITED) & copied),
    )  # fmt: skip
    reason = np.full(p.size, KEPT, np.uint8)
    for code, fails in reversed(tests):
        reason[fails] = code
    return reason


def _run(hit: np.ndarray, shape: Ragged) -> np.ndarray:
    """Best guesses in a row up to each token, itself included, int64 (tokens,)."""
    place = np.arange(hit.size)
    barrier = np.where(hit, shape.offsets[:-1][shape.row] - 1, place)
    return place - np.maximum.accumulate(barrier) if hit.size else place


def _copied(ids: np.ndarray, n: int) -> np.ndarray:
    """Which tokens end a run of n that stands earlier in the text, bool (tokens,).

    >>> _copied(np.array([1, 2, 3, 9, 1, 2, 3]), 3).tolist()
    [False, False, False, False, False, False, True]
    """
    found = np.zeros(ids.size, bool)
    if n and ids.size >= n:
        grams = np.lib.stride_tricks.sliding_window_view(ids, n)
        _, first, which = np.unique(grams, axis=0, return_index=True, return_inverse=True)
        found[n - 1 :] = first[which.reshape(-1)] < np.arange(len(grams))
    return found


def _draw(
    reason: np.ndarray, row: np.ndarray, classes: np.ndarray, p: np.ndarray, rules: Rules, ids: np.ndarray, seed: int
) -> None:
    """Keep no more tokens of a document than the limit; of what is not recited, half of them confident if there are."""
    kept = np.flatnonzero(reason == KEPT)
    counts = np.bincount(row[kept], minlength=len(ids))
    ends = np.cumsum(counts)
    for r in np.flatnonzero(counts > rules.max_per_document):
        own = kept[ends[r] - counts[r] : ends[r]]
        order = own[generator(seed, "token events", str(ids[r])).permutation(own.size)]
        if classes[r] == NOT_RECITED:
            sure = order[p[order] >= rules.p_min][: rules.max_per_document // 2]
            order = np.concatenate([sure, order[~np.isin(order, sure)]])
        reason[order[rules.max_per_document :]] = OVER


def _reference_p(
    reference: Signals | Literal["short context"] | None,
    target: LanguageModel,
    read: Signals,
    asked: np.ndarray,
    fronts: np.ndarray,
    rules: Rules,
    max_tokens_per_batch: int | Literal["auto"],
) -> np.ndarray:
    """How likely the reference finds the tokens of these places, float64 (tokens,); NaN elsewhere."""
    ids = read.ragged("token_ids")
    found = np.full(ids.values.size, np.nan)
    if reference is None or not asked.size:
        return found
    if isinstance(reference, Signals):
        if not np.array_equal(reference.ragged("token_ids").values, ids.values):
            raise TokenizerMismatchError(
                "the reference cuts the records into other tokens; leave it out, and the model itself judges from its "
                f"last {rules.ref_tokens} tokens"
            )
        logprob = reference.ragged("logprob").values[asked]
    else:
        begin = ids.offsets[:-1][ids.row[asked]]
        text = begin + fronts[ids.row[asked]]
        since = np.maximum(text, asked - rules.ref_tokens)
        prompts = [
            np.concatenate([ids.values[b:t], ids.values[s:u]])
            for b, t, s, u in zip(begin.tolist(), text.tolist(), since.tolist(), asked.tolist(), strict=True)
        ]
        said = [ids.values[u : u + 1] for u in asked.tolist()]
        logprob = forced(target, prompts, said, max_tokens_per_batch=max_tokens_per_batch)["logprob"].values
    found[asked] = np.exp(logprob.astype(np.float64))
    return found
