"""From scores to verdicts: which claims are made, and what holds them back."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.audit.judging import in_order, judge_scores
from byheart.audit.profiles import PROFILES, profile_named
from byheart.core.card import CLAIMS, discover
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.scores import Scores
from byheart.measure.blind import blind
from byheart.measure.copy_from_prefix import copy_from_prefix
from byheart.measure.exposure import exposure
from byheart.measure.extraction import extraction
from byheart.measure.loss import loss
from byheart.measure.min_k import min_k
from byheart.measure.one_run_epsilon import one_run_epsilon

ROUTINE = replace(PROFILES["routine"], n_resamples=499)
WORDS = ["river", "stone", "lamp", "winter", "orchard", "letter", "harbour", "engine", "garden", "copper"]


def records(m, n):
    texts = [" ".join(generator(0, "text", str(i)).choice(WORDS, 12)) for i in range(m + n)]
    return Corpus.of(texts, ["member"] * m + ["nonmember"] * n)


def scored(method, corpus, values, **extra):
    return Scores(np.asarray(values, float), corpus.ids, corpus.roles, corpus.groups, method.card, {}, extra)


def drawn(corpus, lift, seed=0):
    """Normal scores, those of members higher by `lift` standard deviations."""
    return generator(seed, "scores").normal(size=len(corpus)) + lift * (corpus.roles == "member")


def by_method(verdicts):
    return {v.method: v for v in verdicts}


def test_strong_effect_is_shown_and_the_same_without_effect_is_not():
    corpus = records(40, 40)
    told = {"blind": blind(corpus)}
    assert (
        by_method(judge_scores({**told, "loss": scored(loss, corpus, drawn(corpus, 2.0))}, ROUTINE, seed=0))[
            "loss"
        ].decision
        == "shown"
    )
    assert (
        by_method(judge_scores({**told, "loss": scored(loss, corpus, drawn(corpus, 0.0))}, ROUTINE, seed=0))[
            "loss"
        ].decision
        == "not shown"
    )


def test_members_that_score_lower_are_never_shown():
    corpus = records(40, 40)
    found = judge_scores({"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, -2.0))}, ROUTINE, seed=0)
    assert by_method(found)["loss"].decision == "inconclusive"
    assert "opposite of the claim" in by_method(found)["loss"].caveats[0]


def test_without_the_blind_baseline_nothing_about_membership_is_shown():
    corpus = records(40, 40)
    scores = {"loss": scored(loss, corpus, drawn(corpus, 2.0))}
    found = by_method(judge_scores(scores, ROUTINE, seed=0))["loss"]
    assert (found.decision, found.p, found.baseline) == ("inconclusive", 1 / 500, None)  # the least of 499 dealings
    assert "no blind baseline was held against it" in found.caveats[0]
    with_it = by_method(judge_scores({**scores, "blind": blind(corpus)}, ROUTINE, seed=0))["loss"]
    assert (with_it.decision, with_it.p, with_it.main) == ("shown", found.p, found.main)


def test_smoke_never_claims():
    corpus = records(40, 40)
    scores = {"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, 2.0))}
    found = by_method(judge_scores(scores, replace(PROFILES["smoke"], n_resamples=499), seed=0))["loss"]
    assert found.decision == "inconclusive"
    assert "makes no claim" in found.caveats[0]
    claims = by_method(judge_scores(scores, ROUTINE, seed=0))["loss"]
    assert (claims.decision, claims.p) == ("shown", found.p)


def test_fewer_controls_than_the_profile_asks_for():
    """40 controls are enough for routine (20), not for powered (100)."""
    corpus = records(40, 40)
    scores = {"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, 2.0))}
    found = by_method(judge_scores(scores, replace(PROFILES["powered"], n_resamples=499), seed=0))["loss"]
    assert found.decision == "inconclusive"
    assert "40 control records are fewer than the 100" in found.caveats[0]
    assert by_method(judge_scores(scores, ROUTINE, seed=0))["loss"].decision == "shown"


def test_correction_for_the_number_of_claims():
    """One p between 0.05/2 and 0.05 is shown alone and not shown beside another claim with a large p."""
    corpus, told = records(40, 40), {}
    told["blind"] = blind(corpus)
    for seed in range(200):
        alone = by_method(
            judge_scores({**told, "loss": scored(loss, corpus, drawn(corpus, 0.45, seed))}, ROUTINE, seed=0)
        )
        if alone["loss"].decision == "shown" and 0.03 < alone["loss"].p < 0.049:
            break
    else:
        pytest.fail("no such draw")
    both = {
        **told,
        "loss": scored(loss, corpus, drawn(corpus, 0.45, seed)),
        "min_k": scored(min_k, corpus, drawn(corpus, 0.0, 3)),
    }
    found = by_method(judge_scores(both, ROUTINE, seed=0))
    assert found["loss"].decision == "not shown"
    assert "2 claims were tried" in found["loss"].caveats[0]
    assert found["loss"].p == alone["loss"].p


def test_recited_by_repetition_alone_is_no_memorization():
    """20 of 40 members recited, no control; a guess that repeats the record's beginning recites the same ones."""
    corpus = records(40, 40)
    said = np.arange(80) < 20
    recited = scored(extraction, corpus, 50.0 * said, extracted=said)
    for explained, decision in ((said, "inconclusive"), (np.zeros(80, bool), "shown")):
        guess = scored(copy_from_prefix, corpus, 50.0 * explained, explained=explained)
        found = judge_scores({"extraction": recited, "copy_from_prefix": guess}, ROUTINE, seed=0)
        assert by_method(found)["extraction"].decision == decision


def test_recited_by_the_reference_too_is_no_memorization():
    corpus = records(40, 40)
    said, nothing = np.arange(80) < 20, np.zeros(80, bool)
    recited = scored(extraction, corpus, 50.0 * said, extracted=said)
    guess = scored(copy_from_prefix, corpus, 0.0 * said, explained=nothing)
    scores = {"extraction": recited, "copy_from_prefix": guess}
    assert by_method(judge_scores(scores, ROUTINE, seed=0))["extraction"].decision == "shown"
    known = {"extraction": recited}
    assert by_method(judge_scores(scores, ROUTINE, reference=known, seed=0))["extraction"].decision == "inconclusive"


def canaries(inserted, shift=0.0):
    """Scores of 120 canaries of one pool by both methods; those inserted have the highest log-probabilities."""
    roles = np.where(inserted, "canary", "canary_control").tolist()
    corpus = Corpus.of(["x"] * inserted.size, roles)
    logprob = np.where(inserted, -5.0, -50.0) + generator(0, "canaries").random(inserted.size) + shift
    extra = {
        "secret_logprob": logprob,
        "pool": np.full(inserted.size, "a", object),
        "repetitions": inserted.astype(float),
    }
    scores = scored(exposure, corpus, np.where(inserted, 5.9, 1.4), **extra)
    return {"exposure": scores, "one_run_epsilon": one_run_epsilon(scores, corpus)}


def test_epsilon_is_bounded_by_what_the_model_makes_of_the_coins():
    found = by_method(judge_scores(canaries(generator(1, "coins").random(120) < 0.5), ROUTINE, seed=0))
    assert list(found) == ["exposure", "one_run_epsilon"]
    assert found["one_run_epsilon"].decision == "shown"
    assert found["one_run_epsilon"].main.value > 2
    assert found["one_run_epsilon"].claim.startswith("The training run reveals which canaries were in the data")


def test_epsilon_subtracts_what_the_reference_knew():
    """Where the reference has the same log-probabilities nothing is left to guess by."""
    inserted = generator(1, "coins").random(120) < 0.5
    theirs = canaries(inserted, shift=generator(2, "noise").normal(size=120))
    found = by_method(judge_scores(canaries(inserted), ROUTINE, reference=theirs, seed=0))
    assert found["one_run_epsilon"].decision == "not shown"
    assert found["one_run_epsilon"].main.value < 1
    without = by_method(judge_scores(canaries(inserted), ROUTINE, seed=0))
    assert without["one_run_epsilon"].decision == "shown"


def test_canaries_need_no_control_records():
    """The profile's number of control records is about records, not about twins of canaries."""
    found = judge_scores(canaries(generator(1, "coins").random(120) < 0.5), PROFILES["powered"], seed=0)
    assert [v.decision for v in found] == ["shown", "shown"]


def test_a_card_that_claims_nothing_is_never_judged():
    corpus = records(40, 40)
    scores = {"loss": scored(loss, corpus, drawn(corpus, 2.0)), "blind": blind(corpus)}
    quiet = replace(scores["loss"], card=replace(loss.card, name="views", claim="none"))
    assert [v.method for v in judge_scores({**scores, "views": quiet}, ROUTINE, seed=0)] == ["loss"]


def test_a_sentence_on_the_card_stands_in_place_of_that_of_its_kind():
    corpus = records(40, 40)
    scores = scored(loss, corpus, drawn(corpus, 2.0))
    scores = replace(scores, params={"k": 7}, card=replace(scores.card, sentence="Seven is {k}."))
    (found,) = judge_scores({"loss": scores}, ROUTINE, seed=0)
    assert found.claim == "Seven is 7."


BEFORE = {
    "text": [
        "extraction", "near_verbatim", "exposure", "one_run_epsilon", "dataset_inference", "reference", "cdd",
        "con_recall", "dc_pdd", "gradnorm", "lira", "loss", "lowercase", "min_k", "min_k_plus_plus", "recall", "rmia",
        "surp", "window", "zlib",
    ],
    "table": ["nearest_row", "closest_record", "singling_out", "repeated_values", "row_membership"],
    "chat": ["verbatim", "verbatim_passages"],
    "benchmark": ["contamination", "contamination_recall"],
    "hunt": ["memhunter", "memhunter_canaries"],
}  # fmt: skip
"""The order of verdicts in each kind of audit, as it was when names decided it."""


@pytest.mark.parametrize("audit", BEFORE)
def test_claims_stand_in_the_order_in_which_they_always_stood(audit):
    cards = {m.card.name: m.card for m in discover()}
    corpus = records(2, 2)
    scores = {name: replace(scored(loss, corpus, np.zeros(4)), card=card) for name, card in cards.items()}
    there = generator(0, "any order", audit).permutation(sorted(BEFORE[audit])).tolist()
    assert in_order({name: scores[name] for name in there}) == BEFORE[audit]


def test_every_claim_of_the_house_has_its_place():
    """A method that joins the claims of an audit is to be added to the order above, knowingly."""
    claiming = {m.card.name for m in discover() if m.card.verb == "measure" and m.card.claim != "none"}
    assert claiming == {name for names in BEFORE.values() for name in names}
    assert CLAIMS[-1] == "none"


def test_unknown_profile():
    with pytest.raises(UsageError, match="smoke, routine, powered; got 'huge'"):
        profile_named("huge")
