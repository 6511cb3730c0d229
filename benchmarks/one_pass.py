"""What does the whole table of one-pass signals cost beside the bare forward pass, in time and in memory?

The bound is the model's own work and nothing else: the body on the real tokens of one text after another, the head on
the positions that are scored, the logits thrown away. Memory is the largest resident size of a fresh process that
does one thing: load the model, and then run the body alone (no logits) or the whole table on the same batches.
Run by hand: `python benchmarks/one_pass.py`; writes `benchmarks/results/one_pass.json`.
"""

import argparse
import resource
import subprocess
import sys

import torch
from rounds import ratio, smallest, texts, write

from byheart import load_text_model
from byheart.signals.text.token_logprobs import TOKENS_PER_BATCH, token_statistics
from byheart.signals.text.windows import batches, windows


def bound(target, encoded):
    """Body on real tokens, head on scored positions, in one go for each text."""
    for e in encoded:
        ids = torch.from_numpy(e.ids[:-1]).long()[None]
        target.logits(target.hidden(ids)[0])


def padded(target, encoded):
    """The same batches as the table's, the body alone."""
    pieces = [w for i, e in enumerate(encoded) for w in windows(i, e.ids, 0, target.context)]
    for batch in batches(pieces, TOKENS_PER_BATCH[target.device.type]):
        ids = torch.zeros(len(batch), batch[0].ids.size, dtype=torch.long)
        for row, window in enumerate(batch):
            ids[row, : window.ids.size] = torch.from_numpy(window.ids)
        target.hidden(ids)


def padding(target, encoded):
    """Share of what the body reads that is padding."""
    pieces = [w for i, e in enumerate(encoded) for w in windows(i, e.ids, 0, target.context)]
    groups = batches(pieces, TOKENS_PER_BATCH[target.device.type])
    return 1 - sum(w.ids.size for w in pieces) / sum(len(g) * g[0].ids.size for g in groups)


def peak(way, n_texts, tokens):
    """Largest resident size of a fresh process, MB."""
    command = [sys.executable, __file__, "--only", way, "--texts", str(n_texts), "--tokens", str(tokens)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--only", choices=["body", "table"])
    args = parser.parse_args()
    target = load_text_model(args.model)
    encoded = [target.encode(t) for t in texts(target, args.texts, args.tokens)]
    if args.only:
        (padded if args.only == "body" else token_statistics)(target, encoded)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    ways = {"bound": lambda: bound(target, encoded), "table": lambda: token_statistics(target, encoded)}
    best = smallest(ways, args.rounds)
    memory = {way: round(peak(way, args.texts, args.tokens)) for way in ("body", "table")}
    write(
        "one_pass",
        {
            "texts": len(encoded),
            "tokens": sum(e.ids.size for e in encoded),
            "rounds": args.rounds,
            "times": best,
            "table_over_bound": ratio(best, "table", "bound"),
            "padding": round(padding(target, encoded), 4),
            "peak_mb": memory,
            "table_over_body_memory": round(memory["table"] / memory["body"], 3),
        },
    )


if __name__ == "__main__":
    main()
