"""Shadow models that were really trained: LiRA, RMIA and counterfactual memorization find members and duplicates.

Nine models are trained alike, each on its own random half of 64 records; the first 24 records stand three times in the
data when they are in. Each model is the target once, with the eight others as its shadows, so that every figure rests
on 9 x 64 decisions.
"""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.selftest import made_up_records
from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.measure.counterfactual import counterfactual
from byheart.measure.lira import lira
from byheart.measure.loss import loss
from byheart.measure.rmia import rmia
from byheart.signals.text.token_logprobs import token_logprobs

from .conftest import trained

N, N_MODELS, N_DUPLICATED, TIMES = 64, 9, 24, 3
NOISE = 0.02  # two AUCs over the same 9 x 64 decisions differ by chance by about so much

pytestmark = pytest.mark.slow  # nine trainings


@pytest.fixture(scope="module")
def pool():
    """Texts, who trained on what (models, records), the models, and what each says of every record."""
    texts = made_up_records(N, seed=21)
    included = np.stack([generator(21, "half", str(m)).permutation(N) < N // 2 for m in range(N_MODELS)])
    models, signals, corpus = [], [], Corpus.of(texts, "unknown")
    for number, chosen in enumerate(included):
        data = [t for i in np.flatnonzero(chosen) for t in [texts[i]] * (TIMES if i < N_DUPLICATED else 1)]
        models.append(trained(data, seed=number, width=64, layers=1, epochs=22))
        signals.append(token_logprobs(models[-1], corpus))
    return texts, included, models, signals


@pytest.fixture(scope="module")
def values(pool):
    """For each method, its values (models, records), each model in turn the target."""
    _, included, _, signals = pool
    found = {name: [] for name in ("loss", "lira", "lira offline", "rmia")}
    for m in range(N_MODELS):
        roles = np.where(included[m], "member", "nonmember").astype(object)
        target, others = replace(signals[m], roles=roles), [s for i, s in enumerate(signals) if i != m]
        known = np.delete(included, m, axis=0)
        found["loss"].append(loss(target).values)
        found["lira"].append(lira(target, others, included=known).values)
        found["lira offline"].append(lira(target, others, included=known, offline=True).values)
        found["rmia"].append(rmia(target, others, included=known).values)
    return {name: np.stack(rows) for name, rows in found.items()}


def area(included, values, columns):
    """AUC over all targets, of the records in these columns that could be scored."""
    truth, score = included[:, columns].ravel(), values[:, columns].ravel()
    return roc_auc_score(truth[~np.isnan(score)], score[~np.isnan(score)])


def test_calibration_by_shadow_models_is_at_least_as_good_as_the_loss(pool, values):
    included, every = pool[1], slice(None)
    plain = area(included, values["loss"], every)
    assert 0.6 < plain < 0.995, "nothing left to gain"
    assert area(included, values["lira"], every) >= plain - NOISE
    assert area(included, values["lira offline"], every) >= plain - NOISE
    assert area(included, values["rmia"], every) >= plain - NOISE


def test_duplicates_are_found_more_surely_by_every_method(pool, values):
    included, twice, once = pool[1], slice(0, N_DUPLICATED), slice(N_DUPLICATED, None)
    for name, scores in values.items():
        assert area(included, scores, twice) > area(included, scores, once), name


def test_counterfactual_memorization_is_positive_and_larger_for_duplicates(pool):
    """Models that trained on a record predict more of its tokens; the gap is larger where it stood three times."""
    _, included, _, signals = pool
    gain = counterfactual(signals, included=included).values
    assert gain[N_DUPLICATED:].mean() > 0
    assert gain[:N_DUPLICATED].mean() > gain[N_DUPLICATED:].mean()


def test_labels_that_are_wrong_give_nothing(pool):
    """The same values against another model's training set: LiRA is at chance, 3 standard errors around 1/2."""
    _, included, _, signals = pool
    wrong = np.roll(included, 1, axis=0)
    scores = np.stack(
        [
            lira(signals[m], [s for i, s in enumerate(signals) if i != m], included=np.delete(wrong, m, axis=0)).values
            for m in range(N_MODELS)
        ]
    )
    standard_error = np.sqrt(1 / 12 * (1 / 288 + 1 / 288))
    assert abs(area(wrong, scores, slice(None)) - 0.5) < 3 * standard_error + NOISE


def test_audit_with_shadow_models(pool, tmp_path):
    """End to end: `MODEL=IDS` shadows give claims of LiRA and RMIA, and scores of counterfactual memorization."""
    texts, included, models, _ = pool
    ids = np.array([f"r{i}" for i in range(N)])
    known, unseen = (
        Corpus.of([texts[i] for i in rows], role, ids=ids[rows].tolist())
        for rows, role in ((np.flatnonzero(included[0]), "member"), (np.flatnonzero(~included[0]), "nonmember"))
    )
    stated = []
    for m in range(1, N_MODELS):
        models[m].module.save_pretrained(tmp_path / f"m{m}")
        models[m].tokenizer.save_pretrained(tmp_path / f"m{m}")
        (tmp_path / f"m{m}.txt").write_text("\n".join(ids[included[m]]))
        stated.append(f"{tmp_path / f'm{m}'}={tmp_path / f'm{m}.txt'}")
    run = audit_text(models[0], known, unseen, shadows=stated, out=tmp_path / "run", profile="routine")
    verdicts = {v.method: v for v in run.verdicts}
    assert verdicts["lira"].main.low > 0.5
    assert verdicts["rmia"].main.low > 0.5
    assert "counterfactual" not in verdicts  # it is about the recipe, not about this model
    assert np.isfinite(run.scores["counterfactual"].where("member").values).all()
