import numpy as np
import pytest

from byheart.measure._table_quality.encoding import Table


@pytest.fixture
def table():
    """Builds a table from rows of numbers and rows of codes; a code of -1 is missing and gets a code of its own."""

    def build(numbers=None, codes=None, groups=None):
        n = len(numbers if numbers is not None else codes)
        x = np.empty((n, 0)) if numbers is None else np.array(numbers, float).reshape(n, -1)
        c = np.empty((n, 0), np.int64) if codes is None else np.array(codes, np.int64).reshape(n, -1)
        names = tuple(f"x{j}" for j in range(x.shape[1])) + tuple(f"c{j}" for j in range(c.shape[1]))
        owner = build.next + np.arange(n) if groups is None else np.array(groups)
        build.next += n
        return Table(x, np.where(c < 0, 99, c), c < 0, owner, names)

    build.next = 0
    return build
