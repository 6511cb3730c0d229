"""Tokens, where they stand, and where the loss is."""

import numpy as np
import pytest

from byheart.core.errors import DataError, TargetError
from byheart.models.text.text_codec import TextCodec
from byheart.models.toy.tiny import byte_tokenizer

CHAT = [
    {"role": "user", "content": "say yes"},
    {"role": "assistant", "content": "yes, you"},
    {"role": "user", "content": "yes"},
    {"role": "assistant", "content": "yes"},
]


def said(encoded):
    """The scored tokens as (first character, last + 1) runs of text."""
    on = np.flatnonzero(np.diff(np.concatenate([[0], encoded.scored.astype(int), [0]])))
    return [encoded.text[encoded.start[a] : encoded.end[b - 1]] for a, b in zip(on[::2], on[1::2], strict=True)]


@pytest.fixture
def codec():
    return TextCodec(byte_tokenizer(), 272)


def test_a_text_is_scored_but_for_its_first_token(codec):
    encoded = codec.encode("abc")
    assert encoded.start.tolist() == [0, 1, 2]
    assert encoded.end.tolist() == [1, 2, 3]
    assert encoded.scored.tolist() == [False, True, True]


def test_beginning_of_sequence_stands_once_in_front_and_all_of_the_text_is_scored():
    codec = TextCodec(byte_tokenizer(bos=True), 272)
    encoded = codec.encode("ab")
    assert codec.front.tolist() == [260]
    assert encoded.ids[0] == 260
    assert encoded.ids.size == 3
    assert (encoded.start[0], encoded.end[0]) == (0, 0)
    assert encoded.scored.tolist() == [False, True, True]


def test_the_bytes_of_one_character_all_stand_at_that_character(codec):
    # e-acute has 2 bytes, the emoji 4; characters 0 to 2 are a, e-acute, emoji.
    encoded = codec.encode("aé🎉b")
    assert encoded.start.tolist() == [0, 1, 1, 2, 2, 2, 2, 3]
    assert encoded.end.tolist() == [1, 2, 2, 3, 3, 3, 3, 4]
    assert codec.decode(encoded.ids) == "aé🎉b"


def test_a_completion_is_scored_and_its_prompt_is_not(codec):
    encoded = codec.encode({"prompt": "ab", "completion": "cd"})
    assert encoded.text == "abcd"
    assert encoded.scored.tolist() == [False, False, True, True]


def test_the_assistants_words_are_found_where_the_assistant_says_them(codec):
    # "yes" is said by both sides; only the assistant's two turns count.
    encoded = codec.encode(CHAT)
    assert encoded.text.count("<|assistant|>") == 2
    assert said(encoded) == ["yes, you", "yes"]
    assert encoded.start[encoded.scored][-1] > encoded.text.rfind("<|assistant|>")


def test_a_template_that_trims_is_followed(codec):
    codec.tokenizer.chat_template = codec.tokenizer.chat_template.replace("m['content']", "m['content'] | trim")
    assert said(codec.encode([CHAT[0], {"role": "assistant", "content": "  yes, you "}])) == ["yes, you"]


def test_marks_of_the_template_are_preferred(codec):
    codec.tokenizer.chat_template = (
        "{% for m in messages %}{{ '<|' + m['role'] + '|>' }}{% if m['role'] == 'assistant' %}"
        "{% generation %}{{ m['content'] + '<|end|>' }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}"
        "{% endfor %}"
    )
    assert said(codec.encode(CHAT)) == ["yes, you<|end|>", "yes<|end|>"]


def test_of_a_chat_with_a_completion_only_the_completion_counts(codec):
    assert said(codec.encode({"prompt": CHAT[:3], "completion": CHAT[3:]})) == ["yes"]


def test_a_template_that_begins_the_text_itself_gets_no_second_beginning():
    tokenizer = byte_tokenizer(bos=True)
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    encoded = TextCodec(tokenizer, 272).encode(CHAT)
    assert (encoded.ids == 260).sum() == 1
    assert said(encoded) == ["yes, you", "yes"]


def test_a_chat_needs_a_template(codec):
    codec.tokenizer.chat_template = None
    with pytest.raises(TargetError, match="no chat template"):
        codec.encode(CHAT)


def test_a_template_that_refuses_a_record_is_quoted(codec):
    codec.tokenizer.chat_template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(DataError, match="roles must alternate"):
        codec.encode(CHAT)


@pytest.mark.parametrize("item", [3, {"text": "a"}, [], ["a"]])
def test_what_is_no_record_is_refused(codec, item):
    with pytest.raises(DataError, match="a record is"):
        codec.encode(item)
