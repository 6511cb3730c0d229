"""The hunt: a hunter schooled on one half of the records, let loose on the other half and on controls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.scores import Scores
from byheart.measure.memhunter import memhunter
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.hunter import PromptHunter
from byheart.models.toy.tiny import tiny_gpt
from byheart.search.beam_opt import BeamOpt
from byheart.search.budget_curve import Runner, recited_after
from byheart.search.ladder import ready_made, written
from byheart.search.meter import bare
from byheart.search.port import Pair, Port
from byheart.search.training import Report, Schooling, fit
from byheart.signals.text.hunted import hunted, with_prompts

from .texts import Plan, Planted

ENOUGH = 1 << 40
WITHIN = 0.7  # of a budget that a schooling is given, as a turn that has begun is finished


@dataclass(frozen=True, eq=False)
class Ground:
    """Where the hunt takes place.

    Args:
        models: target, reference and the model that hunts.
        planted: the records.
        plan: the scale.
        folder: keeps hunters.
        seed: everything random follows from it.
    """

    models: dict[str, CausalLM]
    planted: Planted
    plan: Plan
    folder: Path
    seed: int

    @property
    def learned(self) -> Corpus:
        """Every second member: the hunter learns from these."""
        return self.planted.records.where("member").take(np.arange(0, self.plan.records, 2))

    @property
    def held(self) -> Corpus:
        """The other members, and all controls."""
        others = self.planted.records.where("member").take(np.arange(1, self.plan.records, 2))
        return others + self.planted.records.where("nonmember")

    def writer(self) -> PromptHunter:
        """The hunter before its schooling, on weights of its own."""
        known = self.models["hunter"]
        module = tiny_gpt(known.vocabulary, width=self.plan.width, layers=max(1, self.plan.layers // 2),
                          context=known.context, seed=0).to(known.device)  # fmt: skip
        module.load_state_dict(known.module.state_dict())
        return PromptHunter(module, known.tokenizer, seed=self.seed)

    def schooled(self, budget: int | None = None) -> tuple[PromptHunter, Report]:
        """A hunter taught with so many target tokens, and what it cost; kept in the folder."""
        hunter, plan = self.writer(), self.plan
        how = Schooling(epochs=plan.epochs, n_tokens=plan.prompt_tokens, lr=plan.hunter_lr, budget=budget)
        search = BeamOpt(hunter, n_tokens=plan.prompt_tokens, top_k=plan.top_k)
        report = fit(hunter, Port(self.models["target"]), pairs_of(self.learned), search, how=how, seed=self.seed,
                     folder=self.folder / f"hunter-{budget or 'whole'}")  # fmt: skip
        return hunter, report

    def tried(self, prompts: list[list[str]], who: str = "target") -> Scores:
        """The best of the prompts for each held-out record."""
        return memhunter(hunted(self.models[who], with_prompts(self.held, prompts)))

    def written(self, hunter: PromptHunter) -> list[list[str]]:
        """Its prompts for the held-out records."""
        return written(hunter, pairs_of(self.held), self.plan.tries, self.plan.prompt_tokens, seed=self.seed)

    def constant(self) -> str:
        """One prompt for all, searched on records to learn from with the writer's input left out."""
        search = BeamOpt(self.writer(), n_tokens=self.plan.prompt_tokens, top_k=self.plan.top_k, weight=1000.0)
        some = pairs_of(self.learned)[:8]
        return search.universal(Port(self.models["target"]), some, budget=ENOUGH, seed=self.seed)[0]

    def requests(self) -> list[list[str]]:
        """Ready-made requests."""
        return ready_made(pairs_of(self.held), "prepend")


def pairs_of(corpus: Corpus) -> list[Pair]:
    """The records as pairs."""
    columns: Any = (corpus.ids, corpus.columns["context"], corpus.columns["continuation"])
    return [Pair(str(i), x, y) for i, x, y in zip(*columns, strict=True)]


def hunter_runner(ground: Ground, pairs: list[Pair]) -> Runner:
    """A hunter schooled within each budget; its likeliest prompt for each record. Without a turn: the bare context."""
    port = Port(ground.models["target"])

    def run(budget: int) -> tuple[np.ndarray, int]:
        hunter, report = ground.schooled(int(WITHIN * budget))
        if report.tokens > budget:
            return recited_after(port, pairs, [bare(port, p) for p in pairs]), 0
        prompts = written(hunter, pairs, 1, ground.plan.prompt_tokens, seed=ground.seed)
        return recited_after(port, pairs, [p[0] for p in prompts]), report.tokens

    return run
