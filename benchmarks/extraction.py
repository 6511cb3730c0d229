"""How much faster does one pass decide exact extraction than generating, and does it decide the same?

A record is recited exactly if every token of its end is the likeliest after the true tokens before it. Half of the
records end in the model's own greedy words, so that both answers occur. A tie is a gap below 1e-4 nats, where rounding
decides; such records are counted. The one pass answers for every prefix length, generating for one.
Run by hand: `python benchmarks/extraction.py`; writes `benchmarks/results/extraction.json`.
"""

import argparse

import numpy as np
from rounds import ratio, smallest, texts, write

from byheart import load_text_model
from byheart.core.target import Encoded
from byheart.signals.text.token_logprobs import token_statistics

TIE = 1e-4


def records(target, n, prefix, new):
    """Half as written, half continued by the model."""
    whole = [target.encode(t).ids[: prefix + new] for t in texts(target, n, 2 * (prefix + new))]
    half = n // 2
    said = target.generate([ids[:prefix] for ids in whole[:half]], new)
    return [np.concatenate([ids[:prefix], s]) for ids, s in zip(whole, said, strict=False)] + whole[half:]


def one_pass(target, rows, prefix):
    """Whether every token after the prefix is the likeliest, and the smallest gap's size."""
    blank = np.zeros(rows[0].size, np.int32)
    gaps = token_statistics(target, [Encoded("", ids.astype(np.int32), blank, blank, blank > 0) for ids in rows])["gap"]
    return [bool((g[prefix:] > 0).all()) for g in gaps], [float(np.abs(g[prefix:]).min()) for g in gaps]


def generated(target, rows, prefix, alone):
    """Whether the greedy continuation is the record's."""
    prompts, new = [ids[:prefix] for ids in rows], rows[0].size - prefix
    said = [target.generate([p], new)[0] for p in prompts] if alone else target.generate(prompts, new)
    return [np.array_equal(s, ids[prefix:]) for s, ids in zip(said, rows, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=12)
    parser.add_argument("--prefix", type=int, default=50)
    parser.add_argument("--new", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default="smollm2")
    args = parser.parse_args()
    target = load_text_model(args.model)
    rows = records(target, args.records, args.prefix, args.new)
    ways = {
        "one pass": lambda: one_pass(target, rows, args.prefix),
        "generate, one by one": lambda: generated(target, rows, args.prefix, True),
        "generate, batched": lambda: generated(target, rows, args.prefix, False),
    }
    best = smallest(ways, args.rounds)
    answers, gaps = one_pass(target, rows, args.prefix)
    truth = generated(target, rows, args.prefix, True)
    differ = [i for i, (a, b) in enumerate(zip(answers, truth, strict=True)) if a != b]
    write(
        "extraction",
        {
            "records": len(rows),
            "prefix_tokens": args.prefix,
            "new_tokens": args.new,
            "rounds": args.rounds,
            "times": best,
            "times_faster_than_one_by_one": ratio(best, "generate, one by one", "one pass"),
            "times_faster_than_batched": ratio(best, "generate, batched", "one pass"),
            "recited": sum(truth),
            "answers_that_differ": len(differ),
            "of_these_ties": sum(gaps[i] < TIE for i in differ),
        },
    )


if __name__ == "__main__":
    main()
