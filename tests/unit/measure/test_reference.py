import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.reference import reference


def test_by_hand(written):
    # means -1.5 and -3: 1.5 nats per token in favour of the target
    target = written(logprob=[[-1, -2]], token_ids=[[5, 6]], n_bytes=[8])
    other = written(logprob=[[-2, -4]], token_ids=[[5, 6]], n_bytes=[8])
    scores = reference(target, other)
    assert scores.values.tolist() == [1.5]
    assert scores.params["per"] == "token"


def test_the_same_model_twice_is_zero(written):
    target = written(logprob=[[-1.25, -2], [-0.5]], token_ids=[[5, 6], [7]], n_bytes=[8, 3])
    assert reference(target, target).values.tolist() == [0, 0]


def test_other_tokenizer_compares_bytes(written):
    # totals -3 and -7 over 8 bytes: (-3 + 7) / 8 = 0.5; two tokens against three would say -1.5 + 7/3
    target = written(logprob=[[-1, -2]], token_ids=[[5, 6]], n_bytes=[8])
    other = written(logprob=[[-2, -4, -1]], token_ids=[[1, 2, 3]], n_bytes=[8])
    scores = reference(target, other)
    assert scores.values.tolist() == [0.5]
    assert scores.params["per"] == "byte"


def test_refuses_other_records(written):
    one = written(logprob=[[-1.0]], token_ids=[[1]], n_bytes=[1])
    two = written(logprob=[[-1.0], [-1.0]], token_ids=[[1], [1]], n_bytes=[1, 1])
    with pytest.raises(UsageError, match="1 and 2 records"):
        reference(one, two)


def test_one_likelihood_less_another_never_less_a_probability(written):
    """A peer subtracts a probability from a log-likelihood: -1 - e^-2 = -1.135. Ours is -1 + 2 = 1."""
    target, other = (written(logprob=[[x]], token_ids=[[1]], n_bytes=[1]) for x in (-1.0, -2.0))
    np.testing.assert_array_equal(reference(target, other).values, [1.0])
