"""`byheart index`: how often and where does a text stand in the training data?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from byheart.cli import options as o

if TYPE_CHECKING:
    import numpy as np

    from byheart.index import CorpusIndex, Span

app = typer.Typer(
    help="Index training data, and find in it what a model said: counts, sources, duplicates.", no_args_is_help=True
)

Index = Annotated[Path, typer.Argument(help="Folder that `byheart index build` made.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column that holds the record.")]
AsJson = Annotated[bool, typer.Option("--json", help="The findings as JSON on standard output, nothing else there.")]
Show = Annotated[bool, typer.Option("--show-text", help="Show the text that was found.")]
SHOWN = 10  # ranges, pairs and next tokens that are printed


@app.command("build")
def build(
    source: Annotated[str, typer.Argument(help="JSONL, CSV, Parquet, a folder of .txt files, or a data set.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    tokenizer: Annotated[
        str | None, typer.Option("--tokenizer", help="Model or tokenizer.json that makes the tokens; else bytes.")
    ] = None,
    text_column: TextColumn = None,
    dtype: Annotated[str, typer.Option("--dtype", help="auto, u8, u16 or u32: bytes per token.")] = "auto",
    shard_tokens: Annotated[int, typer.Option("--shard-tokens", help="Tokens sorted in memory at a time.")] = 1 << 27,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an index that is there.")] = False,
    limit: o.Limit = None,
    quiet: o.Quiet = False,
    config: o.Config = None,
) -> None:
    """Sort a corpus once, so that every later question takes microseconds."""
    from byheart.cli.gate import begin
    from byheart.data.text.read import read
    from byheart.index import build_index

    begin(quiet)
    corpus = read(source, text_column=text_column, limit=limit, minimum=1)
    index = build_index(
        corpus, out, tokenizer=_tokenizer(tokenizer), dtype=dtype, shard_tokens=shard_tokens, overwrite=overwrite
    )
    size = sum(f.stat().st_size for f in out.iterdir()) / max(1, index.n_tokens)
    what = "tokens" if tokenizer else "bytes of text"
    print(f"{out}: {index.n_tokens:,} {what} of {index.n_docs:,} documents, {size:.1f} bytes on disk for each.")


@app.command("count")
def count(
    path: Index,
    text: Annotated[str, typer.Argument(help="What to count, exactly as it stands.")],
    following: Annotated[int, typer.Option("--next", help="Show so many of the tokens that follow.")] = 0,
    as_json: AsJson = False,
) -> None:
    """How often a text stands in the corpus, and what follows it."""
    from byheart.index import open_index
    from byheart.index.chance import expected_count

    index = open_index(path)
    ids = index.encode(text)
    n, expected = index.count(ids), expected_count(ids, index.unigrams)
    after = sorted(index.count_next(ids).items(), key=lambda kv: (-kv[1], kv[0]))[:following] if following else []
    told = [{"token": token, "text": index.decode([token]), "count": times} for token, times in after]
    if as_json:
        found = {"count": n, "tokens": len(ids), "expected_in_any_order": expected, "corpus_tokens": index.n_tokens}
        print(json.dumps({**found, "next": told} if following else found))
        return
    print(
        f"{n:,} times in {index.n_tokens:,} tokens ({len(ids)} tokens long; {expected:.3g} times if tokens stood in "
        "any order)"
    )
    for row in told:
        print(f"  {row['count']:>12,}  {row['text']!r}")


@app.command("trace")
def trace(
    path: Index,
    text: Annotated[str | None, typer.Argument(help="The text to trace; or give --file.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file with the text to trace.")] = None,
    min_tokens: Annotated[
        int | None, typer.Option("--min-tokens", help="Shortest span; default, longer than chance gives.")
    ] = None,
    held_out: Annotated[
        str | None, typer.Option("--held-out", help="Like text that is not in the corpus: what does chance give?")
    ] = None,
    text_column: TextColumn = None,
    sources: Annotated[int, typer.Option("--sources", help="Places shown per span.")] = 10,
    seed: o.Seed = 0,
    show_text: Show = False,
    as_json: AsJson = False,
) -> None:
    """Which stretches of a text stand word for word in the corpus, in which documents, and is that more than chance?"""
    from byheart.index import open_index

    index = open_index(path)
    ids = index.encode(_text(text, file))
    others = [index.encode(t) for t in _texts(held_out, text_column)] if held_out else []
    chance = index.chance(ids.size, others)
    least = min_tokens or (int(chance.expected) + 1 if chance.expected < ids.size else 1)
    spans = index.maximal_spans(ids, least, sources=sources, chance=chance, seed=seed)
    if as_json:
        print(json.dumps({"tokens": len(ids), "spans": [_as_json(index, s, ids, show_text) for s in spans]}))
        return
    windows = f"; held-out windows of that length ({chance.held_out.size}): {_middle(chance.held_out)}"
    print(
        f"{len(ids):,} tokens against {index.n_tokens:,} of {index.n_docs:,} documents. By chance alone, the longest "
        f"match of random text is {chance.expected:.1f} tokens{windows if others else ''}."
    )
    for line in _span_lines(index, spans, ids, show_text):
        print(line)
    if not others:
        print("Real text repeats itself more than random text: give like text of your own with --held-out to compare.")


@app.command("dedup")
def dedup(
    path: Index,
    min_tokens: Annotated[int, typer.Option("--min-tokens", help="Shortest stretch that counts.")] = 50,
    out: Annotated[Path | None, typer.Option("--out", help="Write all ranges to this CSV file.")] = None,
    show_text: Show = False,
    as_json: AsJson = False,
) -> None:
    """What stands more than once in the corpus, and how much of it could go."""
    from byheart.index import open_index

    index = open_index(path)
    report = index.duplicates(min_tokens)
    if out is not None:
        _write_rows(out, ("document", "start", "end", "copies"), _named(index, report.ranges, report.copies))
    if as_json:
        print(json.dumps({
            "min_tokens": min_tokens, "tokens": report.n_tokens, "duplicated": report.n_duplicated,
            "removable": report.n_removable, "ranges": len(report.ranges),
        }))  # fmt: skip
        return
    print(
        f"{report.n_duplicated:,} of {report.n_tokens:,} tokens ({report.share:.2%}) stand in a stretch of at least "
        f"{min_tokens} that occurs again; {report.n_removable:,} ({report.removable_share:.2%}) could go, keeping the "
        "first of each."
    )
    longest = sorted(range(len(report.ranges)), key=lambda i: int(report.ranges[i, 1] - report.ranges[i, 2]))[:SHOWN]
    for i in longest:
        doc, a, b = (int(x) for x in report.ranges[i])
        whole = f"{report.copies[i]:,} times" if report.copies[i] > 1 else "in parts only"
        said = f"  {index.decode(index.document(doc)[a:b])!r}" if show_text else ""
        print(f"  {index.document_name(doc)}: tokens {a:,}-{b:,}, {whole}{said}")


@app.command("neardup")
def neardup(
    source: Annotated[str, typer.Argument(help="JSONL, CSV, Parquet, a folder of .txt files, or a data set.")],
    threshold: Annotated[float | None, typer.Option("--threshold", help="Default 0.8; 0.95 with --semantic.")] = None,
    ngram: Annotated[int, typer.Option("--ngram", help="Words per run.")] = 5,
    engine: Annotated[str, typer.Option("--engine", help="rensa or datasketch: who makes the hashes.")] = "rensa",
    semantic: Annotated[str | None, typer.Option("--semantic", help="By meaning instead: wordllama or minilm.")] = None,
    text_column: TextColumn = None,
    limit: o.Limit = None,
    seed: o.Seed = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Write all pairs to this CSV file.")] = None,
    quiet: o.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Which records are nearly the same, word for word or by meaning?"""
    from byheart.cli.gate import begin
    from byheart.data.text.read import read

    begin(quiet)
    corpus = read(source, text_column=text_column, limit=limit, minimum=1)
    pairs, alike, removable, note = _alike(corpus.texts, threshold, ngram, engine, semantic, seed)
    rows = [(corpus.ids[a], corpus.ids[b], round(float(s), 6)) for (a, b), s in zip(pairs, alike, strict=True)]
    if out is not None:
        _write_rows(out, ("first", "second", "similarity"), rows)
    if as_json:
        print(json.dumps({"records": len(corpus), "pairs": len(rows), "removable": removable}))
        return
    print(
        f"{len(rows):,} pairs among {len(corpus):,} records; {removable:,} could go, keeping the first of each. {note}"
    )
    for a, b, s in sorted(rows, key=lambda row: -row[2])[:SHOWN]:
        print(f"  {s:.3f}  {a}  {b}")


def _alike(
    texts: list[str], threshold: float | None, ngram: int, engine: str, semantic: str | None, seed: int
) -> tuple[np.ndarray, np.ndarray, int, str]:
    """Pairs, their similarity, how many could go, and what to know of the threshold."""
    if semantic is not None:
        from byheart.index.semantic_duplicates import semantic_duplicates
        from byheart.models.text.text_embedding import load_text_embedding

        same = semantic_duplicates(texts, load_text_embedding(semantic), threshold or 0.95, seed=seed)
        note = f"{same.random_share:.2%} of random pairs are as near."
        return same.pairs, same.cosine, int(same.removable.sum()), note
    from byheart.index.near_duplicates import near_duplicates

    near = near_duplicates(texts, 0.8 if threshold is None else threshold, ngram=ngram, engine=engine, seed=seed)
    note = f"A pair exactly at {near.threshold} is found with probability {near.recall:.3f}."
    return near.pairs, near.jaccard, int(near.removable.sum()), note


def _tokenizer(name: str | None) -> Any:
    """A tokenizer from a file, a folder, or wherever a model comes from."""
    if name is None:
        return None
    from byheart.core.errors import TargetError
    from byheart.index.tokenizer import saved_tokenizer

    path = Path(name)
    if path.is_dir() and (path / "tokenizer.json").is_file():
        path = path / "tokenizer.json"
    if not path.is_file() or path.suffix == ".gguf":
        from byheart.models.text.weights import locate

        path = locate(name) / "tokenizer.json"
    try:
        return saved_tokenizer(path)
    except Exception as e:  # the library raises bare exceptions
        raise TargetError(f"{path} is no tokenizer.json ({e}); save the model's fast tokenizer") from e


def _text(text: str | None, file: Path | None) -> str:
    from byheart.core.errors import DataError, UsageError

    if (text is None) == (file is None):
        raise UsageError("give the text to trace, or --file with it, and not both")
    if file is None:
        return text or ""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise DataError(f"{file} is not UTF-8: byte {e.start} is 0x{e.object[e.start]:02x}") from None


def _texts(source: str, text_column: str | None) -> list[str]:
    from byheart.data.text.read import read

    return read(source, role="nonmember", text_column=text_column, minimum=1).texts


def _middle(lengths: np.ndarray) -> str:
    if not lengths.size:
        return "none is so long; give longer texts"
    ordered = sorted(int(n) for n in lengths)
    return f"median {ordered[len(ordered) // 2]}, longest {ordered[-1]}"


def _span_lines(index: CorpusIndex, spans: list[Span], ids: np.ndarray, show_text: bool) -> Iterator[str]:
    if not spans:
        yield "No stretch is longer than that."
    for span in sorted(spans, key=lambda s: -s.length):
        p = "" if span.p != span.p else f", p {span.p:.3g} on held-out text"
        said = f"  {index.decode(ids[span.start : span.end])!r}" if show_text else ""
        yield f"tokens {span.start:,}-{span.end:,} ({span.length:,}), {span.count:,} times{p}{said}"
        name: Callable[[int], str] = index.document_name
        for doc, offset in span.sources:
            yield f"    {name(int(doc))} at token {offset:,}"


def _as_json(index: CorpusIndex, span: Span, ids: np.ndarray, show_text: bool) -> dict[str, Any]:
    made = {
        "start": span.start, "end": span.end, "tokens": span.length, "count": span.count,
        "longest_by_chance": span.expected, "p_held_out": None if span.p != span.p else span.p,
        "log_unigram": span.log_unigram,
        "sources": [{"document": index.document_name(int(d)), "token": int(t)} for d, t in span.sources],
    }  # fmt: skip
    return {**made, "text": index.decode(ids[span.start : span.end])} if show_text else made


def _named(index: CorpusIndex, ranges: np.ndarray, copies: np.ndarray) -> Iterator[tuple[Any, ...]]:
    for (doc, a, b), n in zip(ranges, copies, strict=True):
        yield index.document_name(int(doc)), int(a), int(b), int(n)


def _write_rows(path: Path, header: tuple[str, ...], rows: Any) -> None:
    import csv

    from byheart.core.atomic import replacing

    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(header)
        writer.writerows(rows)
