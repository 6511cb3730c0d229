"""What a run was made with, from either way of writing it down."""

from byheart.report.provenance import made_with, time_spent

MODEL = ("model", "reference")


def test_settings_versions_and_digests_wherever_they_stand():
    facts = {
        "model": "toy", "device": "cpu", "environment": {"byheart": "0.1", "torch": "2.13.0"},
        "command": {"seed": 0, "profile": "smoke", "model": "ab" * 32, "reference": None},
        "data": {"members": {"path": "m.jsonl", "digest": "cd" * 32}}, "digests": {"corpus": "ef" * 32, "bad": "?"},
    }  # fmt: skip
    assert made_with(facts, MODEL) == [
        ("byheart", "0.1"), ("model", "toy"), ("seed", "0"), ("device", "cpu"), ("profile", "smoke"),
        ("torch", "2.13.0"), ("SHA-256 of model", "ab" * 32), ("SHA-256 of corpus", "ef" * 32),
        ("SHA-256 of members", "cd" * 32),
    ]  # fmt: skip
    assert made_with({"model": "toy", "train": "t.csv"}, ("train",)) == [("train", "t.csv")]
    assert made_with({}, MODEL) == []


def test_time_of_each_step_and_in_all():
    # 61.5 + 2 = 63.5 s
    assert time_spent({"steps": {"a": 61.5, "b": 2}}) == [
        ("time for a", "1 min 2 s"), ("time for b", "2.0 s"), ("time in all", "1 min 4 s"),
    ]  # fmt: skip
    assert time_spent({}) == []
