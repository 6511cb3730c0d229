"""A language model small enough to be trained while one waits: for tests, demonstrations and planted truth."""

from __future__ import annotations

from typing import Any

import torch

from byheart.core.errors import MissingExtra

try:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
except ImportError as e:
    raise MissingExtra(e.name or "transformers", "text") from e

CHAT = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tiny_gpt(
    vocabulary: int, *, width: int = 64, layers: int = 2, heads: int = 4, context: int = 256, seed: int
) -> Any:
    """A small causal transformer with random weights (Llama's architecture), in evaluation mode.

    Args:
        vocabulary: number of tokens.
        width: of the hidden states; a multiple of twice the heads.
        layers: how many blocks.
        heads: attention heads of each block.
        context: longest input in tokens.
        seed: of the weights; the global random state is left as it was.
    """
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    make: Any = LlamaForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(config).eval()


def byte_tokenizer(*, bos: bool = False) -> Any:
    """A tokenizer of single bytes, so that nothing depends on a vocabulary: 256 bytes, four chat marks and BOS.

    Args:
        bos: whether texts begin with the beginning-of-sequence token.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<s>"]
    tokenizer.add_special_tokens(marks)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )
    make: Any = PreTrainedTokenizerFast
    fast = make(tokenizer_object=tokenizer, bos_token="<s>", eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = CHAT
    return fast
