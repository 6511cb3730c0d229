"""Real sharded objects, in a process group of one process."""

import pytest
import torch
from torch import nn

from byheart.core.errors import TargetError
from byheart.integrations.sharding import sharded_by, whole
from byheart.integrations.watching import watch


def test_plain_and_wrapped_models_are_whole(one_process):
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    wrapped = nn.parallel.DistributedDataParallel(model)
    assert sharded_by(model) is None
    assert sharded_by(wrapped) is None
    assert whole(wrapped) is model
    assert whole(model) is model
    assert whole(torch.compile(model)) is model  # compiles nothing until it is called


def test_fully_sharded(one_process):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    assert sharded_by(model) == "FSDP"


def test_distributed_tensors(one_process):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    model = nn.Linear(4, 4)
    weight = distribute_tensor(model.weight.detach(), init_device_mesh("cpu", (1,)), [Shard(0)])
    model.weight = nn.Parameter(weight)
    assert sharded_by(model) == "distributed tensors"


def test_weights_numbered_by_deepspeed():
    model = nn.Linear(4, 4)
    model.weight.ds_id = 0  # what ZeRO-3 leaves on each parameter that it partitions
    assert sharded_by(model) == "DeepSpeed ZeRO-3"


def test_pieces_are_not_scored(model, tokenizer, planted):
    model.lm_head.weight.ds_id = 0
    with pytest.raises(TargetError, match=r"in pieces \(DeepSpeed ZeRO-3\); save the model"):
        watch(model, tokenizer, planted.manifest, seed=0)
