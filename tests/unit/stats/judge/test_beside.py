"""What a claim is held against is found by what the cards say."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.core.card import CLAIMS, Card, method
from byheart.stats.judge import copies, privacy, recitation, share
from byheart.stats.judge.beside import AGAINST_REFERENCE, OWN_MINIMUM, Beside, flagged


def carded(scores, **facts):
    return replace(scores, card=replace(scores.card, **facts))


def test_the_guess_is_the_score_whose_card_says_so(scored):
    one, other = scored(member=[1.0], name="one"), scored(member=[2.0], name="other")
    beside = Beside(scores={"one": one, "other": carded(other, guesses=("set", "share"))}, seed=0)
    assert beside.guess("share").card.name == "other"
    assert beside.guess("membership") is None


def test_a_flag_stands_in_place_of_the_values_where_a_record_was_scored(scored):
    scores = scored(member=[50.0, 3.0, np.nan], extra={"extracted": [True, False, True]})
    np.testing.assert_array_equal(flagged(carded(scores, flag="extracted")).values, [1, 0, np.nan])
    assert flagged(scores) is scores


def test_kinds_that_are_told_apart_are_kinds():
    assert {*AGAINST_REFERENCE, *OWN_MINIMUM} <= set(CLAIMS)


def test_a_guess_and_the_reference_each_explain_recitation(scored):
    """20 of 40 members recited and no control: shown, unless a guess or the reference recites the same ones."""
    half, never = np.arange(80) < 20, np.zeros(80, bool)

    def reciting(which, name):
        sides = {"member": np.full(40, 9.0), "nonmember": np.full(40, 9.0)}
        return carded(scored(extra={"flag": which}, name=name, **sides), flag="flag", claim="recitation")

    def decision(guessed, known):
        guess = replace(reciting(guessed, "guess"), card=Card("g", "measure", "ours", "text", flag="flag",
                                                              guesses=("recitation",)))  # fmt: skip
        beside = Beside(scores={"guess": guess}, reference={"earlier": reciting(known, "earlier")}, seed=0)
        return recitation.judge_claim(reciting(half, "own"), beside).decision

    assert decision(never, never) == "shown"
    assert decision(half, never) == "inconclusive"
    assert decision(never, half) == "inconclusive"
    alone = Beside(reference={"earlier": reciting(half, "earlier")}, seed=0)
    assert recitation.judge_claim(reciting(half, "own"), alone).baseline is None


def test_epsilon_is_of_what_is_beyond_the_reference(scored):
    """100 canaries by coins; the reference tells them apart as well, so nothing of it was learned in this run."""
    rng = np.random.default_rng(0)
    apart = scored(canary=rng.normal(9, 1, 50), canary_control=rng.normal(0, 1, 50))
    alike = replace(apart, values=apart.values + rng.normal(0, 1, 100))
    assert privacy.judge_claim(apart, Beside(seed=0)).decision == "shown"
    assert privacy.judge_claim(apart, Beside(reference={"loss": alike}, seed=0)).decision == "not shown"


def test_a_share_of_nothing_is_no_claim(scored):
    assert share.judge_claim(scored(member=[np.nan] * 9, nonmember=[np.nan] * 9), Beside(seed=0)) is None


def test_copies_rest_on_the_scores_that_the_card_names(scored):
    nearest = carded(scored(synthetic=[0.9] * 30, nonmember=[0.1] * 30, extra={"copied": [1] * 30 + [0] * 30}),
                     rests_on=("weights",))  # fmt: skip
    fallen = scored(member=[1.0] * 30, nonmember=[0.0] * 30)
    found = copies.judge_claim(nearest, Beside(scores={"weights": fallen}, seed=0))
    assert found.p is not None
    assert found.p < 0.01
    with pytest.raises(KeyError, match="weights"):
        copies.judge_claim(nearest, Beside(seed=0))


def test_a_card_of_an_earlier_version_claims_nothing():
    old = {"name": "loss", "verb": "measure", "paper": "ours", "family": "text", "needs": ["token_logprobs"]}
    card = Card.from_dict({**old, "of a later version": 1})
    assert (card.needs, card.claim, card.guesses, card.sentence) == (("token_logprobs",), "none", (), "")


def test_only_kinds_of_claims_can_be_claimed_or_guessed():
    for facts in ({"claim": "truth"}, {"guesses": ("membership", "truth")}):
        with pytest.raises(ValueError, match="got 'truth'"):
            method(paper="ours", family="text", **facts)
