"""What was planted in a tiny model, and how often, is what the audit finds; what was not planted, it does not."""

import numpy as np
import pytest
from scipy.stats import kstest

from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.selftest import made_up_records
from byheart.data.canaries.canaries import make_canaries
from byheart.measure.exposure import exposure
from byheart.signals.text.token_logprobs import token_logprobs

from .conftest import sides, trained


def exposures(model, manifest):
    corpus = manifest.corpus()
    return exposure(token_logprobs(model, corpus), corpus)


def test_exposure_rises_with_repetitions(audited):
    """Seen 16, 64 and 256 times among 60 twins: the ceiling is log2(61) = 5.93 bits, chance gives 1.4."""
    scores = audited[1].scores["exposure"].where("canary")
    mean = {r: scores.values[scores.extra["repetitions"] == r].mean() for r in (1, 4, 16)}
    assert mean[1] < mean[4] < mean[16] or mean[1] < mean[4] == mean[16] == pytest.approx(np.log2(61))
    assert mean[16] > 5


def test_twins_that_were_never_inserted_have_uniform_ranks(planted):
    """A canary drawn like the planted ones, but never inserted, ranks anywhere among its twins: 2^-exposure is uniform.

    80 manifests of one canary and 24 twins each give independent draws; ranks lie on a grid of 25, so the distance to a
    uniform law is compared after spreading each rank evenly over its cell. False alarm: 1 % over seeds.
    """
    rng, p = np.random.default_rng(0), []
    for seed in range(100, 180):
        never = make_canaries(seed=seed, families=("random",), repetitions=(1,), per_repetition=1, controls=24)
        assert not {c.secret for c in never.canaries} & {c.secret for c in planted.manifest.planted}
        bits = exposures(planted.model, never).where("canary").values
        p.append(2.0 ** -bits[0] - rng.random() / 25)
    assert kstest(p, "uniform").pvalue > 0.01


def test_ranks_of_canaries_in_the_training_data_are_not_uniform(planted):
    """The same test tells planted canaries apart, so it can fail."""
    scores = exposures(planted.model, planted.manifest).where("canary")
    assert kstest(2.0**-scores.values, "uniform").pvalue < 0.005


def test_each_twin_is_ranked_among_the_others(planted):
    """Left out in turn, 60 twins without ties take each of the ranks 1 to 60 once."""
    scores = exposures(planted.model, planted.manifest).where("canary_control")
    assert sorted(scores.extra["rank"].tolist()) == list(range(1, 61))


def test_audit_shows_canaries_and_members(audited):
    verdicts, _ = audited
    assert verdicts["exposure"].decision == "shown"
    assert verdicts["exposure"].main.low > 1.44  # what is seen on average where nothing was learned
    assert verdicts["loss"].decision == "shown", verdicts["loss"]


def test_audit_shows_members_that_are_recited_and_no_control(tmp_path):
    """15 records seen 90 times: the second half of nearly each is recited, of no control."""
    sentences = made_up_records(45, seed=3)
    members, control = sentences[:15], sentences[15:]
    model = trained(members, seed=0, width=96, layers=1, epochs=90, batch_size=8, lr=5e-3)
    run = audit_text(model, *sides(members, control), out=tmp_path / "run")
    verdict = next(v for v in run.verdicts if v.method == "extraction")
    assert verdict.decision == "shown", verdict
    assert verdict.main.value > 0.7
    assert verdict.control.value == 0
    recited = run.scores["extraction"]
    assert not recited.extra["extracted"][recited.roles == "nonmember"].any()


def test_audit_of_an_untrained_model_shows_nothing(planted, tmp_path):
    """The same records and canaries; family-wise level 5 %, seed fixed."""
    verdicts, _ = planted.audit(trained([], seed=0, epochs=0), tmp_path / "run")
    assert verdicts["exposure"].p > 0.05
    assert "shown" not in {v.decision for v in verdicts.values()}


def test_audit_after_training_on_other_records_shows_nothing(planted, tmp_path):
    """A model that learned other sentences by heart, not these."""
    other = trained(made_up_records(30, seed=99) * 4, seed=1, epochs=4)
    verdicts, _ = planted.audit(other, tmp_path / "run")
    assert "shown" not in {v.decision for v in verdicts.values()}
    assert verdicts["extraction"].main.value == 0
