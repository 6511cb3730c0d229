"""Is a thing made once, and the same when it is read again?"""

import pandas as pd

from byheart.core.atomic import kept_json, kept_table


def test_what_is_there_is_not_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return pd.DataFrame({"a": [1.5, None], "b": ["x", None]})

    first, second = (kept_table(tmp_path / "deep" / "t.parquet", make) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert first["a"].tolist()[0] == 1.5
    assert len(made) == 1


def test_json_comes_back_as_from_the_file(tmp_path):
    assert kept_json(tmp_path / "n.json", lambda: {"pair": (1, 2)}) == {"pair": [1, 2]}
    assert kept_json(tmp_path / "n.json", lambda: {"pair": "other"}) == {"pair": [1, 2]}
