"""Verbatim audits of chat models whose memory is known: an oracle behind a real server, and trained models."""

import os
import signal
import subprocess
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest

from byheart.audit.chat.audit_chat import audit_chat
from byheart.cli.main import run as run_command_line
from byheart.core.signals import Signals
from byheart.explain.output_filter import filter_found, output_filter
from byheart.models.chat.endpoint import EndpointChat
from byheart.models.chat.limits import Budget
from byheart.signals.chat.reply_cells import reply_cells

from ..chat_server import ChatServer, Oracle, made_up_article

KNOWN = (0, 20, 60, 200, None)  # words known by heart after any prefix; None is the whole article
MEMBERS = [made_up_article(i) for i in range(20)]
CONTROL = [made_up_article(1000 + i) for i in range(20)]
TRUTH = np.array([KNOWN[i % 5] if KNOWN[i % 5] is not None else 10**6 for i in range(20)])


def knowing(policy="plain"):
    return Oracle({**{t: KNOWN[i % 5] for i, t in enumerate(MEMBERS)}, **dict.fromkeys(CONTROL, 0)}, policy)


def audit(server, out, **options):
    model = EndpointChat(server.url, "oracle", pause=0.01, at_once=4, budget=options.pop("budget", Budget()))
    return audit_chat(model, MEMBERS, CONTROL, prefixes=(38,), max_tokens=500, out=out, **options)


@cache
def parts(run):
    """Scores and answers of members in the order of MEMBERS, cells, and the filter finding."""
    shards = sorted(run.signals_folder("replies").glob("*.safetensors"))
    answers = Signals.join([Signals.load(s) for s in shards])
    order = np.argsort([list(run.corpus.ids).index(i) for i in answers.ids])
    corpus = run.corpus
    return run.scores["verbatim"], reply_cells(answers.take(order), corpus), output_filter(answers.take(order), corpus)


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    """An audit of the oracle behind each policy, through HTTP; the server stumbles at every seventh request."""
    faults = ["garbage", 500, "cut", (429, {"Retry-After": "0"}), "odd"]

    def stumbles(number, body):
        return faults[number // 7 % 5] if number % 7 == 6 else None

    done = {}
    for policy in ("plain", "refuse_direct", "filter", "paraphrase"):
        with ChatServer(knowing(policy), stumbles) as server:
            done[policy] = audit(server, tmp_path_factory.mktemp("chat") / policy)
    return done


@pytest.mark.parametrize("policy", ["plain", "refuse_direct", "filter"])
def test_the_known_length_comes_out_exactly(audits, policy):
    scores, _, _ = parts(audits[policy])
    members = scores.where("member")
    limit = Oracle.LIMIT if policy == "filter" else 10**6
    whole = np.array([len(t.split()) - 38 for t in MEMBERS])  # all that follows the shortest prefix
    expected = np.minimum(np.minimum(TRUTH, limit), whole)
    found = members.extra["words"]
    known = TRUTH > 0
    assert found[known].tolist() == expected[known].tolist()
    assert found[~known].max() <= 4  # by chance
    assert scores.where("nonmember").extra["words"].max() <= 4


def test_the_policies_are_told_apart_by_their_answers(audits):
    kinds = {policy: parts(run)[1] for policy, run in audits.items()}
    assert (kinds["plain"]["kind"] == "continued").mean() >= 0.95
    direct = kinds["refuse_direct"]["attack"] < 2  # the role play comes third
    assert (kinds["refuse_direct"].loc[direct, "kind"] == "refusal").all()
    assert (kinds["refuse_direct"].loc[~direct, "kind"] == "continued").mean() >= 0.95
    stopped = np.isin(kinds["filter"]["id"], [f"member-{i:06d}" for i in range(20) if TRUTH[i] > Oracle.LIMIT])
    stopped &= (kinds["filter"]["role"] == "member").to_numpy()
    assert stopped.sum() == 12 * 3
    assert (kinds["filter"].loc[stopped, "kind"] == "filtered").mean() >= 0.95
    assert (kinds["filter"].loc[~stopped, "kind"] == "continued").all()
    assert (kinds["paraphrase"]["kind"] == "paraphrased").mean() >= 0.95


def test_the_filter_is_found_at_fifty_words_and_nowhere_else(audits):
    lengths = {policy: filter_found(parts(run)[2]) for policy, run in audits.items()}
    assert lengths == {"plain": None, "refuse_direct": None, "filter": 50, "paraphrase": None}
    assert any("cut off after 50 words" in note for note in audits["filter"].facts["notes"])


def test_verdicts_on_the_oracles(audits):
    for policy in ("plain", "refuse_direct", "filter"):
        assert {v.decision for v in audits[policy].verdicts} == {"shown"}, policy
    assert {v.decision for v in audits["paraphrase"].verdicts} == {"not shown"}


def test_the_page_shows_no_article_unless_asked(audits):
    page = (audits["plain"].path / "report.html").read_text()
    told = page.partition("<section")[2].partition("<script")[0]
    for text in MEMBERS:
        said = text.split()
        assert all(" ".join(said[k : k + 8]) not in told for k in range(len(said) - 8))
    assert "What came back word for word" in told
    assert "refusal" in (audits["refuse_direct"].path / "report.html").read_text()


def test_not_memorized_is_never_said_of_a_model_that_refuses(tmp_path):
    """Under the direct attack alone the oracle refuses everything, though it knows 16 of 20 articles."""
    with ChatServer(knowing("refuse_direct")) as server:
        run = audit(server, tmp_path / "run", attacks=("direct",))
    assert {v.decision for v in run.verdicts} == {"inconclusive"}
    assert all("the model refuses" in v.caveats[0] for v in run.verdicts)
    assert "cannot be said" in (run.path / "report.html").read_text()


def test_two_sets_of_controls_show_nothing(tmp_path):
    with ChatServer(knowing()) as server:
        others = [made_up_article(2000 + i) for i in range(20)]
        run = audit_chat(EndpointChat(server.url, "oracle"), CONTROL, others, prefixes=(38,), out=tmp_path / "r")
    assert not {v.decision for v in run.verdicts} & {"shown"}
    assert all("refused" not in v.caveats[0] for v in run.verdicts)


def test_a_spent_budget_leaves_an_answer_and_a_larger_one_goes_on(tmp_path):
    with ChatServer(knowing()) as server:
        run = audit(server, tmp_path / "run", attacks=("plain",), budget=Budget(max_requests=25))
        assert len(server.bodies) == 25
        assert any("Incomplete" in c for v in run.verdicts for c in v.caveats)
        assert len(run.scores["verbatim"]) < 40
        run = audit(server, tmp_path / "run", attacks=("plain",), budget=Budget(max_requests=1000))
        assert len(run.scores["verbatim"]) == 40
        assert not any("Incomplete" in c for v in run.verdicts for c in v.caveats)
        assert set(Counter(server.answered).values()) <= {1, 2}  # 2: asked twice on purpose
        assert len(server.bodies) == sum(1 + (n > 1) for n in Counter(server.answered).values())


def test_killed_and_started_again_it_repeats_no_request(tmp_path):
    """SIGKILL while the 31st request is under way; the server counts what it answered."""
    for name, texts in (("members", MEMBERS), ("control", CONTROL)):
        (tmp_path / name).mkdir()
        for i, text in enumerate(texts[:12]):
            (tmp_path / name / f"{i:02d}.txt").write_text(text)
    sides = [str(tmp_path / "members"), str(tmp_path / "control")]
    with ChatServer(knowing()) as server:
        target = EndpointChat(server.url, "oracle")
        audit_chat(target, *sides, prefixes=(38,), attacks=("direct", "roleplay"), out=tmp_path / "whole")
        once = Counter(server.answered)
        server.answered.clear()
        server.bodies.clear()
        server.fault = lambda number, body: "hang" if number == 30 else None
        command = [sys.executable, "-m", "byheart.cli.main", "audit", "chat", "--endpoint", server.url, "--quiet"]
        command += ["--model", "oracle", "--members", sides[0], "--control", sides[1], "--out", str(tmp_path / "cut")]
        command += ["--prefix", "38", "--attack", "direct", "--attack", "roleplay"]
        environ = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        assert server.hanging.wait(100)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(server.answered) == 30
        server.fault = lambda number, body: None
        assert run_command_line(command[3:]) == 0
        assert Counter(server.answered) == once
    for name in ("scores/verbatim.parquet", "verdicts.json", "findings/elicitation.parquet"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
