"""One direction at one site, in the units of the activation itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.atomic import replacing
from byheart.core.errors import RunError

ARRAYS = ("w", "b", "mean0", "m0", "m1", "mean", "scale")


@dataclass(frozen=True, eq=False)
class Probe:
    """A linear probe: log-odds w·h + b that a token is recited. Scaling is folded into w and b.

    Args:
        site: its address, as `models/text/sites` gives it.
        w: float64 (dim,).
        b: float64 ().
        mean0: mean activation where nothing is recited, float64 (dim,), for clamping.
        m0: mean of w·h where nothing is recited, float64 ().
        m1: mean of w·h where the model recites, float64 ().
        mean, scale: what the probe was scaled by, float64 (dim,); for reading w, not for using it.
    """

    site: str
    w: np.ndarray
    b: np.ndarray
    mean0: np.ndarray
    m0: np.ndarray
    m1: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    def logit(self, h: np.ndarray) -> np.ndarray:
        """Log-odds of recitation (...,) of activations (..., dim)."""
        odds: np.ndarray = h.astype(np.float64) @ self.w + self.b
        return odds

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Its arrays by name."""
        return {name: np.asarray(getattr(self, name), np.float64) for name in ARRAYS}

    @classmethod
    def of(cls, state: Mapping[str, np.ndarray], site: str) -> Probe:
        """From the `state` of findings."""
        return cls(site, **{name: np.asarray(state[name], np.float64) for name in ARRAYS})

    def save(self, path: Path) -> None:
        """Write one `.safetensors` file."""
        from safetensors.numpy import save

        flat = {name: np.atleast_1d(values) for name, values in self.state.items()}
        with replacing(path) as part:
            part.write_bytes(save(flat, metadata={"byheart": json.dumps({"site": self.site})}))

    @classmethod
    def load(cls, path: Path) -> Probe:
        """Read what `save` wrote.

        Raises:
            RunError: if the file is absent or holds no probe.
        """
        from safetensors import SafetensorError, safe_open

        if not path.exists():
            raise RunError(f"{path} is not there; `byheart localize activation_probe RUN` writes it")
        try:
            with safe_open(str(path), framework="numpy") as f:
                facts: dict[str, Any] = json.loads((f.metadata() or {})["byheart"])
                flat = {name: f.get_tensor(name) for name in ARRAYS}
        except (SafetensorError, KeyError) as e:
            raise RunError(f"{path} holds no probe ({e}); fit it again") from None
        scalars = {name: flat[name].reshape(()) for name in ("b", "m0", "m1")}
        return cls(facts["site"], **{**flat, **scalars})
