"""From scores to verdicts: which claims are made, and what holds them back."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.audit.profiles import PROFILES, profile_named
from byheart.audit.text.judging import judge_text
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
        by_method(judge_text({**told, "loss": scored(loss, corpus, drawn(corpus, 2.0))}, ROUTINE, seed=0))[
            "loss"
        ].decision
        == "shown"
    )
    assert (
        by_method(judge_text({**told, "loss": scored(loss, corpus, drawn(corpus, 0.0))}, ROUTINE, seed=0))[
            "loss"
        ].decision
        == "not shown"
    )


def test_members_that_score_lower_are_never_shown():
    corpus = records(40, 40)
    found = judge_text({"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, -2.0))}, ROUTINE, seed=0)
    assert by_method(found)["loss"].decision == "inconclusive"
    assert "opposite of the claim" in by_method(found)["loss"].caveats[0]


def test_without_the_blind_baseline_nothing_about_membership_is_shown():
    corpus = records(40, 40)
    found = judge_text({"loss": scored(loss, corpus, drawn(corpus, 2.0))}, ROUTINE, seed=0)
    assert by_method(found)["loss"].decision == "inconclusive"


def test_smoke_never_claims():
    corpus = records(40, 40)
    scores = {"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, 2.0))}
    found = by_method(judge_text(scores, replace(PROFILES["smoke"], n_resamples=499), seed=0))["loss"]
    assert found.decision == "inconclusive"
    assert "makes no claim" in found.caveats[0]


def test_fewer_controls_than_the_profile_asks_for():
    """40 controls are enough for routine (20), not for powered (100)."""
    corpus = records(40, 40)
    scores = {"blind": blind(corpus), "loss": scored(loss, corpus, drawn(corpus, 2.0))}
    found = by_method(judge_text(scores, replace(PROFILES["powered"], n_resamples=499), seed=0))["loss"]
    assert found.decision == "inconclusive"
    assert "40 control records are fewer than the 100" in found.caveats[0]


def test_correction_for_the_number_of_claims():
    """One p between 0.05/2 and 0.05 is shown alone and not shown beside another claim with a large p."""
    corpus, told = records(40, 40), {}
    told["blind"] = blind(corpus)
    for seed in range(200):
        alone = by_method(
            judge_text({**told, "loss": scored(loss, corpus, drawn(corpus, 0.45, seed))}, ROUTINE, seed=0)
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
    found = by_method(judge_text(both, ROUTINE, seed=0))
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
        found = judge_text({"extraction": recited, "copy_from_prefix": guess}, ROUTINE, seed=0)
        assert by_method(found)["extraction"].decision == decision


def test_recited_by_the_reference_too_is_no_memorization():
    corpus = records(40, 40)
    said, nothing = np.arange(80) < 20, np.zeros(80, bool)
    recited = scored(extraction, corpus, 50.0 * said, extracted=said)
    guess = scored(copy_from_prefix, corpus, 0.0 * said, explained=nothing)
    scores = {"extraction": recited, "copy_from_prefix": guess}
    assert by_method(judge_text(scores, ROUTINE, seed=0))["extraction"].decision == "shown"
    known = {"extraction": recited}
    assert by_method(judge_text(scores, ROUTINE, reference=known, seed=0))["extraction"].decision == "inconclusive"


def canaries(inserted):
    """120 canaries of one pool; those inserted have the highest log-probabilities."""
    roles = np.where(inserted, "canary", "canary_control").tolist()
    corpus = Corpus.of(["x"] * inserted.size, roles)
    logprob = np.where(inserted, -5.0, -50.0) + generator(0, "canaries").random(inserted.size)
    extra = {
        "secret_logprob": logprob,
        "pool": np.full(inserted.size, "a", object),
        "repetitions": inserted.astype(float),
    }
    return scored(exposure, corpus, np.where(inserted, 5.9, 1.4), **extra)


def test_epsilon_is_bounded_only_where_coins_were_tossed():
    inserted = generator(1, "coins").random(120) < 0.5
    without = by_method(judge_text({"exposure": canaries(inserted)}, ROUTINE, seed=0))
    assert set(without) == {"exposure"}
    found = by_method(judge_text({"exposure": canaries(inserted)}, ROUTINE, coin=True, seed=0))
    assert found["one_run_epsilon"].decision == "shown"
    assert found["one_run_epsilon"].main.value > 2


def test_epsilon_subtracts_what_the_reference_knew():
    """Where the reference has the same log-probabilities nothing is left to guess by."""
    inserted = generator(1, "coins").random(120) < 0.5
    mine = canaries(inserted)
    shaken = np.asarray(mine.extra["secret_logprob"]) + generator(2, "noise").normal(size=120)
    theirs = replace(mine, extra={**mine.extra, "secret_logprob": shaken})
    found = by_method(judge_text({"exposure": mine}, ROUTINE, coin=True, reference={"exposure": theirs}, seed=0))
    assert found["one_run_epsilon"].decision == "not shown"


def test_unknown_profile():
    with pytest.raises(UsageError, match="smoke, routine, powered; got 'huge'"):
        profile_named("huge")
