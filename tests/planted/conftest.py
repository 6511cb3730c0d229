"""Tiny models that were really trained, once a session, on records and canaries of known fate."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_model, save_model

from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.selftest import made_up_records
from byheart.core.corpus import Corpus
from byheart.core.run import RunFolder
from byheart.data.canaries.canaries import Manifest, make_canaries
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


def trained(texts, *, seed, width=64, layers=2, epochs=8, batch_size=16, lr=4e-3):
    """A tiny model after some epochs on these texts; an untrained one for 0 epochs."""
    tokenizer = byte_tokenizer(bos=True)
    module = tiny_gpt(len(tokenizer), width=width, layers=layers, context=160, seed=seed)
    model = CausalLM(module, tokenizer, name="tiny")
    if epochs:
        train(module, [model.encode(t) for t in texts], epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    return CausalLM(module, tokenizer, name="tiny")  # its digest is that of the trained weights


def sides(members, control):
    """Members and control, with ids and groups of their own."""
    known, unseen = Corpus.of(members, "member"), Corpus.of(control, "nonmember")
    return known, replace(unseen, groups=np.array([f"control {g}" for g in unseen.groups], dtype=object))


@dataclass(frozen=True)
class Planted:
    """A model with what it was trained on, and the folder its audit wrote."""

    model: Any
    members: list[str]
    control: list[str]
    manifest: Manifest
    path: Path

    def audit(self, model, out):
        """An audit of any model with these records and canaries; verdicts by method, and the run."""
        known, unseen = sides(self.members, self.control)
        run = audit_text(model, known, unseen, canaries=self.path, out=out)
        return {v.method: v for v in run.verdicts}, run


@pytest.fixture(scope="session")
def planted(made_once):
    """20 members seen 128 times each; canaries seen 16, 64 and 256 times (1, 4, 16 repetitions over 16 epochs)."""
    sentences = made_up_records(60, seed=4)  # for one seed in 50, as for 3, chance makes blind refuse
    members, control = sentences[:20], sentences[20:]
    manifest = make_canaries(seed=3, families=("random",), repetitions=(1, 4, 16), per_repetition=4, controls=60)

    def train_on_all(folder):
        manifest.save(folder / "canaries.json")
        texts = [*members * 8, *(c.text for c in manifest.planted for _ in range(c.repetitions))]
        save_model(trained(texts, seed=0, epochs=16, lr=6e-3).module, folder / "weights.safetensors")

    folder = made_once("planted", train_on_all)
    model = trained([], seed=0, epochs=0)
    load_model(model.module, folder / "weights.safetensors")
    model = CausalLM(model.module, model.tokenizer, name="tiny")  # its digest is that of the trained weights
    return Planted(model, members, control, manifest, folder / "canaries.json")


@pytest.fixture(scope="session")
def audited(planted, made_once):
    """Verdicts by method, and the run folder, of the planted model's audit."""
    run = RunFolder.existing(made_once("audited", lambda folder: planted.audit(planted.model, folder / "run")) / "run")
    return {v.method: v for v in run.verdicts}, run
