"""What is asked of a language model, unchanged or edited, so that its answers can be compared token by token?

Recall is exact and counted without generating: a continuation is recited if and only if each of its tokens is the best
guess after the true ones (`exact`). An edit of sampling leaves the guesses as they are; under it recall is counted in
what is generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from byheart.compare.text.substring import longest_common_substring
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.errors import TooFewRecords
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.mitigate._proof.best_guesses import best_guesses
from byheart.mitigate._proof.cuts import Batch, Cuts, exact, mean_logprob
from byheart.mitigate._proof.estimates import change_in, share_of
from byheart.mitigate._proof.language_evidence import evidence_of
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.patching import patched
from byheart.mitigate._proof.proof import Evidence, Line
from byheart.mitigate._proof.prove import OF_TRAINING
from byheart.mitigate._proof.relearning import relearned, why_not
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import RULES, TWICE, Rules, given_twice, token_events
from byheart.signals.text.token_logprobs import token_logprobs


@dataclass(frozen=True, eq=False)
class Answers:
    """What one state of the model answers.

    Args:
        read: `token_logprobs` of all texts.
        said: the true continuations of the targets read after their prompts, as `forced` leaves them.
        best: the likeliest token at each place of the held-out texts.
        recited: which targets come back, bool (targets,).
        bystanders: which bystanders do, bool (bystanders,).
        continued: what is said after the beginnings of held-out texts; only where sampling is edited.
        events: labels of tokens; only of the unchanged model.
        patched: of `patched`, only of the unchanged model and where sites are named.
        stretches: longest stretch that the generated text shares with the truth before and after, for targets recited
            before; -1 for others. Only of the edited model.
    """

    read: Signals
    said: dict[str, Ragged]
    best: Ragged
    recited: np.ndarray
    bystanders: np.ndarray
    continued: list[np.ndarray]
    events: Signals | None = None
    patched: tuple[np.ndarray, np.ndarray] | None = None
    stretches: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def known(self) -> np.ndarray:
        """Places of the targets that come back, int (known,)."""
        return np.flatnonzero(self.recited)


@dataclass(frozen=True, eq=False)
class LanguageQuestions:
    """The questions to a language model, `Questions` of a proof.

    Args:
        original: the model without the edit.
        kind: of the edit.
        targets: records that may be recited and are meant to be forgotten.
        bystanders: records that may be recited and are not.
        unseen: held-out texts cut in two.
        texts: the targets, behind them held-out texts, and behind these the same texts given twice.
        sites: where all of the activation is also replaced by that of unseen text.
        rules: when a single token counts as recited.
        batch: tokens per forward pass, or auto.
        seed: of resamples, draws and lessons.
    """

    original: LanguageModel
    kind: str
    targets: Cuts
    bystanders: Cuts
    unseen: Cuts
    texts: Corpus
    sites: tuple[str, ...] = ()
    rules: Rules = RULES
    batch: Batch = "auto"
    seed: int = 0

    @classmethod
    def of(
        cls,
        target: LanguageModel,
        corpus: Corpus,
        edit: Edit,
        *,
        prefix_tokens: int = 32,
        new_tokens: int = 32,
        **options: Any,
    ) -> LanguageQuestions:
        """From records with roles.

        Args:
            target: the model without the edit.
            corpus: members and canaries may be recited; held-out text is that of nonmembers (of canary controls, if
                there is no other).
            edit: what kind it is, and which records it is for.
            prefix_tokens: where a record is cut; a canary is cut before its secret.
            new_tokens: how much must be recited.
            **options: `sites`, `rules`, `batch` and `seed`.

        Raises:
            TooFewRecords: if no target may be recited.
        """
        may_leak = corpus.where("member", "canary")
        meant = np.isin(may_leak.ids, list(may_leak.ids if edit.targets is None else edit.targets))
        sizes = (prefix_tokens, new_tokens)
        targets = Cuts.of(target, may_leak.take(meant), *sizes)
        if not len(targets.records):
            raise TooFewRecords("no member or canary is long enough to be cut in two; nothing can be switched off")
        unseen = corpus.where("nonmember") if (corpus.roles == "nonmember").any() else corpus.where("canary_control")
        texts = targets.records + unseen
        texts = texts + given_twice(target, unseen) if len(unseen) else texts
        bystanders = Cuts.of(target, may_leak.take(~meant), *sizes)
        return cls(target, edit.kind, targets, bystanders, Cuts.of(target, unseen, *sizes), texts, **options)

    @property
    def by_generating(self) -> bool:
        """Whether recall is counted in what is generated."""
        return self.kind == "sampling"

    @cached_property
    def second_from(self) -> np.ndarray:
        """Where in each text the second copy begins, in characters; infinite without one, float64 (texts,)."""
        column = self.texts.columns.get(TWICE, np.zeros(len(self.texts)))
        return np.array([v if v and v == v else np.inf for v in column.tolist()], np.float64)

    @cached_property
    def is_unseen(self) -> np.ndarray:
        """Which texts are held-out ones as they are, bool (texts,)."""
        behind = np.arange(len(self.texts)) >= len(self.targets.records)
        unseen: np.ndarray = behind & np.isinf(self.second_from)
        return unseen

    def ask(self, thing: LanguageModel, before: Answers | None) -> Answers:
        """All answers of the model as it is (`before` is None), or with the edit."""
        read = token_logprobs(thing, self.texts, max_tokens_per_batch=self.batch)
        said = self.targets.forced(thing, np.arange(len(self.targets.prompts)), self.batch)
        answers = Answers(
            read,
            said,
            best_guesses(thing, self.texts.take(self.is_unseen)),
            self._recited(thing, self.targets, said),
            self._recited(thing, self.bystanders),
            self.unseen.generated(thing, np.arange(len(self.unseen.prompts))) if self.by_generating else [],
        )
        further: dict[str, Any] = (
            self._of_original(thing, answers) if before is None else {"stretches": self._stretches(thing, before.known)}
        )
        return Answers(**{**answers.__dict__, **further})

    def is_leaking(self, before: Answers) -> bool:
        """Whether any target is recited."""
        return bool(before.known.size)

    def ask_control(self, thing: LanguageModel, before: Answers) -> tuple[np.ndarray, np.ndarray]:
        """Of the targets recited before: mean log-probability (known,), and whether they still are, bool (known,)."""
        said = self.targets.forced(thing, before.known, self.batch)
        recited = self._generated_truth(thing, self.targets, before.known) if self.by_generating else exact(said)
        return mean_logprob(said), recited

    def relearn(
        self, thing: LanguageModel, edit: Edit, before: Answers, after: Answers, how: Relearning | None
    ) -> Line:
        """Fine-tune a copy on the beginnings of the targets, and count again what comes back."""
        reason = self._no_lesson(thing, edit, how)
        if reason or how is None:
            return Line(note=reason)
        lessons, seed = self.targets.prompts, self.seed
        with relearned(self.original, thing, edit, lessons, how, seed=seed) as student:
            again = self._recited(student, self.targets)
        with relearned(self.original, self.original, None, lessons, how, seed=seed) as student:
            most = share_of(self._recited(student, self.targets), self.targets.records.groups, "of the targets")
        groups, unit = self.targets.records.groups, "of the targets"
        stays = "" if edit.kind == "weights" else " The edit stays on: it is no part of the weights."
        return Line(
            share_of(after.recited, groups, unit), share_of(again, groups, unit),
            change_in(again * 1.0 - after.recited, groups, "share of targets recited", self.seed), worse="rise",
            note=f"Before and after {how.steps} steps on the beginnings of the targets; of the model without the edit "
            f"{most} are left by the same steps.{stays}",
        )  # fmt: skip

    def evidence(
        self, before: Answers, after: Answers, controls: Sequence[tuple[np.ndarray, np.ndarray]], relearned: Line
    ) -> Evidence:
        """The numbers."""
        return evidence_of(self, before, after, controls, relearned)

    def _recited(self, model: LanguageModel, cuts: Cuts, said: dict[str, Ragged] | None = None) -> np.ndarray:
        rows = np.arange(len(cuts.prompts))
        if not rows.size:
            return np.zeros(0, bool)
        if self.by_generating:
            return self._generated_truth(model, cuts, rows)
        return exact(cuts.forced(model, rows, self.batch) if said is None else said)

    @staticmethod
    def _generated_truth(model: LanguageModel, cuts: Cuts, rows: np.ndarray) -> np.ndarray:
        made = cuts.generated(model, rows)
        return np.array([np.array_equal(new, cuts.expected[i]) for i, new in zip(rows, made, strict=True)], bool)

    def _of_original(self, model: LanguageModel, answers: Answers) -> dict[str, Any]:
        events = token_events(
            model, self.texts, token_signals=answers.read, rules=self.rules, seed=self.seed,
            max_tokens_per_batch=self.batch,
        )  # fmt: skip
        known = answers.known
        if not self.sites or not known.size:
            return {"events": events}
        where = [Site.parse(address, model.module) for address in self.sites]  # type: ignore[attr-defined]
        prompts, expected = [self.targets.prompts[i] for i in known], [self.targets.expected[i] for i in known]
        unseen = self.texts.take(self.is_unseen)
        return {"events": events, "patched": patched(model, where, prompts, expected, unseen, seed=self.seed)}

    def _stretches(self, edited: LanguageModel, known: np.ndarray) -> dict[str, np.ndarray]:
        lengths = {f"stretch_{side}": np.full(len(self.targets.prompts), -1) for side in ("before", "after")}
        for i, new in zip(known, self.targets.generated(edited, known), strict=True):
            truth = self.targets.expected[i]
            lengths["stretch_before"][i] = truth.size
            lengths["stretch_after"][i] = longest_common_substring(truth, new).length
        return lengths

    def _no_lesson(self, thing: LanguageModel, edit: Edit, how: Relearning | None) -> str:
        """Why there is no relearning; empty if there is."""
        if edit.kind in OF_TRAINING:
            return (
                f"Does not apply: an edit of {edit.kind} acts through a training, and this is the model that came out "
                "of it; whoever trains on the records again has them again."
            )
        if how is None or how.steps < 1:
            return "Not asked for."
        if max(ids.size for ids in self.targets.prompts) < 2:
            return "Not measured: the beginnings of the targets are too short to teach anything."
        return why_not(thing if edit.kind == "weights" else self.original)
