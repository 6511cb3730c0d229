import numpy as np
import pytest

from byheart.stats.judge.share import explained, judge_share

CLAIM = "Synthetic rows lie closer to training rows than to held-out rows."


def judged(scores, blind=None, **options):
    return judge_share(scores, claim=CLAIM, blind=blind, seed=0, n_resamples=499, **options)


def coins(rng, scored, m, n):
    return scored(member=rng.random(m), nonmember=rng.random(n))


def test_what_falls_on_members_is_shown(scored):
    """2 a member against 1 a control: 2/3, of which composition, a coin, explains about one half."""
    rng = np.random.default_rng(0)
    scores = scored(member=rng.poisson(2.0, 150), nonmember=rng.poisson(1.0, 100))
    found = judged(scores, coins(rng, scored, 150, 100))
    assert found.decision == "shown"
    assert found.main.low < 2 / 3 < found.main.high
    assert found.control.low < 0.5 < found.control.high < found.main.low
    assert found.baseline.low < 0.5 < found.baseline.high
    assert (found.p, found.claim) == (1 / 500, CLAIM)


def test_sparse_weights_are_seen_where_ranks_see_little(scored):
    """20 of 400 training rows and none of 400 held-out rows: an AUC of 0.525."""
    rng = np.random.default_rng(0)
    scores = scored(member=[1.0] * 20 + [0.0] * 380, nonmember=[0.0] * 400)
    assert judged(scores, coins(rng, scored, 400, 400)).decision == "shown"


def test_like_weights_are_not_shown_and_the_power_is_told(scored):
    rng = np.random.default_rng(1)
    found = judged(scored(member=rng.poisson(1.0, 200), nonmember=rng.poisson(1.0, 60)), coins(rng, scored, 200, 60))
    assert found.decision == "not shown"
    assert "with 80 % probability" in found.caveats[0]


def test_told_power_is_right(scored):
    """At the share it names, about 80 % of tables are seen: 100 tries, at least 65."""
    rng = np.random.default_rng(1)
    word = judged(scored(member=rng.poisson(1.0, 150), nonmember=rng.poisson(1.0, 150))).caveats[0]
    share = float(word.partition("a share of ")[2].split()[0])
    seen = 0
    for _ in range(100):
        weights = {"member": rng.poisson(2 * share, 150), "nonmember": rng.poisson(2 - 2 * share, 150)}
        seen += judged(scored(**weights)).p < 0.05
    assert 65 <= seen <= 93


def test_without_a_blind_guess_nothing_is_shown(scored):
    found = judged(scored(member=[1.0] * 60, nonmember=[0.0] * 60))
    assert (found.decision, found.baseline) == ("inconclusive", None)
    assert "blind baseline" in found.caveats[0]


def test_sets_that_differ_in_themselves_are_refused(scored):
    rng = np.random.default_rng(0)
    blind = scored(member=rng.random(100) + 0.5, nonmember=rng.random(100))
    found = judged(scored(member=rng.poisson(2.0, 100), nonmember=rng.poisson(1.0, 100)), blind)
    assert (found.decision, found.p) == ("inconclusive", None)
    assert "differ in distribution" in found.caveats[0]


def test_composition_that_explains_all_is_not_shown(scored):
    """Rows of one kind draw weight; they are 62 % of members and 50 % of controls, and the guess knows the kind."""
    rng = np.random.default_rng(0)
    kinds = {"member": np.arange(500) < 310, "nonmember": np.arange(500) < 250}
    scores = scored(**{role: rng.poisson(np.where(k, 6.0, 0.2)) for role, k in kinds.items()})
    guess = scored(**{role: np.where(k, 0.75, 0.25) + rng.uniform(0, 0.01, 500) for role, k in kinds.items()})
    base, beyond = explained(scores, guess, seed=0, n_resamples=499)
    assert judged(scores).p < 0.05
    assert beyond > 0.05
    assert base.value == pytest.approx(judged(scores).main.value, abs=0.02)


def test_composition_is_read_in_five_bands_of_the_guess(scored):
    """40 records in the order of the guess, so 8 a band; the first weighs 8, and six of the first eight are members.

    Each of these is expected to weigh 8/8: 6 of 8 on members. Four bands of ten would give 6 x 8/10 of 8 = 0.6, six
    (the first of seven) 5 x 8/7 of 8 = 0.71, ten of four 4 x 8/4 of 8 = 1.
    """
    is_member = np.isin(np.arange(40), np.r_[0:5, 7, 26:40])  # 20 of each role
    weights, guess = np.where(np.arange(40) == 0, 8.0, 0.0), np.arange(40.0)

    def by_role(values):
        return scored(member=values[is_member], nonmember=values[~is_member])

    base, _ = explained(by_role(weights), by_role(guess), seed=0, n_resamples=99)
    assert base.value == pytest.approx(6 / 8)


def test_no_control_too_few_and_nothing_at_all(scored):
    assert "no control table" in judged(scored(member=[1.0] * 20)).caveats[0]
    assert "too few" in judged(scored(member=[1.0] * 20, nonmember=[0.0] * 9)).caveats[0]
    nothing = judged(scored(member=[0.0] * 20, nonmember=[0.0] * 20))
    assert (nothing.decision, nothing.main.value) == ("not shown", None)


def test_exchanged_tables_are_told(scored):
    found = judged(scored(member=[0.0] * 40, nonmember=[1.0] * 40))
    assert found.decision == "inconclusive"
    assert "exchanged" in found.caveats[0]
