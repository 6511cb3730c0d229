"""Classes whose answer is known."""

import numpy as np

from byheart.localize._activation_probe.events import Events


def gaussians(d, n=4000, dim=20, seed=0):
    """Two classes N(+-d/2 e, I), e the first axis; one event per document."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    x = rng.normal(size=(n, dim))
    x[:, 0] += np.where(positive, d / 2, -d / 2)
    return x.astype(np.float32), positive, np.arange(n)


def events(positive, document=None, p=None, entropy=None, margin=None):
    n = positive.size
    half, document = np.full(n, 0.5), np.arange(n) if document is None else document
    zero = np.zeros(n, np.int64)
    return Events(
        zero, zero, positive.astype(np.int8), positive, half if p is None else p, half if entropy is None else entropy,
        half if margin is None else margin, zero, np.ones(n, bool), document,
    )  # fmt: skip
