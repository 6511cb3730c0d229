import os
import pickle
import signal
import sys
import threading
import time

import numpy as np
import pytest
import ray

from byheart.core.errors import ByheartError, DataError, MissingExtra, UsageError
from byheart.execute import engine_named
from byheart.execute.local import LocalEngine
from byheart.execute.ray_engine import RETRIES, RayEngine
from byheart.execute.shards import plan_shards, run_shards

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("by_value")]
STORE = 80 * 2**20


@pytest.fixture(scope="module")
def cluster():
    ray.init("local", num_cpus=2, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def run(job, folder, key, engine):
    shards = plan_shards(np.array([len(t) for t in job.texts]), records_per_shard=7)
    return run_shards(job, shards, folder, key=key, engine=engine, title="Reading letters")


def test_same_bytes_as_local(cluster, letters, key, tmp_path, same_files):
    local = run(letters(), tmp_path / "local", key, LocalEngine())
    on_ray = run(letters(), tmp_path / "ray", key, RayEngine(workers=2))
    same_files(tmp_path / "ray", tmp_path / "local")
    local.save(tmp_path / "one")
    on_ray.save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert letters().noted("open") <= 3


def test_begun_on_ray_and_ended_here(cluster, letters, key, tmp_path, same_files):
    run(letters(), tmp_path / "local", key, LocalEngine())
    run(letters(), tmp_path / "s", key, RayEngine(workers=1))
    for number in (0, 4, 8):
        (tmp_path / "s" / f"shard-{number:05d}.safetensors").unlink()
    run(letters(), tmp_path / "s", key, LocalEngine())
    same_files(tmp_path / "s", tmp_path / "local")


def test_worker_that_is_killed_costs_a_retry(cluster, letters, key, tmp_path, same_files, capfd):
    job, killed = letters(pause=0.1), []

    def kill():
        while not list(job.diary.glob("open-*")) or not list((tmp_path / "ray").glob("shard-*")):
            time.sleep(0.01)
        killed.append(int(next(job.diary.glob("open-*")).name.split("-")[1]))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run(job, tmp_path / "ray", key, RayEngine(workers=1))
    killer.join()
    assert killed[0] != os.getpid()
    assert capfd.readouterr().out == ""
    assert job.noted("open") == 2
    run(letters(), tmp_path / "local", key, LocalEngine())
    same_files(tmp_path / "ray", tmp_path / "local")


@pytest.mark.slow
def test_shard_that_kills_every_worker_ends_in_one_line(cluster, letters, key, tmp_path):
    job = letters(dies_at=letters().texts[30], deaths=100)
    with pytest.raises(ByheartError, match=f"lost its Ray worker {RETRIES + 1} times") as caught:
        run(job, tmp_path / "ray", key, RayEngine(workers=1))
    assert "\n" not in str(caught.value)
    assert job.noted("death") == RETRIES + 1
    assert list((tmp_path / "ray").glob("shard-*.safetensors"))


def test_errors_of_the_job_arrive_as_they_were(cluster, letters, key, tmp_path):
    text = letters().texts[30]
    with pytest.raises(DataError, match=f"^the text '{text}' is refused$"):
        run(letters(refuses=text), tmp_path / "ray", key, RayEngine(workers=1))


def test_every_error_survives_the_way_back():
    extra = pickle.loads(pickle.dumps(MissingExtra("transformers", "text")))
    assert (type(extra), extra.library, extra.extra) == (MissingExtra, "transformers", "text")
    assert str(extra) == str(MissingExtra("transformers", "text"))


def test_workers_that_do_not_fit(cluster, letters, key, tmp_path):
    with pytest.raises(UsageError, match="has 2 CPU and 0 GPU; 3 workers of 1 CPU and 0 GPU do not fit"):
        run(letters(), tmp_path / "ray", key, engine_named("ray", workers=3))
    with pytest.raises(UsageError, match="1 workers of 1 CPU and 1 GPU"):
        run(letters(), tmp_path / "ray", key, RayEngine(gpus_per_worker=1, cpus_per_worker=1))


def test_share_of_a_cluster():
    eight = {"CPU": 8.0, "GPU": 2.0}
    assert RayEngine()._share({"CPU": 8.0}, 3) == (2, {"num_cpus": 3.0, "num_gpus": 0.0})
    assert RayEngine()._share(eight, 3) == (2, {"num_cpus": 1.0, "num_gpus": 1.0})
    assert RayEngine(gpus_per_worker=0.5)._share(eight, 3) == (4, {"num_cpus": 1.0, "num_gpus": 0.5})
    assert RayEngine(workers=1, gpus_per_worker=0)._share(eight, 4) == (1, {"num_cpus": 4.0, "num_gpus": 0})


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "byheart.execute.ray_engine")
    with pytest.raises(MissingExtra, match=r"pip install -e '.*\[ray\]'"):
        engine_named("ray")
