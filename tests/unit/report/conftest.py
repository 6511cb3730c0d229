"""The simulated run folder, built once for all tests of the report."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("simulated_run", Path(__file__).with_name("simulated_run.py"))
simulated = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(simulated)


@pytest.fixture(scope="session")
def sim():
    """The module that builds simulated runs."""
    return simulated


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A full simulated run."""
    return simulated.simulated_run(tmp_path_factory.mktemp("run"))
