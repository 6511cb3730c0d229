"""How much faster is a step of the search along the gradient than one candidate after another?

The naive way reads context, candidate and continuation anew for each candidate, opens the vocabulary at every position,
and makes the gradient's one-hot matrix. Both give the same losses and the same gradient; the largest differences are
reported, of the gradient as a share of its largest entry. The prompt is appended to the context.
Run by hand: `python benchmarks/prompt_search.py`; writes `benchmarks/results/prompt_search.json`.
"""

import argparse

import numpy as np
import torch
from rounds import ratio, smallest, texts, write

from byheart import load_text_model
from byheart.models.text.prompt_search import Frame, prompt_gradient, read_candidates


def whole_loss(target, frame, prompt):
    """By the whole model on one row."""
    parts = [frame.head, prompt, frame.tail, frame.continuation]
    ids = torch.from_numpy(np.concatenate(parts)).long().to(target.device)
    with torch.no_grad():
        logits = target.module(input_ids=ids[None], use_cache=False).logits[0].float()
    n = frame.continuation.size
    return float(torch.nn.functional.cross_entropy(logits[-n - 1 : -1], ids[-n:]))


def one_hot_gradient(target, frame, prompt):
    """By a one-hot matrix times the table of embeddings, all kept for the way back."""
    table = target.module.get_input_embeddings().weight
    hot = torch.nn.functional.one_hot(torch.from_numpy(prompt).long(), len(table)).to(table).requires_grad_()
    ids = [torch.from_numpy(a).long().to(table.device) for a in (frame.head, frame.tail, frame.continuation)]
    rows = torch.cat([table[ids[0]], hot @ table, table[ids[1]], table[ids[2]]])
    logits = target.module(inputs_embeds=rows[None], use_cache=False).logits[0].float()
    n = frame.continuation.size
    loss = torch.nn.functional.cross_entropy(logits[-n - 1 : -1], ids[2])
    return torch.autograd.grad(loss, hot)[0].cpu().numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=32)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--prompt", type=int, default=20)
    parser.add_argument("--continuation", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="smollm2")
    args = parser.parse_args()
    target = load_text_model(args.model)
    ids = target.encode(texts(target, 2, 2 * (args.context + args.prompt + args.continuation))[-1]).ids
    cut = np.cumsum([args.context, args.prompt, args.continuation])
    head, prompt, y, _ = np.split(ids, cut)
    frame, rng = Frame(head, ids[:0], y), np.random.default_rng(0)
    candidates = np.repeat(prompt[None], args.candidates, axis=0)
    places = rng.integers(prompt.size, size=args.candidates)
    candidates[np.arange(args.candidates), places] = rng.integers(200, 20_000, size=args.candidates)
    ways = {
        "batched": lambda: read_candidates(target, frame, candidates),
        "one_by_one": lambda: [whole_loss(target, frame, c) for c in candidates],
        "gradient": lambda: prompt_gradient(target, frame, prompt),
        "one_hot_gradient": lambda: one_hot_gradient(target, frame, prompt),
    }
    best = smallest(ways, args.rounds)
    slopes, plain = prompt_gradient(target, frame, prompt), one_hot_gradient(target, frame, prompt)
    loss = read_candidates(target, frame, candidates).nll
    write(
        "prompt_search",
        {
            **vars(args),
            "model": target.name,
            "times": best,
            "candidates_times_faster": ratio(best, "one_by_one", "batched"),
            "gradient_times_faster": ratio(best, "one_hot_gradient", "gradient"),
            "largest_difference": float(np.abs(loss - [whole_loss(target, frame, c) for c in candidates]).max()),
            "largest_difference_of_gradient": float(np.abs(slopes - plain).max() / np.abs(plain).max()),
        },
    )


if __name__ == "__main__":
    main()
