import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.errors import ByheartError, DataError, RunError
from byheart.core.randomness import generator
from byheart.core.signals import SignalKey
from byheart.execute.local import LocalEngine
from byheart.execute.shards import LARGEST_PLAN, plan_shards, run_shards

SIZES = st.lists(st.integers(0, 50), max_size=80).map(np.array)


def run(job, folder, key, records_per_shard=7):
    shards = plan_shards(np.array([len(t) for t in job.texts]), records_per_shard=records_per_shard)
    return run_shards(job, shards, folder, key=key, engine=LocalEngine(), title="Reading letters")


def test_plan_by_hand():
    # longest first: rows 1 (9), 3 (5), 2 (4), 0 (3), 4 (3); 9 alone fills 9; 5 + 4 = 9 fits, + 3 does not; 3 + 3 = 6
    plan = plan_shards(np.array([3, 9, 4, 5, 3]), tokens_per_shard=9)
    assert [rows.tolist() for rows in plan] == [[1], [3, 2], [0, 4]]
    # two records each, whatever their length
    plan = plan_shards(np.array([3, 9, 4, 5, 3]), records_per_shard=2)
    assert [rows.tolist() for rows in plan] == [[1, 3], [2, 0], [4]]
    # a record above the limit stands alone
    assert [rows.tolist() for rows in plan_shards(np.array([1, 100]), tokens_per_shard=10)] == [[1], [0]]
    assert plan_shards(np.zeros(0, int)) == []


@given(SIZES, st.integers(1, 10), st.integers(1, 60))
def test_plan_holds_every_row_once_within_its_limits(sizes, records, tokens):
    plan = plan_shards(sizes, records_per_shard=records, tokens_per_shard=tokens)
    rows = np.concatenate([np.zeros(0, int), *plan])
    assert sorted(rows.tolist()) == list(range(sizes.size))
    assert all(len(shard) <= records for shard in plan)
    assert all(len(shard) == 1 or sizes[shard].sum() <= tokens for shard in plan)
    assert (np.diff(sizes[rows]) <= 0).all()
    again = plan_shards(sizes, records_per_shard=records, tokens_per_shard=tokens)
    assert [shard.tolist() for shard in again] == [shard.tolist() for shard in plan]


def test_plan_of_a_large_corpus_is_a_folder_one_can_list():
    # 400,000 records of 100 tokens: 40 million tokens, so 40,000 to a shard, that is 400 records: 1,000 shards
    assert len(plan_shards(np.full(400_000, 100))) == LARGEST_PLAN


@pytest.mark.parametrize("limits", [{"records_per_shard": 0}, {"tokens_per_shard": 0}])
def test_plan_refuses_empty_shards(limits):
    with pytest.raises(ValueError, match="at least one"):
        plan_shards(np.ones(3, int), **limits)


def test_plan_refuses_negative_sizes():
    with pytest.raises(ValueError, match="0 or more; got -1"):
        plan_shards(np.array([1, -1]))


def test_joined_in_the_order_of_the_corpus(letters, key, tmp_path):
    job = letters()
    signals = run(job, tmp_path / "s", key)
    assert signals.ids.tolist() == [f"r{i}" for i in range(60)]
    assert signals.dense("length").tolist() == [len(t) + 0.5 for t in job.texts]
    row = 5
    expected = ord(job.texts[row][0]) + generator(7, "noise", "r5").normal(size=len(job.texts[row]))
    np.testing.assert_array_equal(signals.ragged("noisy")[row], expected.astype(np.float32))
    assert signals.key == key
    # 60 records, 7 to a shard: 8 full ones and one of 4
    assert len(list((tmp_path / "s").glob("shard-*.safetensors"))) == 9


def test_what_is_done_is_not_done_again(letters, key, tmp_path):
    job = letters()
    first = run(job, tmp_path / "s", key)
    again = run(job, tmp_path / "s", key)
    assert job.noted("open") == 1
    np.testing.assert_array_equal(again.ragged("noisy").values, first.ragged("noisy").values)


def test_only_the_missing_shard_is_done(letters, key, tmp_path, same_files):
    run(letters(), tmp_path / "whole", key)
    run(letters(), tmp_path / "s", key)
    (tmp_path / "s" / "shard-00003.safetensors").unlink()
    written = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "s").iterdir()}
    (tmp_path / "s" / ".shard-00003.safetensors.99.part").write_bytes(b"half")
    run(letters(), tmp_path / "s", key)
    same_files(tmp_path / "s", tmp_path / "whole")
    assert {n: t for n, t in written.items() if (tmp_path / "s" / n).stat().st_mtime_ns != t} == {}


@pytest.mark.parametrize("damage", ["cut", "emptied", "zeroed", "foreign"])
def test_damaged_shard_is_named_and_done_again(damage, letters, key, tmp_path, same_files, caplog):
    run(letters(), tmp_path / "whole", key)
    run(letters(), tmp_path / "s", key)
    shard = tmp_path / "s" / "shard-00002.safetensors"
    data = shard.read_bytes()
    if damage == "foreign":
        run(letters(), tmp_path / "other", SignalKey("other", "letters", "noise", 7))
        data = (tmp_path / "other" / shard.name).read_bytes()
    shard.write_bytes({"cut": data[:-5], "emptied": b"", "zeroed": bytes(len(data)), "foreign": data}[damage])
    run(letters(), tmp_path / "s", key)
    assert "shard-00002.safetensors" in caplog.text
    assert "7 records are computed again" in caplog.text
    same_files(tmp_path / "s", tmp_path / "whole")


def test_folder_of_another_key_is_refused(letters, key, tmp_path):
    run(letters(), tmp_path / "s", key)
    with pytest.raises(RunError, match=r"s holds other signals \(seed 7 there, 8 now\)"):
        run(letters(), tmp_path / "s", SignalKey("toy", "letters", "noise", 8))


def test_folder_of_another_plan_is_refused(letters, key, tmp_path):
    run(letters(), tmp_path / "s", key)
    with pytest.raises(RunError, match="shards 9 there, 12 now"):
        run(letters(), tmp_path / "s", key, records_per_shard=5)


def test_shards_without_their_index_are_refused(letters, key, tmp_path):
    run(letters(), tmp_path / "s", key)
    (tmp_path / "s" / "index.json").unlink()
    with pytest.raises(RunError, match=r"no index\.json"):
        run(letters(), tmp_path / "s", key)


def test_threads_are_those_the_folder_was_begun_with(letters, key, tmp_path, same_files):
    class Watched(LocalEngine):
        def results(self, job, shards, *, threads):
            seen.append(threads)
            yield from super().results(job, shards, threads=threads)

    seen = []
    shards = plan_shards(np.array([len(t) for t in letters().texts]), records_per_shard=7)
    run(letters(threads=2), tmp_path / "s", key)
    (tmp_path / "s" / "shard-00000.safetensors").unlink()
    run_shards(letters(threads=1), shards, tmp_path / "s", key=key, engine=Watched(), title="t")
    assert seen == [2]
    assert json.loads((tmp_path / "s" / "index.json").read_text())["threads"] == 2


def test_no_records(letters, key, tmp_path):
    with pytest.raises(DataError, match="no record"):
        run_shards(letters(), [], tmp_path / "s", key=key, engine=LocalEngine(), title="t")


def test_job_that_drops_records_is_found_out(letters, key, tmp_path):
    class Dropping(type(letters())):
        def work(self, state, rows):
            return super().work(state, rows[1:])

    job = Dropping(letters().texts, tmp_path / "diary")
    with pytest.raises(ValueError, match="6 rows of signals for 7 records"):
        run(job, tmp_path / "s", key)


def test_interrupt_keeps_what_is_done(letters, key, tmp_path, same_files):
    class Interrupted(type(letters())):
        def work(self, state, rows):
            if len(list((tmp_path / "s").glob("shard-*"))) == 4:
                raise KeyboardInterrupt
            return super().work(state, rows)

    with pytest.raises(KeyboardInterrupt):
        run(Interrupted(letters().texts, tmp_path / "diary"), tmp_path / "s", key)
    assert len(list((tmp_path / "s").glob("shard-*.safetensors"))) == 4
    run(letters(), tmp_path / "s", key)
    run(letters(), tmp_path / "whole", key)
    same_files(tmp_path / "s", tmp_path / "whole")


def test_file_size_limit_is_one_line(letters, key, tmp_path, same_files):
    run(letters(), tmp_path / "whole", key)
    files = [p.stat().st_size for p in sorted((tmp_path / "whole").glob("shard-*"))]
    limit = sorted(files)[-3]  # the longest come first: two shards or more are larger than this
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            run(letters(), tmp_path / "s", key)
        except ByheartError as e:
            os._exit(2 if "no room to write" in str(e) and "0 finished shards are kept" in str(e) else 3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    run(letters(), tmp_path / "s", key)
    same_files(tmp_path / "s", tmp_path / "whole")


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk takes the rights of root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_says_what_is_kept_and_goes_on(letters, key, tmp_path, small_disk, same_files):
    run(letters(), tmp_path / "whole", key)
    with pytest.raises(ByheartError, match=r"No space left on device\); [1-8] finished shards are kept") as caught:
        run(letters(), small_disk / "s", key)
    assert "\n" not in str(caught.value)
    kept = len(list((small_disk / "s").glob("shard-*.safetensors")))
    assert f"{kept} finished" in str(caught.value)
    assert list((small_disk / "s").glob(".*")) == []
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    run(letters(), small_disk / "s", key)
    same_files(small_disk / "s", tmp_path / "whole")


def test_killed_at_random_moments_twenty_times(letters, key, tmp_path, same_files):
    """Each sitting of the run is a process that gets SIGKILL after a random wait, until twenty have died."""
    began = time.perf_counter()
    whole = run(letters(pause=0.02), tmp_path / "whole", key)
    length = time.perf_counter() - began
    waits = generator(0, "kills").uniform(0, 0.5 * length, size=1000)
    kills = lives = 0
    while kills < 20:
        folder = tmp_path / f"s{lives}"
        while True:
            child = os.fork()
            if child == 0:
                try:
                    run(letters(pause=0.02), folder, key)
                    os._exit(0)
                finally:
                    os._exit(1)
            time.sleep(waits[kills + lives])
            os.kill(child, signal.SIGKILL)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert ended in (0, -signal.SIGKILL)
            if ended == 0:
                break
            kills += 1
        lives += 1
        same_files(folder, tmp_path / "whole")
        joined = run(letters(), folder, key)
        joined.save(tmp_path / "joined")
        whole.save(tmp_path / "expected")
        assert (tmp_path / "joined").read_bytes() == (tmp_path / "expected").read_bytes()


def test_shard_file_is_the_same_bytes_in_every_process(letters, key, tmp_path):
    """Python's and Rust's hashing are seeded per process; a file must not show it."""
    run(letters(), tmp_path / "s", key)
    source = tmp_path / "s" / "shard-00000.safetensors"
    again = (
        "import sys; from pathlib import Path; from byheart.core.signals import Signals; "
        "Signals.load(Path(sys.argv[1])).save(Path(sys.argv[2]))"
    )
    for i in range(3):
        subprocess.run([sys.executable, "-c", again, str(source), str(tmp_path / f"copy{i}")], check=True)
        assert (tmp_path / f"copy{i}").read_bytes() == source.read_bytes()
