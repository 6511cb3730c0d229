"""What a run holds and what it can open, by the names that cards ask for."""

import numpy as np
import pytest

from byheart.audit.sources import Sources
from byheart.audit.step import run_step
from byheart.cli.main import run as command_line
from byheart.core.card import asks_for, load
from byheart.core.corpus import Corpus
from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.explain.sources import sources
from byheart.explain.stim import stim
from byheart.localize.activation_probe import activation_probe
from byheart.measure.exposure import exposure
from byheart.measure.lira import lira
from byheart.measure.loss import loss
from byheart.measure.one_run_epsilon import one_run_epsilon


def verdict(p, method="loss"):
    main = Estimate(0.5, 0, 1, 1, "AUC", "h")
    return Verdict(method, "text", "c", "inconclusive", p, main, caveats=("why",))


@pytest.fixture
def run(tmp_path):
    """A run that holds canaries, two scores of 40 records, a verdict, and no signals."""
    made = RunFolder.start(tmp_path / "run", {"verb": "audit text", "seed": 3})
    roles = ["member"] * 2 + ["nonmember"] * 38 + ["canary", "canary_control"]
    corpus = Corpus.of(["x"] * 42, roles, columns={"pool": ["a"] * 42, "repetitions": [1] * 42})
    corpus.save(made.corpus_path)
    values = np.arange(42.0)[::-1]
    scores = Scores(values, corpus.ids, corpus.roles, corpus.groups, loss.card)
    scores.save(made.scores_path("loss"))
    column = {"secret_logprob": np.array([-1.0, -7.0])}
    canaries = scores.take([40, 41])
    Scores(canaries.values, canaries.ids, canaries.roles, canaries.groups, exposure.card, {}, column).save(
        made.scores_path("exposure")
    )
    made.save_verdicts(
        [Verdict("loss", "text", "c", "not shown", 0.3, Estimate(0.5, 0, 1, 1, "u", "h"), caveats=("w",))]
    )
    return made


def test_what_is_held_is_named_and_each_thing_is_opened_once(run):
    there = Sources(run)
    assert list(there) == there.held == ["corpus", "canaries"]
    assert len(there["canaries"]) == 2
    assert there["loss"] is there["loss"]
    assert all(name in there for name in ("loss", "scores", "verdicts", "target", "index", "token_events"))
    assert "hunted" not in there
    assert there.get("hunted") is None
    assert set(there["scores"]) == {"loss", "exposure"}
    assert [v.method for v in there["verdicts"]] == ["loss"]


def test_what_is_at_hand_is_taken_as_it_is(run):
    assert Sources(run, {"target": "at hand", "loss": 1})["target"] == "at hand"
    assert Sources(run, {"loss": 1})["loss"] == 1


def test_a_model_is_only_opened_by_its_family(run):
    run.update(command={"verb": "audit chat", "seed": 3})
    with pytest.raises(UsageError, match="is a run of `audit chat`"):
        Sources(run)["target"]


def test_coins_are_there_where_the_run_says_so_or_has_bounded_epsilon_by_them(run):
    assert "coins" not in Sources(run)
    run.update(coin=True)
    assert Sources(run)["coins"].ids.tolist() == Sources(run)["canaries"].ids.tolist()
    run.update(coin=False)
    assert "coins" not in Sources(run)
    earlier = RunFolder.start(run.path.parent / "earlier", {"verb": "audit text"})
    run.corpus.save(earlier.corpus_path)
    earlier.save_verdicts([verdict(0.3, method="one_run_epsilon")])
    assert "coins" in Sources(earlier)


def test_a_method_asks_for_what_its_card_needs_and_what_has_no_default():
    assert asks_for(loss) == ("token_logprobs",)
    assert asks_for(sources) == ("token_logprobs", "index")
    assert asks_for(stim) == ("chain_candidates", "index")
    assert asks_for(activation_probe) == ("token_events", "target")
    assert asks_for(lira) == ("token_logprobs", "shadow_logprobs", "included")
    assert asks_for(load("measure/anonymeter_linkability")) == ("corpus", "anonymeter")


def test_a_claim_about_the_scores_of_another_method_is_a_step_like_any_other(run):
    run.update(coin=True)
    lines = run_step(one_run_epsilon, run.path, {})
    assert lines[-1] == f"Scores: {run.scores_path('one_run_epsilon')}"
    assert Scores.load(run.scores_path("one_run_epsilon")).values.tolist() == [-1.0, -7.0]


def test_records_that_stand_out_are_a_step_like_any_other(run, capsys):
    """Two members above 38 controls: p = 1/39 each, so q = 1/39."""
    assert command_line(["explain", "standing_out", str(run.path), "--rate", "0.1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("explain/standing_out: Which single records does the model know better")
    assert "0.025641" in said
    assert "above" in said
    run.save_verdicts(
        [Verdict("loss", "text", "c", "inconclusive", None, Estimate(0.5, 0, 1, 1, "u", "h"), caveats=("w",))]
    )
    with pytest.raises(TooFewRecords, match="no claim is made about the set"):
        run_step(load("explain/standing_out"), run.path, {})


def test_what_is_missing_is_named_with_the_way_to_it(run):
    path = run.path
    for name, said in (
        ("loss", "reads token_logprobs, which {path} does not hold (it holds corpus, canaries); make it with `byheart "
         "signals token_logprobs {path}`"),
        ("lira", "reads token_logprobs, shadow_logprobs, which {path} does not hold (it holds corpus, canaries); make "
         "it with `byheart signals token_logprobs {path}`"),
        ("one_run_epsilon", "reads coins, which {path} does not hold (it holds corpus, canaries); run the audit with "
         "--canaries of the design `coin`"),
        ("memhunter_canaries", "reads memhunter, which {path} does not hold (it holds corpus, canaries); make it with "
         "`byheart measure memhunter {path}`"),
        ("anonymeter_inference", "needs --anonymeter; see `byheart measure anonymeter_inference --help`"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as e:
            run_step(load(f"measure/{name}"), path, {})
        assert str(e.value) == f"measure/{name} " + said.format(path=path)


def test_an_index_needs_tokens_or_a_name(run):
    with pytest.raises(UsageError, match="holds no tokens to make an index of; name an index with --index"):
        Sources(run)["index"]
