import json

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.errors import (
    DataError,
    IndexCorruptError,
    MissingExtra,
    TokenizerMismatchError,
    TooFewRecords,
    UsageError,
)
from byheart.index import build, build_index, open_index, suffix_array
from byheart.index.tokenizer import fingerprint

from .conftest import word_tokenizer


def test_suffix_array_by_hand_and_by_sorting():
    assert suffix_array.suffix_array(np.frombuffer(b"banana", np.uint8)).tolist() == [5, 3, 1, 0, 4, 2]
    rng = np.random.default_rng(0)
    for width, kinds in ((1, 3), (2, 300), (2, 60_000), (4, 4), (4, 300), (4, 2**32)):
        tokens = rng.integers(0, kinds, 400).astype(f"<u{width}")
        data = tokens.tobytes()
        order = sorted(range(400), key=lambda i: data[i * width :])
        assert suffix_array.suffix_array(tokens).tolist() == order


def test_lcp_of_banana():
    """Of 5 3 1 0 4 2 = a, ana, anana, banana, na, nana: neighbours share 1, 3, 0, 0, 2."""
    sorter = suffix_array.suffix_sorter()
    text = np.frombuffer(bytearray(b"banana"), np.uint8)
    assert sorter.kasai(text, suffix_array.suffix_array(text).copy()).tolist() == [1, 3, 0, 0, 2, 0]


@pytest.mark.parametrize(
    ("vocab_size", "dtype", "width"), [(255, "auto", 1), (256, "auto", 2), (65_535, "auto", 2), (65_536, "auto", 4)]
)
def test_the_smallest_width_that_leaves_room_for_the_separator(tmp_path, vocab_size, dtype, width):
    index = build_index([[0, vocab_size - 1]], tmp_path / "i", vocab_size=vocab_size, dtype=dtype)
    assert index.dtype.itemsize == width
    assert index.count([0, vocab_size - 1]) == 1


def test_the_files_are_infini_grams(tmp_path):
    """Documents 7 8 and 9 as u16: separators first, pointers of one byte, offsets of separators 0 and 6."""
    build_index([[7, 8], [9]], tmp_path / "i", dtype="u16")
    data = (tmp_path / "i" / "tokenized.0").read_bytes()
    assert data.hex(" ", 2) == "ffff 0700 0800 ffff 0900"
    assert list((tmp_path / "i" / "table.0").read_bytes()) == [2, 4, 8, 0, 6]
    assert np.fromfile(tmp_path / "i" / "offset.0", "<u8").tolist() == [0, 6]


def test_texts_without_a_tokenizer_are_bytes(tmp_path):
    index = build_index(["né", b"n"], tmp_path / "i")
    assert (index.vocab_size, index.n_tokens, index.tokenizer_fingerprint) == (255, 4, "utf-8")
    assert index.count(index.encode("é")) == 1
    assert index.decode(index.document(0)) == "né"
    with pytest.raises(DataError, match="document 0: byte 1 is 0xff"):
        build_index([b"a\xff"], tmp_path / "j")


def test_a_corpus_gives_its_ids_as_names(tmp_path):
    index = build_index(Corpus.of(["one text", "another"], "member", ids=["x", "y"]), tmp_path / "i")
    assert index.document_name(index.locate(index.encode("other"))[0, 0]) == "y"


def test_a_tokenizer_is_kept_and_others_are_refused(tmp_path):
    mine, other = word_tokenizer("the", "cat"), word_tokenizer("cat", "the")
    build_index(["the cat the"], tmp_path / "i", tokenizer=mine)
    index = open_index(tmp_path / "i", tokenizer=mine)
    assert index.count(index.encode("the")) == 2
    assert open_index(tmp_path / "i").count(index.encode("the cat")) == 1  # with the tokenizer that was kept
    with pytest.raises(TokenizerMismatchError, match="build the index with this tokenizer"):
        open_index(tmp_path / "i", tokenizer=other)
    fast = PreTrainedTokenizerFast(tokenizer_object=mine)
    assert fingerprint(fast) == fingerprint(mine)
    mine.enable_truncation(2)
    assert fingerprint(fast) == fingerprint(mine)
    assert open_index(tmp_path / "i", tokenizer=mine).encode("the cat the cat").size == 4


def test_ids_without_a_tokenizer_say_so(tmp_path):
    index = build_index([[1]], tmp_path / "i")
    with pytest.raises(TokenizerMismatchError, match="keeps no tokenizer"):
        index.encode("a")
    with pytest.raises(TokenizerMismatchError, match="token ids without a tokenizer"):
        open_index(tmp_path / "i", tokenizer=word_tokenizer("a"))
    kept = build_index([[1]], tmp_path / "j", tokenizer=word_tokenizer("a"))
    assert kept.encode("a").tolist() == [1]


@pytest.mark.parametrize(
    ("docs", "options", "error", "message"),
    [
        ([], {}, TooFewRecords, "no document"),
        ([[1], "text"], {}, DataError, "document 1 is a str"),
        ([[1, -2]], {}, DataError, "document 0: token ids go from 0"),
        ([[9]], {"vocab_size": 9}, DataError, "from 0 to 8; got 9"),
        ([[65_535]], {"dtype": "u16"}, UsageError, "the last id is the separator"),
        ([[1]], {"dtype": "u64"}, UsageError, "dtype is auto, u8, u16, u32"),
        ([[1]], {"vocab_size": 300, "dtype": "u8"}, UsageError, "got 300"),
        ([[1], [300]], {"shard_tokens": 2}, DataError, "300 does not fit into the 1 bytes"),
        ([[1], [2]], {"names": ["a"]}, UsageError, "fewer names"),
        ([[1]], {"shard_tokens": 0}, UsageError, "shard_tokens"),
        (["a"], {"vocab_size": 10}, UsageError, "vocab_size is 10"),
    ],
)
def test_bad_input(tmp_path, docs, options, error, message):
    with pytest.raises(error, match=message):
        build_index(docs, tmp_path / "i", **options)


def test_an_index_is_replaced_only_when_asked(tmp_path):
    build_index([[1]], tmp_path / "i")
    with pytest.raises(UsageError, match="--overwrite"):
        build_index([[2]], tmp_path / "i")
    assert build_index([[2]], tmp_path / "i", overwrite=True).count([2]) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="other files"):
        build_index([[2]], tmp_path / "mine", overwrite=True)


def test_without_the_sorter_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(suffix_array, "pydivsufsort", None)
    with pytest.raises(MissingExtra, match=r"pip install -e '.*\[index\]'"):
        build_index([[1]], tmp_path / "i")
    assert not (tmp_path / "i").exists()


def damaged(path, name, change):
    data = bytearray((path / name).read_bytes())
    (path / name).write_bytes(change(data))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("table.0", lambda d: d[:-1], "does not fit together"),
        ("table.0", lambda d: bytes(len(d)), "misses position|not in order"),
        ("table.0", lambda d: d[::-1], "not in order"),
        ("tokenized.0", lambda d: d[2:], "does not fit together"),
        ("offset.0", lambda d: d + bytes(8), "holds 3 documents, not 2"),
        ("sample.0", lambda d: d + bytes(8), "samples of another table"),
        ("index.json", lambda d: b"{", "not JSON"),
        ("index.json", lambda d: json.dumps({"schema": "other"}).encode(), "not of the format"),
    ],
)
def test_damaged_files_are_noticed(tmp_path, name, change, message):
    path = build_index([[1, 2, 3] * 5, [3, 2, 1]], tmp_path / "i", dtype="u16").path
    damaged(path, name, change)
    with pytest.raises(IndexCorruptError, match=message):
        open_index(path).check()


def test_an_unfinished_build_is_no_index(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        build_index([[1]], tmp_path / "i")
    with pytest.raises(IndexCorruptError, match="did not end"):
        open_index(tmp_path / "i")
    with pytest.raises(IndexCorruptError, match="is not there"):
        open_index(tmp_path / "nowhere")


def test_an_unfinished_build_can_be_begun_again(tmp_path, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(build, "write_table", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            build_index([[1]], tmp_path / "i")
    assert build_index([[1]], tmp_path / "i").count([1]) == 1
