"""Which records does the hunter learn from, and which are hunted?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.randomness import generator
from byheart.core.target import LanguageModel
from byheart.data.text.overlap import find_overlap
from byheart.search.training import MIN_TOKENS
from byheart.signals.text.composed import Compose, text_ids
from byheart.signals.text.hunted import cut_in_two

SHARED = 0.5
"""Share of the members that the hunter learns from."""


@dataclass(frozen=True)
class Hunting:
    """How the hunt goes.

    Args:
        compose: `prepend`, `append` or `prompt_only`.
        tries: prompts per record; members and control get as many.
        prompt_tokens: length of a prompt in the hunter's tokens.
        prefix_tokens, new_tokens: where a record is cut, in the target's tokens.
        epochs: of the hunter's schooling.
        lr: its learning rate.
        top_k: candidates for each token of a searched prompt.
        budget: target tokens for the schooling.
        most: records to learn from at most.
        to_the_top: train the hunter although a cheaper rung has decided.
    """

    compose: Compose = "prepend"
    tries: int = 3
    prompt_tokens: int = 10
    prefix_tokens: int = 50
    new_tokens: int = 50
    epochs: int = 2
    lr: float = 5e-4
    top_k: int = 48
    budget: int = 500_000
    most: int = 64
    to_the_top: bool = False


@dataclass(frozen=True, eq=False)
class Parts:
    """The records, dealt.

    Args:
        learned: members that the hunter learns from.
        held: members that it never sees, as many controls, and the canaries.
        notes: sentences on what was left out.
    """

    learned: Corpus
    held: Corpus
    notes: tuple[str, ...]


def deal(target: LanguageModel, corpus: Corpus, plan: Hunting, *, seed: int) -> Parts:
    """Cut the records and deal whole groups: some members to learn from, the rest and as many controls to hunt.

    Raises:
        DataError: if there are too few members that can be cut.
    """
    cut = cut_in_two(target, corpus, prefix_tokens=plan.prefix_tokens, new_tokens=plan.new_tokens)
    long = np.array([bool(y) and text_ids(target, y).size >= MIN_TOKENS for y in cut.columns["continuation"]], bool)
    notes = [f"{(~long).sum()} records leave no continuation of {MIN_TOKENS} tokens and are not hunted."] * (
        not long.all()
    )
    cut = cut.take(long)
    members = cut.where("member")
    groups = generator(seed, "hunt", "groups").permutation(np.unique(members.groups.astype(str)))
    if groups.size < 4:
        raise DataError(f"a hunt needs at least 4 independent members, some to learn from; got {groups.size}")
    some = np.isin(members.groups.astype(str), groups[: int(groups.size * SHARED)])
    learned, rest = members.take(np.flatnonzero(some)[: plan.most]), members.take(~some)
    overlap = find_overlap(learned, rest)
    if overlap.control_rows.any():
        notes.append(f"{overlap.control_rows.sum()} members stand nearly word for word among those that the hunter "
                     "learns from, and are not hunted.")  # fmt: skip
        rest = rest.take(~overlap.control_rows)
    control = cut.where("nonmember")
    names = generator(seed, "hunt", "control").permutation(np.unique(control.groups.astype(str)))
    control = control.take(np.isin(control.groups.astype(str), names[: np.unique(rest.groups.astype(str)).size]))
    return Parts(learned, rest + control + cut.where("canary", "canary_control"), tuple(notes))
