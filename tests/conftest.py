"""Options and fixtures of the whole suite."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker has a core; tiny models are no faster with two
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import random
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# The same examples in every run, and no deadline, as workers share the cores; `--hypothesis-profile=default` tries
# others.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

MOST_WORKERS = 8  # each holds about 1 GB
SLOW_SECONDS = Path(__file__).parent / "slow" / "seconds.json"  # of one core, by file; CONTRIBUTING says how to measure


def pytest_addoption(parser):
    parser.addoption("--runslow", action="store_true", help="run tests that take minutes")
    parser.addoption("--shuffle", type=int, metavar="SEED", help="deal out the files anew, and the tests of each")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """A worker a core with `-n auto`; on a single core the tests stay in this process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS) if cores > 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file goes to one worker, as its fixtures are made once, and so do all files that start Ray.

    They go out as they stand, contract and planted first: the longest, so that no worker ends long after the others.
    """
    from xdist.scheduler import LoadFileScheduling

    class FilesTogether(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            if "/execute/test_ray" in file:
                return "ray"  # a file of its own finds the other's cluster at `auto`
            return (file, test.partition("[")[2]) if file.startswith("tests/slow/") else file  # each reproduction alone

    config.option.loadscopereorder = False
    return FilesTogether(config, log)


def pytest_sessionstart(session):
    """Say beforehand how long the slow tests take."""
    config = session.config
    if not config.getoption("--runslow") or hasattr(config, "workerinput"):
        return
    asked = tuple(arg.partition("::")[0] for arg in config.args)
    seconds = [s for file, s in json.loads(SLOW_SECONDS.read_text()).items() if file.startswith(asked)]
    workers = getattr(config.option, "numprocesses", None) or 1
    minutes = max(sum(seconds) / workers, max(seconds, default=0)) / 60  # a file stays with one worker
    config.get_terminal_writer().line(
        f"The slow tests take about {minutes:.0f} minutes with {workers} worker{'s' * (workers > 1)}, "
        f"{sum(seconds) / 60:.0f} minutes of one core in all."
    )


def pytest_collection_modifyitems(config, items):
    seed = config.getoption("--shuffle")
    if seed is not None:
        chance, files = random.Random(seed), {}
        for item in items:
            files.setdefault(item.path, []).append(item)
        dealt = list(files.values())
        for tests in (dealt, *dealt):
            chance.shuffle(tests)
        items[:] = [item for tests in dealt for item in tests]
    if config.getoption("--runslow"):
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --runslow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """`made_once(name, make)` is the folder that `make(folder)` filled, once for all workers of this session."""
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine

    def made(name, make):
        done = shared / f"made-{name}"
        with FileLock(shared / f"made-{name}.lock"):
            if not done.exists():
                begun = tmp_path_factory.mktemp(name)
                make(begun)
                begun.rename(done)
        return done

    return made


@pytest.fixture(scope="session")
def untrained_folder(tmp_path_factory):
    """A tiny model that never saw any text, with a byte tokenizer, as save_pretrained leaves it."""
    from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

    folder = tmp_path_factory.mktemp("untrained") / "tiny"
    tiny_gpt(272, width=32, layers=1, context=160, seed=0).save_pretrained(folder)
    byte_tokenizer(bos=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def records_folder(tmp_path_factory):
    """`members.jsonl` and `control.jsonl`: 30 made-up sentences each, drawn alike, one subject in each a group."""
    from byheart.audit.text.selftest import made_up_records

    folder, sentences = tmp_path_factory.mktemp("records"), made_up_records(60, seed=1)
    for name, part in (("members", sentences[:30]), ("control", sentences[30:])):
        lines = [json.dumps({"text": t, "author": f"{name} {i // 2}"}) for i, t in enumerate(part)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
