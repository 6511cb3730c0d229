"""The endpoint adapter against a real server on this machine, on good days and bad ones."""

import time

import pytest

from byheart.core.errors import TargetError, UsageError
from byheart.core.target import ChatRequest
from byheart.models.chat.cache import CachedChat
from byheart.models.chat.endpoint import IN_A_ROW, EndpointChat
from byheart.models.chat.limits import Budget, BudgetSpent, Pace

from ....chat_server import ChatServer


def echo(body):
    return "You said: " + body["messages"][-1]["content"], "stop"


def ask(n=1, **options):
    return [ChatRequest((("user", f"question {i}"),), 32, **options) for i in range(n)]


def endpoint(server, **options):
    return EndpointChat(server.url, "oracle", **{"pause": 0.01, "timeout": 5.0, **options})


def answers(model, requests):
    found = dict(model.complete(requests))
    return [found[i] for i in range(len(requests))]


def test_what_is_sent_and_what_comes_back():
    with ChatServer(echo) as server:
        reply = answers(endpoint(server), ask(temperature=0.5, seed=7))[0]
    assert (reply.text, reply.finish, reply.served) == ("You said: question 0", "stop", "oracle-1")
    assert (reply.prompt_tokens, reply.new_tokens) == (2, 7)
    body = {"model": "oracle", "max_tokens": 32, "temperature": 0.5, "seed": 7}
    assert server.bodies == [{**body, "messages": [{"role": "user", "content": "question 0"}]}]
    assert server.headers[0]["path"] == "/v1/chat/completions"
    assert "Authorization" not in server.headers[0]


def test_the_key_comes_from_the_variable_named_and_is_shown_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OUR_KEY", "very-secret")
    with ChatServer(echo) as server:
        model = endpoint(server, key_env="OUR_KEY")
        answers(CachedChat(model, tmp_path), ask())
    assert server.headers[0]["Authorization"] == "Bearer very-secret"
    assert "very-secret" not in repr(model) + repr(model._wire) + str(model.digest)
    assert all("very-secret" not in p.read_text() for p in tmp_path.glob("??/*.json"))
    monkeypatch.delenv("OUR_KEY")
    with pytest.raises(UsageError, match="OUR_KEY is empty or not set"):
        endpoint(server, key_env="OUR_KEY")


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/v1", "http://", "https://user:pass@host/v1"])
def test_there_is_no_default_host_and_no_key_in_an_address(url):
    with pytest.raises(UsageError, match="--endpoint") as told:
        EndpointChat(url, "m")
    assert "pass" not in str(told.value).replace("password", "")


@pytest.mark.parametrize("fault", [500, 503, "garbage", "odd", "cut", (429, {"Retry-After": "0.05"})])
def test_what_passes_by_itself_is_tried_again(fault):
    with ChatServer(echo, lambda number, body: fault if number < 2 else None) as server:
        reply = answers(endpoint(server), ask())[0]
    assert (reply.text, len(server.bodies), len(server.answered)) == ("You said: question 0", 3, 1)


def test_retry_after_is_obeyed():
    with ChatServer(echo, lambda number, body: (429, {"Retry-After": "0.4"}) if number == 0 else None) as server:
        began = time.monotonic()
        answers(endpoint(server, pause=0.0), ask())
        assert time.monotonic() - began >= 0.4
    with ChatServer(echo, lambda number, body: (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})) as server:
        assert answers(endpoint(server, attempts=2), ask())[0].finish == "error"


def test_a_server_that_hangs_is_given_up_on_and_tried_again():
    with ChatServer(echo, lambda number, body: "hang" if number == 0 else None) as server:
        reply = answers(endpoint(server, timeout=0.3), ask())[0]
    assert (reply.finish, len(server.bodies)) == ("stop", 2)


@pytest.mark.parametrize(
    ("fault", "said"), [(401, "no key was sent"), (403, "--key-env"), (404, "does not serve 'oracle'"), (307, "307")]
)
def test_what_will_not_pass_ends_the_audit_at_once(fault, said):
    with ChatServer(echo, lambda number, body: fault) as server, pytest.raises(TargetError, match=said):
        answers(endpoint(server), ask(9))
    assert len(server.bodies) == 1


def test_an_account_without_money_is_not_waited_for():
    broke = (429, {}, {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}})
    with ChatServer(echo, lambda number, body: broke) as server, pytest.raises(TargetError, match="insufficient_quota"):
        answers(endpoint(server), ask())
    assert len(server.bodies) == 1


def test_one_request_that_always_fails_is_an_error_of_its_own():
    def fault(number, body):
        return 500 if body["messages"][0]["content"] == "question 1" else None

    with ChatServer(echo, fault) as server:
        found = answers(endpoint(server, attempts=3), ask(3))
    assert [r.finish for r in found] == ["stop", "error", "stop"]
    assert found[1].note.startswith("500")
    assert len(server.bodies) == 2 + 3


def test_a_server_that_is_down_ends_the_audit_and_what_was_answered_is_kept(tmp_path):
    with ChatServer(echo, lambda number, body: 500 if number >= 3 else None) as server:
        model = CachedChat(endpoint(server, attempts=2), tmp_path)
        with pytest.raises(TargetError, match=f"{IN_A_ROW} requests in a row failed 2 times each"):
            answers(model, ask(20))
        assert len(list(model.kept())) == 3
        assert len(server.bodies) == 3 + 2 * IN_A_ROW
        server.fault = lambda number, body: None
        answers(model, ask(20))
    assert len(server.answered) == len(set(server.answered)) == 20  # nothing asked twice


def test_nobody_at_the_address():
    with ChatServer(echo) as server:
        pass
    with pytest.raises(TargetError, match="does not answer"):
        answers(endpoint(server, attempts=1), ask(9))


def test_refusals_and_filters_in_fields_of_their_own():
    with ChatServer(echo, lambda number, body: ["refuse", "filter"][number]) as server:
        found = answers(endpoint(server), ask(2))
    assert [(r.finish, r.text) for r in found] == [("refusal", "I can't help with that."), ("filter", "")]
    said = (400, {}, {"error": {"code": "content_filter", "message": "content management policy"}})
    with ChatServer(echo, lambda number, body: said) as server:
        assert answers(endpoint(server), ask())[0].finish == "filter"


def test_parameters_the_server_calls_differently_or_not_at_all():
    def fault(number, body):
        for name, said in (
            ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
            ("temperature", "'temperature' does not support 0 with this model."),
        ):
            if name in body:
                return (400, {}, {"error": {"message": said}})
        return None

    with ChatServer(echo, fault) as server:
        model = endpoint(server)
        assert answers(model, ask(2))[1].finish == "stop"
    assert server.bodies[-1].keys() == {"model", "messages", "max_completion_tokens"}
    assert len(server.bodies) == 4  # two lessons, two answers
    assert model.adapted == ["max_tokens was sent as max_completion_tokens", "temperature was left out"]


def test_a_stream_is_read_and_one_that_always_breaks_off_is_cut():
    with ChatServer(lambda body: ("one two three four", "length")) as server:
        reply = answers(endpoint(server, stream=True), ask())[0]
        assert (reply.text.strip(), reply.finish, reply.served) == ("one two three four", "length", "oracle-1")
        server.fault = lambda number, body: "cut"
        reply = answers(endpoint(server, stream=True), ask())[0]
    assert (reply.text, reply.finish) == ("one two ", "cut")
    assert len(server.bodies) == 1 + 2  # twice the same end: nobody asks a third time


def test_the_budget_counts_every_request_sent_also_failed_ones(tmp_path):
    with ChatServer(echo, lambda number, body: 500 if number == 0 else None) as server:
        model = CachedChat(endpoint(server, budget=Budget(max_requests=4)), tmp_path)
        with pytest.raises(BudgetSpent, match="4 requests"):
            answers(model, ask(9))
        assert (len(server.bodies), len(list(model.kept()))) == (4, 3)


def test_tokens_are_a_budget_too_and_guessed_where_the_server_does_not_count():
    with ChatServer(echo) as server:
        budget = Budget(max_tokens=20)
        with pytest.raises(BudgetSpent, match="20 tokens is spent \\(27 were used\\)"):
            answers(endpoint(server, budget=budget), ask(9))  # 9 tokens each: 27 after three
        streamed = answers(endpoint(server, stream=True), ask())[0]
    assert (streamed.prompt_tokens, streamed.new_tokens) == (1 + 10 // 4, 21 // 4)


def test_many_at_once_and_each_answer_at_its_place():
    with ChatServer(echo) as server:
        found = answers(endpoint(server, at_once=8), ask(40))
    assert [r.text for r in found] == [f"You said: question {i}" for i in range(40)]


def test_nothing_more_is_sent_before_an_answer_is_kept():
    """Else a kill between the two would lose an answer that was paid for."""
    with ChatServer(echo) as server:
        for n, _ in enumerate(endpoint(server).complete(ask(5)), 1):
            time.sleep(0.05)
            assert len(server.bodies) == n


def test_leaving_early_sends_nothing_more():
    def slow(body):
        time.sleep(0.05)
        return echo(body)

    with ChatServer(slow) as server:
        for _ in endpoint(server).complete(ask(50)):
            break
        assert len(server.bodies) <= 3


def test_the_pace_is_kept():
    """1200 a minute is one each 50 ms: five of them take at least 0.2 s."""
    pace, began = Pace(1200), time.monotonic()
    for _ in range(5):
        pace.wait()
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    "make", [lambda: Pace(0), lambda: Budget(max_requests=0), lambda: EndpointChat("http://x", " ")]
)
def test_numbers_without_meaning_are_refused(make):
    with pytest.raises(UsageError):
        make()
