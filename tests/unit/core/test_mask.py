"""Masks: what they hide, what they leave, and that they do not choke."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.mask import find_personal, iban, luhn, mask_personal, mask_text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("e-mail", "ada.lovelace+notes@mail.example.co.uk"),
        ("e-mail", "ä.ö@exämple.de"),
        ("phone", "+44 20 7946 0958"),
        ("phone", "+14155550123"),
        ("phone", "(415) 555-0123"),
        ("phone", "415-555-0123"),
        ("phone", "1-800-555-0199"),
        ("phone", "020 7946 0958"),
        ("card", "4242 4242 4242 4242"),
        ("card", "4111111111111111"),
        ("card", "3782-822463-10005"),
        ("IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("IBAN", "DE89370400440532013000"),
        ("IBAN", "de89 3704 0044 0532 0130 00"),
        ("SSN", "123-45-6789"),
        ("IP", "192.168.10.254"),
        ("IP", "2001:db8::8a2e:370:7334"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "see {} now", "({})", "it is {}.", "{}, and 7 more", "A: {}\nB"])
def test_finds_each_kind_wherever_it_stands(kind, text, around):
    assert mask_personal(around.format(text)) == around.format(f"[{kind}]")


@pytest.mark.parametrize(
    "text",
    [
        "at 12:30:45 on 2024-01-15",
        "from 1999-2003 and 03-04-2020",
        "pi is 3.14159265358979",
        "4242 4242 4242 4241 fails Luhn",  # last digit off by one
        "order 1234567890123456",  # 1234... is no card range
        "version 1.2.3.4.5, v10.2.3.4",
        "999.1.1.1",
        "GB83 WEST 1234 5698 7654 32",  # check digits off by one
        "std::vector<int> a; abc::def",
        "a @ b, user@localhost",
        "in 1066, 1215 and 1789 they came",
        "ISBN 978-3-16-148410-0",
        "000-12-3456 and 666-12-3456",
        "https://example.org/path:8080/x",
        "The password is strong.",
        "£1,234,567.89",
    ],
)
def test_leaves_what_only_looks_alike(text):
    assert mask_personal(text) == text


def test_a_card_behind_another_number_is_found():
    assert mask_personal("No 1234 4242 4242 4242 4242 99") == "No 1234 [card] 99"


def test_iban_before_a_capital_word():
    assert mask_personal("GB82 WEST 1234 5698 7654 32 AND MORE") == "[IBAN] AND MORE"


def test_credentials_go_and_the_address_stays():
    assert mask_personal("get https://ada:s3cret@example.org/x") == "get https://[login]@example.org/x"
    assert mask_personal("?api_key=abcd1234&q=1") == "?api_key=[secret]&q=1"
    assert mask_personal('"password": "hunter22"') == '"password": "[secret]"'


def test_luhn_by_hand():
    # 79927398713: doubling every second digit from the right gives 7+9+9+4+7+6+9+7+7+2+3 = 70, divisible by 10
    assert luhn("79927398713")
    assert not luhn("79927398714")
    assert luhn("0")


def test_iban_by_hand():
    # the example of ISO 13616: GB82 WEST 12345698765432 leaves 1 modulo 97
    assert iban("GB82WEST12345698765432")
    assert not iban("GB28WEST12345698765432")
    assert not iban("GB82WEST1234569876543")


def test_mask_text_keeps_the_beginning_and_the_shape():
    assert mask_text("It was the best, of times.", keep=6) == "It was ••• ••••, •• •••••."
    assert mask_text("abc", keep=0) == "•••"
    assert mask_text("", keep=5) == ""


def test_the_kept_beginning_shows_no_personal_data():
    assert "ada" not in mask_text("ada@example.org is the address", keep=12)


@given(st.text(max_size=200), st.integers(0, 50))
def test_mask_text_never_shows_more_than_it_keeps(text, keep):
    shown = mask_personal(text)
    masked = mask_text(text, keep=keep)
    assert len(masked) == len(shown)
    assert masked[:keep] == shown[:keep]
    assert not any(c.isalnum() for c in masked[keep:])


@given(st.text(alphabet="a1@.: -+()/GB82=", max_size=80))
def test_finds_are_ordered_and_apart(text):
    finds = find_personal(text)
    assert all(0 <= f.start < f.end <= len(text) for f in finds)
    assert all(a.end <= b.start for a, b in pairwise(finds))


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "@",
        ".",
        ":",
        "a@",
        "a.",
        "a@a.",
        "1 ",
        "1-",
        "1.",
        "+1",
        "(1",
        "://",
        "a://",
        "a://a:",
        "GB82",
        "GB82 ",
        "4242 ",
        "4",
        "aa:",
        "::",
        "1:",
        "password=",
        "password: ",
        "token",
        "-",
        "a-",
        "ab:cd",
        "x@y.z ",
        "123-45-",
        "\0",
        "0 1",
    ],
)
def test_no_text_of_one_hundred_thousand_characters_takes_long(unit):
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    mask_personal(text)
    mask_personal(text + "!")
    assert time.process_time() - began < 5  # some 0.3 s here; a quadratic pattern takes minutes
