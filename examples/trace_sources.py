"""Which training documents does this text come from? Index a corpus, then trace what a model said.

Run: python examples/trace_sources.py CORPUS.jsonl "what the model said"   (needs the extra index)
Without arguments it indexes the example data, and traces a text spliced from two of its records.
"""

import json
import sys
import tempfile
from pathlib import Path

from byheart import read
from byheart.index import build_index

DATA = Path(__file__).parent / "data" / "jargon.jsonl"


def example():
    """The example data as plain texts."""
    return [json.loads(line)["text"] for line in DATA.read_text(encoding="utf-8").splitlines()]


def spliced(texts):
    """A text with a stretch from two records, and words of its own around them."""
    return f"As I recall it: {texts[3][20:140]} ... and then, someone said, {texts[11][10:90]}, more or less."


def main():
    corpus = read(sys.argv[1] if len(sys.argv) > 1 else example())
    held_out = corpus.take(range(0, len(corpus), 5))  # every fifth record stays out: what does chance alone give?
    indexed = corpus.take([i for i in range(len(corpus)) if i % 5])
    text = sys.argv[2] if len(sys.argv) > 2 else spliced(indexed.texts)

    with tempfile.TemporaryDirectory() as folder:
        index = build_index(indexed, f"{folder}/index")  # without a tokenizer: UTF-8 bytes
        ids = index.encode(text)
        chance = index.chance(ids.size, [index.encode(t) for t in held_out.texts])
        print(f"{index.n_tokens:,} bytes in {index.n_docs:,} documents; {ids.size} bytes are traced.")
        longest = chance.held_out.max(initial=0)
        print(f"Longest match by chance: {chance.expected:.1f} in random text, {longest} in held-out text.")
        for span in index.maximal_spans(ids, min_len=int(chance.expected) + 1, chance=chance, sources=3):
            if chance.held_out.size and chance.p(span.length) > 0.05:
                continue  # held-out text has matches as long
            names = ", ".join(index.document_name(int(doc)) for doc, _ in span.sources)
            print(f"{span.length} bytes, {span.count} times, p {span.p:.3f}, in {names}:")
            print(f"    {index.decode(ids[span.start : span.end])!r}")


if __name__ == "__main__":
    main()
