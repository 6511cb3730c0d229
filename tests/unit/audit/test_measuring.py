"""Which scores are read off others, and which are taken of a model that never saw the records."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.audit.measuring import measure_with, of_reference, read_off, readers
from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.measure.exposure import exposure
from byheart.measure.extraction import extraction
from byheart.measure.loss import loss
from byheart.measure.near_verbatim import near_verbatim

COLUMNS = {"pool": ["a"] * 3, "repetitions": [1] * 3}
CORPUS = Corpus.of(["x"] * 3, ["canary", "canary_control", "member"], columns=COLUMNS)


def read(*logprobs):
    """Four tokens of each record, all of the same log-probability, the best guess where it is above -2."""
    values = [np.full(4, x, np.float32) for x in logprobs]
    one = Ragged.of([np.ones(4, np.uint8)] * len(logprobs), dtype=np.uint8)
    ids = Ragged.of([np.arange(4)] * len(logprobs), dtype=np.int32)
    gap = Ragged.of([v + 2 for v in values])
    arrays = {"logprob": Ragged.of(values), "gap": gap, "scored": one, "secret": one, "token_ids": ids}
    return Signals(CORPUS.ids, CORPUS.roles, CORPUS.groups, arrays)


@pytest.fixture
def sources():
    return {
        "corpus": CORPUS, "canaries": CORPUS, "coins": CORPUS, "token_logprobs": read(-1, -1, -1),
        "reference_logprobs": read(-9, -5, -1),
    }  # fmt: skip


@pytest.fixture
def scores(sources):
    made = {m.card.name: measure_with(m, sources) for m in (extraction, exposure, loss)}
    made["near_verbatim"] = replace(made["loss"], card=near_verbatim.card)
    return {**made, **read_off(made, sources, family="text", seed=0)}


def test_a_claim_is_read_off_the_scores_that_its_card_needs(scores, sources):
    assert list(scores) == ["extraction", "exposure", "loss", "near_verbatim", "one_run_epsilon"]
    assert scores["one_run_epsilon"].values.tolist() == [-4, -4, -4]
    del sources["coins"]
    assert read_off({"exposure": scores["exposure"]}, sources, family="text", seed=0) == {}


def test_of_the_reference_what_a_claim_is_held_against_and_one_pass_tells(scores, sources):
    """Not the loss, which is held against a guess; not what a continuation of the target itself would tell."""
    found = of_reference(scores, sources)
    assert list(found) == ["extraction", "exposure", "one_run_epsilon"]
    assert found["one_run_epsilon"].values.tolist() == [-36, -20, -4]
    assert found["extraction"].extra["extracted"].tolist() == [False, False, True]
    del sources["reference_logprobs"]
    assert of_reference(scores, sources) == {}


def test_records_are_brought_to_one_order_and_the_rest_is_handed_over(sources):
    def method(signals, canaries, table, *, named, seed=0):
        return signals.ids.tolist(), canaries.ids.tolist(), table, named, seed

    method.card = replace(loss.card, needs=("token_logprobs", "canaries", "table"))
    turned = {**sources, "canaries": CORPUS.take([2, 0]), "table": {"a": 1}, "named": "by its name"}
    two = CORPUS.ids[[0, 2]].tolist()
    assert measure_with(method, turned, seed=3) == (two, two, {"a": 1}, "by its name", 3)
    assert measure_with(method, turned, named="an option")[3] == "an option"


def test_a_method_that_asks_for_more_than_there_is_does_not_run(sources):
    names = {m.card.name for m in readers(sources, "text")}
    assert {"loss", "exposure", "blind", "reference"} <= names
    assert not names & {"lira", "one_run_epsilon", "near_verbatim"}
    assert "anonymeter_inference" not in {m.card.name for m in readers({"corpus": CORPUS}, "table")}
    there = {"corpus": CORPUS, "anonymeter": "python"}
    assert "anonymeter_inference" in {m.card.name for m in readers(there, "table")}


def test_scores_are_brought_to_the_order_of_the_others(sources):
    two, columns = CORPUS.take([1, 0]), {"secret_logprob": np.array([-1.0, -2.0])}
    turned = Scores(np.array([1.0, 2.0]), two.ids, two.roles, two.groups, exposure.card, {}, columns)
    (found,) = read_off({"exposure": turned}, sources, family="text", seed=0).values()
    assert found.values.tolist() == [-1, -2]
