import numpy as np
import pytest

from byheart.core.errors import DataError
from byheart.integrations.needles import Needles


def test_finds_what_a_plain_search_finds():
    """Random strings over two letters, so that prefixes are shared and overlap."""
    rng = np.random.default_rng(0)
    draw = lambda n: "".join("ab"[i] for i in rng.integers(2, size=n))  # noqa: E731
    for _ in range(50):
        strings = [draw(n) for n in rng.integers(3, 14, size=20)]
        text = draw(200)
        assert Needles(strings).within(text) == {i for i, s in enumerate(strings) if s in text}


def test_reads_any_script_and_short_texts():
    needles = Needles(["château", "日本語のパスワード"])
    assert needles.within("le château, 日本語のパスワード!") == {0, 1}
    assert needles.within("日") == set()
    assert needles.within("") == set()


def test_refuses_an_empty_string():
    with pytest.raises(DataError, match=r"string 1 of 2 to be looked for is empty"):
        Needles(["a", ""])
