"""Which is the cheapest question that already decides?

Before a hunter is trained, three cheaper rungs are tried: does the model go on with the text by itself from any place,
after a dozen ready-made requests, after the best of some prompts of an untrained writer? Every rung asks members and
control alike, and is judged at a level that allows for all of them.

Source: the requests as in Kassem et al. 2024, arXiv 2403.04801; the rest is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from byheart.core.randomness import derive_seed
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.models.text.hunter import PromptHunter
from byheart.search.port import Pair
from byheart.search.templates import TEMPLATES, fill
from byheart.signals.text.composed import Compose

RUNGS = ("the text itself", "ready-made requests", "prompts of an untrained writer", "prompts of the hunter")


@dataclass(frozen=True)
class Rung:
    """One step of the ladder.

    Args:
        number: place in `RUNGS`.
        scores: of the records.
        verdict: of the set, p multiplied by the number of rungs.
    """

    number: int
    scores: Scores
    verdict: Verdict

    @property
    def decisive(self) -> bool:
        """Whether nothing further needs to be asked."""
        return self.verdict.decision == "shown"


def climb_ladder(
    rungs: Sequence[Callable[[], Scores]], judge: Callable[[Scores, float], Verdict], *, level: float = 0.05,
    to_the_top: bool = False,
) -> Iterator[Rung]:  # fmt: skip
    """Ask rung after rung until one decides.

    Args:
        rungs: scores of each, made when asked for, in the order of `RUNGS`.
        judge: the verdict of scores at a level.
        level: for all rungs together; each is judged at its share (Bonferroni).
        to_the_top: go on although a rung has decided.
    """
    for number, make in enumerate(rungs):
        scores = make()
        found = judge(scores, level / len(rungs))
        p = None if found.p is None else min(1.0, found.p * len(rungs))
        said = f"Rung {number} of the ladder, {RUNGS[number]}; p allows for {len(rungs)} rungs."
        rung = Rung(number, scores, replace(found, p=p, caveats=(*found.caveats, said)))
        yield rung
        if rung.decisive and not to_the_top:
            return


def ready_made(pairs: Sequence[Pair], how: Compose) -> list[list[str]]:
    """Every request that can be said in this way, for each pair, (pairs, requests)."""
    found = [[fill(t, p.context, how) for t in TEMPLATES.values()] for p in pairs]
    return [[f for f in of_one if f is not None] for of_one in found]


def written(hunter: PromptHunter, pairs: Sequence[Pair], n: int, n_tokens: int, *, seed: int) -> list[list[str]]:
    """So many prompts of the hunter for each pair, (pairs, n): its likeliest one, and drawn ones."""
    contexts = [p.context for p in pairs]
    likeliest = hunter.write(contexts, n_tokens, seeds=[0] * len(pairs), temperature=0.0)
    tries = [likeliest]
    for k in range(1, n):
        tries.append(hunter.write(contexts, n_tokens, seeds=[derive_seed(seed, "try", str(k), p.id) for p in pairs]))
    return [list(of_one) for of_one in zip(*tries, strict=True)]
