"""Can recitation be switched off where it shows inside the model, and what else is lost by it?

A probe that tells recited tokens from others need not stand where recitation is made. So the switch is thrown, and
recall, held-out text, repetition and as many random directions are measured beside it (`measure_switch`); "detects but
does not control" is an answer.

Source: Slonski 2024, arXiv 2412.01014 (activations that tell recitation are changed, to suppress it).
Departs from it: the paper's own intervention was not at hand; the three that are offered, and the control by random
directions of the same size, are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np
import torch

from byheart.core.card import method
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.localize._activation_probe.probe import Probe
from byheart.mitigate._activation_probe.change import Astray, Clamp, Shift, drawn_direction, heaviest
from byheart.mitigate._activation_probe.class_means import class_means
from byheart.models.text.activations import Change
from byheart.models.text.sites import Site
from byheart.models.text.switched import SwitchedLM, switched

__all__ = ["activation_probe", "class_means"]

Mode = Literal["shift", "clamp", "gate"]
MODES = ("shift", "clamp", "gate")
PROOF = ("Effect", "measure_switch")
"""Names of `mitigate/_proof/effect` that can also be had from here."""


def __getattr__(name: str) -> Any:
    """What proves a switch, fetched when it is asked for: a method makes edits and knows nothing of their proof."""
    if name in PROOF:
        return getattr(import_module("byheart.mitigate._proof.effect"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@method(
    paper="2412.01014",
    family="text",
    unit="recited records",
    cost="none at run time beyond a product per token; measuring it takes some passes",
    limits="a probe that detects need not control; what is not said may still be known, and another wording or a "
    "further training step may bring it back",
)
def activation_probe(
    probes: Sequence[Probe],
    *,
    mode: Mode = "shift",
    alpha: float = 1.0,
    coordinates: int = 16,
    astray: int | None = None,
    seed: int = 0,
) -> Edit:
    """Change the activations that tell recitation, so that they look as on text that is not recited.

    Args:
        probes: one for each site that is changed.
        mode: `shift` moves every token along w; `gate` only tokens that the probe calls recited; `clamp` sets the
            heaviest coordinates to their mean on text that is not recited.
        alpha: how much of the way, 0 for none, 1 for all; beyond 1 it goes further.
        coordinates: with `clamp`, how many.
        astray: number of a draw: the control that moves every token as far, in a random direction.
        seed: of that direction.

    Returns:
        An edit of activations, from a `LanguageModel` to a changed one that leaves the first as it is; `during` changes
        the model itself (or a bare module of transformers) for the time of a `with` block; `control` gives the draws
        that `astray` gives.

    Raises:
        UsageError: if an option has no meaning, or two probes share a site.
    """
    if mode not in MODES:
        raise UsageError(f"mode is one of {', '.join(MODES)}; got {mode!r}")
    if not np.isfinite(alpha) or coordinates < 1:
        raise UsageError(f"alpha is a number and coordinates at least 1; got {alpha} and {coordinates}")
    addresses = [probe.site for probe in probes]
    if not addresses or len(set(addresses)) < len(addresses):
        raise UsageError(f"a switch takes one probe for each site, and at least one; got {addresses or 'none'}")
    changes = Switch(tuple(probes), mode, float(alpha), coordinates, astray, seed)
    return Edit(
        "activations",
        partial(_applied, changes),
        activation_probe.card,  # type: ignore[attr-defined]
        during=lambda target: switched(target, changes, changes.mark),
        control=lambda k: activation_probe(
            probes, mode=mode, alpha=alpha, coordinates=coordinates, astray=k, seed=seed
        ),
    )


@dataclass(frozen=True, eq=False)
class Switch:
    """From a module to what is changed in it; the options are those of `activation_probe`."""

    probes: tuple[Probe, ...]
    mode: str
    alpha: float
    coordinates: int
    astray: int | None
    seed: int

    def __call__(self, module: Any) -> Mapping[Site, Change]:
        """The change at each site.

        Raises:
            UsageError: if a probe is of another model.
        """
        found: dict[Site, Change] = {}
        for probe in self.probes:
            site = Site.parse(probe.site, module)
            if site.dim != np.size(probe.w):
                raise UsageError(
                    f"the probe weighs {np.size(probe.w)} numbers, but {site.address} has {site.dim}; "
                    "it was fitted on another model"
                )
            found[site] = self._change(probe)
        return found

    def _change(self, probe: Probe) -> Change:
        w = _vector(probe.w)
        made: Shift | Clamp
        if self.mode == "clamp":
            places = heaviest(probe, self.coordinates)
            made = Clamp(torch.from_numpy(places), _vector(np.asarray(probe.mean0)[places]), self.alpha)
        else:
            made = Shift(w, float(probe.b), float(probe.m0), self.alpha, self.mode == "gate")
        if self.astray is None:
            return made
        rng = generator(self.seed, "astray", probe.site, str(self.astray))
        return Astray(made, w, drawn_direction(w.numel(), rng))

    @property
    def mark(self) -> str:
        """Fingerprint of what is done."""
        numbers = [[p.site, *(np.ravel(x).tolist() for x in p.state.values())] for p in self.probes]
        return digest_json([numbers, self.mode, self.alpha, self.coordinates, self.astray, self.seed])


def _applied(changes: Switch, target: Any) -> SwitchedLM:
    return SwitchedLM(target, changes, changes.mark)


def _vector(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(values, np.float32).reshape(-1))
