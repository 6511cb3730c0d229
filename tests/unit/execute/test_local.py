import numpy as np
import pytest
import torch

from byheart.core.errors import UsageError
from byheart.execute import engine_named
from byheart.execute.local import LocalEngine
from byheart.execute.threads import torch_threads


def test_model_is_opened_once_and_only_if_there_is_work(letters):
    job = letters()
    assert list(LocalEngine().results(job, {}, threads=1)) == []
    assert job.noted("open") == 0
    done = dict(LocalEngine().results(job, {4: np.array([1, 0]), 2: np.array([5])}, threads=1))
    assert job.noted("open") == 1
    assert {number: signals.ids.tolist() for number, signals in done.items()} == {4: ["r1", "r0"], 2: ["r5"]}


def test_threads_are_set_for_the_time_of_the_work(letters):
    class Watching(type(letters())):
        def work(self, state, rows):
            seen.append(torch.get_num_threads())
            return super().work(state, rows)

    seen, before = [], torch.get_num_threads()
    job = Watching(letters().texts, letters().diary)
    list(LocalEngine().results(job, {0: np.array([0])}, threads=before + 1))
    assert seen == [before + 1]
    assert torch.get_num_threads() == before
    with pytest.raises(KeyError), torch_threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


def test_engines_by_name():
    assert engine_named("local") == LocalEngine()
    assert engine_named("local", workers=1).name == "local"
    with pytest.raises(UsageError, match="local, ray; got 'slurm'"):
        engine_named("slurm")
    with pytest.raises(UsageError, match="use --engine ray for more"):
        engine_named("local", workers=2)
    with pytest.raises(UsageError, match="--workers is at least 1; got 0"):
        engine_named("ray", workers=0)
