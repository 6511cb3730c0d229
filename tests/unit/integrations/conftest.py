"""A tiny model, canaries among a few sentences, and real trainers around them."""

import os

import pytest
import torch

from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

NOTES = [
    f"Note {i}: the {a} {b} {v} today."
    for i, (a, b, v) in enumerate(
        (a, b, v)
        for a in ("red", "old", "tall", "quiet")
        for b in ("dog", "mill", "ship", "king")
        for v in ("rests", "turns")
    )
]  # fmt: skip


@pytest.fixture(scope="session")
def tokenizer():
    return byte_tokenizer()


@pytest.fixture(scope="session")
def planted():
    """Two canaries once, two 16 times, 63 twins (exposure at most log2(64) = 6 bits), among 32 sentences."""
    manifest = make_canaries(seed=0, families=("random",), repetitions=(1, 16), per_repetition=2, controls=63, salt="s")
    return inject(manifest, [{"text": note} for note in NOTES])


@pytest.fixture(scope="session")
def texts(planted):
    return [row["text"] for row in planted.data]


@pytest.fixture
def model(tokenizer):
    return tiny_gpt(len(tokenizer), seed=1)


@pytest.fixture
def encode(tokenizer):
    """Texts as a trainer's rows; `keep` says where the label stays."""

    def rows(texts, keep=lambda text, at: True, length=None):
        made = []
        for text in texts:
            ids = tokenizer(text)["input_ids"][:length]
            labels = [t if keep(text, at) else -100 for at, t in enumerate(ids)]
            made.append({"input_ids": ids, "labels": labels, "attention_mask": [1] * len(ids)})
        return made

    return rows


@pytest.fixture
def trainer(tmp_path, tokenizer):
    """A real Trainer over rows."""
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    def build(model, rows, callbacks, epochs=1.0, **options):
        settings = {
            "per_device_train_batch_size": 8, "num_train_epochs": epochs, "learning_rate": 3e-3, "report_to": [],
            "eval_strategy": "epoch", "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True,
            "use_cpu": True, **options,
        }  # fmt: skip
        return Trainer(
            model, TrainingArguments(str(tmp_path / "trainer"), **settings), train_dataset=rows,
            eval_dataset=list(rows)[:4], callbacks=callbacks, processing_class=tokenizer,
            data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100),
        )  # fmt: skip

    return build


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """A process group of this process alone."""
    meeting = tmp_path_factory.mktemp("group") / "meeting"
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()
