"""Small corpora, and the same questions answered by looking at every place."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from byheart.index import build_index


def word_tokenizer(*words):
    """One id a word, in this order; 0 for any other."""
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["?", *words])}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


class Brute:
    """Every answer of an index, by comparing at every token of every document."""

    def __init__(self, docs):
        self.docs = [list(map(int, d)) for d in docs]

    def places(self, ids):
        ids, n = list(map(int, ids)), len(ids)
        return [(d, i) for d, doc in enumerate(self.docs) for i in range(len(doc) - n + 1) if doc[i : i + n] == ids]

    def count(self, ids):
        return len(self.places(ids)) if len(ids) else sum(map(len, self.docs))

    def following(self, ids):
        """{token: count}, and how often the document ends."""
        counts, ends = {}, 0
        for d, i in self.places(ids):
            if i + len(ids) == len(self.docs[d]):
                ends += 1
            else:
                token = self.docs[d][i + len(ids)]
                counts[token] = counts.get(token, 0) + 1
        return counts, ends

    def match_lengths(self, ids):
        ids = list(map(int, ids))
        return [
            max((n for n in range(1, len(ids) - i + 1) if self.places(ids[i : i + n])), default=0)
            for i in range(len(ids))
        ]

    def cooccur(self, a, b, window):
        """Occurrences of a with another one of b within the window, and documents with such a pair."""
        near = {
            (d, i)
            for d, i in self.places(a)
            for e, j in self.places(b)
            if d == e and abs(i - j) <= window and not (list(a) == list(b) and i == j)
        }
        return len(near), len({d for d, _ in near})

    def duplicated(self, n, earlier=False):
        """Tokens (document, offset) in a window of n tokens that stands elsewhere, or has stood before."""
        tokens = set()
        for d, doc in enumerate(self.docs):
            for i in range(len(doc) - n + 1):
                others = [p for p in self.places(doc[i : i + n]) if (p < (d, i) if earlier else p != (d, i))]
                if others:
                    tokens |= {(d, j) for j in range(i, i + n)}
        return tokens


def random_docs(rng, alphabet, n_docs=12, most=40):
    lengths = [0, 1, 2, *rng.integers(0, most, n_docs - 3)]
    return [rng.integers(0, alphabet, n) for n in lengths]


CORPORA = {
    "two letters": (2, "auto", 1 << 20),
    "five letters": (5, "auto", 1 << 20),
    "five letters in shards": (5, "u16", 60),
    "fifty": (50, "u16", 1 << 20),
    "fifty thousand": (50_000, "auto", 80),
    "u32": (5, "u32", 1 << 20),
    "100,000 in shards": (100_000, "auto", 70),
}


@pytest.fixture(params=CORPORA)
def pair(request, tmp_path):
    """An index and its brute-force twin."""
    alphabet, dtype, shard_tokens = CORPORA[request.param]
    docs = random_docs(np.random.default_rng(len(request.param)), alphabet)
    index = build_index(docs, tmp_path / "i", dtype=dtype, vocab_size=alphabet, shard_tokens=shard_tokens)
    return index, Brute(docs)


@pytest.fixture
def queries(pair):
    """Stretches of the corpus, stretches of noise, and both glued: present, absent, and half present."""
    index, brute = pair
    rng = np.random.default_rng(1)
    made = [[]]
    for _ in range(150):
        doc = brute.docs[rng.integers(len(brute.docs))]
        start, n = rng.integers(0, len(doc) + 1), rng.integers(1, 14)
        real = doc[start : start + n]
        noise = rng.integers(0, index.vocab_size, rng.integers(0, 4)).tolist()
        made += [real, real + noise, noise + real, [*real[:3], 0, 0]]
    return made
