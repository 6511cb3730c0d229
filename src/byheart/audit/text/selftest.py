"""Does the instrument find planted memorization, and stay silent without it?

A tiny language model is trained here, for real, on records and canaries of known fate; then it is audited twice. The
positive control names the records it was trained on as members; the negative control names records it never saw. The
first audit must show something, the second nothing.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.check import Check
from byheart.audit.text.audit_text import audit_text
from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.core.verdict import Verdict
from byheart.data.canaries.canaries import Manifest, make_canaries

if TYPE_CHECKING:
    from byheart.models.text.causal_lm import CausalLM

log = logging.getLogger(__name__)

N_RECORDS = 60
SUBJECTS = ["clerk", "pilot", "baker", "nurse", "judge", "miner", "tutor", "scout", "guard", "envoy"]
VERBS = ["signed", "mended", "counted", "painted", "carried", "checked", "wrapped", "opened", "buried", "sorted"]
OBJECTS = ["ledgers", "lanterns", "parcels", "windows", "bridges", "barrels", "letters", "curtains", "engines", "masks"]
PLACES = ["harbour", "market", "station", "chapel", "orchard", "quarry", "archive", "theatre", "foundry", "meadow"]


def selftest(*, seed: int = 0) -> list[Check]:
    """Train a tiny model and audit it with a known answer, twice. Takes about a minute on two cores."""
    sentences = made_up_records(3 * N_RECORDS, seed=seed)
    trained, held_out, never = (sentences[i * N_RECORDS : (i + 1) * N_RECORDS] for i in range(3))
    manifest = make_canaries(seed=seed, families=("random",), repetitions=(1, 8), per_repetition=4, controls=40)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "canaries.json"
        manifest.save(path)
        log.info("Training a tiny language model on %d records and %d canaries.", N_RECORDS, len(manifest.planted))
        model = _trained(trained, manifest, seed)
        positive = _audit(model, trained, held_out, path, Path(folder) / "positive", seed)
        negative = _audit(model, never, held_out, None, Path(folder) / "negative", seed)
    return [_found("positive", positive, wanted=True), _found("negative", negative, wanted=False)]


def made_up_records(n: int, *, seed: int) -> list[str]:
    """Sentences of chosen words and digits, no two alike."""
    rng, found = generator(seed, "made-up records"), dict[str, None]()
    while len(found) < n:
        words = [str(rng.choice(list_)) for list_ in (SUBJECTS, VERBS, OBJECTS, PLACES, SUBJECTS, VERBS, OBJECTS)]
        a, b, c, d, e, f, g = words
        found[f"The {a} {b} {rng.integers(10, 99)} {c} at the {d} and the {e} {f} {rng.integers(10, 99)} {g}."] = None
    return list(found)


def _trained(records: Sequence[str], manifest: Manifest, seed: int) -> CausalLM:
    from byheart.models.text.causal_lm import CausalLM
    from byheart.models.text.train import train
    from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

    tokenizer = byte_tokenizer(bos=True)
    module = tiny_gpt(len(tokenizer), width=96, layers=2, context=160, seed=seed)
    model = CausalLM(module, tokenizer, name="tiny model of the self-test")
    texts = [*records, *(c.text for c in manifest.planted for _ in range(c.repetitions))]
    train(module, [model.encode(t) for t in texts], epochs=45, batch_size=16, lr=4e-3, seed=seed)
    return CausalLM(module, tokenizer, name=model.name)


def _audit(
    model: Any, members: Sequence[str], control: Sequence[str], canaries: Path | None, out: Path, seed: int
) -> list[Verdict]:
    sides = [Corpus.of(list(t), r) for t, r in ((members, "member"), (control, "nonmember"))]
    sides[1] = replace(sides[1], groups=np.array([f"control-{g}" for g in sides[1].groups], dtype=object))
    return audit_text(model, *sides, canaries=canaries, out=out, seed=seed).verdicts


def _found(name: str, verdicts: Sequence[Verdict], *, wanted: bool) -> Check:
    shown = [v.method for v in verdicts if v.decision == "shown"]
    needed = {"exposure", "loss"} if wanted else set()
    passed = needed <= set(shown) if wanted else not shown
    what = f"{len(shown)} of {len(verdicts)} claims shown" + (f" ({', '.join(shown)})" if shown else "")
    return Check(name, passed, what)
