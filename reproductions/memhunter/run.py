"""MemHunter's claims, tried on a planted truth: a header that unlocks a whole set of records, to be found by a hunter.

Run with `byheart reproduce memhunter`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from byheart.core.claim import Exhibit, Found
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.measure._memhunter.best_of_n import Written, best_of_n
from byheart.measure._memhunter.budget_curve import Point, budget_curve, of_search
from byheart.measure._memhunter.dataset_test import dataset_test, power_curve
from byheart.measure._memhunter.gcg import gcg, warm_start
from byheart.measure._memhunter.ladder import RUNGS
from byheart.measure._memhunter.prefix_suffix import prefix_suffix
from byheart.measure._memhunter.target_port import Port
from byheart.measure._memhunter.templates import templates
from byheart.measure.blind import blind
from byheart.stats.intervals import bootstrap_mean, clopper_pearson

from .hunting import Ground, hunter_runner, pairs_of
from .texts import PLANS, RARE, Plan, documents, plant, word_tokenizer
from .training import models

DEALINGS = 100_000


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
    yield from of_the_hunt(found, twin, seed)
    yield ladder(found, twin, ground)
    yield Exhibit("How the hunter learned", f"Nats per token, turn by turn; {report.tokens:,} target tokens.",
                  [{"turn": i, **row} for i, row in enumerate(report.turns)], {"x": "turn", "y": "own"})  # fmt: skip
    examples = [{"record": i, "prompt": p, "recited": v} for i, p, v in zip(
        found["hunter"].ids[:8], found["hunter"].extra["prompt"], found["hunter"].values, strict=False)]  # fmt: skip
    yield Exhibit("Prompts", f"The planted header is {planted.headers[0]!r}; one prompt for all is "
                  f"{tries['constant'][0][0]!r}.", examples)  # fmt: skip
    yield Exhibit("Documents needed", "p of the test by documents on each side.", power_curve(found["hunter"], seed=seed),
                  {"x": "n", "y": "median p"})  # fmt: skip
    yield from of_the_budget(ground, hunter, seed)


def of_the_hunt(found: dict[str, Scores], twin: Scores, seed: int) -> Iterator[Found]:
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
    judged = dataset_test(hunter, reference=twin, blind=guess(hunter, seed), seed=seed, n_resamples=DEALINGS)
    if judged.p is not None:
        hits = round(judged.p * (DEALINGS + 1)) - 1
        high = clopper_pearson(hits, DEALINGS)[1]
        how = f"larger of two: labels dealt anew, signs flipped; {DEALINGS:,} dealings"
        yield Found("p", Estimate(judged.p, None, high, judged.main.n, "p", how), f"The claim is {judged.decision}.")


def guess(scores: Scores, seed: int) -> Scores:
    """A blind baseline would need the texts of the held-out records; all are words of chance, so a guess serves."""
    rng = np.random.default_rng(seed)
    return Scores(rng.random(len(scores)), scores.ids, scores.roles, scores.groups, blind.card)  # type: ignore[attr-defined]


def ladder(found: dict[str, Scores], twin: Scores, ground: Ground) -> Exhibit:
    """Every rung, from the cheapest on."""
    rows = []
    for rung, name in ((RUNGS[0], "prefix"), (RUNGS[1], "requests"), (RUNGS[2], "untrained"), (RUNGS[3], "hunter"),
                       ("one prompt for all", "constant"), ("the planted header", "key")):  # fmt: skip
        scores = found[name]
        judged = dataset_test(scores, blind=guess(scores, ground.seed), seed=ground.seed)
        rows.append({"rung": rung, "tries": scores.params["tries"], "members": scores.where("member").values.mean(),
                     "control": scores.where("nonmember").values.mean(), "p": judged.p, "decision": judged.decision})  # fmt: skip
    decided = next((r["rung"] for r in rows if r["decision"] == "shown"), "none")
    return Exhibit("The ladder", f"Decided by: {decided}.", rows)


def of_the_budget(ground: Ground, hunter: object, seed: int) -> Iterator[Found | Exhibit]:
    """Every search at the same number of target tokens, and what a start by the hunter saves."""
    pairs = pairs_of(ground.held.where("member"))
    target, n = ground.models["target"], ground.plan.prompt_tokens
    propose = Written(ground.models["hunter"], n_tokens=n)
    searches = {"prefix": prefix_suffix, "requests": templates, "best of n": partial(best_of_n, propose=propose),
                "GCG": partial(gcg, n_tokens=n)}  # fmt: skip
    runners = {name: of_search(s, Port(target), pairs, seed=seed) for name, s in searches.items()}
    budgets = [each * len(pairs) for each in ground.plan.curve]
    points = budget_curve({**runners, "hunter": hunter_runner(ground, pairs)}, budgets, against="hunter", seed=seed)
    at = {(p.search, p.budget): p for p in points}
    yield Found("budget", negative(at["best of n", budgets[-2]]))
    gap = at["GCG", budgets[-1]].gap
    assert gap is not None
    yield Found("unlimited", gap)
    starts = [p[0] for p in ground.written(hunter)][: len(pairs)]  # type: ignore[arg-type]
    saved = warm_start(Port(target), pairs, starts, budget=budgets[-1], seed=seed, n_tokens=n)
    yield Found("plug-in", saved.saved, f"Recited in full: {saved.cold} cold, {saved.warm} warm; tokens until then: "
                f"{saved.tokens_cold} cold, {saved.tokens_warm} warm.")  # fmt: skip
    rows = [{"search": p.search, "tokens per record": p.budget / len(pairs), "spent per record": p.spent / len(pairs),
             "recited": p.score.value, "low": p.score.low, "high": p.score.high} for p in points]  # fmt: skip
    plot = {"x": "tokens per record", "y": "recited", "by": "search", "y low": "low", "y high": "high", "joined": "yes"}
    yield Exhibit("Recited at equal budgets", "The hunter's budget is its schooling, shared by all records.", rows, plot)


def negative(point: Point) -> Estimate:
    """The hunter minus a search, from the search minus the hunter."""
    e = point.gap
    assert e is not None and e.value is not None and e.low is not None and e.high is not None
    return Estimate(-e.value, -e.high, -e.low, e.n, "share of the continuation recited, hunter minus best of n", e.how)


def mean(values: np.ndarray, seed: int) -> Estimate:
    """Mean over records."""
    return bootstrap_mean(np.asarray(values, np.float64), seed=seed, unit="mean over records")
