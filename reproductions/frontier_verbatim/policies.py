"""The four oracles: models whose memory and manners are planted, asked through a real server on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from byheart.audit.chat.audit_chat import ATTACKS, audit_chat
from byheart.core.claim import Exhibit, Found
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain.output_filter import filter_found, output_filter
from byheart.models.chat.endpoint import EndpointChat
from byheart.models.toy.chat_oracle import POLICIES, Oracle
from byheart.models.toy.chat_server import ChatServer
from byheart.signals.chat.reply_cells import ANSWERED, reply_cells
from byheart.stats.intervals import bootstrap_mean, proportion

from .articles import Plan, dealt

PREFIX, ROOM = 38, 400  # words given; tokens, more than any rest of an article
ROLEPLAY = 2  # the third template


def try_policies(folder: Path, plan: Plan, *, seed: int) -> Iterator[Found | Exhibit]:
    """The claims about answers that are refused, cut off or retold."""
    runs = {policy: ask(folder / policy, plan, policy, seed=seed) for policy in POLICIES}
    truth = planted(plan, seed)
    cells = {policy: cells_of(run) for policy, run in runs.items()}
    scores = {policy: run.scores["verbatim"].where("member") for policy, run in runs.items()}
    exact = [scores[policy].extra["words"][known > 0] == np.minimum(known, limit)[known > 0]
             for policy, limit in (("plain", 10**6), ("refuse_direct", 10**6), ("filter", Oracle.LIMIT))
             for known in [in_order(truth, scores[policy])]]  # fmt: skip
    yield Found("exact", proportion(np.concatenate(exact)))
    right = [cells[policy]["kind"].to_numpy() == expected(cells[policy], policy, truth) for policy in POLICIES]
    yield Found("kinds", proportion(np.concatenate(right)))
    spikes = {policy: filter_of(run) for policy, run in runs.items()}
    found, how = spikes["filter"], "length at which recitations are cut off"
    length = None if found is None else float(found)
    yield Found("filter", Estimate(length, None, None, len(scores["filter"]), "words", how))
    yield Found("bypass", bypass(cells["refuse_direct"], seed))
    alone = ask(folder / "refused", plan, "refuse_direct", seed=seed, attacks=("direct",))
    wrong = [v.decision == "not shown" for v in alone.verdicts]
    yield Found("refusal", Estimate(float(sum(wrong)), None, None, len(wrong), "verdicts", "counted"))
    rows = [{"oracle": policy, "verdicts": ", ".join(v.decision for v in runs[policy].verdicts),
             "filter at": spikes[policy], **cells[policy]["kind"].value_counts().sort_index().to_dict()}
            for policy in POLICIES]  # fmt: skip
    kinds = sorted({k for row in rows for k in row} - {"oracle", "verdicts", "filter at"})
    yield Exhibit("How each oracle's answers were read", "Members and controls; answers of each kind.",
                  [{**row, **{k: row.get(k, 0) for k in kinds}} for row in rows])  # fmt: skip


def false_filters(folder: Path) -> list[bool]:
    """Whether a filter was found, for the three oracles that have none."""
    return [filter_of(RunFolder.existing(folder / p)) is not None for p in POLICIES if p != "filter"]


def planted(plan: Plan, seed: int) -> dict[str, int]:
    """Words known of each article that follow its prefix."""
    members, _, _ = dealt(plan, seed=seed)
    known = [plan.known[i % len(plan.known)] for i in range(plan.oracle)]
    rest = plan.words - PREFIX
    return {str(name): rest if n is None else min(n, rest) for name, n in zip(members.ids, known, strict=False)}


def ask(folder: Path, plan: Plan, policy: str, *, seed: int, attacks: Sequence[str] = ATTACKS) -> RunFolder:
    """Audit one oracle through HTTP."""
    members, control, _ = dealt(plan, seed=seed)
    members, control = (c.take(np.arange(plan.oracle)) for c in (members, control))
    known = {t: plan.known[i % len(plan.known)] for i, t in enumerate(members.texts)}
    with ChatServer(Oracle({**known, **dict.fromkeys(control.texts, 0)}, policy)) as server:
        model = EndpointChat(server.url, policy, at_once=4)
        model.digest = f"oracle {policy}"  # not its address, which changes: a killed run goes on
        return audit_chat(
            model, members, control, prefixes=(PREFIX,), attacks=attacks, max_tokens=ROOM, out=folder, seed=seed
        )


def cells_of(run: RunFolder) -> pd.DataFrame:
    """A row for each question and answer of a finished audit."""
    return reply_cells(answers_of(run), run.corpus)


def answers_of(run: RunFolder) -> Signals:
    """The answers of a finished audit, in the order of its articles."""
    found = Signals.join([Signals.load(p) for p in sorted(run.signals_folder("replies").glob("shard-*.safetensors"))])
    place = {name: i for i, name in enumerate(found.ids.tolist())}
    return found.take([place[name] for name in run.corpus.ids.tolist()])


def filter_of(run: RunFolder) -> int | None:
    """The length at which a filter cuts recitations off, if there is evidence of one."""
    return filter_found(output_filter(answers_of(run), run.corpus))


def in_order(truth: dict[str, int], scores: Scores) -> np.ndarray:
    """Words known of each article in the order of the scores, int64 (articles,)."""
    return np.array([truth[str(name)] for name in scores.ids], dtype=np.int64)


def expected(cells: pd.DataFrame, policy: str, truth: dict[str, int]) -> np.ndarray:
    """The kind that each answer is, as the oracle was told to give it."""
    kind = np.full(len(cells), "continued", dtype=object)
    if policy == "paraphrase":
        kind[:] = "paraphrased"
    if policy == "refuse_direct":
        kind[cells["attack"].to_numpy() < ROLEPLAY] = "refusal"
    if policy == "filter":
        kind[np.array([truth.get(str(name), 0) > Oracle.LIMIT for name in cells["id"]])] = "filtered"
    return kind


def bypass(cells: pd.DataFrame, seed: int) -> Estimate:
    """Longest stretch in a role play less that of a direct request, article by article; a refusal brings nothing."""
    member = cells[cells["role"] == "member"]
    value = member["characters"].where(member["kind"].isin(ANSWERED), 0)
    table = value.groupby([member["row"], member["attack"]]).max().unstack()
    return bootstrap_mean((table[ROLEPLAY] - table[0]).to_numpy(np.float64), seed=seed, unit="characters")
