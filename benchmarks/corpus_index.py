"""How fast is a corpus index built and asked, on ordinary and on repeated text, and what does it cost in memory?

Times are CPU seconds of one core, smallest of some rounds, as other things run too. Ordinary text: tokens of 50,000
kinds by Zipf's law in documents of 500. Repeated text: one page of 500 tokens copied again and again for half of the
corpus. Queries are 5-grams: half taken from the corpus, half glued from two places.
Run by hand: `python benchmarks/corpus_index.py [tokens]`; writes `benchmarks/results/corpus_index.json`.
"""

import multiprocessing
import platform
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from byheart.compare.text.substring import longest_common_substring
from byheart.core.atomic import write_json
from byheart.index import build_index, open_index

RESULTS = Path(__file__).parent / "results" / "corpus_index.json"
KINDS, QUERIES, ROUNDS = 50_000, 100_000, 3


def zipf(rng, n):
    """Tokens by Zipf's law, shuffled ids."""
    weight = 1 / np.arange(1, KINDS + 1) ** 1.05
    upto = np.cumsum(weight / weight.sum())
    return rng.permutation(KINDS)[np.minimum(np.searchsorted(upto, rng.random(n)), KINDS - 1)]


def cpu(way, rounds=ROUNDS):
    """Smallest CPU time of a call, seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        way()
        best = min(best, time.process_time() - start)
    return best


def memory():
    """Private memory of this process now, MB: what is mapped from files can be dropped and does not count."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1000)


def building(folder, n):
    """Millions of tokens per second, by width and kind of text."""
    rng, speed = np.random.default_rng(0), {}
    ordinary = zipf(rng, n)
    repeated = np.concatenate([np.tile(zipf(rng, 500), n // 1000), ordinary[: n // 2]])
    for name, tokens in {"ordinary": ordinary, "half of it one page": repeated}.items():
        for dtype in ("u16", "u32"):
            docs = np.array_split(tokens, n // 500)
            seconds = cpu(
                lambda docs=docs, dtype=dtype: build_index(
                    docs, folder / "b", dtype=dtype, vocab_size=KINDS, overwrite=True
                ),
                rounds=2,
            )
            speed[f"{name}, {dtype}"] = round(n / seconds / 1e6, 2)
    return speed


def make(folder, n):
    """An index of n tokens of ordinary text, made in a process of its own."""
    docs = np.array_split(zipf(np.random.default_rng(1), n), n // 500)
    build_index(docs, folder / "q", dtype="u16", vocab_size=KINDS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def most_memory(ways):
    """Most private memory while each way is gone once, MB above that before."""
    before, seen, stop = memory(), [], threading.Event()
    watcher = threading.Thread(target=lambda: [seen.append(memory()) for _ in iter(lambda: stop.wait(0.05), True)])
    watcher.start()
    for way in ways:
        way()
    stop.set()
    watcher.join()
    return max(seen, default=before) - before


def asking(folder, n):
    """What questions cost on an index of n tokens: one by one, together, and in memory."""
    rng = np.random.default_rng(2)
    index = open_index(folder / "q")
    taken = [index.document(int(d))[:5].tolist() for d in rng.integers(0, index.n_docs, QUERIES // 2)]
    asked = taken + [a[:2] + b[:3] for a, b in zip(taken, taken[1:] + taken[:1], strict=True)]
    text, common = zipf(rng, 5_000), np.argsort(index.unigrams)[-2:].tolist()
    assert index.count_batch(asked).tolist() == [index.count(q) for q in asked]

    ways = {
        "one": lambda: [index.count(q) for q in asked],
        "together": lambda: index.count_batch(asked),
        "match": lambda: index.match_lengths(text),
        "next": lambda: index.count_next(common[1:]),
        "near": lambda: index.cooccur(common[:1], [common[1:]], 100),
        "twice": lambda: index.duplicates(50),
    }
    rounds = {"one": 5, "together": 10, "near": 1, "twice": 1}
    took = {name: cpu(way, rounds.get(name, ROUNDS)) for name, way in ways.items()}
    return {
        "tokens": n,
        "bytes per token": round(sum(f.stat().st_size for f in (folder / "q").iterdir()) / n, 2),
        "count, us": round(took["one"] / QUERIES * 1e6, 1),
        "count in a batch of 100,000, us": round(took["together"] / QUERIES * 1e6, 2),
        "batch is faster by": round(took["one"] / took["together"], 1),
        "longest match at each of 5,000 tokens, ms": round(took["match"] * 1e3, 1),
        "next tokens of the commonest token, ms": round(took["next"] * 1e3, 1),
        "co-occurrence of the two commonest, window 100, s": round(took["near"], 1),
        "duplicates of 50 tokens, s": round(took["twice"], 1),
        "most memory while asking, MB": most_memory(ways.values()),
    }


def common_stretch():
    """CPU seconds for the longest common substring of two texts of 1 M characters, one with many repeats."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"etaoin shrdlu", np.uint8)
    a, b = rng.choice(letters, 1_000_000), rng.choice(letters, 1_000_000)
    periodic = np.tile(rng.choice(letters, 1000), 1000)
    return {
        "unrelated": round(cpu(lambda: longest_common_substring(a, b)), 2),
        "both one page over and over": round(cpu(lambda: longest_common_substring(periodic, periodic[500:])), 2),
    }


def main():
    n = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with multiprocessing.get_context("spawn").Pool(1) as apart:
            most = apart.apply(make, (folder, n))
            speed = apart.apply(building, (folder, min(n, 10_000_000)))
        figures = {
            "building, M tokens per CPU second": speed,
            "most memory while building the index that is asked, GB": round(most, 2),
            "asking": asking(folder, n),
            "longest common substring of 1 M characters, CPU s": common_stretch(),
            "machine": platform.machine(),
        }
    write_json(figures, RESULTS)
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
