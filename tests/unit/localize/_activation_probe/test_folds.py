import numpy as np

from byheart.localize._activation_probe.folds import deal, held_out
from byheart.stats.auc import auc


def test_random_labels_are_learned_and_mean_nothing():
    """Cover: 60 points in 200 dimensions are separable under any labels, and held out they are at chance."""
    rng = np.random.default_rng(2)
    x, document = rng.normal(size=(60, 200)), np.repeat(np.arange(30), 2)
    positive = (np.arange(30) % 2 == 0)[document]
    held = held_out(x, positive, document, seed=0, strength=1.0)
    assert held.train_auc == 1.0
    right = ((held.logit > 0) == positive).mean()
    assert abs(right - 0.5) <= 2 * 0.5 / np.sqrt(30)


def test_folds_keep_documents_whole_and_classes_even():
    document = np.repeat(np.arange(40), 3)
    positive = document < 20
    fold = deal(document, positive, 5, seed=0)
    for d in range(40):
        assert np.unique(fold[document == d]).size == 1
    for k in range(5):
        assert np.unique(document[(fold == k) & positive]).size == 4
        assert np.unique(document[(fold == k) & ~positive]).size == 4


def test_documents_that_leak_are_no_help():
    """Each document has a mark of its own and its label is chance: within documents perfect, grouped at chance."""
    rng = np.random.default_rng(3)
    document = np.repeat(np.arange(40), 10)
    positive = (rng.permutation(40) < 20)[document]
    x = rng.normal(size=(40, 64))[document] + 0.1 * rng.normal(size=(400, 64))
    grouped = held_out(x, positive, document, seed=0, strength=1e-2)
    leaking = held_out(x, positive, np.arange(400), seed=0, strength=1e-2)
    assert auc(leaking.logit[positive], leaking.logit[~positive]) > 0.95
    assert 0.2 < auc(grouped.logit[positive], grouped.logit[~positive]) < 0.8
