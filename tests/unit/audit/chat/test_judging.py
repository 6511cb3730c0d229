"""What is said of a chat model: nothing where there is nothing, and never that a model which refuses knows nothing."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.audit.chat.audit_chat import name_articles
from byheart.audit.chat.judging import counted, hiding, judge_chat
from byheart.audit.measuring import read_off
from byheart.audit.profiles import PROFILES
from byheart.core.scores import Scores
from byheart.measure.blind import blind
from byheart.measure.verbatim import verbatim
from byheart.signals.chat.reply_cells import KINDS

ROUTINE = replace(PROFILES["routine"], n_resamples=199)


def scores_of(members, controls, *, recited=None, kinds=None, groups=None):
    """Scores as `verbatim` leaves them, and a blind guess that finds nothing; `kinds` are questions of each member."""
    values = np.concatenate([members, controls]).astype(float)
    m, n = len(members), values.size
    roles = np.array(["member"] * m + ["nonmember"] * (n - m), dtype=object)
    ids = np.array([f"r{i:04d}" for i in range(n)], dtype=object)
    hit = np.nan_to_num(values) >= 100 if recited is None else recited
    counts = {k: np.zeros(n, np.int64) for k in KINDS}
    counts["continued"][:] = 9
    for kind, count in (kinds or {}).items():
        counts[kind][:m] = count
    extra = {
        "recited": hit,
        "guessed": np.zeros(n),
        "with_refusals": np.nan_to_num(values),
        "span": np.array([""] * n, object),
    }
    extra |= {f"n_{k}": v for k, v in counts.items()}
    own = Scores(values, ids, roles, ids if groups is None else groups, verbatim.card, {"whole_words": 20}, extra)
    guess = np.random.default_rng(n).permutation(n) / n
    flat = Scores(guess, ids, roles, own.groups, blind.card, {"fitted": True})
    return with_passages({"verbatim": own, "blind": flat})


def with_passages(scores):
    """With the claim about whole passages that an audit reads off the scores, and what is held against it."""
    return {**scores, **read_off(scores, {}, family="chat", seed=0)}


def chance(rng, n, cells=9):
    """The largest of `cells` chance matches of two texts: logarithm plus a Gumbel tail, whole characters."""
    return np.round(12 + rng.gumbel(0, 2.0, (n, cells)).max(axis=1))


def test_nothing_is_shown_where_members_are_controls():
    """250 simulated audits of 60 + 60 articles; level 5 % for both claims together: at most 22 (binomial, 0.4 %)."""
    rng, shown = np.random.default_rng(0), 0
    for i in range(250):
        found = judge_chat(scores_of(chance(rng, 60), chance(rng, 60)), ROUTINE, seed=i)
        shown += any(v.decision == "shown" for v in found)
    assert shown <= 22


def test_the_same_largest_is_taken_of_controls_or_else_false_alarms_come():
    """Members over 15 questions against controls over one: the error the spec warns of is visible, ours is not."""
    rng = np.random.default_rng(1)
    unfair = [
        np.mean(chance(rng, 90, 15) > np.sort(chance(rng, 90, 1))[-5]) for _ in range(50)
    ]  # fmt: skip
    fair = [np.mean(chance(rng, 90, 15) > np.sort(chance(rng, 90, 15))[-5]) for _ in range(50)]
    assert np.mean(unfair) > 0.2
    assert np.mean(fair) < 0.08


def test_named_articles_keep_their_promise():
    """Controls on both sides: in 300 audits some article is named in at most 5 % (band: 27 at 0.2 %)."""
    rng = np.random.default_rng(2)
    named = [
        (name_articles(scores_of(chance(rng, 40), chance(rng, 90)))[0].columns["q"] <= 0.05).any()
        for _ in range(300)
    ]
    assert sum(named) <= 27


def test_recitation_is_shown_and_named():
    rng = np.random.default_rng(3)
    known = np.r_[chance(rng, 30), np.full(30, 400.0)]
    scores = scores_of(known, chance(rng, 90))
    found = {v.method: v for v in judge_chat(scores, ROUTINE, seed=0)}
    assert [v.decision for v in found.values()] == ["shown", "shown"]
    assert found["verbatim_passages"].main.value == pytest.approx(0.5)
    assert found["verbatim_passages"].control.value == 0
    findings, said = name_articles(scores)
    assert (findings.columns["q"] <= 0.05).sum() >= 30
    assert "up to" in said
    assert "no p is below 0.011" in said  # 1 / 91
    assert findings.estimates["threshold"].value < 400


def test_few_recited_articles_that_ranks_overlook_are_shown_by_passages():
    rng = np.random.default_rng(4)
    found = judge_chat(scores_of(np.r_[chance(rng, 88), np.full(12, 700.0)], chance(rng, 100)), ROUTINE, seed=0)
    assert {v.method: v.decision for v in found}["verbatim_passages"] == "shown"


@pytest.mark.parametrize(
    ("kinds", "silent", "said"),
    [
        ({"refusal": 9, "continued": 0}, 1.0, "the model refuses"),
        ({"refusal": 9, "continued": 0}, 0.2, "the model refuses"),
        ({"empty": 9, "continued": 0}, 0.5, "answers are empty"),
        ({"error": 9, "continued": 0}, 0.5, "requests failed"),
        ({"refusal": 6, "continued": 3}, 0.0, "refused 67 %"),
        ({"refusal": 6, "continued": 3, "skipped": 9}, 0.0, "refused 67 %"),  # of those asked
        ({"filtered": 3, "continued": 6}, 0.0, "cuts recitations off"),
    ],
)
def test_a_model_that_refuses_is_never_said_not_to_know(kinds, silent, said):
    rng = np.random.default_rng(5)
    members = chance(rng, 60)
    members[: round(60 * silent)] = np.nan
    found = judge_chat(scores_of(members, chance(rng, 60), kinds=kinds), ROUTINE, seed=0)
    assert {v.decision for v in found} == {"inconclusive"}
    assert all(said in v.caveats[0] for v in found)


def test_a_model_that_answers_may_be_said_not_to_show_it_with_the_counts_beside():
    rng = np.random.default_rng(6)
    scores = scores_of(chance(rng, 60), chance(rng, 60), kinds={"refusal": 2, "continued": 7})
    found = judge_chat(scores, ROUTINE, seed=0)
    assert {v.decision for v in found} == {"not shown"}
    assert hiding(scores["verbatim"]) == ""
    assert "420 answered, 120 refusal" in counted(scores["verbatim"])[0]
    assert all(any("120 refusal" in c for c in v.caveats) for v in found)


def test_without_control_and_with_few_and_in_smoke_nothing_is_claimed():
    rng = np.random.default_rng(7)
    strong = np.full(40, 500.0)
    enough = chance(rng, 60)
    for controls, profile, said in (
        ([], ROUTINE, "no control"), (chance(rng, 12), ROUTINE, "12 control"), (enough, PROFILES["smoke"], "no claim"),
    ):  # fmt: skip
        found = judge_chat(scores_of(strong, controls), profile, seed=0)
        assert {v.decision for v in found} == {"inconclusive"}
        assert all(said in v.caveats[0] for v in found)
    assert {v.decision for v in judge_chat(scores_of(strong, enough), ROUTINE, seed=0)} == {"shown"}
    findings, said = name_articles(scores_of(strong, []))
    assert findings is None
    assert "No single article is named" in said


def test_sets_that_differ_in_themselves_refuse_the_ranks_and_mark_the_passages():
    rng = np.random.default_rng(8)
    scores = scores_of(np.full(60, 500.0), chance(rng, 60))
    known = np.r_[np.linspace(0.6, 1, 60), np.linspace(0, 0.5, 60)]
    scores["blind"] = replace(scores["blind"], values=known)
    ranks, passages = judge_chat(scores, ROUTINE, seed=0)
    assert ranks.decision == "inconclusive"
    assert "differ in distribution" in ranks.caveats[0]
    assert passages.decision == "shown"
    assert any("quotations and reprints" in c for c in passages.caveats)


def test_passages_that_can_be_guessed_explain_themselves():
    rng = np.random.default_rng(9)
    scores = scores_of(np.full(60, 500.0), chance(rng, 60))
    own = scores["verbatim"]
    assert {v.method: v.decision for v in judge_chat(scores, ROUTINE, seed=0)}["verbatim_passages"] == "shown"
    guessed = replace(own, extra={**own.extra, "guessed": (own.roles == "member").astype(float)})
    scores = with_passages({**scores, "verbatim": guessed})
    assert {v.method: v.decision for v in judge_chat(scores, ROUTINE, seed=0)}["verbatim_passages"] == "inconclusive"


def test_reprints_count_once():
    """60 members that are 6 articles reprinted ten times each: six independent articles license no claim."""
    rng = np.random.default_rng(10)
    groups = np.array([f"m{i // 10}" for i in range(60)] + [f"c{i}" for i in range(60)], dtype=object)
    controls = chance(rng, 60)
    found = judge_chat(scores_of(np.full(60, 500.0), controls, groups=groups), ROUTINE, seed=0)
    assert {v.decision for v in found} == {"inconclusive"}
    assert all("6 independent members and 60 independent controls are too few" in v.caveats[0] for v in found)
    apart = judge_chat(scores_of(np.full(60, 500.0), controls), ROUTINE, seed=0)
    assert {v.decision for v in apart} == {"shown"}


def test_unequal_numbers_of_answers_are_told():
    rng = np.random.default_rng(11)
    scores = scores_of(chance(rng, 60), chance(rng, 60), kinds={"continued": 15})
    said = " ".join(judge_chat(scores, ROUTINE, seed=0)[0].caveats)
    assert "15.0 answers each and controls 9.0" in said
