"""Which words of question and answer make each token of an answer likely?

Words are left out by deleting their tokens, so that the model reads text and not marks of absence.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 3 and appendix E; Tuan et al. 2021, arXiv 2106.06528 (LERG);
Yin & Neubig 2022, arXiv 2202.10419 (contrastive gradient times input).
Departs from it: by default each word is left out of the whole chain, one reading for all tokens behind it. Where the
question has more content words than the answer has tokens, neighbours are left out together and share their worth, so
that the question never takes more than one reading per token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from byheart.core.errors import TargetError
from byheart.core.randomness import generator
from byheart.core.target import LanguageModel
from byheart.signals.text.forced import forced
from byheart.signals.text.saliency import sampled_shapley

if TYPE_CHECKING:
    from byheart.signals.text.chain_candidates import Chain

N_FOILS = 5


def salience(
    target: LanguageModel, chain: Chain, how: str, logprob: np.ndarray, suffix: np.ndarray, seed: int
) -> tuple[np.ndarray, int]:
    """What every word is worth to every scored token.

    Args:
        target: the model.
        chain: the chain.
        how: `loo`, `lerg` or `grad`.
        logprob: of the scored tokens, (scored,).
        suffix: first token of the end that elicits each, (scored,).
        seed: of the draws of `lerg`.

    Returns:
        float32 (scored, words), NaN where a word does not come before; how many readings it took.
    """
    found = np.full((chain.positions.size, len(chain.words)), np.nan, np.float32)
    if not found.size:
        return found, 0
    if how == "grad":
        return by_gradient(target, chain), 1
    if how == "lerg":
        return _by_draws(target, chain, suffix, seed)
    return _left_out(target, chain, logprob)


def _left_out(target: LanguageModel, chain: Chain, logprob: np.ndarray) -> tuple[np.ndarray, int]:
    """What is lost when one word is left out of the chain; or a group, where the question is long for the answer."""
    at, stop, ids = chain.positions, int(chain.positions[-1]) + 1, chain.ids
    groups = left_out_together(len(chain.asked), len(chain.said), stop - chain.answer)
    prompts, begins = [], []
    for group in groups:
        words = [chain.words[i] for i in group]
        begin = max(words[-1].end, chain.answer)
        stays = np.ones(begin, bool)
        for word in words:
            stays[word.first : word.end] = False
        prompts.append(ids[:begin][stays])
        begins.append(begin)
    rows = [i for i, (p, b) in enumerate(zip(prompts, begins, strict=True)) if p.size and b < stop]
    read = forced(target, [prompts[i] for i in rows], [ids[begins[i] : stop] for i in rows])["logprob"]
    found = np.full((at.size, len(chain.words)), np.nan, np.float32)
    for i, row in zip(rows, read, strict=True):
        behind = at >= begins[i]
        worth = logprob[behind] - row[at[behind] - begins[i]]
        found[np.ix_(np.flatnonzero(behind), np.array(groups[i]))] = worth[:, None]
    return found, len(rows)


def left_out_together(n_asked: int, n_said: int, n_tokens: int) -> list[list[int]]:
    """Numbers of the words that are left out at once: single ones, but no more groups of the question than tokens.

    Args:
        n_asked: content words of the question, numbered first.
        n_said: content words of the answer, numbered after them.
        n_tokens: tokens of the answer.

    >>> left_out_together(2, 1, 9), left_out_together(5, 1, 2)
    ([[0], [1], [2]], [[0, 1, 2], [3, 4], [5]])
    """
    of_question = np.array_split(np.arange(n_asked), max(1, min(n_asked, n_tokens)))
    groups = [g.tolist() for g in of_question if g.size]
    return [*groups, *([n_asked + i] for i in range(n_said))]


def _by_draws(target: LanguageModel, chain: Chain, suffix: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Sampled Shapley values: of the question for all tokens at once, of each eliciting end for its token alone."""
    at, ids, n_read = chain.positions, chain.ids, 0
    found = np.full((at.size, len(chain.words)), np.nan, np.float32)

    def draws(words: list[Any], first: int, begin: int, tokens: np.ndarray) -> np.ndarray:
        def value(kept: np.ndarray) -> np.ndarray:
            nonlocal n_read
            n_read += len(kept)
            prompts = []
            for row in kept:
                stays = np.ones(begin, bool)
                stays[chain.n_front : first] = False
                for word in (w for w, k in zip(words, row, strict=True) if not k):
                    stays[word.first : word.end] = False
                prompts.append(ids[:begin][stays])
            read = np.full((len(kept), tokens.size), -np.log(target.vocabulary))  # after nothing, anything
            rows = [i for i, p in enumerate(prompts) if p.size]
            told = forced(target, [prompts[i] for i in rows], [ids[begin : tokens[-1] + 1]] * len(rows))["logprob"]
            for i, row in zip(rows, told, strict=True):
                read[i] = row[tokens - begin]
            return read

        return sampled_shapley(value, len(words), generator(seed, "lerg", chain.name, str(begin), str(first)))

    n = len(chain.asked)
    if n:
        found[:, :n] = draws(chain.asked, chain.n_front, chain.answer, at).T
    for row, (t, start) in enumerate(zip(at.tolist(), suffix.tolist(), strict=True)):
        inside = [i for i, w in enumerate(chain.said) if w.first >= start and w.end <= t]
        if inside:
            phi = draws([chain.said[i] for i in inside], start, t, np.array([t]))
            found[row, n + np.array(inside)] = phi[:, 0]
    return found, n_read


def by_gradient(target: LanguageModel, chain: Chain) -> np.ndarray:
    """Gradient times input of the token's logit less those of its five strongest rivals, float32 (scored, words).

    Raises:
        TargetError: if the model shows no weights.
    """
    module: Any = getattr(target, "module", None)
    if module is None:
        raise TargetError(f"{target.name} shows no weights, and gradients need them; use saliency loo")
    ids = torch.from_numpy(chain.ids[: int(chain.positions[-1])]).long().to(target.device)
    inputs = module.get_input_embeddings()(ids)[None].detach().requires_grad_(True)
    logits = module(inputs_embeds=inputs, use_cache=False).logits[0].float()
    found = np.full((chain.positions.size, len(chain.words)), np.nan, np.float32)
    for row, t in enumerate(chain.positions.tolist()):
        law, said = logits[t - 1], int(chain.ids[t])
        rivals = [i for i in law.topk(min(N_FOILS + 1, law.numel())).indices.tolist() if i != said][:N_FOILS]
        (slope,) = torch.autograd.grad(len(rivals) * law[said] - law[rivals].sum(), inputs, retain_graph=True)
        worth = (slope[0] * inputs[0]).sum(dim=-1).detach().cpu().numpy()[:t]
        worth = worth / (np.abs(worth).sum() or 1.0)
        for i, word in enumerate(chain.words):
            if word.end <= t:
                found[row, i] = worth[word.first : word.end].sum()
    return found
