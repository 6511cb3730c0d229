"""Is the set known although the model does not recite it by itself? A hunter learns on a part and hunts the rest.

records -> a part to learn from, the rest and as many controls to be hunted -> ladder -> hunter -> hunt -> verdict
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.audit.opening import open_text_model, reopen
from byheart.audit.text.hunt_records import Hunting, Parts, deal
from byheart.audit.text.passes import Opener, Pass, run_pass
from byheart.audit.verify import note_outputs
from byheart.core.atomic import write_json
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Verdict
from byheart.execute import engine_named
from byheart.measure.blind import blind
from byheart.measure.extraction_strength import extraction_strength
from byheart.measure.memhunter import memhunter
from byheart.measure.memhunter_canaries import memhunter_canaries
from byheart.search.beam_opt import BeamOpt
from byheart.search.ladder import RUNGS, climb_ladder, ready_made, written
from byheart.search.port import Pair, Port
from byheart.search.training import Report, Schooling, fit
from byheart.signals.text.hunted import hunted, with_prompts
from byheart.signals.text.token_logprobs import token_logprobs
from byheart.stats.judge.hunted_canaries import canary_test
from byheart.stats.judge.hunted_set import dataset_test
from byheart.stats.judge.settle import settle

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel
    from byheart.models.text.hunter import PromptHunter

log = logging.getLogger(__name__)


def hunt_run(
    path: Path, *, hunter: Any = "smollm2", reference: Any = None, how: Hunting | None = None, device: str = "auto",
    trust_remote_code: bool = False,
) -> list[Verdict]:  # fmt: skip
    """Hunt in a text run; killed and started again, it continues.

    Args:
        path: the run folder.
        hunter: a causal language model that learns to write prompts: folder, hub id, `smollm2` or live pair.
        reference: a model that never saw the members; the base of an adapter serves by itself.
        how: lengths, tries and budget.
        device: auto, cpu or cuda.
        trust_remote_code: allow a model's own code.

    Returns:
        The verdicts on the set, and on canaries where there are some; they stand in the run, too.

    Raises:
        ByheartError: one line on what is wrong with the input.
    """
    from byheart.models.text.hunter import PromptHunter  # peft is an extra

    run, plan = RunFolder.existing(path), how or Hunting()
    if run.facts.get("command", {}).get("verb") != "audit text":
        raise UsageError(f"{path} is no run of `audit text`; the hunt needs its model and its records")
    seed = int(run.facts["command"]["seed"])
    opened: dict[str, Any] = {"device": device, "trust_remote_code": trust_remote_code}
    target = reopen(run, **opened)
    other = None if reference is None else open_text_model(reference, dtype="auto", **opened)
    parts = deal(target, run.corpus, plan, seed=seed)
    writer = PromptHunter.open(hunter, seed=seed, **opened)
    one = Hunt(run, target, other, writer, parts, plan, seed)
    return one.carry_out()


class Hunt:
    """One hunt in one run folder.

    Args:
        run: the folder.
        target: its model.
        reference: a model that never saw the members, or None.
        writer: the hunter.
        parts: the records, dealt.
        plan: how.
        seed: everything random follows from it.
    """

    def __init__(
        self, run: RunFolder, target: LanguageModel, reference: LanguageModel | None, writer: PromptHunter,
        parts: Parts, plan: Hunting, seed: int,
    ) -> None:  # fmt: skip
        self.run, self.target, self.reference, self.writer = run, target, reference, writer
        self.parts, self.plan, self.seed = parts, plan, seed
        self.folder, self.report = run.path / "memhunter", Report()
        self.beside: Scores | None = None

    def carry_out(self) -> list[Verdict]:
        """Climb the ladder, keep scores and verdicts."""
        rungs = [self._rung_0, self._rung_1, self._rung_2, self._rung_3]
        found = list(climb_ladder(rungs, self._judge, to_the_top=self.plan.to_the_top))
        last = next((r for r in found if r.decisive), found[-1])
        by = f"Decided by rung {last.number}: {RUNGS[last.number]}." if last.decisive else "No rung decided."
        caveats = (*last.verdict.caveats, by, self._costs(), *self.parts.notes)
        verdicts = [replace(last.verdict, method=memhunter.card.name, caveats=caveats)]  # type: ignore[attr-defined]
        if found[-1].number > 0:
            found[-1].scores.save(self.run.scores_path("memhunter"))
            note_outputs(self.run, [self.run.scores_path("memhunter")])
            if np.isin(self.parts.held.roles, ("canary",)).any():
                verdicts.append(canary_test(memhunter_canaries(found[-1].scores), seed=self.seed))
        return self._keep(verdicts)

    def _rung_0(self) -> Scores:
        """Where does greedy decoding reach the end of the record, from which prefix on? One reading."""
        one = Pass("hunt_token_logprobs", self.parts.held, Opener(self.target), token_logprobs, self.target.digest)
        return extraction_strength(self._read(one, "Rung 0: reading the held-out records"))

    def _rung_1(self) -> Scores:
        return self._hunt("hunted_requests", ready_made(self._pairs(self.parts.held), self.plan.compose))

    def _rung_2(self) -> Scores:
        return self._hunt("hunted_untrained", self._prompts("untrained", max(8, self.plan.tries)))

    def _rung_3(self) -> Scores:
        port = Port(self.target, self.plan.compose)
        schooling = Schooling(epochs=self.plan.epochs, n_tokens=self.plan.prompt_tokens, lr=self.plan.lr,
                              budget=self.plan.budget)  # fmt: skip
        search = BeamOpt(self.writer, n_tokens=self.plan.prompt_tokens, top_k=self.plan.top_k)
        learned = self._pairs(self.parts.learned)
        with self.run.step("hunter"):
            self.report = fit(self.writer, port, learned, search, how=schooling, seed=self.seed, folder=self.folder)
        return self._hunt("hunted", self._prompts("trained", self.plan.tries))

    def _prompts(self, name: str, n: int) -> list[list[str]]:
        """Prompts for the held-out records, written once and kept."""
        path = self.folder / f"prompts-{name}.json"
        key = [self.writer.base_digest, asdict(self.plan), self.seed, self.parts.held.digest, n]
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["key"] == key:
                prompts: list[list[str]] = kept["prompts"]
                return prompts
        self.folder.mkdir(parents=True, exist_ok=True)
        made = written(self.writer, self._pairs(self.parts.held), n, self.plan.prompt_tokens, seed=self.seed)
        write_json({"key": key, "prompts": made}, path)
        return made

    def _hunt(self, name: str, prompts: Sequence[Sequence[str]]) -> Scores:
        """Try the prompts on the target, and on the reference if there is one."""
        corpus = with_prompts(self.parts.held, prompts)
        recipe, facts = partial(hunted, compose=self.plan.compose), (self.plan.compose,)
        made = Pass(name, corpus, Opener(self.target), recipe, self.target.digest, seed=self.seed, facts=facts)
        scores = memhunter(self._read(made, f"{name}: {len(prompts[0])} prompts for {len(corpus)} records"))
        self.beside = self._reference_scores(f"reference_{name}", corpus, recipe, facts)
        return scores

    def _reference_scores(self, name: str, corpus: Corpus, recipe: Any, facts: tuple[Any, ...]) -> Scores | None:
        base = self.target.base() if self.reference is None else None
        if self.reference is None and base is None:
            return None
        if base is not None:
            with base as model:
                digest = model.digest
        model = self.reference or self.target
        made = Pass(name, corpus, Opener(model), recipe, digest if base is not None else model.digest,
                    of_base=base is not None, seed=self.seed, facts=facts)  # fmt: skip
        return memhunter(self._read(made, f"{name}: the same on the reference"))

    def _read(self, one: Pass, title: str) -> Signals:
        found = run_pass(one, self.run, engine_named("local"), title)
        note_outputs(self.run, self.run.signals_folder(one.name).glob("*.safetensors"))
        return found

    def _judge(self, scores: Scores, level: float) -> Verdict:
        known = self.run.scores.get("blind")
        guess = blind(self.parts.held, seed=self.seed) if known is None else known
        beside = self.beside if scores.card.name == "memhunter" else None
        return dataset_test(scores, reference=beside, blind=guess, level=level, seed=self.seed)

    def _pairs(self, corpus: Corpus) -> list[Pair]:
        columns = (corpus.ids, corpus.columns["context"], corpus.columns["continuation"])
        return [Pair(str(i), x, y) for i, x, y in zip(*columns, strict=True)]

    def _costs(self) -> str:
        if not self.report.turns:
            return "No hunter had to be trained."
        n, tokens = len(self.parts.learned), self.report.tokens
        return f"The hunter learned from {n} records, none of which was judged, with {tokens:,} target tokens."

    def _keep(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Put the verdicts beside those of the run, corrected for the number of all claims."""
        path = self.run.verdicts_path
        names = {v.method for v in verdicts}
        others = [v for v in (self.run.verdicts if path.exists() else []) if v.method not in names]
        settled = settle([*others, *verdicts])[len(others) :]
        self.run.save_verdicts([*others, *settled])
        note_outputs(self.run, [path])
        return settled
