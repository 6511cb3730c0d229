"""How many threads: torch's own number where it is loaded, else what the machine and its user say."""

import os
import sys

import pytest
import torch

from byheart.core.threads import n_threads
from byheart.execute.threads import torch_threads


def test_where_torch_is_loaded_it_decides():
    with torch_threads(2):
        assert n_threads() == torch.get_num_threads() == 2
    with torch_threads(1):
        assert n_threads() == 1


@pytest.mark.parametrize(("given", "wanted"), [("3", 3), ("5,2", 5), ("0", 7), ("many", 7), ("", 7)])
def test_without_it_the_user_decides_and_else_the_cores(monkeypatch, given, wanted):
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(7)), raising=False)
    assert n_threads() == wanted


def test_without_torch_an_engine_has_nothing_to_set(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delitem(sys.modules, "torch")
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before
