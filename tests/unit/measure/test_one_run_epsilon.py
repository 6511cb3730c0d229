"""Secrets by their log-probability, where a coin was tossed."""

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.scores import Scores
from byheart.measure.exposure import exposure
from byheart.measure.one_run_epsilon import one_run_epsilon


def test_secrets_are_guessed_by_their_log_probability_and_only_where_a_coin_was_tossed():
    ids, roles = np.array(["a", "b", "c"], object), np.array(["canary", "canary_control", "canary"], object)
    columns = {"secret_logprob": np.array([-1.0, -9.0, -4.0])}
    known = Scores(np.array([6.0, 1, 2]), ids, roles, ids, exposure.card, {}, columns)
    found = one_run_epsilon(known, Corpus.of(["x", "y"], ["canary", "canary_control"], ids=["a", "b"]))
    np.testing.assert_array_equal(found.values, [-1.0, -9.0, np.nan])
    assert (found.card.name, found.card.claim, found.card.family) == ("one_run_epsilon", "privacy", "text")
