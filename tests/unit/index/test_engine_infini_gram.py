"""Does infini-gram's own engine read our files, and say the same? Runs where the package is installed."""

import numpy as np
import pytest

from byheart.core.errors import DataError, MissingExtra
from byheart.index import build_index, engine_infini_gram
from byheart.index.engine_infini_gram import InfiniGramIndex

needs_engine = pytest.mark.skipif(engine_infini_gram.InfiniGramEngine is None, reason="infini-gram is not installed")


def test_without_the_package_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(engine_infini_gram, "InfiniGramEngine", None)
    with pytest.raises(MissingExtra, match=r"infini-gram is not installed.*pip install -e .*\[infini-gram\]"):
        InfiniGramIndex(tmp_path, "u16", 10)


@needs_engine
def test_the_engine_agrees_on_every_query(pair, queries):
    index, _ = pair
    engine = InfiniGramIndex.of(index)
    asked = [q for q in queries if q]
    assert engine.count_batch(asked).tolist() == index.count_batch(asked).tolist()
    last = [shard.tokens.tolist() for shard in index.shards]
    for q in asked[:100]:
        assert engine.longest_suffix(q).length == index.longest_suffix(q).length
        if any(tokens[-len(q) :] == q for tokens in last):
            with pytest.raises(DataError, match="miscounts what follows"):
                engine.count_next(q)
        else:
            assert engine.count_next(q) == index.count_next(q)


@needs_engine
@pytest.mark.xfail(strict=True, reason="infini-gram 2.6.0 calls every next token the end of a document here")
def test_next_tokens_of_what_ends_the_last_document(tmp_path):
    """1 2 | 1 3 | 1 | 5 1: after 1 come 2, 3 and two ends; the engine says four ends, as the first and last row do."""
    index = build_index([[1, 2], [1, 3], [1], [5, 1]], tmp_path / "i", dtype="u16", vocab_size=9)
    assert index.count_next([1]) == {2: 1, 3: 1}
    raw = InfiniGramIndex.of(index)._engine.ntd(prompt_ids=[1])["result_by_token_id"]
    assert {t: r["cont_cnt"] for t, r in raw.items()} == {2: 1, 3: 1, 9: 2}


@needs_engine
@pytest.mark.parametrize(
    ("dtype", "vocab_size", "docs"),
    [
        ("u16", 50_000, 3 * [120_000]),  # suffixes share more than 100,000 bytes
        ("u16", 30, [104]),  # smaller than the overlap of its builder's workers
        ("u32", 128_000, 20 * [500]),  # more than 34 GB for its builder
        ("u8", 255, 10 * [300]),
        ("u16", 50_000, 400 * [50]),  # copies side by side
    ],
)
def test_where_its_own_builder_fails(tmp_path, dtype, vocab_size, docs):
    rng = np.random.default_rng(0)
    copied = rng.integers(0, vocab_size, max(docs))
    index = build_index([copied[:n] for n in docs], tmp_path / "i", dtype=dtype, vocab_size=vocab_size)
    engine = InfiniGramIndex.of(index)
    starts = rng.integers(0, max(docs) - 40, 300)
    asked = [copied[s : s + n].tolist() for s, n in zip(starts, rng.integers(1, 40, 300), strict=True)]
    asked += [rng.integers(0, vocab_size, 2).tolist() for _ in range(300)]
    assert engine.count_batch(asked).tolist() == index.count_batch(asked).tolist()
