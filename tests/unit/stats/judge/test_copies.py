import re

import numpy as np
import pytest
from scipy.stats import binom
from scipy.stats import t as student

from byheart.stats.judge.copies import judge_copies


def looks(scored, made, held_out):
    """What `nearest_row` leaves: 1 for rows that look copied."""
    flags = np.concatenate([made, held_out])
    return scored(extra={"copied": flags}, name="nearest_row", synthetic=made, nonmember=held_out)


def judged(nearest, copied, blind=None):
    return judge_copies(nearest, copied, blind=blind, seed=0, n_resamples=499)


def tables(scored, rng, *, planted, null, crowd=0.0, n=200):
    """n rows each: `planted` copies of training rows; others look copied with probability `null` (+ `crowd` if made).

    A row that looks copied by chance falls on training and held-out rows alike.
    """
    copies = rng.random(n) < planted
    chance = ~copies & (rng.random(n) < null + crowd)
    on = rng.integers(2 * n, size=int(chance.sum()))
    members = np.bincount(rng.integers(n, size=int(copies.sum())), minlength=n) + np.bincount(on, minlength=2 * n)[:n]
    nearest = looks(scored, (copies | chance).astype(float), (rng.random(n) < null).astype(float))
    blind = scored(member=rng.random(n), nonmember=rng.random(n))
    return nearest, scored(member=members, nonmember=np.bincount(on, minlength=2 * n)[n:]), blind


@pytest.mark.parametrize("planted", [0.1, 0.3])
def test_planted_copies_are_shown(scored, planted):
    """Ratio planted + (1 - planted) * 0.1; the excess holds the planted share and beats coincidence."""
    found = judged(*tables(scored, np.random.default_rng(0), planted=planted, null=0.1))
    assert found.decision == "shown"
    assert found.main.low < planted < found.main.high
    assert found.control.low < 0.1 < found.control.high
    assert found.baseline.value < found.main.low
    assert found.claim == "Synthetic rows copy training rows."


def test_numbers_by_hand(scored):
    """30 of 100 rows look copied, 10 of 100 held-out ones: (0.3 - 0.1) / (1 - 0.1).

    Four copies fall on 50 controls; there are 100 members: by coincidence 4 * 100 / 50 = 8 of 100 would copy one.
    """
    nearest = looks(scored, np.arange(100) < 30, np.arange(100) < 10)
    copied = scored(member=(np.arange(100) < 26).astype(float), nonmember=(np.arange(50) < 4).astype(float))
    found = judged(nearest, copied)
    assert found.main.value == pytest.approx(0.2 / 0.9)
    assert (found.control.value, found.baseline.value) == (pytest.approx(0.1), pytest.approx(0.08))
    # Poisson, about 4 events (4 / (1 - 4/50) = 4.35, taken as 4): 4 [1.09, 10.24], times 100 / 50 / 100
    assert (found.baseline.low, found.baseline.high) == (
        pytest.approx(0.0218, abs=1e-3),
        pytest.approx(0.205, abs=1e-3),
    )


def test_excess_over_coincidence_by_hand(scored):
    """0.26 of 100 members against 0.08 of 50 controls: 0.18, error sqrt(0.26 * 0.74 / 99 + 0.08 * 0.92 / 49), 49 df."""
    nearest = looks(scored, np.arange(100) < 30, np.arange(100) < 10)
    copied = scored(member=(np.arange(100) < 26).astype(float), nonmember=(np.arange(50) < 4).astype(float))
    said = " ".join(judged(nearest, copied).caveats)
    found = re.search(r"beyond coincidence ([\d.]+) \[([\d.-]+), ([\d.-]+)\] of the synthetic rows", said)
    reach = student.ppf(0.975, 49) * np.sqrt(0.26 * 0.74 / 99 + 0.08 * 0.92 / 49)
    assert [float(x) for x in found.groups()] == pytest.approx([0.18, 0.18 - reach, 0.18 + reach], abs=2e-3)


def test_a_generator_that_crowds_is_no_copier(scored):
    """Its rows are near single rows three times as often as held-out ones, but trained on or not: 60 runs."""
    rng, shown = np.random.default_rng(0), 0
    for _ in range(60):
        found = judged(*tables(scored, rng, planted=0.0, null=0.1, crowd=0.2))
        shown += found.decision == "shown"
        assert found.main.low > 0 or found.decision != "shown"
    assert shown <= binom.ppf(1 - 1e-4, 60, 0.05)
    assert "distribution" in found.caveats[0]


def test_a_copier_whose_other_rows_are_unlike_is_found(scored):
    """A third of held-out rows look copied, of generated ones only the 30 % that are."""
    rng = np.random.default_rng(0)
    found = judged(*tables(scored, rng, planted=0.3, null=0.33, crowd=-0.33))
    assert found.decision == "shown"
    assert found.main.low <= 0
    assert "unlike real ones" in found.caveats[0]


def test_refusals(scored):
    rng = np.random.default_rng(0)
    nearest, copied, blind = tables(scored, rng, planted=0.3, null=0.1)
    assert judged(nearest, copied).decision == "inconclusive"  # no blind guess
    unlike = scored(member=rng.random(200) + 0.5, nonmember=rng.random(200))
    refused = judged(nearest, copied, unlike)
    assert (refused.decision, refused.p) == ("inconclusive", None)
    alone = judged(nearest.where("synthetic"), copied.where("member"))
    assert (alone.decision, alone.main.value, alone.control) == ("inconclusive", None, None)
    assert "no control table" in alone.caveats[0]
    assert judged(nearest.where("nonmember"), copied).decision == "inconclusive"
    swapped = scored(member=copied.values[200:], nonmember=copied.values[:200])
    assert "exchanged" in judged(nearest, swapped, blind).caveats[0]


def test_an_identical_table_is_a_finding(scored):
    found = judged(
        looks(scored, np.ones(100), np.zeros(100)),
        scored(member=np.ones(100), nonmember=np.zeros(100)),
        scored(member=np.arange(100) % 10, nonmember=np.arange(100) % 10),
    )
    assert found.decision == "shown"
    assert (found.main.value, found.main.high, found.baseline.value) == (1.0, 1.0, 0.0)


def test_told_power_is_right(scored):
    """At the share it names, about 80 % of tables are seen: 60 tries, at least 36."""
    rng = np.random.default_rng(0)
    word = judged(*tables(scored, rng, planted=0.0, null=0.1)).caveats[0]
    share = float(word.partition("copies in about ")[2].split()[0]) / 100
    seen = sum(judged(*tables(scored, rng, planted=share, null=0.1)).decision == "shown" for _ in range(60))
    assert 36 <= seen <= 58
