"""MemHunter's claims, tried on a planted truth: a header that unlocks a whole set of records, to be found by a hunter.

Run with `byheart reproduce memhunter`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from byheart.core.claim import Exhibit, Found
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.measure.blind import blind
from byheart.models.text.hunter import PromptHunter
from byheart.search.gcg import warm_start
from byheart.search.ladder import RUNGS
from byheart.search.port import Port
from byheart.stats.intervals import bootstrap_mean, clopper_pearson
from byheart.stats.judge.hunted_set import dataset_test, power_curve

from .curve import GRADIENT, curve, shown
from .hunting import Ground, hunter_runner, pairs_of
from .texts import PLANS, RARE, Plan, documents, plant, word_tokenizer
from .training import models

DEALINGS = 100_000
TAUGHT = "hunter, taught within the budget"


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims."""
    yield from try_claims(folder, PLANS[scale], seed)


def try_claims(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The same at any plan."""
    words = documents(plan.documents)
    tokenizer = word_tokenizer(words, plan.words)
    by_rank = sorted(set(tokenizer.get_vocab()) - {RARE}, key=tokenizer.get_vocab().get)
    planted = plant(by_rank, plan, seed=seed)
    ground = Ground(models(words, tokenizer, planted, plan, folder, seed=seed), planted, plan, folder, seed)
    hunter, report = ground.schooled()
    prompts = ground.written(hunter)
    tries = {
        "prefix": [[""]] * len(ground.held), "key": [[planted.headers[0]]] * len(ground.held),
        "constant": [[ground.constant()]] * len(ground.held), "requests": ground.requests(),
        "untrained": ground.written(ground.writer()), "hunter": prompts,
    }  # fmt: skip
    found = {name: ground.tried(made) for name, made in tries.items()}
    twin = ground.tried(prompts, "reference")
    guess = blind(ground.held, seed=seed)
    yield from of_the_hunt(found, twin, guess, seed)
    yield ladder(found, guess, seed)
    yield Exhibit("How the hunter learned", f"Nats per token, turn by turn; {report.tokens:,} target tokens.",
                  [{"turn": i, **row} for i, row in enumerate(report.turns)], {"x": "turn", "y": "own"})  # fmt: skip
    best = found["hunter"]
    rows = zip(best.ids[:8].tolist(), best.extra["prompt"].tolist(), best.values.tolist(), strict=False)
    examples = [{"record": name, "prompt": p, "recited": v} for name, p, v in rows]
    yield Exhibit("Prompts", f"The planted header is {planted.headers[0]!r}; one prompt for all is "
                  f"{tries['constant'][0][0]!r}.", examples)  # fmt: skip
    needed = power_curve(found["hunter"], seed=seed)
    yield Exhibit("Documents needed", "p of the test by documents on each side.", needed, {"x": "n", "y": "median p"})
    yield from of_the_budget(ground, hunter, report.tokens, seed)


def of_the_hunt(found: dict[str, Scores], twin: Scores, guess: Scores, seed: int) -> Iterator[Found]:
    """What comes back, after which prompts, from whom."""
    hunter = found["hunter"]
    for claim in ("prefix", "key", "hunter"):
        yield Found(claim, mean(found[claim].where("member").values, seed))
    for claim, one, other in (("transfer", "hunter", "prefix"), ("learned", "hunter", "untrained"),
                              ("constant", "constant", "prefix")):  # fmt: skip
        yield Found(claim, mean(found[one].where("member").values - found[other].where("member").values, seed))
    yield Found("twin", mean(twin.where("member").values, seed))
    yield Found("control", mean(hunter.where("nonmember").values, seed))
    yield Found("told", mean(hunter.where("member").extra["told"], seed))
    judged = dataset_test(hunter, reference=twin, blind=guess, seed=seed, n_resamples=DEALINGS)
    if judged.p is not None:
        hits = round(judged.p * (DEALINGS + 1)) - 1
        high = clopper_pearson(hits, DEALINGS)[1]
        how = f"larger of two: labels dealt anew, signs flipped; {DEALINGS:,} dealings"
        yield Found("p", Estimate(judged.p, None, high, judged.main.n, "p", how), f"The claim is {judged.decision}.")


def ladder(found: dict[str, Scores], guess: Scores, seed: int) -> Exhibit:
    """Every rung, from the cheapest on."""
    rows = []
    for rung, name in ((RUNGS[0], "prefix"), (RUNGS[1], "requests"), (RUNGS[2], "untrained"), (RUNGS[3], "hunter"),
                       ("one prompt for all", "constant"), ("the planted header", "key")):  # fmt: skip
        scores = found[name]
        judged = dataset_test(scores, blind=guess, seed=seed)
        means = {f"{role}s": float(scores.where(role).values.mean()) for role in ("member", "nonmember")}
        n = scores.params["tries"]
        rows.append({"rung": rung, "tries": n, **means, "p": judged.p, "decision": judged.decision})
    decided = next((r["rung"] for r in rows if r["decision"] == "shown"), "none")
    return Exhibit("The ladder", f"Decided by: {decided}.", rows)


def of_the_budget(ground: Ground, hunter: PromptHunter, trained_for: int, seed: int) -> Iterator[Found | Exhibit]:
    """Every search at the same number of target tokens, and what a start by the hunter saves."""
    pairs, port = pairs_of(ground.held.where("member")), Port(ground.models["target"])
    points = curve(port, pairs, hunter, ground.plan, trained_for=trained_for, seed=seed,
                   more={TAUGHT: hunter_runner(ground, pairs)}, against=TAUGHT)  # fmt: skip
    at = {(p.search, p.budget): p for p in points}
    budgets = [each * len(pairs) for each in ground.plan.curve]
    yield Found("budget", negative(at["best of n, edits", budgets[-2]].gap))
    gap = at[GRADIENT, budgets[-1]].gap
    if gap is not None:
        yield Found("unlimited", gap)
    starts = [p[0] for p in ground.written(hunter)][: len(pairs)]
    saved = warm_start(port, pairs, starts, budget=budgets[-1], seed=seed, n_tokens=ground.plan.prompt_tokens)
    yield Found("plug-in", saved.saved, f"Recited in full: {saved.cold} cold, {saved.warm} warm; tokens until then: "
                f"{saved.tokens_cold} cold, {saved.tokens_warm} warm.")  # fmt: skip
    yield shown(points, len(pairs))


def negative(e: Estimate | None) -> Estimate:
    """The hunter minus a search, from the search minus the hunter."""
    if e is None or None in (e.value, e.low, e.high):
        return Estimate(None, None, None, 0, "", "not estimated")
    value, low, high = (-(x or 0.0) for x in (e.value, e.high, e.low))
    return Estimate(value, low, high, e.n, "share recited, hunter minus best of n", e.how)


def mean(values: np.ndarray, seed: int) -> Estimate:
    """Mean over records."""
    return bootstrap_mean(np.asarray(values, np.float64), seed=seed, unit="mean over records")
