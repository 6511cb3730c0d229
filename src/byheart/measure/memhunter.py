"""How much of a record does the model recite after the best of some prompts that a hunter wrote for it?

Source: Wu, Lou, Zheng & Chen 2024, arXiv 2412.07261 (MemHunter, version 2: ROUGE-L precision of the response). Its
authors withdrew it for an inconsistency in their experiments, so none of its numbers is a bar.
Departs from it: the response has exactly as many tokens as the continuation, or one lucky token would be a precision
of 1; what a prompt or the beginning already told, in runs of five tokens, counts as not recited.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.recited import KINDS, NGRAM, recited, rouge_l, told, without_told
from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2412.07261",
    family="text",
    needs=("hunted",),
    unit="share of the continuation",
    claim="hunted_set",
    cost="training a hunter, then a reading and a generation for each prompt",
    limits="common phrases come back from any model: read it beside control records hunted in the same way",
)
def memhunter(hunted: Signals, *, score: str = "rougeL_p", exclude_told: bool = True, ngram: int = NGRAM) -> Scores:
    """The best score over the tries, what was told in the question left out.

    Args:
        hunted: the signals of that name.
        score: rougeL_p (precision), rougeL_r (recall), lccs (longest common stretch, as in the paper's first version)
            or edit (similarity by edits).
        exclude_told: count tokens that stand in the prompt or the beginning, in runs of `ngram`, as not recited.
        ngram: length of such a run, in tokens.

    Returns:
        Scores (n,): 0 when nothing of the continuation came back, 1 when all of it did; NaN where a record could not be
        cut. Extra columns, of the best try: `try`, `prompt` (text), `nll` (nats per token), `told` (share of the
        continuation told in the question), `prompt_overlap` (share of it that is a subsequence of the prompt), `plain`
        (the score with nothing left out).

    Raises:
        UsageError: if there is no such score, or a run has no token.
    """
    if score not in KINDS or ngram < 1:
        raise UsageError(f"a score is one of {', '.join(KINDS)} and ngram at least 1; got {score!r} and {ngram}")
    tries = sorted(name.removeprefix("response_") for name in hunted.arrays if name.startswith("response_"))
    expected, context = hunted.ragged("expected"), hunted.ragged("context")
    found = np.full((len(hunted), len(tries)), np.nan)
    share = found.copy()
    for k, name in enumerate(tries):
        for i, (y, said, p) in enumerate(
            zip(expected, hunted.ragged(f"response_{name}"), hunted.ragged(f"prompt_{name}"), strict=True)
        ):
            if y.size:
                mask = told(y, [p, context[i]], ngram)
                share[i, k] = mask.mean()
                found[i, k] = recited(said, without_told(y, mask) if exclude_told else y, score)
    best = np.argmax(np.where(np.isnan(found), -1.0, found), axis=1) if tries else np.zeros(len(hunted), np.int64)
    rows = np.arange(len(hunted))
    extra = {"try": best, "told": share[rows, best], "nll": hunted.dense("nll")[rows, best].astype(np.float64)}
    return hunted.wrap(
        found[rows, best], method=memhunter, extra=extra | _of_the_best(hunted, tries, best, score),
        params={"score": score, "exclude_told": exclude_told, "ngram": ngram, "tries": len(tries)},
    )  # fmt: skip


def _of_the_best(hunted: Signals, tries: list[str], best: np.ndarray, score: str) -> dict[str, np.ndarray]:
    """The prompt of the best try, what it shares with the continuation, and the score with nothing left out."""
    prompts, overlap, plain = [], [], []
    for i, (k, y) in enumerate(zip(best.tolist(), hunted.ragged("expected"), strict=True)):
        text = hunted.ragged(f"prompt_text_{tries[k]}")[i].astype(np.uint8).tobytes()
        prompts.append(text.decode("utf-8", "replace"))
        overlap.append(rouge_l(hunted.ragged(f"prompt_{tries[k]}")[i], y).recall if y.size else np.nan)
        plain.append(recited(hunted.ragged(f"response_{tries[k]}")[i], y, score) if y.size else np.nan)
    named = np.array([*prompts, None], dtype=object)[:-1]
    return {"prompt": named, "prompt_overlap": np.array(overlap, np.float64), "plain": np.array(plain, np.float64)}
