"""A change that makes a model forget: of its data, loss, weights, activations or sampling. Every edit can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from byheart.core.card import Card
from byheart.core.verdict import Estimate


@dataclass(frozen=True, eq=False)
class Edit:
    """One change.

    Args:
        kind: what is changed.
        apply: from the thing (data, model, sampler) to the changed thing; the original stays as it is.
        card: the method that made it.
        during: the same change for the time of a `with` block, undone at its end, if the kind allows it.
        cost: change in utility by name, each with its interval.
        control: draw k of a random edit of the same size: what it does tells what any edit of that size does.
        targets: ids of the records it is meant for; None for all that is memorized. The others are bystanders.
    """

    kind: Literal["data", "loss", "weights", "activations", "sampling"]
    apply: Callable[[Any], Any]
    card: Card
    during: Callable[[Any], AbstractContextManager[Any]] | None = None
    cost: Mapping[str, Estimate] = field(default_factory=dict)
    control: Callable[[int], Edit] | None = None
    targets: frozenset[str] | None = None

    @contextmanager
    def on(self, thing: Any) -> Iterator[Any]:
        """The changed thing for the time of a `with` block."""
        if self.during is None:
            yield self.apply(thing)
        else:
            with self.during(thing) as changed:
                yield changed
