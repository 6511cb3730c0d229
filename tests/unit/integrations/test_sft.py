"""TRL's SFTTrainer, with an adapter, completions, chats, packing and padding-free batches; real, a few steps each."""

import json
import warnings

import pytest
from datasets import Dataset

from byheart.core.errors import DataError
from byheart.data.canaries.canaries import make_canaries
from byheart.data.canaries.inject import inject
from byheart.integrations import MemorizationCallback
from byheart.models.toy.tiny import tiny_gpt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from trl import SFTConfig, SFTTrainer

MANIFEST = make_canaries(
    seed=3, families=("random", "card"), repetitions=(1, 8), per_repetition=1, controls=31, salt="s"
)
THINGS = ["mill", "ship", "king", "bell", "lamp", "gate", "boat", "hill"]
TEXTS = [{"text": f"The {t} stands by the river."} for t in THINGS]
PAIRS = [{"prompt": f"Where is the {t}?\n", "completion": f"The {t} stands by the river."} for t in THINGS]
CHATS = [
    {"messages": [{"role": "user", "content": p["prompt"]}, {"role": "assistant", "content": p["completion"]}]}
    for p in PAIRS
]
MARKED = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}<|assistant|>"
    "{% generation %}{{ m['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def sft(tmp_path, tokenizer):
    def build(records, callback, **options):
        settings = {
            "per_device_train_batch_size": 8, "num_train_epochs": 1, "learning_rate": 3e-3, "report_to": [],
            "eval_strategy": "epoch", "save_strategy": "no", "disable_tqdm": True, "use_cpu": True, "max_length": 200,
            "bf16": False, "gradient_checkpointing": False, **options,
        }  # fmt: skip
        peft = settings.pop("peft", None)
        rows = Dataset.from_list(records)
        return SFTTrainer(
            tiny_gpt(len(tokenizer), seed=1), args=SFTConfig(str(tmp_path / "sft"), **settings), train_dataset=rows,
            eval_dataset=rows.select(range(4)), processing_class=tokenizer, callbacks=[callback], peft_config=peft,
        )  # fmt: skip

    return build


@pytest.fixture
def watching(tmp_path):
    return lambda manifest, **options: MemorizationCallback(manifest, out=tmp_path / "watch", **options)


def last(callback):
    return json.loads(callback.history.path.read_text().splitlines()[-1])


PACKED = {"packing": True, "packing_strategy": "wrapped", "max_length": 500, "per_device_train_batch_size": 1}
FLAT = {"padding_free": True, "max_length": None}


@pytest.mark.parametrize("packing", [{}, PACKED, FLAT], ids=["padded", "packed", "flat"])
@pytest.mark.filterwarnings("ignore")  # TRL has much to say about attention kernels
def test_texts_padded_packed_and_padding_free(sft, watching, packing):
    planted = inject(MANIFEST, TEXTS)
    callback = watching(planted.manifest)
    sft(planted.data, callback, **packing).train()
    assert last(callback)["byheart_exposure_mean"] >= 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_adapter_on_completions(sft, watching):
    """The loss is on the completion, which holds the secret; the adapter alone learns."""
    from peft import LoraConfig

    planted = inject(MANIFEST, PAIRS)
    assert planted.manifest.data["layout"] == "prompt"
    lora = LoraConfig(r=16, lora_alpha=64, target_modules="all-linear", task_type="CAUSAL_LM")
    callback = watching(planted.manifest)
    often = {"max_steps": 200, "learning_rate": 2e-2, "eval_strategy": "steps", "eval_steps": 50}
    run = sft(planted.data, callback, peft=lora, **often)
    run.train()
    told = [row for row in run.state.log_history if "byheart_exposure_x8" in row]
    assert [row["step"] for row in told] == [50, 100, 150, 200]
    assert told[-1]["byheart_exposure_x8"] == 5  # log2(32): above every twin, which chance does in 1 of 1024 cases
    assert run.model.peft_config


@pytest.mark.filterwarnings("ignore")
def test_chats_with_the_loss_on_the_assistant(sft, watching, tokenizer, caplog):
    planted = inject(MANIFEST, CHATS)
    assert planted.manifest.data["layout"] == "chat"
    callback = watching(planted.manifest)
    plain, tokenizer.chat_template = tokenizer.chat_template, MARKED
    try:
        sft(planted.data, callback, assistant_only_loss=True).train()
    finally:
        tokenizer.chat_template = plain
    assert last(callback)["byheart_extracted"] == 0
    assert "behind other words" not in caplog.text


@pytest.mark.filterwarnings("ignore")
def test_refuses_secrets_in_prompts(sft, watching):
    planted = inject(MANIFEST, PAIRS)
    turned = [{"prompt": r["completion"] + " ", "completion": "Is that so, and since when?"} for r in planted.data]
    run = sft(turned, watching(planted.manifest))
    with pytest.raises(DataError, match=r"4 of 4 planted canaries .* stand on the prompt's side"):
        run.train()


@pytest.mark.filterwarnings("ignore")
def test_refuses_secrets_in_the_users_turn(sft, watching, tokenizer):
    planted = inject(MANIFEST, CHATS)
    said = [r["messages"][1]["content"] for r in planted.data]
    turned = [{"messages": [{"role": "user", "content": s}, {"role": "assistant", "content": "Good."}]} for s in said]
    plain, tokenizer.chat_template = tokenizer.chat_template, MARKED
    try:
        run = sft(turned, watching(planted.manifest), assistant_only_loss=True)
        with pytest.raises(DataError, match=r"4 of 4 planted canaries .* stand on the prompt's side"):
            run.train()
    finally:
        tokenizer.chat_template = plain


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["keep_start", "keep_end"])
def test_refuses_what_max_length_cuts_off(sft, watching, mode):
    planted = inject(MANIFEST, TEXTS)
    with pytest.raises(DataError, match=r"cut off .*rows have at most 12 tokens"):
        sft(planted.data, watching(planted.manifest), max_length=12, truncation_mode=mode).train()
