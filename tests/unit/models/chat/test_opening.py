import json

import numpy as np
import pytest

from byheart.core.errors import TargetError
from byheart.core.target import ChatReply, ChatRequest
from byheart.models.chat.cache import CachedChat
from byheart.models.chat.limits import Budget, BudgetSpent
from byheart.models.chat.opening import CallableChat, OpenChat, open_chat_model
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


@pytest.fixture(scope="module")
def model():
    tokenizer = byte_tokenizer()
    return CausalLM(tiny_gpt(len(tokenizer), width=32, layers=1, context=200, seed=0), tokenizer, name="tiny")


def one(text, n=8, **options):
    return ChatRequest((("user", text),), n, **options)


def test_a_function_answers_in_words_or_in_full():
    def said(messages):
        return ChatReply("cut", "filter", 3, 4) if messages[-1]["content"] == "b" else messages[-1]["content"].upper()

    chat = open_chat_model(said, budget=Budget(max_requests=2))
    found = dict(chat.complete([one("a"), one("b")]))
    assert (found[0], found[1].finish) == (ChatReply("A"), "filter")
    assert (chat.budget.requests, chat.budget.tokens) == (2, 7)
    with pytest.raises(BudgetSpent):
        list(chat.complete([one("c")]))


def test_an_open_model_is_asked_through_its_template(model):
    chat = open_chat_model(model)
    request = ChatRequest((("system", "s"), ("user", "hi")), 8)
    prompt = chat._prompt(request)
    assert model.decode(prompt) == "<|system|>s<|end|><|user|>hi<|end|><|assistant|>"
    goes_on = ChatRequest((("user", "hi"), ("assistant", "Once upon")), 8)
    assert model.decode(chat._prompt(goes_on)).endswith("<|assistant|>Once upon")  # to be continued: no end mark
    reply = dict(chat.complete([request]))[0]
    made = model.generate([prompt], 8)[0]
    ends = np.flatnonzero(np.isin(made, list(chat._ends)))
    assert reply.text == model.decode(made[: ends[0]] if ends.size else made)
    assert reply.finish == ("stop" if ends.size else "length")
    assert reply.prompt_tokens == prompt.size


def test_batches_give_what_single_requests_give(model):
    requests = [one("x" * (3 * i + 1), 6 + i % 2) for i in range(7)]
    together = dict(OpenChat(model, batch=4).complete(requests))
    assert sorted(together) == list(range(7))
    for i, request in enumerate(requests):
        assert dict(OpenChat(model).complete([request]))[0].text == together[i].text


def test_sampling_follows_the_seed_of_the_request(model):
    chat = OpenChat(model)
    a, b, c = (dict(chat.complete([one("x", 20, temperature=1.0, seed=s)]))[0].text for s in (1, 1, 2))
    assert a == b != c


def test_a_prompt_longer_than_the_context_is_an_error_of_its_own(model):
    found = dict(OpenChat(model).complete([one("x" * 300), one("y")]))
    assert (found[0].finish, found[1].finish != "error") == ("error", True)
    assert "exceed the context of 200" in found[0].note


def test_a_base_model_without_template_gets_the_contents():
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = None
    base = CausalLM(tiny_gpt(len(tokenizer), width=32, layers=1, context=99, seed=0), tokenizer)
    chat = OpenChat(base)
    assert base.decode(chat._prompt(ChatRequest((("user", "a"), ("assistant", "b")), 1))) == "a\n\nb"


def test_something_else_is_refused():
    with pytest.raises(TargetError, match="int is no chat model"):
        open_chat_model(3)


def test_answers_are_kept_and_a_damaged_one_is_asked_again(tmp_path, caplog):
    asked = []

    def said(messages):
        asked.append(messages[-1]["content"])
        return "yes" if messages[-1]["content"] != "bad" else ChatReply("", "error")

    chat = CachedChat(CallableChat(said), tmp_path)
    requests = [one("a"), one("bad"), one("a", 9), one("a", again=1)]
    for _ in range(2):
        found = dict(chat.complete(requests))
        assert [found[i].text for i in range(4)] == ["yes", "", "yes", "yes"]
    assert asked == ["a", "bad", "a", "a", "bad"]  # failed ones are not kept; other settings are other requests
    chat.path(requests[0]).write_text("{")
    list(chat.complete(requests[:1]))
    assert asked[5:] == ["a"]
    assert "is damaged" in caplog.text
    assert json.loads(chat.path(requests[0]).read_text())["text"] == "yes"
    assert len(list(chat.kept())) == 3
    assert (chat.name, chat.digest) == ("a function", "callable")
