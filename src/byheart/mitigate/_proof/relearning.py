"""Does a language model that was made to forget say it again after a few steps of fine-tuning on something else?

The lessons are the beginnings of the targets, never what is to come back. A change of activations or of sampling stays
on meanwhile: it is no part of the weights, so the question is whether training finds a way round it. The unchanged
model is taught alike, since lessons also make a model forget: what it still says is the most that could come back.

Source: Hu et al. 2024, arXiv 2406.13356 (relearning from part of what was unlearned; steps and rates are ours).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from byheart.core.edit import Edit
from byheart.core.target import Encoded, LanguageModel
from byheart.mitigate._proof.lessons import Relearning
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train

SMALL = 10_000_000
"""Weights up to which a model is taught at `QUICK`, beyond at `SLOW`."""
QUICK, SLOW = 3e-4, 5e-5


def rate(n_weights: int) -> float:
    """The rate at which a model of so many weights is taught, where none is given."""
    return QUICK if n_weights <= SMALL else SLOW


def why_not(target: LanguageModel) -> str:
    """Why this model cannot be taught; empty if it can."""
    if not isinstance(target, CausalLM):
        return "Not measured: the weights of this model cannot be reached, so it cannot be trained."
    if not all(w.is_floating_point() for w in target.module.parameters()):
        return "Not measured: quantised weights cannot be trained."
    return ""


@contextmanager
def relearned(
    original: Any, edited: Any, edit: Edit | None, prompts: Sequence[np.ndarray], how: Relearning, *, seed: int
) -> Iterator[LanguageModel]:
    """A copy of the edited model that was taught the prompts; neither model is changed.

    Args:
        original: the model without the edit.
        edited: the model with it.
        edit: of weights, activations or sampling, the last two stay on; None teaches a copy of `edited` as it is.
        prompts: token ids, (tokens,) each; those of a single token teach nothing.
        how: how long.
        seed: of the order.
    """
    lessons = [_lesson(ids) for ids in prompts if ids.size > 1]
    if edit is None or edit.kind == "weights":
        student = _copied(edited)
        _teach(student, lessons, how, seed)
        yield student
        return
    student = _copied(original)
    with edit.on(student) as seen:
        _teach(student, lessons, how, seed)
        yield seen


def _teach(student: CausalLM, lessons: Sequence[Encoded], how: Relearning, seed: int) -> None:
    lr = rate(sum(w.numel() for w in student.module.parameters())) if how.lr is None else how.lr
    train(student.module, lessons, steps=how.steps, batch_size=how.batch_size, lr=lr, seed=seed)


def _copied(model: Any) -> CausalLM:
    """The same model in single precision, every weight free to move."""
    module = copy.deepcopy(model.module).float().requires_grad_(True)
    return CausalLM(module, model.tokenizer, name=f"{model.name}, taught again")


def _lesson(ids: np.ndarray) -> Encoded:
    places = np.zeros(ids.size, np.int32)
    return Encoded("", ids, places, places, np.arange(ids.size) > 0)
