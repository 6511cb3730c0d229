import json

from byheart.integrations.history import History


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_and_what_a_restart_keeps(tmp_path):
    history = History(tmp_path / "w" / "history.jsonl")
    history.begin(0)
    for step in (5, 10, 15):
        history.add(step, step / 10, {"a": float(step)})
    assert read(history.path)[1] == {"step": 10, "epoch": 1.0, "a": 10.0}
    again = History(history.path)
    again.begin(10)  # from the checkpoint at step 10: what came later is told anew
    again.add(15, 1.5, {"a": float("nan")})
    assert [(line["step"], line["a"]) for line in read(history.path)] == [(5, 5.0), (10, 10.0), (15, None)]
    again.begin(0)
    assert read(history.path) == []
