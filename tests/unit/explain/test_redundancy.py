"""Shares, drops and ratios by hand, on simulated records and on models that know texts by heart."""

import numpy as np
import pytest

from byheart.compare.text.positional_change import STRENGTHS
from byheart.compare.text.prefix_perturbation import Perturbation
from byheart.core.corpus import Corpus
from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain._redundancy.frequency import frequency_response, log_frequencies
from byheart.explain._redundancy.resample import clustered, mean
from byheart.explain.redundancy import redundancy, samples_needed
from byheart.models.toy.memorizers import Memorizer
from byheart.signals.text.perturbed_prefixes import BASELINES, perturbed_prefixes
from byheart.signals.text.prefix_variants import codes

PLAN = [Perturbation("random", k) for k in (1, 2, 4, 8)]


def simulated(low, clean, after, strength, *, roles=None, groups=None, **further):
    """Signals of records whose redundancy is known and whose reactions are made up.

    Args:
        low: bool (n,); prefixes of different tokens, or of one token again and again.
        clean: (n,). after, strength: (n, perturbations).
    """
    n, m = after.shape
    roles = np.full(n, "member", dtype=object) if roles is None else np.array(roles, dtype=object)
    ids = np.array([f"r{i}" for i in range(n)], dtype=object)
    wide = np.hstack([clean[:, None], clean[:, None], after]).astype(np.float32)
    amount = np.hstack([np.zeros((n, 1)), np.full((n, 1), 0.5), strength]).astype(np.float32)
    prefix = Ragged.of([np.arange(8) if x else np.zeros(8) for x in low], np.int32)
    rest = Ragged.of([100 + np.arange(8)] * n, np.int32)
    text = Ragged.of([np.frombuffer(b"words", np.uint8)] * n, np.uint8)
    arrays = {name: amount for name in STRENGTHS} | {"lineage": 3 * amount}
    arrays |= {name: wide for name in ("recited", "hits", "greedy", "elsewhere", "nll", "entropy")} | further
    arrays |= {"nearest": np.where(amount > 0, 0, -1).astype(np.float32), "near_tie": 0 * wide}
    plan = [Perturbation("random", k + 1) for k in range(m)]
    arrays |= codes((*BASELINES, *plan), n)
    arrays |= {"prefix": prefix, "continuation": rest, "prefix_text": text, "continuation_text": text}
    return Signals(ids, roles, ids if groups is None else np.array(groups, dtype=object), arrays)


def with_known_slopes(rng, n, v_low, v_high):
    """Memorized records of both levels that lose V times the strength, and some noise."""
    low = np.arange(n) < n // 2
    strength = rng.uniform(0.05, 0.4, (n, 4))
    v = np.where(low, v_low, v_high) * rng.uniform(0.5, 1.5, n)
    return simulated(low, np.ones(n), 1 - v[:, None] * strength + rng.normal(0, 0.02, (n, 4)), strength)


def test_slopes_and_their_ratio_by_hand():
    """Low: D = 0.4, 0.8 at S = 0.2, 0.4, so V = 2; high: D = 0.2, 0.4, so V = 1."""
    low = np.array([True, True, False, False])
    strength = np.tile([0.2, 0.4], (4, 1))
    after = 1 - strength * np.array([2.0, 2.0, 1.0, 1.0])[:, None]
    found = redundancy(simulated(low, np.ones(4), after, strength)).estimates
    assert found["vulnerability, low"].value == pytest.approx(2, rel=1e-6)
    assert found["vulnerability, high"].value == pytest.approx(1, rel=1e-6)
    assert found["vulnerability ratio"].value == pytest.approx(2, rel=1e-6)
    assert found["vulnerability ratio, matched"].value == pytest.approx(2, rel=1e-6)
    assert found["drop, memorized"].value == pytest.approx(0.45)  # (0.4 + 0.8 + 0.2 + 0.4) / 4


def test_weaker_perturbation_of_redundant_prefixes_is_no_robustness():
    """Both lose exactly what is changed; by places the redundant ones look twice as robust."""
    low, strength = np.arange(40) < 20, np.full((40, 1), 0.4)
    effective = np.where(low[:, None], strength, strength / 2)
    signals = simulated(low, np.ones(40), 1 - effective, effective)
    places = np.hstack([np.zeros((40, 2)), strength])
    signals = Signals(signals.ids, signals.roles, signals.groups, {**signals.arrays, "lineage": 3 * places})
    found = redundancy(signals).estimates
    assert found["vulnerability ratio by places"].value == pytest.approx(2)
    assert found["vulnerability ratio"].value == pytest.approx(1)
    # at 0.4 and 0.2 they share no bin of strength, so that nothing can be said at equal strength
    assert found["vulnerability ratio, matched"].value is None


def test_the_floor_makes_one_relative_drop_look_like_two():
    """Clean scores 1 and 0.02 that both lose 60 %: 0.6 and 0.012; the abstract reports 0.6 and 0.01."""
    rng = np.random.default_rng(0)
    clean = np.where(np.arange(80) < 40, 1.0, 0.02)
    after = clean[:, None] * (0.4 + rng.normal(0, 0.05, (80, 3)))
    found = redundancy(simulated(rng.random(80) < 0.5, clean, after, np.full((80, 3), 0.3))).estimates
    assert found["drop, memorized"].value == pytest.approx(0.6, abs=0.02)
    assert found["drop, others"].value == pytest.approx(0.012, abs=0.001)
    ratio = found["relative drop, memorized to others"]
    assert ratio.value == pytest.approx(1, abs=0.05)
    assert ratio.low < 1 < ratio.high


def pool(low, memorized, **options):
    """Records of which only level and fate matter."""
    n = low.size
    clean = memorized.astype(float)
    return redundancy(simulated(low, clean, clean[:, None] * 0.5, np.full((n, 1), 0.3)), **options).estimates


def test_a_share_of_low_redundancy_means_nothing_by_itself():
    """79 % of the memorized are of low redundancy, as are 79 % of the others: a risk ratio of 1.

    One seed in 20 is bound to say otherwise; how many do is counted in tests/planted.
    """
    rng = np.random.default_rng(0)
    low = rng.random(1000) < 0.79
    found = pool(low, rng.random(1000) < 0.4, split=0.5)
    assert found["low among memorized"].value == pytest.approx(0.79, abs=0.06)  # 3 sd
    assert found["risk ratio of low"].low < 1 < found["risk ratio of low"].high


def test_a_risk_ratio_is_found():
    """Half are low; P(memorized) 0.76 and 0.2, so 79 % of the memorized are low, and the ratio is 3.8."""
    rng = np.random.default_rng(2)
    low = rng.random(1000) < 0.5
    found = pool(low, rng.random(1000) < np.where(low, 0.76, 0.2), split=0.5)
    ratio, odds = found["risk ratio of low"], found["odds ratio of low"]
    assert found["low among memorized"].value == pytest.approx(0.79, abs=0.04)
    assert 1 < ratio.low < 3.8 < ratio.high
    assert odds.low < (0.76 / 0.24) / (0.2 / 0.8) < odds.high


def test_shares_by_hand():
    low = np.array([1, 1, 1, 0, 0, 0, 0, 1], dtype=bool)
    memorized = np.array([1, 1, 0, 1, 0, 0, 0, 0], dtype=bool)
    found = pool(low, memorized, split=0.5)
    assert found["low among memorized"].value == pytest.approx(2 / 3)
    assert found["low among others"].value == pytest.approx(2 / 5)
    assert found["risk ratio of low"].value == pytest.approx((2 / 4) / (1 / 4))
    assert found["odds ratio of low"].value == pytest.approx((2 / 2) / (1 / 3))


def test_twins_tell_memory_from_copying():
    """Redundant texts are recited at 0.9 whether trained on or not, others at 0.6 only if trained on."""
    rng = np.random.default_rng(0)
    low = np.arange(80) % 2 == 0
    trained = np.arange(80) < 40
    clean = np.where(low, np.where(trained, 0.6, 0.0), 0.9) + rng.uniform(-0.05, 0.05, 80) * (trained | ~low)
    signals = simulated(low, clean, clean[:, None] / 2, np.full((80, 1), 0.3),
                        roles=["canary"] * 40 + ["canary_control"] * 40)  # fmt: skip
    found = redundancy(signals, split=0.5)
    assert found.estimates["recited beyond twins, low"].value == pytest.approx(0.6, abs=0.03)
    high = found.estimates["recited beyond twins, high"]
    assert high.low < 0 < high.high
    assert not any("twins" in c for c in found.params["caveats"])
    alone = redundancy(signals.take(trained))
    assert any("twins" in c for c in alone.params["caveats"])


def test_windows_of_one_document_are_not_independent():
    rng = np.random.default_rng(0)
    by_document = np.repeat(rng.normal(0.5, 0.2, 10), 10)
    x = np.stack([by_document, np.ones(100)], axis=1)
    options = {"seed": 0, "unit": "", "how": ""}
    wide = clustered(x, mean, np.repeat(np.arange(10), 10), **options)
    narrow = clustered(x, mean, np.arange(100), **options)
    assert wide.n == 10
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)  # sqrt(10) in theory


def test_no_interval_where_there_is_nothing_to_make_it_from():
    x, options = np.ones((5, 2)), {"seed": 0, "unit": "", "how": ""}
    assert clustered(x, mean, np.zeros(5), **options).low is None
    assert clustered(x, mean, np.arange(5), **options).low is None  # all alike: [1, 1] would be too sure
    nothing = clustered(0 * x, mean, np.arange(5), **options)
    assert (nothing.value, nothing.n) == (None, 0)


def test_nobody_memorized_is_an_answer():
    found = redundancy(simulated(np.arange(6) < 3, np.full(6, 0.5), np.full((6, 2), 0.4), np.full((6, 2), 0.1)))
    assert found.estimates["vulnerability ratio"].value is None
    assert np.isnan(found.weight).all()
    assert any("recited in full" in c for c in found.params["caveats"])
    assert found.estimates["drop, others"].value == pytest.approx(0.1, abs=1e-6)
    with pytest.raises(TooFewRecords):
        redundancy(simulated(np.zeros(0, bool), np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2))))


def test_groups_may_be_chosen_by_another_reading():
    """Recited in full by the clean prefix is one record, by the shorter one another."""
    signals = simulated(np.array([True, False, True]), np.array([1.0, 0.9, 0.2]), np.full((3, 1), 0.5), np.ones((3, 1)))
    recited = signals.dense("recited").copy()
    recited[:, 1] = [0.5, 1.0, 0.1]
    signals = Signals(signals.ids, signals.roles, signals.groups, {**signals.arrays, "recited": recited})
    assert redundancy(signals).state["memorized"].tolist() == [True, False, False]
    other = redundancy(signals, select="shorter")
    assert other.state["memorized"].tolist() == [False, True, False]
    assert other.estimates["drop, memorized"].value == pytest.approx(0.4)
    shorter = redundancy(signals).estimates["drop from a shorter prefix, memorized"]
    assert shorter.value == pytest.approx(0.5)


def test_numbers_of_ones_own_may_say_what_is_redundant():
    rng = np.random.default_rng(0)
    signals = with_known_slopes(rng, 40, 2.0, 1.0)
    given = redundancy(signals, measure=np.where(np.arange(40) < 20, 5.0, 0.0))  # the other way round
    assert given.estimates["vulnerability ratio"].value == pytest.approx(
        1 / redundancy(signals).estimates["vulnerability ratio"].value
    )
    assert given.params["measure"] == "given"
    with pytest.raises(UsageError, match="each record"):
        redundancy(signals, measure=np.zeros(3))


def test_the_split_of_one_half_is_used_on_the_other():
    rng = np.random.default_rng(0)
    found = redundancy(with_known_slopes(rng, 200, 1.0, 1.0), split="half")
    assert 60 < found.estimates["low among memorized"].n < 140
    assert redundancy(with_known_slopes(rng, 200, 1.0, 1.0)).estimates["low among memorized"].n == 200


def test_frequency_effects_by_hand():
    """y = 2 x over x = 0..9: top fifth 16, 18, bottom 0, 2, so 16; slope 2; rank 1."""
    x, groups = np.arange(10.0), np.arange(10)
    found = frequency_response(x, {"y": 2 * x, "flat": 0 * x}, {"all": x >= 0}, groups, seed=0)
    assert found["frequency, y, all, contrast"].value == pytest.approx(16)
    assert found["frequency, y, all, slope"].value == pytest.approx(2)
    assert found["frequency, y, all, rank"].value == pytest.approx(1)
    assert found["frequency, flat, all, slope"].value is None  # a ceiling shows no effect


def test_frequencies_of_both_parts():
    signals = simulated(np.array([True]), np.ones(1), np.ones((1, 1)), np.ones((1, 1)))
    counts = np.ones(200)
    counts[:8], counts[100:108] = np.e**2, np.e**4
    found = log_frequencies(signals, counts)
    assert found["mean"][0] == pytest.approx(3)
    assert (found["min"][0], found["max"][0]) == pytest.approx((2, 4))
    assert log_frequencies(signals, 0 * counts)["mean"][0] == 0  # a token that never occurs counts once


def test_frequency_effects_are_found_and_nothing_is_found_without():
    rng = np.random.default_rng(0)
    clean = np.where(np.arange(200) < 100, 1.0, 0.5)
    signals = simulated(np.arange(200) % 2 == 0, clean, clean[:, None] / 2, np.full((200, 1), 0.3))
    rare = np.array([rng.integers(0, 50, 8) for _ in range(200)])
    counts = np.exp(rng.uniform(0, 6, 120))
    feature = np.log(counts)[rare].mean(axis=1)
    nll = signals.dense("nll").copy()
    nll[:, 0] = 3 - 0.5 * feature + rng.normal(0, 0.1, 200)
    arrays = {
        **signals.arrays,
        "nll": nll,
        "prefix": Ragged.of(rare, np.int32),
        "continuation": Ragged.of(rare, np.int32),
    }
    found = redundancy(Signals(signals.ids, signals.roles, signals.groups, arrays), counts=counts, split=0.5).estimates
    for group in ("memorized", "others"):
        slope = found[f"frequency, nll, {group}, slope"]
        assert slope.low < -0.5 < slope.high < 0
        assert found[f"frequency, recited, {group}, contrast"].value is None


@pytest.mark.parametrize(
    "options",
    [{"measure": "zest"}, {"outcome": "nll"}, {"strength": "disp_abs"}, {"split": "third"}, {"select": "best"}],
)
def test_nonsense_is_refused(options):
    with pytest.raises(UsageError):
        redundancy(simulated(np.ones(2, bool), np.ones(2), np.ones((2, 1)), np.ones((2, 1))), **options)


def test_on_a_model_that_knows_its_texts_by_heart(tmp_path):
    """k = 5: replacing the last 4 loses all, the first 4 nothing; rotation recites another place of the record."""
    rng = np.random.default_rng(0)
    symbols = "".join(chr(0x4E00 + i) for i in range(4000))
    distinct = ["".join(symbols[i] for i in row) for row in rng.permutation(4000)[: 30 * 64].reshape(30, 64)]
    periodic = ["".join(symbols[i] for i in np.r_[np.resize(rng.permutation(4000)[:8], 32), rng.permutation(4000)[:32]])
                for _ in range(30)]  # fmt: skip
    target = Memorizer(distinct + periodic, k=5, symbols=symbols)
    found = redundancy(perturbed_prefixes(target, Corpus.of(distinct + periodic, "member"), seed=0))
    rows = found.table().set_index("address")
    assert rows.loc["replace/4/end", "weight"] == 1
    assert rows.loc["replace/4/start", "weight"] == 0
    assert rows.loc["rotate", ["of_low", "of_high", "elsewhere", "unchanged"]].tolist() == [1, 0, 1, 0.5]
    assert np.isnan(rows.loc["adjacent", "elsewhere"])  # not generated: not known
    assert any("another place" in c for c in found.params["caveats"])
    assert any("as they went in" in c for c in found.params["caveats"])
    assert found.state["low"].tolist() == [True] * 30 + [False] * 30
    by_places, matched = (found.estimates[f"vulnerability ratio{x}"] for x in (" by places", ", matched"))
    assert by_places.low > 1  # both levels are equally known; by places the periodic ones look more robust
    assert matched.low < 1 < matched.high
    found.save(tmp_path)
    assert (tmp_path / "redundancy.json").exists()


def test_how_many_records_a_ratio_of_two_takes():
    """se of the log ratio ln(4)/3.92 = 0.3536 with 50; 50 (0.3536 * 2.8 / ln 2)^2 = 102.04."""
    assert samples_needed(Estimate(2.0, 1.0, 4.0, 50, "", ""), 50) == 103
    assert samples_needed(Estimate(2.0, None, 4.0, 50, "", ""), 50) is None
