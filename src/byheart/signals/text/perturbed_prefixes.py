"""Does the model still recite a record when the beginning that it is given was disturbed?

Every record's prefix is disturbed in the same ways, and its true continuation is read once after each of them: one
teacher-forced pass, in batches across records and perturbations, in place of a generation per prefix. Perturbations
that came out equal (a swap of equal tokens, a rotation of a periodic prefix) are read once. The special tokens in front
are the same for all and never disturbed.

Source: Zhang et al. 2025, arXiv 2506.12321 (perturbed prefixes; the abstract is all that was at hand); Carlini et al.
2023, arXiv 2202.07646 (hits are what greedy decoding says).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from byheart.compare.text.prefix_perturbation import SCRAMBLING, Perturbation
from byheart.compare.text.substring import longest_common_substring
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.target import LanguageModel
from byheart.signals.text.continuations import cut_record
from byheart.signals.text.forced import forced
from byheart.signals.text.prefix_variants import Variant, amounts, codes, variant

CLEAN, SHORTER = 0, 1
"""The first two columns: the prefix as it is, and without its first tokens, for choosing groups on another reading."""
BASELINES = (Perturbation("none"), Perturbation("delete", 4, "start"))
LINEAGE = tuple(Perturbation(o) for o in SCRAMBLING)
PLAN = (
    *(Perturbation("random", k) for k in (1, 2, 4, 8, 16)),
    *LINEAGE[1:],
    *(Perturbation(o, 4, where) for o in ("replace", "delete") for where in ("start", "end")),
)
TIE = 1e-3  # nats; a gap nearer to 0 could turn with another batch size


def perturbed_prefixes(
    target: LanguageModel,
    corpus: Corpus,
    *,
    seed: int = 0,
    plan: Sequence[Perturbation] = PLAN,
    prefix_tokens: int = 32,
    new_tokens: int = 32,
    counts: np.ndarray | None = None,
    own_output: bool = False,
    greedy: Sequence[str] = ("rotate",),
    greedy_for: Literal["recited", "all"] = "recited",
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> Signals:
    """Read the continuation of every record after its prefix, and after each perturbation of it.

    Args:
        target: the model.
        corpus: the records; a text is cut after its first tokens, a canary before its secret, a chat before the
            assistant's longest answer.
        seed: of the perturbations; each of each record has chance of its own.
        plan: what is done to every prefix, after `BASELINES`.
        prefix_tokens: length of the prefix of a text.
        new_tokens: longest continuation.
        counts: how often each token occurs in the training data, (vocabulary,), for `replace_like`.
        own_output: measure the distance to the model's own continuation of the clean prefix, not to the true one.
        greedy: operators after which the continuation is also generated, to see whether it is another part of the same
            record that is recited.
        greedy_for: the records that are recited in full from the clean prefix, or all.
        max_tokens_per_batch: padding included.

    Returns:
        Signals. Dense (n, perturbations): codes `operator` (place in `OPERATORS`), `budget`, `location`, `repeat`;
        `recited` (run of hits at the start / length: what greedy decoding recites), `hits` (share of hits when led by
        the truth), `nll` and `entropy` (nats per token), `near_tie`, `greedy` (share of greedy tokens that are right),
        `elsewhere` (longest stretch of it found anywhere in the record / length), all strengths of `STRENGTHS`,
        `nearest` (tokens between the last change and the end, -1 for none), `n_prefix`. NaN where a prefix is too short
        for a perturbation, or nothing was generated. Ragged: `prefix`, `continuation` (token ids), and `prefix_text`,
        `continuation_text` (UTF-8).

    Raises:
        UsageError: if `replace_like` is planned without `counts`.
    """
    if counts is None and any(p.operator == "replace_like" for p in plan):
        raise UsageError("replace_like draws tokens of like frequency; give `counts`, or plan `replace`")
    columns = (*BASELINES, *plan)
    fronts, prefixes, said = _cuts(target, corpus, prefix_tokens, new_tokens, own_output)
    table = [
        [variant(target, prefix, how, seed, record, counts) if rest.size else None for how in columns]
        for prefix, rest, record in zip(prefixes, said, corpus.ids, strict=True)
    ]
    arrays = codes(columns, len(corpus)) | amounts(prefixes, table, len(columns))
    arrays |= _reactions(target, fronts, table, said, len(columns), max_tokens_per_batch)
    asked = np.broadcast_to([how.operator in greedy for how in columns], arrays["recited"].shape)
    if greedy_for == "recited":
        asked = asked & (arrays["recited"][:, :1] == 1)
    arrays |= _generated(target, fronts, prefixes, table, said, arrays["recited"], asked)
    texts = {"prefix": prefixes, "continuation": said}
    shown: dict[str, Array] = {name: Ragged.of(rows, np.int32) for name, rows in texts.items()}
    shown |= {f"{name}_text": Ragged.of([_utf8(target, r) for r in rows], np.uint8) for name, rows in texts.items()}
    options = (prefix_tokens, new_tokens, own_output, tuple(greedy), greedy_for)
    key = SignalKey(target.digest, corpus.digest, f"perturbed_prefixes/1 {columns} {options}", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, {**arrays, **shown}, key)


def _cuts(
    target: LanguageModel, corpus: Corpus, prefix_tokens: int, new_tokens: int, own_output: bool
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Of each record: the special tokens in front, the prefix, and the continuation that is measured against."""
    cuts = [cut_record(target, corpus, i, prefix_tokens, new_tokens) for i in range(len(corpus))]
    k = target.front.size
    fronts = [p[:k] if k and np.array_equal(p[:k], target.front) else p[:0] for p, _ in cuts]
    prefixes = [p[f.size :] for (p, _), f in zip(cuts, fronts, strict=True)]
    said = [expected for _, expected in cuts]
    if own_output:
        said = _continued(target, [p for p, _ in cuts], [s.size for s in said])
    return fronts, prefixes, said


def _reactions(
    target: LanguageModel,
    fronts: Sequence[np.ndarray],
    table: Sequence[Sequence[Variant | None]],
    said: Sequence[np.ndarray],
    n_columns: int,
    max_tokens_per_batch: int | Literal["auto"],
) -> dict[str, np.ndarray]:
    """What the model thinks of the continuation after each prefix, (n, perturbations); equal prefixes are read once."""
    place = np.full((len(table), n_columns), -1)
    prompts: list[np.ndarray] = []
    owners: list[int] = []
    for i, row in enumerate(table):
        seen: dict[bytes, int] = {}
        for j, made in enumerate(row):
            if made is None:
                continue
            place[i, j] = seen.setdefault(made.ids.tobytes(), len(prompts))
            if place[i, j] == len(prompts):
                prompts.append(np.concatenate([fronts[i], made.ids]).astype(np.int32))
                owners.append(i)
    read = forced(target, prompts, [said[i] for i in owners], max_tokens_per_batch=max_tokens_per_batch)
    told = [_summary(*row) for row in zip(read["gap"], read["logprob"], read["mean_logprob"], strict=True)]
    known = np.array([*told, (np.nan,) * 5], np.float32)  # the last row is what place -1 finds
    names = ("recited", "hits", "nll", "entropy", "near_tie")
    return {name: known[place, k] for k, name in enumerate(names)}


def _summary(gap: np.ndarray, logprob: np.ndarray, mean_logprob: np.ndarray) -> tuple[float, ...]:
    """Recited and hit share, mean surprise and uncertainty, and whether a near tie decides the first miss."""
    hits = gap > 0
    run = int(np.argmin(hits)) if not hits.all() else hits.size
    tie = np.abs(gap[: run + 1]).min() < TIE
    return run / hits.size, float(hits.mean()), -float(logprob.mean()), -float(mean_logprob.mean()), float(tie)


def _generated(
    target: LanguageModel,
    fronts: Sequence[np.ndarray],
    prefixes: Sequence[np.ndarray],
    table: Sequence[Sequence[Variant | None]],
    said: Sequence[np.ndarray],
    recited: np.ndarray,
    asked: np.ndarray,
) -> dict[str, np.ndarray]:
    """Greedy continuations where they are asked for; what is recited in full is known without."""
    right = np.where(recited == 1, 1.0, np.nan).astype(np.float32)
    elsewhere = right.copy()
    cells = [(i, j, v) for i, j in np.argwhere(asked & (recited < 1)).tolist() if (v := table[i][j]) is not None]
    prompts = [np.concatenate([fronts[i], v.ids]).astype(np.int32) for i, _, v in cells]
    made = _continued(target, prompts, [said[i].size for i, _, _ in cells])
    for (i, j, _), new in zip(cells, made, strict=True):
        record = np.concatenate([prefixes[i], said[i]])
        right[i, j] = (new == said[i]).mean()
        elsewhere[i, j] = longest_common_substring(new.tolist(), record.tolist()).length / new.size
    return {"greedy": right, "elsewhere": elsewhere}


def _continued(target: LanguageModel, prompts: Sequence[np.ndarray], sizes: Sequence[int]) -> list[np.ndarray]:
    """Greedy continuations, each of its own size, int32."""
    made = [np.zeros(0, np.int32)] * len(prompts)
    asked = [i for i, size in enumerate(sizes) if size]
    if asked:
        for i, new in zip(asked, target.generate([prompts[i] for i in asked], max(sizes)), strict=True):
            made[i] = new[: sizes[i]].astype(np.int32)
    return made


def _utf8(target: LanguageModel, ids: np.ndarray) -> np.ndarray:
    return np.frombuffer(target.decode(ids).encode("utf-8", "surrogatepass"), dtype=np.uint8)
