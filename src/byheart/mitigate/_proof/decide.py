"""Does the switch control recitation, and at which cost? The bars are set before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.core.verdict import Estimate

CONTROLS, DETECTS, COSTLY, OPEN = "controls", "detects but does not control", "costs too much", "inconclusive"


@dataclass(frozen=True)
class Bars:
    """What is asked of a switch.

    Args:
        fall: least relative fall in records recited.
        cost: greatest rise in loss on held-out text, nats per token.
        repetition: greatest fall in the share of second copies guessed.
        level: greatest p against random directions.
        records: fewest records recited before.
    """

    fall: float = 0.5
    cost: float = 0.05
    repetition: float = 0.05
    level: float = 0.05
    records: int = 5


def decide(
    found: Mapping[str, Estimate], p: float | None, *, n_known: int, name: str, bars: Bars
) -> tuple[str, str, list[str]]:
    """The decision, a sentence with its numbers, and what to read first.

    Args:
        found: estimates by name, as `measure_switch` makes them.
        p: against random directions.
        n_known: records recited before.
        name: of what is switched off.
        bars: what is asked.
    """
    before, after = found["recited before"], found["recited after"]
    told = f"from {_share(before)} to {_share(after)} of the records"
    if n_known < bars.records or p is None:
        said = f"Nothing can be said of switching off {name}: {n_known} records were recited before"
        return OPEN, f"{said}, and {bars.records} are needed.", ["Give more records that the model recites."]
    if not _lowered(found, p, bars):
        return DETECTS, *_detects(found, p, name, told, bars)
    cost, repeated = found.get("held-out text, loss"), found.get("repetition, change")
    if cost is None or cost.value is None or repeated is None or repeated.value is None:
        said = f"Switching off {name} lowers recitation {told}; without held-out text its cost is not known."
        return OPEN, said, ["Give records that the model never saw, to measure the cost on."]
    words = f"at a cost of {cost} nats per token of held-out text"
    sentence = f"Switching off {name} lowers recitation {told} {words}; repetition changes by {repeated}."
    if cost.value > bars.cost or repeated.value < -bars.repetition:
        return COSTLY, sentence, [f"More than {bars.cost:g} nats, or {bars.repetition:.0%} of repetition, is too much."]
    if cost.high is None or cost.high > bars.cost or repeated.low is None or repeated.low < -bars.repetition:
        return OPEN, sentence, ["The cost may be too high: there is too little held-out text to tell."]
    return CONTROLS, sentence, []


def _lowered(found: Mapping[str, Estimate], p: float, bars: Bars) -> bool:
    """Whether recitation fell by as much as is asked, and more than by a random direction."""
    before, after = found["recited before"].value, found["recited after"].value
    if before is None or after is None:
        return False
    ends = found["recited, change"].high, found["continuations, loss, beyond random"].low
    fell = ends[0] is not None and ends[0] < 0 and ends[1] is not None and ends[1] > 0
    return after <= (1 - bars.fall) * before and fell and p <= bars.level


def _detects(found: Mapping[str, Estimate], p: float, name: str, told: str, bars: Bars) -> tuple[str, list[str]]:
    random = found["still recited, random directions"]
    sentence = (
        f"The probe at {name} detects but does not control: switching it off takes recitation {told}; random "
        f"directions of the same size leave {_share(random)} of those recited before (p {p:.2g})."
    )
    caveats = [f"To control, recitation must fall by {bars.fall:.0%} or more, and further than by a random direction."]
    if 1 / (1 + random.n) > bars.level:
        caveats.append(f"{random.n} random directions cannot give a p of {bars.level:g}; take more.")
    whole = found.get("still recited, site of unseen text")
    if whole is not None and whole.value is not None:
        caveats.append(f"With all of {name} replaced by that of unseen text, {_share(whole)} are still recited.")
    return sentence, caveats


def _share(e: Estimate) -> str:
    return "none" if e.value is None else f"{e.value:.0%}"
