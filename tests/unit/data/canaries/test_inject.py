"""Canaries planted in every format: counted, at random places, the rest untouched."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.errors import DataError, UsageError
from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.data.canaries.planted import check_planted, verify_manifest, without_canaries
from byheart.data.text.read import read, reading

MANIFEST = make_canaries(
    seed=4, families=["random", "card", "password"], repetitions=[1, 3], per_repetition=2, controls=4, salt="s"
)
N_ADDED = 3 * 2 * (1 + 3)
TEXTS = ["one, with „signs“", 'two "quoted"\nlines', "00123", "NA", "five"] + [f"record {i}" for i in range(60)]


def rows_of(layout):
    if layout == "chat":
        return [{"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": t}]} for t in TEXTS]
    if layout == "prompt":
        return [{"prompt": "say: ", "completion": t} for t in TEXTS]
    return [{"text": t} for t in TEXTS]


def written(folder, kind, layout):
    rows = [{**r, "label": i, "note": None if i % 2 else "x"} for i, r in enumerate(rows_of(layout))]
    source = folder / f"in.{kind}"
    if kind == "jsonl":
        source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    elif kind == "txt":
        source = folder / "in"
        (source / "deep").mkdir(parents=True)
        for i, t in enumerate(TEXTS):
            (source / ("deep" if i % 2 else ".") / f"f{i:02d}.txt").write_text(t, encoding="utf-8")
    elif kind == "csv":
        frame = pd.DataFrame(rows)
        if layout == "chat":
            frame["messages"] = [json.dumps(m) for m in frame["messages"]]
        frame.to_csv(source, index=False)
    elif kind == "parquet":
        pd.DataFrame(rows).to_parquet(source)
    elif kind == "frame":
        return pd.DataFrame(rows)
    else:
        return rows
    return source


CASES = [(k, lay) for k in ("jsonl", "csv", "parquet", "frame", "list") for lay in ("text", "chat", "prompt")]


@pytest.mark.parametrize(("kind", "layout"), [*CASES, ("txt", "text")])
def test_every_format(tmp_path, kind, layout):
    source = written(tmp_path, kind, layout)
    before = list(read(source).items)
    out = None if kind in ("frame", "list") else tmp_path / ("out" if kind == "txt" else f"out.{kind}")
    done = inject(MANIFEST, source, out)
    assert list(read(source).items) == before  # the source is not changed
    result = reading(done.data)
    assert result.layout == layout
    assert len(result.corpus) == len(before) + N_ADDED
    assert list(without_canaries(result.corpus, done.manifest).items) == before or kind == "txt"
    assert sorted(without_canaries(result.corpus, done.manifest).texts) == sorted(read(source).texts)
    assert done.manifest.data["n_records"] == len(before)
    assert done.manifest.data["n_added"] == N_ADDED
    planted = done.manifest.corpus()
    for item, count in zip(planted.items, planted.columns["repetitions"], strict=True):
        assert list(result.corpus.items).count(item) == count
    assert "byte for byte" in verify_manifest(done.manifest, done.data).checked[-1]


def test_other_lines_of_jsonl_keep_their_bytes(tmp_path):
    source = tmp_path / "in.jsonl"
    lines = [b'{"text":"a",  "x":1.0}\r\n', b"\n", b'{"x": null, "text": "\\u00e4"}\n', '{"text": "ä"}'.encode()]
    source.write_bytes(b"\xef\xbb\xbf" + b"".join(lines))
    inject(MANIFEST, source, tmp_path / "out.jsonl")
    kept = [x for x in (tmp_path / "out.jsonl").read_bytes().split(b"\n") if x in [y.rstrip() for y in lines] and x]
    assert kept == [lines[0].rstrip(), lines[2].rstrip(), lines[3]]
    assert len(read(tmp_path / "out.jsonl")) == 3 + N_ADDED


def test_parquet_keeps_types_and_pandas_reads_it(tmp_path):
    source = written(tmp_path, "parquet", "text")
    inject(MANIFEST, source, tmp_path / "out.parquet")
    assert pq.read_schema(tmp_path / "out.parquet") == pq.read_schema(source)
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame.loc[frame["text"].isin(TEXTS), "label"].tolist() == list(range(len(TEXTS)))


def test_frames_keep_their_types():
    frame = pd.DataFrame({
        "text": TEXTS, "n": range(65), "flag": [True] * 65, "when": pd.Timestamp("2024-01-01"),
        "kind": pd.Categorical(["a"] * 65), "share": 0.5,
    })  # fmt: skip
    done = inject(MANIFEST, frame).data
    assert done.dtypes.equals(frame.dtypes)
    kept = done[done["text"].isin(TEXTS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, frame)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [(range(7, 72), range(72, 72 + N_ADDED)), ([str(i) for i in range(65)], [str(i) for i in range(65, 65 + N_ADDED)])],
)
def test_new_ids_are_like_the_old(ids, expected):
    rows = [{"id": i, "text": t} for i, t in zip(ids, TEXTS, strict=True)]
    done = inject(MANIFEST, rows).data
    assert sorted((r["id"] for r in done if r["text"] not in TEXTS), key=int) == list(expected)
    named = inject(MANIFEST, [{"id": f"doc{i}", "text": t} for i, t in enumerate(TEXTS)]).data
    assert len(read(named)) == 65 + N_ADDED  # ids are unique
    assert not any("canary" in r["id"] for r in named)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1).filter(lambda t: t.strip()), min_size=1, max_size=30), st.integers(0, 2**32))
def test_the_others_keep_their_order_and_the_canaries_their_count(texts, seed):
    done = inject(MANIFEST, texts, seed=seed).data
    own = {c.text: c.repetitions for c in MANIFEST.canaries}
    assert [t for t in done if t not in own] == texts
    assert all(done.count(text) == count for text, count in own.items())


def test_places_are_uniform():
    # 24 canaries among 76 others: each of the 100 places holds a canary in 24 % of 600 seeds, sd 0.0174 a place;
    # the chi-square over places has mean 76 (places are drawn without replacement: 100 x 0.76), sd about 12
    hits = np.zeros(100)
    own = {c.text for c in MANIFEST.canaries}
    for seed in range(600):
        done = inject(MANIFEST, [f"r{i}" for i in range(76)], seed=seed).data
        hits += [t in own for t in done]
    chi = ((hits - 144) ** 2 / 144).sum()
    assert 76 - 4 * 12 < chi < 76 + 4 * 12


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    source = written(tmp_path, "jsonl", "text")
    inject(MANIFEST, source, tmp_path / "a.jsonl")
    inject(MANIFEST, source, tmp_path / "b.jsonl")
    inject(MANIFEST, source, tmp_path / "c.jsonl", seed=5)
    a, b, c = ((tmp_path / f"{x}.jsonl").read_bytes() for x in "abc")
    assert a == b != c


def test_a_manifest_from_other_data_is_found_out(tmp_path):
    source = written(tmp_path, "jsonl", "text")
    manifest = inject(MANIFEST, source, tmp_path / "out.jsonl").manifest
    other = make_canaries(seed=5, families=["random"], repetitions=[1], per_repetition=2, controls=4)
    other = inject(other, source, tmp_path / "other.jsonl").manifest
    with pytest.raises(DataError, match=r"from other data: .* holds 0 of its 12 canaries"):
        check_planted(manifest, tmp_path / "other.jsonl")
    with pytest.raises(DataError, match="from before the canaries were planted"):
        check_planted(manifest, source)
    assert "before" in check_planted(manifest, source, or_before=True)


def test_the_same_data_in_another_file_are_searched(tmp_path):
    source = written(tmp_path, "jsonl", "text")
    manifest = inject(MANIFEST, source, tmp_path / "out.jsonl").manifest
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "turned.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    assert "another file" in check_planted(manifest, tmp_path / "turned.jsonl")
    planted = next(i for i, x in enumerate(lines) if "locker" in x or "terminal" in x or "account" in x)
    (tmp_path / "less.jsonl").write_text("".join(lines[:planted] + lines[planted + 1 :]), encoding="utf-8")
    with pytest.raises(DataError, match="times instead of"):
        check_planted(manifest, tmp_path / "less.jsonl")
    twin = next(c for c in MANIFEST.canaries if not c.repetitions)
    (tmp_path / "more.jsonl").write_text("".join([*lines, json.dumps({"text": twin.text})]), encoding="utf-8")
    with pytest.raises(DataError, match="1 times instead of 0"):
        check_planted(manifest, tmp_path / "more.jsonl")


def test_bad_calls(tmp_path):
    source = written(tmp_path, "jsonl", "text")
    folder = written(tmp_path, "txt", "text")
    for options, error, message in [
        ((source, source), UsageError, "never changed"),
        ((source, tmp_path / "o.csv"), UsageError, r"should end in \.jsonl"),
        ((source,), UsageError, "say where to write"),
        ((TEXTS, tmp_path / "o.jsonl"), UsageError, "returned, not written"),
        ((folder, folder / "in"), UsageError, "source itself"),
        ((folder, tmp_path), UsageError, "exists; give a new folder"),
        ((tmp_path / "none.jsonl", tmp_path / "o.jsonl"), DataError, "does not exist"),
        (([],), DataError, "holds no record"),
        (([{"body": "x"}],), DataError, "no column 'text'"),
    ]:
        with pytest.raises(error, match=message):
            inject(MANIFEST, *options)
    with pytest.raises(UsageError, match="sealed and the places need a seed"):
        inject(MANIFEST.sealed(), TEXTS)
    done = inject(MANIFEST, TEXTS)
    with pytest.raises(DataError, match="already holds these canaries"):
        inject(done.manifest, done.data)
    assert inject(MANIFEST, [{"body": t} for t in TEXTS], text_column="body").manifest.data["layout"] == "text"
