"""How does a small language model learn to write prompts that make another one recite?

It reads the beginning of a record and writes a prompt; what it should have written is learned through a low-rank
adapter. With the adapter off it is the model that it was, and tells how readable a prompt is.

Source: Hu et al. 2021, arXiv 2106.09685 (LoRA, by peft); Paulus et al. 2024, arXiv 2404.16873 (AdvPrompter: a prompt
writer and its frozen self; rank 8 and alpha 16 on q_proj, v_proj and lm_head).
Departs from it: where the head shares its weights with the embedding it gets a copy, as an adapter would bend both.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.core.atomic import replacing
from byheart.core.errors import MissingExtra, TargetError
from byheart.core.randomness import derive_seed
from byheart.core.target import Encoded, LanguageModel
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.text.weights import open_weights

try:
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file, save_file
except ImportError as e:
    raise MissingExtra(e.name or "peft", "text") from e


@dataclass(frozen=True)
class Lora:
    """The size of the adapter: rank, scale, and the names of the layers that it bends."""

    r: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ("q_proj", "v_proj", "lm_head")


class PromptHunter:
    """A language model that writes prompts.

    Args:
        module: a causal language model of transformers; it is wrapped, so give one that nobody else uses.
        tokenizer: its tokenizer.
        lora: the adapter that learns.
        template: what it reads before it writes; `{context}` stands for the beginning of the record.
        seed: of the adapter's weights.

    Raises:
        TargetError: if the model has none of the layers that the adapter bends.
    """

    def __init__(
        self, module: Any, tokenizer: Any, *, lora: Lora | None = None, template: str = "{context}", seed: int = 0
    ) -> None:
        self.lora, self.template = lora or Lora(), template
        plain = CausalLM(module, tokenizer)
        self.base_digest, self.name = plain.digest, plain.name
        self.module = _adapted(module, self.lora, seed)
        self.model = CausalLM(self.module, tokenizer, name=f"hunter on {self.name}", digest=self.base_digest,
                              base_digest=self.base_digest)  # fmt: skip
        self._banned = torch.tensor(_banned(tokenizer, plain.vocabulary), dtype=torch.long)
        self._opening = plain.front if plain.front.size else np.array([tokenizer.eos_token_id or 0], np.int32)

    @classmethod
    def open(
        cls, source: str | Path | tuple[Any, Any], *, seed: int, device: str = "auto", trust_remote_code: bool = False,
        **options: Any,
    ) -> PromptHunter:  # fmt: skip
        """From a folder or hub id of a causal language model, or a live (model, tokenizer) pair.

        Raises:
            TargetError: if the model cannot be used.
        """
        if isinstance(source, tuple):
            return cls(*source, seed=seed, **options)
        place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        weights = open_weights(str(source), place, "auto", trust_remote_code)
        return cls(weights.module, weights.tokenizer, seed=seed, **options)

    def reading(self, context: str) -> np.ndarray:
        """Tokens that it reads before it writes, int32 (1 or more,); the newest, where the context is too short."""
        ids = self.model.encode(self.template.format(context=context)).ids
        return (ids if ids.size else self._opening)[-self.model.context // 2 :]

    def ids(self, prompt: str) -> np.ndarray:
        """A prompt as its tokens, int32 (tokens,)."""
        encoded = self.model.encode(prompt).ids
        front = self.model.front.size
        return encoded[front:]

    def text(self, ids: Sequence[int] | np.ndarray) -> str:
        """Tokens as a prompt, without special tokens."""
        banned = set(self._banned.tolist())
        return self.model.decode([int(i) for i in ids if int(i) not in banned])

    def next_token(
        self, context: str, prompts: Sequence[Sequence[int]], *, repetition: float = 1.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What may come next in some prompts of equal length for one context.

        Args:
            context: the beginning of the record.
            prompts: tokens written so far, (prompts, tokens).
            repetition: penalty on tokens that the prompt already holds; 1 is none.

        Returns:
            Log-probabilities, float64 (prompts, vocabulary), of the hunter and of its frozen self; minus infinity for
            special tokens.
        """
        read = np.broadcast_to(self.reading(context), (len(prompts), self.reading(context).size))
        used = torch.tensor([list(p) for p in prompts], dtype=torch.long).reshape(len(prompts), -1)
        ids = torch.cat([torch.from_numpy(read.astype(np.int64)), used], dim=1)
        trained = self._last(self.model, ids, used, repetition)
        with self._frozen() as frozen:
            return trained, self._last(frozen, ids, used, repetition)

    def write(
        self, contexts: Sequence[str], n_tokens: int, *, seeds: Sequence[int], temperature: float = 1.0,
        top_p: float = 0.9,
    ) -> list[str]:  # fmt: skip
        """One prompt for each context, drawn with the seed beside it; temperature 0 takes the likeliest tokens."""
        reads = [self.reading(context) for context in contexts]
        made = self.model.generate(reads, n_tokens, temperature=temperature, top_p=top_p, seeds=seeds)
        return [self.text(ids) for ids in made]

    def surprise(self, contexts: Sequence[str], prompts: Sequence[str], *, frozen: bool) -> np.ndarray:
        """Mean nats per token of each prompt after its context, float64 (n,); NaN for an empty prompt."""
        if frozen:
            with self._frozen() as model:
                return np.array([self._nll(model, x, p) for x, p in zip(contexts, prompts, strict=True)])
        return np.array([self._nll(self.model, x, p) for x, p in zip(contexts, prompts, strict=True)])

    def learn(
        self, contexts: Sequence[str], prompts: Sequence[str], *, steps: int, batch_size: int, lr: float, seed: int
    ) -> np.ndarray:
        """Take some steps towards writing these prompts for these contexts; returns the losses, nats, (steps,)."""
        examples = [_example(self.reading(x), self.ids(p)) for x, p in zip(contexts, prompts, strict=True)]
        return train(self.module, examples, steps=steps, batch_size=batch_size, lr=lr, seed=seed)

    def save(self, path: Path) -> None:
        """Write the adapter, one `.safetensors` file."""
        state = get_peft_model_state_dict(self.module, save_embedding_layers=False)
        with replacing(path) as part:
            save_file({k: v.detach().cpu().contiguous() for k, v in state.items()}, part,
                      metadata={"base": self.base_digest, "template": self.template})  # fmt: skip

    def load(self, path: Path) -> None:
        """Take on an adapter that `save` wrote."""
        set_peft_model_state_dict(self.module, load_file(path))

    @contextmanager
    def _frozen(self) -> Iterator[LanguageModel]:
        base = self.model.base()
        assert base is not None  # it wears an adapter
        with base as model:
            yield model

    @torch.no_grad()
    def _last(self, model: LanguageModel, ids: torch.Tensor, used: torch.Tensor, penalty: float) -> torch.Tensor:
        logits = model.logits(model.hidden(ids)[:, -1]).double().cpu()
        logits[:, self._banned] = -torch.inf
        if used.shape[1] and penalty != 1.0:
            old = logits.gather(1, used)
            logits.scatter_(1, used, torch.where(old > 0, old / penalty, old * penalty))
        return logits.log_softmax(dim=-1)

    @torch.no_grad()
    def _nll(self, model: LanguageModel, context: str, prompt: str) -> float:
        read, written = self.reading(context), torch.from_numpy(self.ids(prompt).astype(np.int64))
        if not written.numel():
            return float("nan")
        ids = torch.cat([torch.from_numpy(read.astype(np.int64)), written])[None]
        logits = model.logits(model.hidden(ids)[0, read.size - 1 : -1]).double().cpu()
        return float(torch.nn.functional.cross_entropy(logits, written))


def _banned(tokenizer: Any, vocabulary: int) -> list[int]:
    """Tokens that are no text: special ones, and rows of the embedding without a token."""
    marks = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    unnamed = set(range(vocabulary)) - set(tokenizer.get_vocab().values())
    return sorted({*tokenizer.all_special_ids, *marks, *unnamed})


def _example(read: np.ndarray, written: np.ndarray) -> Encoded:
    """A context and what should be written after it, the loss on the second only; its characters do not matter."""
    ids = np.concatenate([read, written]).astype(np.int32)
    nowhere = np.zeros(ids.size, np.int32)
    return Encoded("", ids, nowhere, nowhere, np.arange(ids.size) >= read.size)


def _adapted(module: Any, lora: Lora, seed: int) -> Any:
    """The module with an adapter around it, its head untied from its embedding."""
    output = module.get_output_embeddings()
    if output is not None and output.weight is module.get_input_embeddings().weight:
        output.weight = torch.nn.Parameter(output.weight.detach().clone())
        module.config.tie_word_embeddings = False
    there = {name.rpartition(".")[2] for name, _ in module.named_modules()}
    targets = [t for t in lora.targets if t in there]
    if not targets:
        raise TargetError(
            f"the hunter has none of the layers {', '.join(lora.targets)}; name its own with Lora(targets=...)"
        )
    make: Any = LoraConfig
    config = make(r=lora.r, lora_alpha=lora.alpha, target_modules=targets, task_type="CAUSAL_LM")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)  # peft's, of transformers
        torch.manual_seed(derive_seed(seed, "adapter"))
        return get_peft_model(module, config).eval()
