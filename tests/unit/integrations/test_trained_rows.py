import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from byheart.core.errors import DataError
from byheart.integrations.trained_rows import is_stream, trained_batches


def collate(records):
    """Two rows padded to the longest with id 9, label -100, attention 0."""
    n = max(map(len, records))
    return {
        "input_ids": torch.tensor([r + [9] * (n - len(r)) for r in records]),
        "labels": torch.tensor([[-100 if t == 5 else t for t in r] + [-100] * (n - len(r)) for r in records]),
        "attention_mask": torch.tensor([[1] * len(r) + [0] * (n - len(r)) for r in records]),
    }


def test_rows_lose_their_padding_and_keep_their_loss():
    loader = DataLoader([[1, 2, 3], [4, 5], [6, 7]], batch_size=2, collate_fn=collate, shuffle=True)
    first, second = trained_batches(loader)  # in the order of the data, whatever the loader's order is
    assert [r.ids.tolist() for r in first] == [[1, 2, 3], [4, 5]]
    assert [r.ids.tolist() for r in second] == [[6, 7]]
    assert [r.learned.tolist() for r in first] == [[False, True, True], [False, False]]  # token 0; a label of -100


def test_leaves_the_random_state_alone():
    def noisy(records):
        torch.rand(3)
        return collate(records)

    loader = DataLoader([[1, 2], [3, 4]], batch_size=1, collate_fn=noisy, shuffle=True)
    before = torch.get_rng_state()
    assert len(list(trained_batches(loader))) == 2
    assert torch.equal(before, torch.get_rng_state())


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter([[1, 2], [3, 4], [5, 6]])


def test_reads_a_stream():
    loader = DataLoader(Stream(), batch_size=2, collate_fn=collate)
    assert is_stream(loader)
    assert [len(batch) for batch in trained_batches(loader)] == [2, 1]


class Once(torch.utils.data.IterableDataset):
    def __iter__(self):
        return self

    def __next__(self):
        raise AssertionError("read")


def test_refuses_what_it_would_use_up_and_what_has_no_labels():
    with pytest.raises(DataError, match=r"only once"):
        list(trained_batches(DataLoader(Once(), collate_fn=collate)))
    unlabelled = DataLoader([[1]], collate_fn=lambda r: {"input_ids": np.array(r)})
    with pytest.raises(DataError, match=r"holds input_ids; without input_ids and labels"):
        list(trained_batches(unlabelled))
