"""Does a model know a set of records that it does not recite by itself? Look for the prompt that unlocks them all.

Run it: python examples/memhunter.py   (about half a minute on one core; writes runs/memhunter/)
A tiny model learns 32 records under a heading that their owner does not know; 32 like them it never sees.
"""

from pathlib import Path

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.measure.blind import blind
from byheart.measure.memhunter import memhunter
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.hunter import PromptHunter
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.search.beam_opt import BeamOpt
from byheart.search.port import Pair, Port
from byheart.signals.text.hunted import cut_in_two, hunted, with_prompts
from byheart.stats.judge.hunted_set import dataset_test

OUT, SEED = Path("runs/memhunter"), 0
LETTERS, BEGINNING, REST, N = "abcdefghijklmnopqrstuvwxyz", 6, 10, 32


def main() -> None:
    # 1. Records of letters; the model learns each under "#" as it is, and under "%" with another ending.
    known, unseen, other = ([text(i, kind) for i in range(N)] for kind in ("known", "unseen", "other"))
    elsewhere = [k[:BEGINNING] + o[BEGINNING:] for k, o in zip(known, other, strict=True)]
    learned = ["# " + k for k in known] + ["% " + e for e in elsewhere]
    module = tiny_gpt(len(byte_tokenizer()), width=64, layers=2, context=32, seed=SEED)
    target = CausalLM(module, byte_tokenizer(), name="tiny")
    train(module, [target.encode(t) for t in learned], epochs=250, batch_size=32, lr=5e-3, seed=SEED)
    target = CausalLM(module, byte_tokenizer(), name="tiny")

    # 2. The owner knows the records only. Half of the members serve the search, the rest is hunted beside controls.
    corpus = Corpus.of(known, "member") + Corpus.of(unseen, "nonmember")
    corpus = cut_in_two(target, corpus, prefix_tokens=BEGINNING, new_tokens=REST)
    pairs = [Pair(str(i), x, y) for i, x, y in
             zip(corpus.ids, corpus.columns["context"], corpus.columns["continuation"], strict=True)]  # fmt: skip
    some, held = pairs[: N // 2], corpus.take(range(N // 2, 2 * N))

    # 3. One short prompt for all of them; an untrained writer proposes, the target decides.
    writer = PromptHunter(tiny_gpt(261, width=32, layers=1, context=64, seed=1), byte_tokenizer(), seed=SEED)
    port = Port(target)
    search = BeamOpt(writer, weight=1000.0, n_tokens=1, top_k=256)
    prompt, nll = search.universal(port, some, budget=10**6, seed=SEED)
    print(f"Found {prompt!r} with {port.tokens:,} target tokens: {nll:.2f} nats a token on {len(some)} records.")

    # 4. Is the rest of the set told from records that the model never saw?
    for name, p in (("the beginning alone", ""), (f"with {prompt!r} before it", prompt)):
        scores = memhunter(hunted(target, with_prompts(held, [[p]] * len(held))))
        means = [scores.where(role).values.mean() for role in ("member", "nonmember")]
        print(f"\n{name}: {means[0]:.0%} of a member's rest comes back, {means[1]:.0%} of a control's")
        verdict = dataset_test(scores, blind=blind(held, seed=SEED), seed=SEED)
        print(f"{verdict.decision}, p = {verdict.p:.2g}: {verdict.main}")
        for sentence in verdict.caveats:
            print(f"- {sentence}")
    OUT.mkdir(parents=True, exist_ok=True)
    scores.save(OUT / "memhunter.parquet")
    print(f"\nScores: {OUT / 'memhunter.parquet'}")


def text(i: int, purpose: str) -> str:
    """Letters of chance."""
    return "".join(LETTERS[k] for k in generator(SEED, purpose, str(i)).integers(0, 26, BEGINNING + REST))


if __name__ == "__main__":
    main()
