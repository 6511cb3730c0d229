"""How does another benchmark item of the same kind read? Numbers redrawn, names exchanged, options in another order.

Each rule takes an item, what the benchmark holds, and a generator, and returns another item that differs in nothing but
what the rule redraws, or None where there is nothing to redraw. Numbers and names are drawn from those of the benchmark
itself where it holds enough of a kind, as often as they stand there, names whole and numbers digit by digit: a twin
with rarer words than an item is told apart by any good reader. A rule says of what it made whether the answer beside it
is still the right one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Item:
    """A benchmark item.

    Args:
        question: what is asked, options included.
        answer: what should follow; empty if there is none.
        answered: whether the answer is known to be right.
    """

    question: str
    answer: str = ""
    answered: bool = True


KEPT = {"0", "1"}  # grammar hangs on them
ENOUGH = 4  # different words of a kind in a benchmark from which others are drawn; with fewer, from all there are

NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w]|[.,]\d)")
OPTION = re.compile(r"^([ \t]*\(?)([A-Z])([.):][ \t]*)(\S.*)$", re.MULTILINE)
POSITIONAL = re.compile(r"(?i)\b(?:(?:all|none|both|neither|any) of the|both [a-z] and|[a-z] (?:and|or) [a-z]|above)\b")
_GIVEN = (
    "Amy Ann Eve Ida Joy Kim Lea Mia Sue Zoe Alma Anna Cora Dora Emma Jane Kate Lena Lily Lisa Lucy Maya Nina Nora "
    "Rosa Ruth Sara Tina Alice Betty Carla Clara Diana Ellen Emily Erica Fiona Helen Irene Janet Julia Karen Laura "
    "Linda Maria Megan Nancy Paula Sally Sarah Wendy Amanda Andrea Hannah Jessie Louise Monica Rachel Sandra Sophia",
    "Abe Ben Bob Dan Don Ian Jim Joe Ken Leo Max Ned Ron Sam Tim Tom Adam Alan Andy Carl Dave Eric Fred Greg Hugo "
    "Ivan Jack Jake John Josh Juan Karl Kyle Luke Matt Mike Neil Nick Noah Omar Owen Paul Pete Ryan Sean Toby Aaron "
    "Brian Bruce Colin David Diego Frank Henry James Jason Jerry Kevin Larry Lewis Marco Oscar Peter Ralph Roger Simon "
    "Steve Andrew Daniel Edward George Hector Jeremy Joseph Martin Robert Samuel Steven Thomas Victor",
)
ALIKE = {name: [n for n in part.split() if len(n) == len(name)] for part in _GIVEN for name in part.split()}
"""Given names by name: those of the same length that go with the same pronouns."""
_NAME = re.compile(rf"\b(?:{'|'.join(sorted(ALIKE))})\b")


@dataclass(frozen=True)
class Pool:
    """The numbers and names that a benchmark holds, each as often as it stands there.

    Args:
        numbers: by kind, as `kind_of` tells it.
        names: by name, those of the same length that go with the same pronouns, itself included.
    """

    numbers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Sequence[Item]) -> Pool:
        """All numbers and names in the questions of these items, without kinds of fewer than `ENOUGH` members."""
        numbers: dict[str, list[str]] = {}
        names: dict[str, list[str]] = {}
        for item in items:
            for number in set(NUMBER.findall(item.question)) - KEPT:
                numbers.setdefault(kind_of(number), []).append(number)
            for name in set(_NAME.findall(item.question)):
                names.setdefault(ALIKE[name][0], []).append(name)
        return cls(*({k: sorted(v) for k, v in found.items() if len(set(v)) >= ENOUGH} for found in (numbers, names)))


Rule = Callable[[Item, Pool, np.random.Generator], "Item | None"]


def kind_of(number: str) -> str:
    """What another number must share to stand in its place: digits, noughts at the end, commas, points, century.

    >>> kind_of("1,500"), kind_of("0.25"), kind_of("1984"), kind_of("7")
    ('9,900', '0.99', '1999', '9')
    """
    if re.fullmatch(r"(1[5-9]|20)(?!00)\d\d", number):
        return number[:2] + "99"
    body = number.rstrip("0.,")
    lead = "0" if number[0] == "0" and len(number) > 1 else "9"
    return lead + re.sub(r"\d", "9", body[1:]) + number[max(len(body), 1) :]


def swap_numbers(item: Item, pool: Pool, rng: np.random.Generator) -> Item | None:
    """Every number of the question redrawn: as many digits, as many noughts at its end, as many decimals.

    Equal numbers stay equal and different ones different. 0 and 1 stay, as grammar hangs on them; what looks like a
    year (1501 to 2099) stays in its century. The right answer to the new question is not known.
    """
    found = dict.fromkeys(m[0] for m in NUMBER.finditer(item.question))
    new: dict[str, str] = {}
    for number in found:
        drawn = number if number in KEPT else _redrawn(number, KEPT | set(new.values()), pool, rng)
        if drawn is None:
            return None
        new[number] = drawn
    question = NUMBER.sub(lambda m: new[m[0]], item.question)
    return None if question == item.question else replace(item, question=question, answered=False)


def _redrawn(number: str, taken: set[str], pool: Pool, rng: np.random.Generator) -> str | None:
    """A number of the same kind that is not taken; None if twenty draws found none."""
    kind = kind_of(number)
    known = pool.numbers.get(kind, ())
    for _ in range(20):
        drawn = _any_of(kind, rng)
        if known:
            drawn = "".join(known[int(j)][i] for i, j in enumerate(rng.integers(len(known), size=len(kind))))
        if drawn not in taken:
            return drawn
    return None


def _any_of(kind: str, rng: np.random.Generator) -> str:
    """A number of this kind, any as likely; no digit 0 or 1 alone, no nought where the kind has none."""
    last, text = max(i for i, c in enumerate(kind) if c == "9"), ""
    century = re.fullmatch(r"(1[5-9]|20)99", kind) is not None
    for i, c in enumerate(kind):
        least = 2 if len(kind) == 1 else 1 if i == 0 or (i == last and not century) else 0
        redrawn = c == "9" and not (century and i < 2)
        text += str(rng.integers(least, 10)) if redrawn else c
    return text


def swap_names(item: Item, pool: Pool, rng: np.random.Generator) -> Item | None:
    """Given names exchanged for others of the same length that go with the same pronouns, in question and answer."""
    found = dict.fromkeys(m[0] for m in _NAME.finditer(item.question))
    new: dict[str, str] = {}
    for name in found:
        free = [n for n in pool.names.get(ALIKE[name][0], ALIKE[name]) if n not in new.values()]
        if not free:
            return None
        new[name] = free[int(rng.integers(len(free)))]

    def exchanged(text: str) -> str:
        return _NAME.sub(lambda m: new.get(m[0], m[0]), text)

    made = replace(item, question=exchanged(item.question), answer=exchanged(item.answer))
    return None if made.question == item.question else made


def permute_options(item: Item, pool: Pool, rng: np.random.Generator) -> Item | None:
    """The options dealt anew to the letters; an answer that is a letter goes with its option.

    None without two lines `A. ...`, `B) ...` lettered in order from A, where an option speaks of others ("all of the
    above"), or where the answer names none of the letters.
    """
    lines = list(OPTION.finditer(item.question))
    letters = [m[2] for m in lines]
    if len(lines) < 2 or letters != [chr(ord("A") + i) for i in range(len(lines))]:
        return None
    if any(POSITIONAL.search(m[4]) for m in lines):
        return None
    order = rng.permutation(len(lines))  # the option at place i was at place order[i]
    texts = iter([lines[i][4] for i in order])
    question = OPTION.sub(lambda m: m[1] + m[2] + m[3] + next(texts), item.question)
    answer = _relettered(item.answer, [m[4].strip() for m in lines], [letters[i] for i in np.argsort(order)])
    if answer is None or question == item.question:
        return None
    return replace(item, question=question, answer=answer)


def _relettered(answer: str, options: list[str], moved: list[str]) -> str | None:
    """The answer after option i went to letter `moved[i]`; None if it names neither a letter nor an option."""
    if not answer.strip() or answer.strip() in options:
        return answer
    named = re.fullmatch(r"(\s*\(?)([A-Z])((?:[.):].*)?\s*)", answer, re.DOTALL)
    if not named or ord(named[2]) - ord("A") >= len(moved):
        return None
    return named[1] + moved[ord(named[2]) - ord("A")] + named[3]


RULES: dict[str, Rule] = {"numbers": swap_numbers, "names": swap_names, "options": permute_options}
