"""Clusters of our own and of others, each in its own processes and folder, with nothing left of them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import ray
from ray._private import services

from byheart.core.errors import MissingExtra, UsageError
from byheart.execute import engine_named
from byheart.execute.local import LocalEngine
from byheart.execute.ray_engine import RayEngine
from byheart.execute.shards import plan_shards, run_shards

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("by_value")]
STORE = 80 * 2**20


def run(job, folder, key, engine):
    shards = plan_shards(np.array([len(t) for t in job.texts]), records_per_shard=7)
    return run_shards(job, shards, folder, key=key, engine=engine, title="Reading letters")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def group(leader):
    """Living processes of the process group, by /proc; a dead one that nobody waited for does not count."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == leader and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def ends(leader, seconds=15):
    while group(leader) and seconds > 0:
        time.sleep(0.2)
        seconds -= 0.2
    return not group(leader)


@pytest.fixture
def short_folder():
    """Ray's sockets lie in it, and a socket's path is at most 107 characters."""
    folder = tempfile.mkdtemp(prefix="r-", dir="/tmp")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def head():
    """The `ray://` address of a cluster of two cores that was started by `ray start`, as on another machine."""
    pytest.importorskip("grpc", reason="the packages of ray[client] are not installed")
    folder, port = tempfile.mkdtemp(prefix="r-", dir="/tmp"), free_port()
    command = f"start --head --block --port={free_port()} --ray-client-server-port={port} --num-cpus=2"
    command += f" --object-store-memory={STORE} --include-dashboard=false --disable-usage-stats --temp-dir={folder}"
    ray_command = Path(sys.executable).with_name("ray")
    started = subprocess.Popen(
        [ray_command, *command.split()],
        env={**os.environ, "HOME": folder, "GRPC_ENABLE_FORK_SUPPORT": "0"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert started.poll() is None, "the head ended"
            assert time.monotonic() < deadline, "the head does not listen"
            time.sleep(0.2)
        yield f"ray://127.0.0.1:{port}"
    finally:
        ray.shutdown()
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        assert ends(started.pid)
        shutil.rmtree(folder)


def test_file_of_a_dead_cluster(short_folder, letters, key, tmp_path, monkeypatch):
    """On a machine where no cluster runs: `auto` would take any that Ray finds among the processes."""
    monkeypatch.setattr(services, "_find_address_from_flag", lambda flag: set())
    services.find_gcs_addresses.cache_clear()
    monkeypatch.setenv("RAY_TMPDIR", short_folder)
    for said in ("could not find any running ray", "refused"):
        start = time.monotonic()
        with pytest.raises(UsageError, match=f"(?i)no Ray cluster answers at 'auto' .*{said}") as caught:
            run(letters(), tmp_path / "ray", key, engine_named("ray", address="auto"))
        assert time.monotonic() - start < 15
        assert "\n" not in str(caught.value)
        Path(short_folder, "ray").mkdir(exist_ok=True)
        Path(short_folder, "ray", "ray_current_cluster").write_text("127.0.0.1:1")


def test_cluster_by_address(head, letters, key, tmp_path, same_files):
    run(letters(), tmp_path / "local", key, LocalEngine())
    run(letters(), tmp_path / "ray", key, engine_named("ray", workers=2, address=head))
    same_files(tmp_path / "ray", tmp_path / "local")
    assert not ray.is_initialized()
    assert letters().noted("open") == 3


@pytest.mark.slow
def test_worker_killed_on_the_cluster_by_address(head, letters, key, tmp_path, same_files):
    job, killed = letters(pause=0.1), []

    def kill():
        while not list(job.diary.glob("open-*")) or not list((tmp_path / "ray").glob("shard-*")):
            time.sleep(0.01)
        killed.append(int(next(job.diary.glob("open-*")).name.split("-")[1]))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run(job, tmp_path / "ray", key, RayEngine(address=head, workers=1))
    killer.join()
    assert killed[0] != os.getpid()
    assert job.noted("open") == 2
    run(letters(), tmp_path / "local", key, LocalEngine())
    same_files(tmp_path / "ray", tmp_path / "local")


def test_cluster_that_asks_for_a_token(head, short_folder):
    code = "from byheart.execute import ray_cluster\n"
    code += f"with ray_cluster.joined({head!r}, cores=1, store_bytes=0): pass"
    env = {k: v for k, v in os.environ.items() if k != "RAY_AUTH_TOKEN"} | {"HOME": short_folder}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    last = ran.stderr.rstrip().rpartition("\n")[2]
    assert f"UsageError: no Ray cluster lets us in at '{head}'" in last
    assert "couldn't find an authentication token" in last
    assert "is RAY_AUTH_MODE=token set here" in last


@pytest.mark.slow
def test_cluster_of_its_own_stays_for_the_next_pass(letters, key, tmp_path, same_files, capfd):
    capfd.readouterr()
    engine = RayEngine(workers=1, store_bytes=STORE)
    run(letters(), tmp_path / "one", key, engine)
    node = ray.nodes()[0]["NodeID"]
    run(letters(), tmp_path / "two", key, RayEngine(workers=1, store_bytes=STORE))
    assert [n["NodeID"] for n in ray.nodes()] == [node]
    deadline = time.monotonic() + 10
    while ray.available_resources().get("CPU") != ray.cluster_resources()["CPU"]:  # no worker is left
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(UsageError, match="no Ray cluster answers"):  # another cluster takes its place
        run(letters(), tmp_path / "three", key, RayEngine(address="ray://127.0.0.1:1"))
    assert not ray.is_initialized()
    engine.close()
    run(letters(), tmp_path / "local", key, LocalEngine())
    same_files(tmp_path / "one", tmp_path / "local")
    same_files(tmp_path / "two", tmp_path / "local")
    assert capfd.readouterr() == ("", "")


def test_cluster_of_others_is_left_alone():
    ray.shutdown()
    ray.init("local", num_cpus=1, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)
    RayEngine().close()
    assert ray.is_initialized()
    ray.shutdown()


@pytest.mark.parametrize(
    ("end", "code", "seconds"),
    [("", 0, 15), pytest.param("os.kill(os.getpid(), 9)", -9, 90, marks=pytest.mark.slow)],
    ids=["exit", "kill"],  # after a kill Ray's two agents ask for a minute whether the cluster is really gone
)
def test_no_process_outlives_ours(end, code, seconds, short_folder):
    program = f"""
import os, sys
from byheart.execute import ray_cluster
for _ in range(2):
    with ray_cluster.joined(None, cores=1, store_bytes={STORE}):
        pass
import ray
assert ray.is_initialized()
print(len(os.listdir(sys.argv[1] + "/ray")), flush=True)
{end}
"""
    env = {**os.environ, "RAY_TMPDIR": short_folder}
    started = subprocess.Popen(
        [sys.executable, "-c", program, short_folder], env=env, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert started.communicate(timeout=60)[0] == b"2\n"  # one session, and the link to the latest
        assert started.returncode == code
        assert ends(started.pid, seconds)
    finally:
        for pid in group(started.pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere.invalid:10001", "a b"])
def test_no_cluster_at_the_address(address, letters, key, tmp_path):
    with pytest.raises(UsageError, match=f"no Ray cluster (answers|lets us in) at '{address}'"):
        run(letters(), tmp_path / "ray", key, engine_named("ray", address=address))


def test_without_the_packages_of_the_client(monkeypatch, letters, key, tmp_path):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(MissingExtra, match=r"pip install -e '.*\[ray\]'"):
        run(letters(), tmp_path / "ray", key, RayEngine(address="ray://127.0.0.1:10001"))
