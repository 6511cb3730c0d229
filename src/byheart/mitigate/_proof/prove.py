"""Does an edit take away what it is for, more than a random edit of its size, and what goes with it?

One function for data, loss, weights, activations and sampling, and for every family: a family says what is asked
(`Questions`), an edit brings its own random draws (`Edit.control`), and how the edited thing comes about is a function
(`on` for what is changed as it is, `retrained` for what has to be trained again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.progress import progress
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.proof import Evidence, Line, Proof
from byheart.mitigate._proof.weighing import Bars, weigh

Made = Callable[[Edit | None], AbstractContextManager[Any]]
"""From an edit to the edited thing, for the time of a `with` block; None is the thing without it."""
Weighed = Callable[[Evidence], tuple[str, str, list[str]]]
"""From evidence to decision, sentence and caveats."""
OF_TRAINING = ("data", "loss")
"""Kinds of edits that act only when a model is trained with them."""
A = TypeVar("A")


class Questions(Protocol[A]):
    """What is asked of a thing of one family; a new family brings one of these."""

    def ask(self, thing: Any, before: A | None) -> A:
        """All answers: of the thing as it is (`before` is None), or with the edit."""

    def is_leaking(self, before: A) -> bool:
        """Whether any target leaks, so that random edits are worth their time."""

    def ask_control(self, thing: Any, before: A) -> Any:
        """The few answers that a random edit is asked for."""

    def relearn(self, thing: Any, edit: Edit, before: A, after: A, how: Relearning | None) -> Line:
        """Fine-tune the edited thing for a few steps and ask again; or why not."""

    def evidence(self, before: A, after: A, controls: Sequence[Any], relearned: Line) -> Evidence:
        """The numbers."""


def prove(
    made: Made,
    edit: Edit,
    questions: Questions[Any],
    *,
    name: str = "",
    n_random: int = 20,
    relearning: Relearning | None = None,
    weighed: Weighed | None = None,
    bars: Bars | None = None,
) -> Proof:
    """Measure an edit: what it is for, what it is not for, what it costs, and whether it lasts.

    Args:
        made: `on(thing)`, or `retrained(material, train)` for edits of data and loss.
        edit: of any kind.
        questions: of the family of the thing.
        name: of the edit, for sentences; that of its method if empty.
        n_random: random edits of the same size that it is compared with; fewer than 19 cannot give a p of 0.05. None
            are drawn if the edit brings none, or nothing leaks.
        relearning: how the edited model is fine-tuned; None leaves it out, and the line says so.
        weighed: how the evidence is weighed; by default `weigh` with the bars.
        bars: what is asked of an edit, where `weighed` is the default.

    Raises:
        UsageError: if an edit of data or loss is put on a thing that is already trained.
        TooFewRecords: if no target can leak.
    """
    with made(None) as thing:
        before = questions.ask(thing, None)
    with made(edit) as thing:
        after = questions.ask(thing, before)
        relearned = questions.relearn(thing, edit, before, after, relearning)
    n = n_random if edit.control is not None and questions.is_leaking(before) else 0
    controls = [questions.ask_control(there, before) for there in _controls(made, edit, n)]
    evidence = questions.evidence(before, after, controls, relearned)
    if weighed is None:
        decision, sentence, caveats = weigh(evidence, name=name or edit.card.name, bars=bars or Bars())
    else:
        decision, sentence, caveats = weighed(evidence)
    return Proof(decision, sentence, evidence.p, evidence.estimates, tuple(caveats), evidence.records, evidence.lines)


def on(thing: Any) -> Made:
    """Edits that change a thing as it is: its weights, activations or sampling."""

    def made(edit: Edit | None) -> AbstractContextManager[Any]:
        if edit is None:
            return nullcontext(thing)
        if edit.kind in OF_TRAINING:
            raise UsageError(
                f"an edit of {edit.kind} acts when a model is trained, and this one is trained already; give "
                "`retrained(material, train)`"
            )
        return edit.on(thing)

    return made


def retrained(material: Any, train: Callable[[Any], Any]) -> Made:
    """Edits that change what a thing is trained on, or with: it is trained anew on the edited material.

    Args:
        material: what is edited: the training records, or the loss.
        train: from material to the trained thing; the same seeds each time, so that the edit is the only difference.
    """

    @contextmanager
    def made(edit: Edit | None) -> Iterator[Any]:
        if edit is not None and edit.kind not in OF_TRAINING:
            raise UsageError(f"an edit of {edit.kind} changes a trained thing, not what it is trained on; give `on`")
        yield train(material if edit is None else edit.apply(material))

    return made


def _controls(made: Made, edit: Edit, n: int) -> Iterator[Any]:
    """The thing under one random edit of the same size after the other."""
    if edit.control is None:
        return
    walk = f"Moving as far in {n} random directions"
    title = walk if edit.kind == "activations" else f"Trying {n} random edits of the same size"
    for k in progress(range(n), title):
        with made(edit.control(k)) as there:
            yield there
