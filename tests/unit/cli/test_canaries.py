"""The three canary commands, as a user types them."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from byheart.cli.canaries import app, nats_per_token
from byheart.core.errors import ByheartError, DataError, UsageError
from byheart.data.canaries.canaries import Manifest
from byheart.models.toy.bigram import ToyBigram


def typed(*words):
    """The standard output; what byheart raises on purpose is raised."""
    result = CliRunner().invoke(app, [str(w) for w in words])
    if isinstance(result.exception, ByheartError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps({"text": f"record {i}"}) + "\n" for i in range(50)))
    return path


def test_make_inject_verify(tmp_path, data):
    manifest, out = tmp_path / "m.json", tmp_path / "with.jsonl"
    told = typed(
        "make", "--out", manifest, "--families", "random, card", "--per-repetition", 2, "--repetitions", "1,4",
        "--controls", 10, "--seed", 3,
    )  # fmt: skip
    assert "8 canaries to plant and 20 twins to keep out" in told
    assert "random      2 x 1, 2 x 4 times; 10 twins" in told
    assert f"Publish this commitment before training: {Manifest.load(manifest).commitment}" in told
    # 2 families x 2 strings x (1 + 4) = 20 added to 50: 28.6 %
    assert "20 records added to 50 (28.6% of the result)" in typed("inject", manifest, data, "--out", out)
    assert len(out.read_text().splitlines()) == 70
    told = typed("verify", manifest, out)
    assert told.count("right") == 3
    assert "byte for byte" in told
    with pytest.raises(DataError, match="before the canaries were planted"):
        typed("verify", manifest, data)


def test_no_secret_is_printed(tmp_path, data):
    told = typed("make", "--out", tmp_path / "m.json", "--controls", 3)
    told += typed("inject", tmp_path / "m.json", data, "--out", tmp_path / "o.jsonl")
    told += typed("verify", tmp_path / "m.json", tmp_path / "o.jsonl")
    assert not any(c.secret in told for c in Manifest.load(tmp_path / "m.json").canaries)


def test_the_coin_and_the_column(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("body,n\n" + "".join(f"r{i},{i}\n" for i in range(9)))
    typed("make", "--out", tmp_path / "m.json", "--families", "email", "--design", "coin", "--controls", 8)
    typed("inject", tmp_path / "m.json", path, "--out", tmp_path / "o.csv", "--text-column", "body", "--seed", 1)
    assert "byte for byte" in typed("verify", tmp_path / "m.json", tmp_path / "o.csv", "--text-column", "body")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--repetitions", "1,x"], "--repetitions takes numbers with commas between them; got '1,x'"),
        (["--band", "3"], "--band takes two numbers"),
        (["--band", "8,6"], "the lower first"),
        (["--families", "perplexity"], "perplexity needs a model"),
        (["--families", ""], "got none"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        typed("make", "--out", tmp_path / "m.json", *options)
    assert not (tmp_path / "m.json").exists()


def test_wrong_files_are_one_line(tmp_path, data):
    with pytest.raises(DataError, match="cannot be read"):
        typed("inject", tmp_path / "none.json", data, "--out", tmp_path / "o.jsonl")
    with pytest.raises(DataError, match=r"no (whole )?canary manifest"):
        typed("verify", data)


def test_nats_per_token_of_the_toy():
    # after "a" comes b with 1/4, after "b" comes a with 1/2; the first character is never predicted:
    # abab -> (ln 4 + ln 2 + ln 4) / 3 = 5/3 ln 2, bb -> ln 2
    toy = ToyBigram(np.array([[0.75, 0.25], [0.5, 0.5]]), "ab")
    assert nats_per_token(toy)(["abab", "bb"]) == pytest.approx([5 / 3 * np.log(2), np.log(2)], rel=1e-5)
