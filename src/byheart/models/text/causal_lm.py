"""How does a causal language model of transformers answer what byheart asks?

The model is used as it is: evaluation mode, no gradient, no resized vocabulary. A PEFT adapter can be taken off for
the time of a `with` block, which gives the base model without a second copy in memory.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.core.digest import digest_json
from byheart.core.errors import MissingExtra
from byheart.core.target import Encoded, LanguageModel, Prefix
from byheart.models.text.body_and_head import cut
from byheart.models.text.generation import continue_prompts
from byheart.models.text.shared_prefix import SharedPrefix, read_prefix
from byheart.models.text.text_codec import TextCodec
from byheart.models.text.weights import Weights, fingerprint, open_weights

try:
    import transformers  # noqa: F401 (its absence is told here, by name)
except ImportError as e:
    raise MissingExtra("transformers", "text") from e

UNLIMITED = 1 << 16


class CausalLM:
    """A causal language model of transformers and its tokenizer, as a `LanguageModel`.

    Args:
        module: the model, a `PreTrainedModel`, or a `PeftModel` around one.
        tokenizer: its tokenizer, a fast one.
        name: what reports call it.
        digest: fingerprint of weights, configuration and tokenizer; made from the tensors if None.
        base_digest: the same without the adapter; made from the tensors if None.
        opener: opens the same model in another process; by default carries the model itself.

    Raises:
        TargetError: if the tokenizer does not fit the model.
    """

    def __init__(
        self,
        module: Any,
        tokenizer: Any,
        *,
        name: str = "",
        digest: str | None = None,
        base_digest: str | None = None,
        opener: Callable[[], LanguageModel] | None = None,
    ) -> None:
        self.module = module.eval()
        self._inner = (
            module.get_base_model() if hasattr(module, "peft_config") and hasattr(module, "get_base_model") else module
        )
        config = self._inner.config.get_text_config()
        self.vocabulary = int(self._inner.get_input_embeddings().weight.shape[0])
        self.codec = TextCodec(tokenizer, self.vocabulary)
        self.tokenizer, self.front = tokenizer, self.codec.front
        self.context = _context(config, tokenizer)
        self.device = self._inner.get_input_embeddings().weight.device
        self.name = name or str(getattr(config, "name_or_path", "")) or config.model_type
        self.halves = cut(self._inner)
        self.digest = digest or _digest_live(module, tokenizer)
        self._base_digest = base_digest
        self.opener = opener or partial(CausalLM, module, tokenizer, name=name, digest=self.digest)

    def encode(self, item: Any) -> Encoded:
        """A record (text, list of chat messages, prompt and completion) as tokens."""
        return self.codec.encode(item)

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text."""
        return self.codec.decode(ids)

    @torch.no_grad()
    def hidden(self, ids: torch.Tensor, *, prefix: Prefix | None = None) -> torch.Tensor:
        """Last hidden states (texts, tokens, width) of right-padded ids (texts, tokens), after an optional prefix."""
        ids = ids.to(self.device).long()
        if prefix is None:
            return self.halves.body(ids, use_cache=False)
        if isinstance(prefix, SharedPrefix) and prefix.cache is not None:
            return self.halves.body(ids, past_key_values=prefix.spread(len(ids)), use_cache=True)
        context = torch.from_numpy(np.asarray(prefix.ids)).to(ids).expand(len(ids), -1)
        return self.halves.body(torch.cat([context, ids], dim=1), use_cache=False)[:, context.shape[1] :]

    @torch.no_grad()
    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Next-token logits, float32 (positions, vocabulary), of hidden states (positions, width)."""
        return self.halves.head(hidden)

    @torch.no_grad()
    def read_prefix(self, ids: np.ndarray) -> SharedPrefix:
        """Read a context once, to be shared by many texts."""
        return read_prefix(ids, self.halves.body, self._inner.config, self.device)

    def generate(
        self,
        prompts: Sequence[np.ndarray],
        n_new: int,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Continue each prompt (tokens,) by n_new tokens; temperature 0 is greedy; one seed per prompt otherwise."""
        return continue_prompts(
            self.module, prompts, n_new, temperature=temperature, top_k=top_k, top_p=top_p, seeds=seeds
        )

    def base(self) -> AbstractContextManager[LanguageModel] | None:
        """The model without its adapter, for the time of a `with` block; None if it has no adapter."""
        return self._bare() if self._inner is not self.module else None

    @contextmanager
    def _bare(self) -> Iterator[LanguageModel]:
        bare = copy.copy(self)
        with self.module.disable_adapter():
            bare.digest = self._base_digest or _digest_live(self._inner, self.tokenizer, skip="lora_")
            bare.name = f"{self.name} without its adapter"
            yield bare


def load_text_model(
    source: str | Path | tuple[Any, Any],
    *,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
    trust_remote_code: bool = False,
) -> LanguageModel:
    """Open a causal language model.

    Args:
        source: a local folder, a hub id, a `.gguf` file, a PEFT adapter folder, a shipped name (`smollm2`), or a live
            (model, tokenizer) pair.
        device: `auto` takes a GPU where there is one.
        dtype: `auto` is float32 on a CPU and the type of the weights on a GPU.
        trust_remote_code: accept code and pickled weights that come with the model.

    Returns:
        The model, in evaluation mode.

    Raises:
        TargetError: if the model, its weights or its tokenizer cannot be used; one line says why.
    """
    if isinstance(source, tuple):
        return CausalLM(*source)
    place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    weights: Weights = open_weights(str(source), place, dtype, trust_remote_code)
    return CausalLM(
        weights.module,
        weights.tokenizer,
        name=weights.name,
        digest=weights.digest,
        base_digest=weights.base_digest,
        opener=partial(load_text_model, str(source), device=device, dtype=dtype, trust_remote_code=trust_remote_code),
    )


def _context(config: Any, tokenizer: Any) -> int:
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "seq_length")]
    stated = [int(n) for n in limits if n]
    return stated[0] if stated else min(int(getattr(tokenizer, "model_max_length", UNLIMITED)), UNLIMITED)


def _digest_live(module: Any, tokenizer: Any, skip: str | None = None) -> str:
    """Fingerprint of a model in memory: every tensor with its name, the configuration, the vocabulary."""
    h = hashlib.sha256(fingerprint(module.config.to_dict(), tokenizer).encode())
    for name, tensor in sorted(module.state_dict().items()):
        if skip is not None and skip in name:
            continue
        h.update(digest_json([name, list(tensor.shape), str(tensor.dtype)]).encode())
        h.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return h.hexdigest()
