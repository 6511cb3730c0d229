"""How much faster are likelihoods after a shared prefix when the prefix is read once?

The other way concatenates: the prefix before every text, one text after another (no padding), the head on the text's
positions only. Both give the same numbers; the largest difference is reported.
Run by hand: `python benchmarks/shared_prefix.py`; writes `benchmarks/results/shared_prefix.json`.
"""

import argparse

import numpy as np
import torch
from rounds import ratio, smallest, texts, write

from byheart import load_text_model
from byheart.signals.text.token_logprobs import token_statistics


def concatenated(target, encoded, prefix):
    """Log-probabilities of the texts' tokens, each text behind the whole prefix."""
    found = []
    for e in encoded:
        ids = np.concatenate([prefix, e.ids])
        states = target.hidden(torch.from_numpy(ids[:-1]).long()[None])[0, prefix.size - 1 :]
        logp = torch.log_softmax(target.logits(states), -1)
        found.append(logp.gather(1, torch.from_numpy(e.ids).long()[:, None])[:, 0].numpy())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=60)
    parser.add_argument("--prefix", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="smollm2")
    args = parser.parse_args()
    target = load_text_model(args.model)
    encoded = [target.encode(t) for t in texts(target, args.texts, args.tokens)]
    prefix = target.encode(texts(target, 2, 4 * args.prefix)[-1]).ids[: args.prefix]
    ways = {
        "concatenated": lambda: concatenated(target, encoded, prefix),
        "shared": lambda: token_statistics(target, encoded, prefix=prefix),
    }
    best = smallest(ways, args.rounds)
    plain, shared = concatenated(target, encoded, prefix), token_statistics(target, encoded, prefix=prefix)["logprob"]
    write(
        "shared_prefix",
        {
            "texts": len(encoded),
            "tokens_per_text": sum(e.ids.size for e in encoded) / len(encoded),
            "prefix_tokens": int(prefix.size),
            "rounds": args.rounds,
            "times": best,
            "times_faster": ratio(best, "concatenated", "shared"),
            "largest_difference": float(max(np.abs(a - b).max() for a, b in zip(plain, shared, strict=True))),
            "largest_difference_of_means": float(
                max(abs(a.mean() - b.mean()) for a, b in zip(plain, shared, strict=True))
            ),
        },
    )


if __name__ == "__main__":
    main()
