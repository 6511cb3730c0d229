"""`byheart audit chat` from the command line: what a user sees when it goes wrong, and when it goes right."""

import json

import pytest

from byheart.cli.main import run

from ...chat_server import ChatServer, Oracle, made_up_article


@pytest.fixture(scope="module")
def articles(tmp_path_factory):
    """Paths of 20 members, 20 controls, and the members' texts."""
    folder, texts = tmp_path_factory.mktemp("articles"), {}
    for name, first in (("members", 0), ("control", 500)):
        texts[name] = [made_up_article(first + i, 120) for i in range(20)]
        lines = [json.dumps({"text": t}) for t in texts[name]]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return str(folder / "members.jsonl"), str(folder / "control.jsonl"), texts["members"]


def audit(server, articles, out, *more):
    members, control, _ = articles
    return run(
        ["audit", "chat", "--endpoint", server if isinstance(server, str) else server.url, "--model", "m", "--quiet",
         "--members", members, "--control", control, "--prefix", "38", "--attack", "direct", "--out", str(out), *more]
    )  # fmt: skip


def test_from_address_to_verdicts(articles, tmp_path, capsys):
    oracle = Oracle(dict.fromkeys(articles[2], 40))
    with ChatServer(oracle) as server:
        code = audit(server, articles, tmp_path / "run", "--json", "--fail-on", "shown")
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert code == 3
    assert [v["method"] for v in verdicts] == ["verbatim", "verbatim_passages"]
    assert {v["decision"] for v in verdicts} == {"shown"}
    assert run(["verify", str(tmp_path / "run")]) == 0
    assert run(["report", str(tmp_path / "run"), "--show-text"]) == 0
    assert articles[2][0].split()[60] in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--key-env", "NO_SUCH_KEY_HERE"], "NO_SUCH_KEY_HERE is empty or not set"),
        (["--attack", "nosuch"], "no attack template 'nosuch'"),
        (["--prefix", "0"], "--prefix is a number of words"),
        (["--max-requests", "0"], "--max-requests is at least 1"),
        (["--max-requests", "1", "--samples", "3"], "before one article was finished"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(articles, tmp_path, capsys, more, said):
    with ChatServer(lambda body: ("hm", "stop")) as server:
        assert audit(server, articles, tmp_path / "run", *more) == 2
    told = capsys.readouterr().err.strip()
    assert said in told
    assert "\n" not in told


@pytest.mark.parametrize(("fault", "said"), [(401, "no key was sent"), (404, "does not serve 'm'")])
def test_a_server_that_says_no_is_one_line_too(articles, tmp_path, capsys, fault, said):
    with ChatServer(lambda body: ("hm", "stop"), lambda number, body: fault) as server:
        assert audit(server, articles, tmp_path / "run") == 2
        assert len(server.bodies) == 1
    assert said in capsys.readouterr().err


def test_there_is_no_default_host(articles, tmp_path, capsys):
    assert audit("example", articles, tmp_path / "run") == 2
    assert "--endpoint is an http(s) address" in capsys.readouterr().err


def test_a_model_on_this_machine_is_asked_through_its_template(articles, tmp_path, untrained_folder, capsys):
    members, control, _ = articles
    code = run(
        ["audit", "chat", "--model", str(untrained_folder), "--members", members, "--control", control, "--quiet",
         "--prefix", "2", "--attack", "plain", "--max-tokens", "20", "--out", str(tmp_path / "run"), "--limit", "12",
         "--profile", "smoke"]
    )  # fmt: skip
    assert code == 0
    assert "inconclusive" in capsys.readouterr().out
