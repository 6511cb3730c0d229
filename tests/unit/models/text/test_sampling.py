"""Decoding schemes against the warpers of transformers, and draws against the law."""

import pytest
import torch
from transformers import TopKLogitsWarper, TopPLogitsWarper

from byheart.models.text.sampling import draw, narrow


@pytest.mark.parametrize(("top_k", "top_p"), [(5, None), (None, 0.7), (20, 0.9), (None, 0.01), (1, 0.5)])
def test_what_stays_is_what_stays_in_transformers(top_k, top_p):
    logits = torch.randn(50, 300, generator=torch.Generator().manual_seed(0)) * 3
    expected = logits
    if top_k:
        expected = TopKLogitsWarper(top_k)(None, expected)
    if top_p:
        expected = TopPLogitsWarper(top_p)(None, expected)
    assert torch.equal(narrow(logits, top_k=top_k, top_p=top_p), expected)


def test_the_nucleus_by_hand():
    # p = 0.5, 0.3, 0.2: 0.8 is reached by two tokens; 0.81 needs the third; even 0.1 keeps one.
    logits = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log()
    kept = [int(torch.isfinite(narrow(logits, top_p=p)).sum()) for p in (0.79, 0.81, 0.1)]
    assert kept == [2, 3, 1]


def test_a_draw_inverts_the_cumulative_distribution():
    # p = 0.2, 0.3, 0.5: cumulative 0.2, 0.5, 1. The second row has no first token.
    logits = torch.tensor([[0.2, 0.3, 0.5]] * 4 + [[0.0, 0.4, 0.6]]).log()
    uniform = torch.tensor([0.0, 0.19, 0.21, 0.999, 0.0], dtype=torch.float64)
    assert draw(logits, uniform).tolist() == [0, 0, 1, 2, 1]
