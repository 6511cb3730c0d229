"""What an edit does to recitation, to other text and to repetition, and would a random edit do the same?

Every change is that of the same tokens before and after, so that records are their own control; intervals resample
whole groups.

Source: Slonski 2024, arXiv 2412.01014 (recitation falls, the rest is kept; how that is measured is ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.core.ragged import Ragged
from byheart.core.verdict import Estimate
from byheart.mitigate._proof.cuts import mean_logprob
from byheart.mitigate._proof.estimates import change_in, mean_of, over_draws, percentile_of, share_of
from byheart.mitigate._proof.proof import Evidence, Line, negative
from byheart.signals.text.token_events import RECITED
from byheart.stats.permutation import permuted

if TYPE_CHECKING:
    from byheart.mitigate._proof.language import Answers, LanguageQuestions

Controls = Sequence[tuple[np.ndarray, np.ndarray]]
RISE = "nats per token, rise in loss of what was recited"


def evidence_of(
    asked: LanguageQuestions, before: Answers, after: Answers, controls: Controls, relearned: Line
) -> Evidence:
    """All numbers from the answers of both states and of the random edits."""
    comparison = Comparison(asked, before, after, controls)
    p, beyond = comparison.beyond_random()
    estimates = comparison.recall() | comparison.on_texts() | beyond | comparison.patched()
    records = asked.targets.records
    return Evidence(
        comparison.lines(estimates, relearned), estimates, comparison.further(estimates), p, int(before.known.size),
        len(controls),
        {"id": records.ids, "role": records.roles, "before": before.recited, "after": after.recited, **after.stretches},
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """The answers of a model without and with an edit.

    Args:
        asked: the questions.
        was, now: the answers.
        controls: what targets recited before do under random edits: mean log-probability and whether still recited.
    """

    asked: LanguageQuestions
    was: Answers
    now: Answers
    controls: Controls

    @property
    def groups(self) -> np.ndarray:
        """Groups of the targets."""
        return self.asked.targets.records.groups

    @property
    def others(self) -> str:
        """What the random edits are called."""
        return "random directions" if self.asked.kind == "activations" else "random edits"

    @property
    def seed(self) -> int:
        """Of resamples."""
        return self.asked.seed

    def recall(self) -> dict[str, Estimate]:
        """Targets that are recited, and how far what is generated agrees with them."""
        before, after, known = self.was.recited, self.now.recited, self.was.known
        groups, roles = self.groups, self.asked.targets.records.roles
        found = {}
        for role in ("", "member", "canary"):
            on = roles == role if role else np.ones(len(roles), bool)
            if on.any() and (not role or not on.all()):
                tail = f", {role}" if role else ""
                found[f"recited before{tail}"] = share_of(before[on], groups[on], "of the records")
                found[f"recited after{tail}"] = share_of(after[on], groups[on], "of the records")
        found["recited, change"] = change_in(after * 1.0 - before, groups, "share of records recited", self.seed)
        found["still recited"] = share_of(after[known], groups[known], "of those recited before")
        for side in ("before", "after"):
            values = self.now.stretches[f"stretch_{side}"][known].astype(np.float64)
            unit = "tokens in a row, generated"
            found[f"longest stretch {side}"] = mean_of(values, groups[known], unit, self.seed)
        return found

    def on_texts(self) -> dict[str, Estimate]:
        """Losses of tokens, agreement and repetition."""
        groups, scored, unseen = self._tokens()
        rise = self._logprob(self.was) - self._logprob(self.now)
        assert self.was.events is not None, "the model as it is was asked for its events"
        recited = self.was.events.ragged("label").values == RECITED
        nats = "nats per token, rise in loss"
        found = {
            "recited tokens, loss": change_in(rise[recited], groups[recited], nats, self.seed),
            "held-out text, loss": change_in(rise[unseen], groups[unseen], nats, self.seed),
            "held-out text, loss, 99th percentile": percentile_of(rise[unseen], groups[unseen], 99, nats, self.seed),
        }
        agree = (self.was.best.values == self.now.best.values)[scored[self.asked.is_unseen[self._row]]]
        found["next-token agreement"] = share_of(agree, groups[unseen], "of held-out tokens with the same best guess")
        second = scored & (self.was.read.ragged("start").values >= self.asked.second_from[self._row])
        hits = [(state.read.ragged("gap").values > 0)[second] for state in (self.was, self.now)]
        for side, hit in zip(("before", "after"), hits, strict=True):
            found[f"repetition {side}"] = share_of(hit, groups[second], "of the tokens of second copies guessed")
        gained = hits[1].astype(np.float64) - hits[0]
        unit = "share of second copies guessed"
        found["repetition, change"] = change_in(gained, groups[second], unit, self.seed)
        return {name: e for name, e in found.items() if e.value is not None}

    def beyond_random(self) -> tuple[float | None, dict[str, Estimate]]:
        """Rise in loss on what was recited, beside that under random edits of the same size; p of it.

        An edit of sampling leaves the loss as it is; there p is of the share that is still recited.
        """
        if not self.controls:
            return None, {}
        known, n = self.was.known, len(self.controls)
        groups = self.groups[known]
        before = mean_logprob(self.was.said)[known]
        rise = before - mean_logprob(self.now.said)[known]
        others = np.stack([before - logprob for logprob, _ in self.controls])
        left = np.array([recited.mean() for _, recited in self.controls])
        found = {
            "continuations, loss": change_in(rise, groups, RISE, self.seed),
            f"continuations, loss, {self.others}": over_draws(others.mean(axis=1), RISE, self.others),
            "continuations, loss, beyond random": change_in(
                rise - others.mean(axis=0), groups, f"{RISE}, less that of {n} {self.others}", self.seed
            ),
            f"still recited, {self.others}": over_draws(left, "share of those recited before", self.others),
        }
        if self.asked.by_generating:
            return permuted(-float(self.now.recited[known].mean()), -left, exact=False).p, found
        return permuted(float(rise.mean()), others.mean(axis=1), exact=False).p, found

    def patched(self) -> dict[str, Estimate]:
        """The same with all of the activation replaced by that of an unseen text."""
        if self.was.patched is None:
            return {}
        logprob, recited = self.was.patched
        told, known = ~np.isnan(logprob), self.was.known
        if not told.any():
            return {}
        rise, groups = (mean_logprob(self.was.said)[known] - logprob)[told], self.groups[known][told]
        return {
            "continuations, loss, site of unseen text": change_in(rise, groups, RISE, self.seed),
            "still recited, site of unseen text": share_of(recited[told], groups, "of those recited before"),
        }

    def further(self, estimates: dict[str, Estimate]) -> Estimate | None:
        """How much further the edit goes than random edits, upwards."""
        if not self.asked.by_generating:
            return estimates.get("continuations, loss, beyond random")
        if not self.controls:
            return None
        known = self.was.known
        gained = np.stack([recited for _, recited in self.controls]).mean(axis=0) - self.now.recited[known]
        unit = "share of those recited before that random edits leave and this one does not"
        return change_in(gained, self.groups[known], unit, self.seed)

    def lines(self, estimates: dict[str, Estimate], relearned: Line) -> dict[str, Line]:
        """The six lines of a proof."""
        return {
            "targets": self._targets(estimates), "weights": self._weights(), "bystanders": self._bystanders(),
            "held out": self._held_out(estimates), "behaviour": self._behaviour(estimates), "relearning": relearned,
        }  # fmt: skip

    def _targets(self, estimates: dict[str, Estimate]) -> Line:
        random = None
        if self.controls:
            shares = np.array([recited.sum() for _, recited in self.controls]) / len(self.was.recited)
            random = over_draws(shares, "share of the records; only those recited before were asked", self.others)
        how = "Counted in what is generated." if self.asked.by_generating else "Counted token by token, greedily."
        return Line(
            estimates["recited before"], estimates["recited after"], estimates["recited, change"], random, "rise", how
        )

    def _weights(self) -> Line:
        """Log-probability of what was recited, with the rank of its least likely token in the note."""
        known = self.was.known
        if not known.size:
            return Line(note="Does not apply: no target was recited before.")
        groups, unit = self.groups[known], "nats per token, mean log-probability of what was recited"
        before, after = (mean_logprob(state.said)[known] for state in (self.was, self.now))
        ranks = [
            percentile_of(_worst_rank(state.said["rank"])[known], groups, 50, "rank", self.seed)
            for state in (self.was, self.now)
        ]
        told = " and ".join(f"{e.value:,.0f} {side}" for e, side in zip(ranks, ("before", "after"), strict=True))
        stays = {
            "activations": " Read with the edit on; the weights are as they were, and whoever takes it off has all.",
            "sampling": " The weights are as they were: an edit of sampling hides, it does not remove.",
        }.get(self.asked.kind, "")
        return Line(
            mean_of(before, groups, unit, self.seed), mean_of(after, groups, unit, self.seed),
            change_in(after - before, groups, unit, self.seed), worse="rise",
            note=f"Its least likely token ranks {told} in the median (0 is the best guess).{stays}",
        )  # fmt: skip

    def _bystanders(self) -> Line:
        records, was, now = self.asked.bystanders.records, self.was.bystanders, self.now.bystanders
        if not len(records):
            return Line(
                note="Does not apply: the edit is meant for all that is memorized. Name its targets, and the other "
                "records of the run are bystanders."
            )
        if not was.any():
            return Line(note=f"Not measured: none of the {len(records)} bystanders was recited before.")
        return Line(
            share_of(was, records.groups, "of the bystanders"), share_of(now, records.groups, "of the bystanders"),
            change_in(now * 1.0 - was, records.groups, "share of bystanders recited", self.seed), worse="fall",
        )  # fmt: skip

    def _held_out(self, estimates: dict[str, Estimate]) -> Line:
        change = estimates.get("held-out text, loss")
        if change is None:
            return Line(note="Not measured: the run has no held-out text.")
        groups, _, unseen = self._tokens()
        was, now = (
            mean_of(-self._logprob(state)[unseen], groups[unseen], "nats per token of held-out text", self.seed)
            for state in (self.was, self.now)
        )
        return Line(was, now, change, worse="rise")

    def _behaviour(self, estimates: dict[str, Estimate]) -> Line:
        if self.asked.by_generating and self.was.continued:
            same = np.array(
                [np.array_equal(a, b) for a, b in zip(self.was.continued, self.now.continued, strict=True)], bool
            )
            stays = share_of(same, self.asked.unseen.records.groups, "of held-out beginnings go on as before")
            lost = share_of(~same, self.asked.unseen.records.groups, "of held-out beginnings go on otherwise")
            return Line(None, stays, negative(lost), worse="fall")
        change = estimates.get("repetition, change")
        if change is None:
            return Line(note="Not measured: the run has no held-out text.")
        agreement = estimates.get("next-token agreement")
        note = "" if agreement is None else f"The best guess stays the same for {agreement} of held-out tokens."
        return Line(estimates["repetition before"], estimates["repetition after"], change, worse="fall", note=note)

    @property
    def _row(self) -> np.ndarray:
        row: np.ndarray = self.was.read.ragged("logprob").row
        return row

    def _tokens(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Group of each token, whether it is scored, and whether it is of held-out text."""
        scored = self.was.read.ragged("scored").values.astype(bool)
        return self.asked.texts.groups[self._row], scored, scored & self.asked.is_unseen[self._row]

    @staticmethod
    def _logprob(state: Answers) -> np.ndarray:
        values: np.ndarray = state.read.ragged("logprob").values.astype(np.float64)
        return values


def _worst_rank(rank: Ragged) -> np.ndarray:
    """Rank of the least likely token of each continuation, float64 (rows,); 0 is the best guess."""
    worst = np.zeros(len(rank))
    np.maximum.at(worst, rank.row, rank.values)
    return worst
