"""Every format read back, and every bad input told in one line."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import ByheartError, DataError, MissingExtra, TooFewRecords, UsageError
from byheart.data.sources import source_digest, source_facts
from byheart.data.text.dates import iso_dates
from byheart.data.text.read import read, reading

TEXTS = ["Ein Text, mit „Zeichen“.", 'two "quoted", lines\nof text', "00123", "NA", "null", "x" * 200_000]
CHAT = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": 'Because, "so".'}]
PAIR = {"prompt": "Once", "completion": " upon a time"}


def jsonl(path, rows):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def written(folder, kind):
    rows = [{"text": t, "author": f"a{i % 2}", "date": f"2024-01-0{i + 1}"} for i, t in enumerate(TEXTS)]
    frame = pd.DataFrame(rows)
    if kind == "jsonl":
        return jsonl(folder / "d.jsonl", rows)
    if kind == "array":
        (folder / "d.json").write_text(json.dumps(rows, indent=2))
        return folder / "d.json"
    if kind in ("csv", "tsv"):
        frame.to_csv(folder / f"d.{kind}", index=False, sep="," if kind == "csv" else "\t")
        return str(folder / f"d.{kind}")
    if kind == "parquet":
        frame.to_parquet(folder / "d.parquet")
        return folder / "d.parquet"
    if kind == "frame":
        return frame
    if kind == "saved":
        import datasets

        datasets.Dataset.from_pandas(frame).save_to_disk(str(folder / "saved"))
        return folder / "saved"
    return rows


@pytest.mark.parametrize("kind", ["jsonl", "array", "csv", "tsv", "parquet", "frame", "saved", "rows"])
def test_every_format_gives_the_same_corpus(tmp_path, kind):
    corpus = read(written(tmp_path, kind), group_column="author")
    assert list(corpus.items) == TEXTS
    assert corpus.ids.tolist() == [f"member-{i:06d}" for i in range(6)]
    assert corpus.groups.tolist() == ["a0", "a1"] * 3
    assert corpus.columns["date"][1] == "2024-01-02T00:00:00"
    assert set(corpus.roles) == {"member"}


def test_a_folder_of_texts_is_named_by_its_files(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_text("second", encoding="utf-8")
    (tmp_path / "one.txt").write_text("first", encoding="utf-8-sig")
    (tmp_path / "note.md").write_text("not read")
    corpus = read(tmp_path, role="nonmember", prefix="control")
    assert list(corpus.items) == ["second", "first"]
    assert corpus.ids.tolist() == ["control-b/two", "control-one"]


@pytest.mark.parametrize(("rows", "layout"), [([{"messages": CHAT}] * 2, "chat"), ([PAIR] * 2, "prompt")])
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv", "frame", "rows"])
def test_chats_and_prompts(tmp_path, rows, layout, kind):
    frame = pd.DataFrame(rows)
    source = rows
    if kind == "jsonl":
        source = jsonl(tmp_path / "d.jsonl", rows)
    elif kind == "parquet":
        frame.to_parquet(source := tmp_path / "d.parquet")
    elif kind == "csv":
        frame.map(lambda v: v if isinstance(v, str) else json.dumps(v)).to_csv(
            source := tmp_path / "d.csv", index=False
        )
    elif kind == "frame":
        source = frame
    result = reading(source)
    assert result.layout == layout
    assert result.corpus.items[0] == (CHAT if layout == "chat" else PAIR)


def test_plain_lists_of_texts_and_chats():
    assert list(read(["a", "b"]).items) == ["a", "b"]
    assert list(read([CHAT, CHAT]).items) == [CHAT, CHAT]
    assert list(read(iter(["a", "b"])).items) == ["a", "b"]


def test_a_named_column_may_hold_texts_or_chats(tmp_path):
    rows = [{"text": "t", "messages": CHAT, "body": "b"}] * 2
    assert read(rows, text_column="body").items[0] == "b"
    assert read(rows, text_column="messages").items[0] == CHAT
    with pytest.raises(DataError, match=r"messages and text are both there"):
        read(rows)


def test_ids_prefix_and_joining(tmp_path):
    rows = [{"id": 3, "text": "a"}, {"id": 4.0, "text": "b"}]
    assert read(rows).ids.tolist() == ["3", "4"]
    both = read(rows, prefix="m") + read(rows, prefix="c", role="nonmember")
    assert both.ids.tolist() == ["m-3", "m-4", "c-3", "c-4"]


def test_limit_counts_records_and_stops_reading(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text('{"text": "a"}\n{"text": " "}\n{"text": "b"}\nnot json\n')
    assert list(read(path, limit=2).items) == ["a", "b"]


def test_records_without_words_are_set_aside_and_named(tmp_path, caplog):
    path = jsonl(tmp_path / "d.jsonl", [{"text": "a"}, {"text": "\t\n "}, {"text": None}, {"text": "b"}])
    result = reading(path)
    assert list(result.corpus.items) == ["a", "b"]
    assert result.corpus.ids.tolist() == ["member-000000", "member-000003"]
    assert result.notes == (f"2 records without words were set aside from {path} (line 2, line 3).",)
    read(path)
    assert "2 records without words" in caplog.text


def test_a_chat_without_an_answer_has_nothing_to_learn():
    silent = [{"role": "user", "content": "Hello?"}]
    assert reading([{"messages": CHAT}, {"messages": CHAT}, {"messages": silent}]).set_aside == ("the list record 2",)


def test_missing_group_is_its_own():
    corpus = read([{"text": "a", "author": None}, {"text": "b", "author": "x"}], groups="author")
    assert corpus.groups.tolist() == ["member-000000", "x"]


def test_dates():
    assert iso_dates(
        ["2024-05-01T10:00:00+02:00", "1 May 2024", 2001, 1_714_521_600_000, None, "never", float("nan")]
    ) == [
        "2024-05-01T08:00:00",
        "2024-05-01T00:00:00",
        "2001-01-01T00:00:00",
        "2024-05-01T00:00:00",
        "",
        "",
        "",
    ]
    assert iso_dates([1e30, -1e300, float("inf"), True, "1714521600"]) == ["", "", "", "", "2024-05-01T00:00:00"]
    frame = pd.DataFrame({"text": ["a", "b"], "when": pd.to_datetime(["2020-02-02", None])})
    assert read(frame, date_column="when").columns["date"].tolist() == ["2020-02-02T00:00:00", ""]
    assert "date" not in read([{"text": "a", "date": "soon"}, {"text": "b"}]).columns


def test_corpus_survives_saving(tmp_path):
    corpus = read([{"messages": CHAT, "date": "2024-01-01"}, {"messages": CHAT}])
    corpus.save(tmp_path / "c.parquet")
    assert Corpus.load(tmp_path / "c.parquet").digest == corpus.digest


def test_source_digest_follows_the_bytes(tmp_path):
    path = jsonl(tmp_path / "d.jsonl", [{"text": "a"}])
    before = source_digest(path)
    assert source_digest(str(path)) == before
    path.write_text('{"text": "b"}\n')
    assert source_digest(path) != before
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.txt").write_text("x")
    one = source_digest(tmp_path / "t")
    (tmp_path / "t" / "a.txt").rename(tmp_path / "t" / "b.txt")
    assert source_digest(tmp_path / "t") != one
    assert source_digest(["a", "b"]) != source_digest(["ab"])


def test_splits_of_a_saved_dictionary(tmp_path):
    import datasets

    two = datasets.Dataset.from_dict({"text": ["a", "b"]})
    datasets.DatasetDict({"left": two, "right": two.select([1, 0])}).save_to_disk(str(tmp_path / "s"))
    assert list(read(f"{tmp_path / 's'}:right").items) == ["b", "a"]
    with pytest.raises(DataError, match="splits left, right; name one"):
        read(tmp_path / "s")


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "byheart.data.huggingface", raising=False)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install -e '.*\[text\]'"):
        read("someone/something")


BAD = {
    "no such path": ("missing.jsonl", DataError, r"missing.jsonl does not exist; give a .jsonl"),
    "no such folder": ("a/b/c", DataError, r"does not exist"),
    "unknown ending": ("d.docx", DataError, r"'.docx', which byheart does not read"),
    "empty": ("empty.jsonl", TooFewRecords, r"holds no record; at least 2"),
    "empty csv": ("empty.csv", TooFewRecords, r"holds no record"),
    "one": ("one.jsonl", TooFewRecords, r"holds 1 record; at least 2"),
    "column": ("column.jsonl", DataError, r"line 1: no column 'text'.* there are 'body', 'n';"),
    "column later": ("later.jsonl", DataError, r"line 2: no column 'text'; there are 'body'"),
    "latin": ("latin.jsonl", DataError, r"not UTF-8: byte 25 is 0xe9"),
    "latin csv": ("latin.csv", DataError, r"not UTF-8: byte 8 is 0xe9"),
    "latin txt": ("latin", DataError, r"not UTF-8: byte 3 is 0xe9"),
    "half csv": ("half.csv", DataError, r"ends in the middle of a character \(byte 6\)"),
    "json": ("json.jsonl", DataError, r"line 3: not JSON"),
    "white": ("white.jsonl", DataError, r"all 2 records of .* only white space"),
    "number": ("number.jsonl", DataError, r"line 2: 'text' holds '7' \(int\); a text is needed"),
    "bare number": ("bare.jsonl", DataError, r"line 1: a record is a text, a chat or a row with columns; got int"),
    "ids": ("ids.jsonl", DataError, r"have the id 'a'"),
    "no id": ("noid.jsonl", DataError, r"line 2 has no id"),
    "mixed": ("mixed.jsonl", DataError, r"line 2 is a chat, those before are each a text"),
    "message": ("message.jsonl", DataError, r"a message holds 'role' and 'content'"),
    "parts": ("parts.jsonl", DataError, r"'content' holds .*\(list\); a text is needed"),
    "surrogate": ("surrogate.jsonl", DataError, r"character 1 of 'text' is half a surrogate pair"),
    "cells": ("cells.csv", DataError, r"line 3: 3 cells under 2 columns"),
    "quote": ("quote.csv", DataError, r"not CSV"),
    "twice": ("twice.csv", DataError, r"two columns called 'text'"),
    "parquet": ("bad.parquet", DataError, r"is not a Parquet file"),
    "folder": ("folder", DataError, r"holds no .txt file"),
}  # fmt: skip


@pytest.fixture
def bad(tmp_path):
    lines = {
        "one": [{"text": "a"}], "column": [{"body": "a", "n": 1}] * 2, "later": [{"text": "a"}, {"body": "b"}],
        "white": [{"text": " "}, {"text": "\n"}], "number": [{"text": "a"}, {"text": 7}], "bare": [1, 2],
        "ids": [{"id": "a", "text": "x"}] * 2, "noid": [{"id": "a", "text": "x"}, {"id": None, "text": "y"}],
        "mixed": [{"text": "a"}, {"messages": CHAT}], "message": [{"messages": [{"role": "user"}]}],
        "parts": [{"messages": [{"role": "user", "content": [{"type": "text"}]}]}],
    }  # fmt: skip
    for name, rows in lines.items():
        jsonl(tmp_path / f"{name}.jsonl", rows)
    raw = {
        "empty.jsonl": b"", "empty.csv": b"", "d.docx": b"x", "latin.jsonl": b'{"text": "abc"}\n{"text":"\xe9"}\n',
        "latin.csv": b"text\nabc\xe9\n", "half.csv": b"text\nb\xc3", "json.jsonl": b'{"text": "a"}\n\n{"text": "b"\n',
        "surrogate.jsonl": b'{"text": "a\\ud800"}\n', "cells.csv": b"a,text\n1,2\n1,2,3\n",
        "quote.csv": b'text,b\n"a"x,b\n', "twice.csv": b"text,text\na,b\n", "bad.parquet": b"PAR1 no",
    }  # fmt: skip
    for name, data in raw.items():
        (tmp_path / name).write_bytes(data)
    for name in ("latin", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "latin" / "a.txt").write_bytes(b"abc\xe9")
    return tmp_path


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(bad, case):
    name, error, message = BAD[case]
    with pytest.raises(error, match=message) as caught:
        read(bad / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (7, {}, DataError, "got int"),
        ({"text": "a"}, {}, DataError, "got dict"),
        ("", {}, DataError, "path is empty"),
        (["a", "b"], {"limit": 0}, UsageError, "limit is at least 1; got 0"),
        (["a", "b"], {"text_column": "x"}, None, None),
        (["a", CHAT], {}, DataError, "record 1 is a chat"),
        ([CHAT, "a"], {}, DataError, "record 1 is a text"),
        ([{"text": "a"}, "b"], {"group_column": "g"}, DataError, "no column 'g'; there are 'text'"),
        ([{"text": "a"}] * 2, {"date_column": "d"}, DataError, "no column 'd'"),
        ([{"text": "a"}] * 2, {"text_column": "body"}, DataError, "no column 'body'; there are 'text'"),
        ([{"text": "a"}] * 2, {"role": "friend"}, DataError, "a role is one of"),
        ([{"text": "a"}] * 2, {"groups": "a", "group_column": "b"}, UsageError, "name two columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, DataError, "two columns of one name"),
        (np.float64(3), {}, DataError, "got float64"),
        (["a", "b", "c"], {"minimum": 4}, TooFewRecords, "holds 3 records; at least 4"),
    ],
)
def test_bad_calls(source, options, error, message):
    if error is None:
        assert list(read(source, **options).items) == source
        return
    with pytest.raises(error, match=message):
        read(source, **options)


def test_an_unreachable_hub_is_an_error_of_ours():
    with pytest.raises(ByheartError, match=r"no file here and no data set that the hub could give"):
        read("nobody-here/no-such-data-set-at-all")


def test_a_run_notes_where_a_source_was_and_what_was_in_it(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "x"}\n')
    assert source_facts(file) == source_facts(str(file)) == {"path": str(file), "digest": source_digest(file)}
    assert source_facts(["x"]) == {"path": "in memory"}
    assert source_facts("owner/name") == {"path": "owner/name"}  # nothing here to take a fingerprint of
