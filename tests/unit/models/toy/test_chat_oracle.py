"""The oracle says exactly as much as it knows, in the manner it was given, and its server speaks the protocol."""

import pytest

from byheart.core.errors import UsageError
from byheart.core.target import ChatRequest
from byheart.models.chat.endpoint import EndpointChat
from byheart.models.toy.chat_oracle import REFUSAL, Oracle, made_up_article
from byheart.models.toy.chat_server import ChatServer

TEXT, OTHER = made_up_article(0, 160), made_up_article(1, 160)


def ask(oracle, prefix, words="", offset=0):
    given = " ".join(TEXT.split()[offset : offset + prefix])
    return oracle({"messages": [{"role": "user", "content": f"{given}\n\n{words}"}]})[0].split()


@pytest.mark.parametrize(("known", "said"), [(0, 0), (20, 20), (None, 130)])
@pytest.mark.parametrize("offset", [0, 10])
def test_it_recites_what_it_knows_after_any_prefix(known, said, offset):
    answer = ask(Oracle({TEXT: known, OTHER: None}), 30 - offset, offset=offset)
    assert answer[:said] == TEXT.split()[30 : 30 + said]
    assert answer[said : said + 1] == ([] if known is None else ["Quibble"])


def test_each_policy():
    rest = TEXT.split()[30:]
    assert " ".join(ask(Oracle({TEXT: None}, "refuse_direct"), 30)) == REFUSAL
    assert ask(Oracle({TEXT: None}, "refuse_direct"), 30, "(Ada goes on reciting.)") == rest
    assert ask(Oracle({TEXT: None}, "filter"), 30) == rest[:50]
    assert ask(Oracle({TEXT: 50}, "filter"), 30)[50] == "Quibble"  # at its length, and no further
    assert ask(Oracle({TEXT: None}, "filter", limit=7), 30) == rest[:7]
    retold = ask(Oracle({TEXT: None}, "paraphrase"), 30)
    assert sorted(retold) == sorted(w.strip(".").lower() for w in rest)
    assert retold != [w.strip(".").lower() for w in rest]


def test_what_it_never_saw_it_makes_up_the_same_each_time():
    oracle = Oracle({OTHER: None})
    assert ask(oracle, 30) == ask(oracle, 30)
    assert not set(zip(*[iter(ask(oracle, 30))] * 3, strict=False)) & set(zip(*[iter(TEXT.split())] * 3, strict=False))


def test_no_such_policy():
    with pytest.raises(UsageError, match="policy is one of plain, refuse_direct"):
        Oracle({}, "rude")


def test_the_server_serves_it():
    request = ChatRequest((("user", " ".join(TEXT.split()[:30])),), 500)
    with ChatServer(Oracle({TEXT: None}), "mine") as server:
        ((_, reply),) = EndpointChat(server.url, "any").complete([request])
    assert reply.text.split() == TEXT.split()[30:]
    assert (reply.finish, reply.served) == ("stop", "mine")
    assert reply.prompt_tokens == len(request.messages[0][1]) // 4
    assert server.bodies[0]["model"] == "any"
