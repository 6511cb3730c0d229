"""Which parts of a text must not be shown to everyone? Personal data by kind, and recited training text by shape.

Every pattern is bounded or starts only where a run starts, so that the work grows in proportion to the text. A kind
that has a checksum is masked only when the checksum holds (cards: Luhn, ISO/IEC 7812; IBAN: modulo 97, ISO 13616).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

MASK = "•"

_IBAN_COUNTRIES = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
    "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
    "SA24 SC31 SE24 SI19 SK24 SM27 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBAN_LENGTHS = {country: int(length) for country, length in re.findall("([A-Z]{2})([0-9]{2})", _IBAN_COUNTRIES)}


class Personal(NamedTuple):
    """One find: what kind it is and where it stands, characters [start, end)."""

    kind: str
    start: int
    end: int


def mask_text(text: str, *, keep: int = 12) -> str:
    """A text of which only the beginning and the shape can be seen.

    Args:
        text: the text; personal data in it are masked first, so the beginning shows none.
        keep: characters shown at the beginning.

    >>> mask_text("It was the best of times.", keep=6)
    'It was ••• •••• •• •••••.'
    """
    shown = mask_personal(text)
    return shown[:keep] + "".join(MASK if c.isalnum() else c for c in shown[keep:])


def mask_personal(text: str) -> str:
    """A text whose personal data are replaced by their kind.

    >>> mask_personal("Write to ada@example.org or ring +44 20 7946 0958.")
    'Write to [e-mail] or ring [phone].'
    """
    parts, done = [], 0
    for find in find_personal(text):
        parts += [text[done : find.start], f"[{find.kind}]"]
        done = find.end
    return "".join([*parts, text[done:]])


def find_personal(text: str) -> list[Personal]:
    """Personal data in a text, in the order they stand there; finds do not overlap.

    Kinds: `login` (in an address), `secret` (after `password=` and the like), `e-mail`, `IBAN`, `card`, `SSN`, `IP`,
    `phone`.
    """
    found: list[Personal] = []
    rest = text
    for kind, finder in _FINDERS:
        spans = [Personal(kind, start, end) for start, end in finder(rest)]
        rest = _blank(rest, spans)
        found += spans
    return sorted(found, key=lambda find: find.start)


def luhn(digits: str) -> bool:
    """Whether a card number's check digit holds (ISO/IEC 7812-1, annex B)."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


def iban(code: str) -> bool:
    """Whether an IBAN without spaces has its country's length and a remainder of 1 modulo 97 (ISO 13616)."""
    if IBAN_LENGTHS.get(code[:2]) != len(code) or not code.isascii() or not code.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1


def _blank(text: str, spans: list[Personal]) -> str:
    parts, done = [], 0
    for _, start, end in spans:
        parts += [text[done:start], "\0" * (end - start)]
        done = end
    return "".join([*parts, text[done:]])


Finder = Callable[[str], Iterator[tuple[int, int]]]


def _whole(pattern: str, valid: Callable[[str], bool] = lambda _: True, group: int = 0) -> Finder:
    compiled = re.compile(pattern)

    def find(text: str) -> Iterator[tuple[int, int]]:
        return (m.span(group) for m in compiled.finditer(text) if valid(m[group]))

    return find


_DIGIT_RUN = re.compile(r"(?<![\w.])[0-9]+(?:[ -][0-9]+)*")
_GROUP = re.compile(r"[0-9]+")


def _card_shape(digits: str) -> bool:
    n, two = len(digits), digits[:2]
    return (
        (digits[0] == "4" and n in (13, 16, 19))
        or (("51" <= two <= "55" or "22" <= two <= "27" or two == "35") and n == 16)
        or (two in ("34", "37") and n == 15)
        or (two in ("30", "36", "38", "39") and n == 14)
        or (digits[0] == "6" and 16 <= n <= 19)
    )


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Cards begin and end at the borders of digit groups, so a number before or after one does not hide it."""
    for run in _DIGIT_RUN.finditer(text):
        groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, *run.span())]
        i = 0
        while i < len(groups):
            j = _card_end(text, groups, i)
            if j is not None:
                yield groups[i][0], groups[j][1]
                i = j
            i += 1


def _card_end(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    digits = ""
    for j in range(first, len(groups)):
        start, end = groups[j]
        if len(digits) + end - start > 19:
            return None
        digits += text[start:end]
        if _card_shape(digits) and luhn(digits):
            return j
    return None


_IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?:[ ]?[A-Za-z0-9]){11,40}")


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    while m := _IBAN_START.search(text, position):
        position = m.start() + 4
        length = IBAN_LENGTHS.get(m[0][:2].upper())
        places = [i for i, c in enumerate(m[0]) if c != " "]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        follows = text[m.start() + end : m.start() + end + 1]
        if not follows.isalnum() and iban(m[0][:end].replace(" ", "").upper()):
            yield m.start(), m.start() + end
            position = m.start() + end


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "." in text or (any(c.isdigit() for c in text) and len([g for g in text.split(":") if g]) >= 2)


def _is_national(text: str) -> bool:
    return 9 <= sum(c.isdigit() for c in text) <= 11 and not _is_date(text)


def _is_date(text: str) -> bool:
    return re.match(r"[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][0-9]{4}(?![0-9])", text) is not None


_AREA = r"(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
_BEFORE, _AFTER = r"(?<![\w.+-])", r"(?![\w-])"

_FINDERS: tuple[tuple[str, Finder], ...] = (
    (
        "login",
        _whole(r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,15}://([^\s/@:]{0,256}:[^\s/@]{1,256})@", group=1),
    ),
    (
        "secret",
        _whole(
            r"(?i)(?<![a-z])(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
            r"([^\s\"'&,;]{4,256})",
            group=1,
        ),
    ),
    (
        "e-mail",
        _whole(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"),
    ),
    ("IBAN", _ibans),
    ("card", _cards),
    ("SSN", _whole(r"(?<![\w-])(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])")),
    (
        "IP",
        _whole(
            r"(?<![\w.:])(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w:]|\.[0-9])|[0-9A-Fa-f:]{6,39}(?![\w:]))", _is_address
        ),
    ),
    (
        "phone",
        _whole(_BEFORE + r"(?:\+?1[ .-])?" + _AREA + r"[0-9]{3}[ .-][0-9]{4}" + _AFTER),
    ),
    ("phone", _whole(_BEFORE + r"(?:\+|00) ?[1-9](?:[ .\-/]?(?:\([0-9]{1,4}\)|[0-9])){7,14}" + _AFTER)),
    ("phone", _whole(_BEFORE + r"(?:\(0[1-9][0-9]{0,4}\)|0[1-9])(?:[ .\-/]?[0-9]){4,9}" + _AFTER, _is_national)),
)
