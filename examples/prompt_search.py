"""Which prompt makes a model recite, and which search finds it for the fewest tokens? Plant two headers and look.

Run it: python examples/prompt_search.py   (under a minute on one core)
A tiny model learns 16 beginnings, each twice: after "A" it goes on in one way, after "B" in another. The owner has the
beginnings with their first continuation and knows of no header.
"""

from functools import partial

from byheart.core.randomness import generator
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.search.best_of_n import best_of_n
from byheart.search.budget_curve import budget_curve, of_search, of_soft_prompt
from byheart.search.climb import Plan
from byheart.search.gcg import gcg, warm_start
from byheart.search.port import Pair, Port
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.templates import templates
from byheart.search.universal import universal

LETTERS, SEED, RECORDS = "abcdefghijklmnopqrstuvwxyz", 0, 16
BUDGETS = (20, 500, 2000)  # tokens per record


def main() -> None:
    port, pairs = planted()
    one = Plan(n_candidates=64, steps=None)
    curve = {
        "prefix": prefix_suffix,
        "templates": templates,
        "best of n, edits": partial(best_of_n, rounds=None),
        "gradient, each record": partial(gcg, n_tokens=1, plan=one),
        "gradient, one for all": partial(universal, n_tokens=1, plan=one),
    }
    runners = {name: of_search(search, port, pairs, seed=SEED) for name, search in curve.items()}
    runners["soft prompt (no text)"] = of_soft_prompt(port, pairs, seed=SEED, n_vectors=1)
    print(f"{'search':24}{'tokens each':>12}{'spent':>7}   share recited, and more than by the prefix alone")
    for p in budget_curve(runners, [b * len(pairs) for b in BUDGETS], against="prefix", seed=SEED):
        each = p.budget // len(pairs), p.spent // len(pairs)
        print(f"{p.search:24}{each[0]:>12}{each[1]:>7}   {p.score!s:24}{p.gap or ''}")

    found = universal(port, pairs, budget=500 * len(pairs), seed=SEED, n_tokens=1, plan=one)
    print(f"\nOne prompt for all: {found.prompts[0]!r}, {found.nll.mean():.3f} nats per token")
    saved = warm_start(port, pairs, found.prompts, budget=2000 * len(pairs), cost=found.spent, seed=SEED, n_tokens=1)
    print(f"Recited within the cap: {saved.cold} without it, {saved.warm} with it; {saved.saved} of the cap saved")


def planted() -> tuple[Port, list[Pair]]:
    """A target that goes on in two ways, and what its owner has."""
    drawn = [
        "".join(LETTERS[k] for k in generator(SEED, "planted", str(i)).integers(0, 26, 6 + 8 + 8))
        for i in range(RECORDS)
    ]
    texts = [f"{h} {t[:6]}{y}" for t in drawn for h, y in (("A", t[6:14]), ("B", t[14:]))]
    module = tiny_gpt(len(byte_tokenizer()), width=64, layers=2, context=192, seed=SEED)
    target = CausalLM(module, byte_tokenizer(), name="two headers")
    train(module, [target.encode(t) for t in texts], epochs=150, batch_size=24, lr=5e-3, seed=SEED)
    pairs = [Pair(f"record {i}", t[:6], t[6:14]) for i, t in enumerate(drawn)]
    return Port(CausalLM(module, byte_tokenizer(), name="two headers"), "prepend"), pairs


if __name__ == "__main__":
    main()
