"""How long is an edited model taught something else, to see what comes back? `relearning.py` does it, with torch."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = 20


@dataclass(frozen=True)
class Relearning:
    """How long a model is taught.

    Args:
        steps: updates of AdamW.
        lr: its rate; None is 3e-4 up to ten million weights and 5e-5 beyond.
        batch_size: records per update.
    """

    steps: int = STEPS
    lr: float | None = None
    batch_size: int = 8
