"""Which words of a chain of reasoning follow the training texts? A tiny model, its corpus, and a page to look at.

A model of bytes learns some sentences by heart. Then it reasons about them, and every token is put beside the corpus:
the words right before it, the words it wrote itself, the words of the question.
"""

import json
import tempfile
from pathlib import Path

from byheart.audit.chain.audit_chains import audit_chains
from byheart.audit.text.selftest import made_up_records
from byheart.index import build_index
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.report.chain.part import headline, told
from byheart.report.evidence import Evidence


def main() -> None:
    """Train, index, explain, in under a minute."""
    texts = made_up_records(60, seed=1)
    tokenizer = byte_tokenizer(bos=True)
    module = tiny_gpt(len(tokenizer), width=64, layers=2, context=256, seed=0)
    model = CausalLM(module, tokenizer, name="tiny")
    train(module, [model.encode(t) for t in texts], epochs=30, batch_size=16, lr=4e-3, seed=0)
    model = CausalLM(module, tokenizer, name="tiny")

    folder = Path(tempfile.mkdtemp())
    build_index(texts, folder / "index", tokenizer=tokenizer, names=[f"sentence {i}" for i in range(len(texts))])
    chains = [{"prompt": t[:30], "question": t[:30].strip()} for t in texts[:4]]
    source = folder / "chains.jsonl"
    source.write_text("\n".join(map(json.dumps, chains)) + "\n", encoding="utf-8")

    run = audit_chains(model, source, folder / "index", out=folder / "run", new_tokens=50)
    evidence = Evidence.of(run)
    print(headline(evidence))
    print("\n".join(told(evidence, show_text=True, most=5)))
    print(f"Page: {run.path / 'report.html'}")


if __name__ == "__main__":
    main()
