"""Fine-tune with canaries planted in the data, watch them at every evaluation, audit the model at the end.

Run it: python examples/trainer_callback.py   (under a minute on one core; everything is written below runs/callback)
The model is tiny and random, so that nothing is downloaded; with a real one only `model` and `tokenizer` change.
"""

import logging
from pathlib import Path

from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.integrations import MemorizationCallback
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

PLACES = ("river", "market", "harbour", "tower", "garden")
PEOPLE = ("baker", "miller", "sailor", "painter", "teacher", "weaver", "carter", "mason")
OUT = Path("runs/callback")


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("byheart.integrations").setLevel(logging.INFO)
    notes = [f"The {a} meets the {b} at the {p}." for p in PLACES for a in PEOPLE for b in PEOPLE if a != b]
    members, control = notes[::2], notes[1::2]

    # 1. Draw canaries and their twins; plant the canaries in the training data. The twins stay out.
    canaries = make_canaries(seed=0, families=("random",), repetitions=(1, 4, 16), per_repetition=4, controls=127)
    planted = inject(canaries, [{"text": note} for note in members])

    # 2. Tokenise as ever.
    tokenizer = byte_tokenizer()
    model = tiny_gpt(len(tokenizer), width=64, seed=0)
    rows = [tokenizer(row["text"]) for row in planted.data]
    rows = [{**row, "labels": row["input_ids"]} for row in rows]

    # 3. Train with the callback. It refuses to begin if the canaries could tell nothing.
    trainer = Trainer(
        model,
        TrainingArguments(
            str(OUT / "checkpoints"), num_train_epochs=4, per_device_train_batch_size=8, learning_rate=3e-3,
            eval_strategy="epoch", save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True,
        ),
        train_dataset=rows,
        eval_dataset=[{**row, "labels": row["input_ids"]} for row in map(tokenizer, control[:16])],
        data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100),
        processing_class=tokenizer,
    )  # fmt: skip
    data = [row["text"] for row in planted.data]
    callback = MemorizationCallback(planted.manifest, members=data, control=control, out=OUT / "watch")
    callback.attach(trainer)
    trainer.train()


if __name__ == "__main__":
    main()
