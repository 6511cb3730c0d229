"""The simulated run folders, built once for all tests of the report."""

import pytest

from . import simulated_run as simulated
from . import simulated_table


@pytest.fixture(scope="session")
def sim():
    """The module that builds simulated runs."""
    return simulated


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A full simulated run."""
    return simulated.simulated_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def sim_table():
    """The module that builds runs over tables."""
    return simulated_table


@pytest.fixture(scope="session")
def table_run(tmp_path_factory):
    """A full run over tables: 120 training, 60 held-out, 120 synthetic rows; of these 10 are exact, 14 near copies."""
    return simulated_table.simulated_table_run(tmp_path_factory.mktemp("tables"))
