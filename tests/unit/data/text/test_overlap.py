"""Overlap between and within sets, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.data.text.ngrams import Words, near_pairs, words_of
from byheart.data.text.overlap import find_overlap, groups_by_duplicates


def corpus(texts, role="member", groups=None):
    return Corpus.of(list(texts), role, groups=groups)


def numbered(start, stop):
    return " ".join(f"w{i}" for i in range(start, stop))


def test_by_hand():
    # a: words 0..29, so 30 - 13 + 1 = 18 runs. b: words 10..59 holds those that start at 10..17, 8 of 18 = 0.444.
    # c: words 4..43 holds those that start at 4..17, 14 of 18 = 0.778.
    members = corpus([numbered(0, 30), numbered(100, 140)])
    control = corpus([numbered(10, 60), numbered(4, 44), numbered(200, 240)], "nonmember")
    overlap = find_overlap(members, control)
    assert overlap.member_rows.tolist() == [True, False]
    assert overlap.control_rows.tolist() == [False, True, False]
    assert overlap.pairs["share"].tolist() == [pytest.approx(14 / 18)]
    low = find_overlap(members, control, threshold=8 / 18)
    assert low.control_rows.tolist() == [True, True, False]
    kept, held = overlap.set_aside(members, control)
    assert kept.ids.tolist() == ["member-000001"]
    assert held.ids.tolist() == ["nonmember-000000", "nonmember-000002"]
    assert "1 member and 1 control record occur on both sides" in overlap.notes[0]


def test_a_short_record_inside_a_long_one_is_found_from_either_side():
    long, short = numbered(0, 400), numbered(100, 130)
    for members, control in (([long, "a b c"], [short, "d e"]), ([short, "a b c"], [long, "d e"])):
        overlap = find_overlap(corpus(members), corpus(control, "nonmember"))
        assert overlap.member_rows.tolist() == overlap.control_rows.tolist() == [True, False]
        assert overlap.pairs["share"].tolist() == [1.0]


def test_short_records_are_compared_by_short_runs_and_the_shortest_for_equality():
    # 12 words: 8 runs of 5; one word changed at the end spoils one of them: 7/8
    members = corpus([numbered(0, 12), numbered(50, 59), "Yes,  OF\ncourse", "other"])
    control = corpus([numbered(0, 11) + " other", numbered(50, 58) + " x", "yes, of course", "third"], "nonmember")
    overlap = find_overlap(members, control)
    assert overlap.member_rows.tolist() == [True, False, True, False]
    assert dict(zip(overlap.pairs["member"], overlap.pairs["share"], strict=True))["member-000000"] == 7 / 8
    assert overlap.pairs["exact"].tolist() == [True, False]


def test_copies_are_kept_and_named():
    overlap = find_overlap(corpus(["a b", "A  b", "c", "d"]), corpus(["e", "f"], "nonmember"))
    assert overlap.copies.tolist() == [2, 2, 1, 1]
    assert not overlap.member_rows.any()
    assert overlap.notes[0].startswith("2 members stand more than once")


def test_all_copies_of_a_shared_record_go():
    overlap = find_overlap(corpus(["x y", "X y", "c"]), corpus(["x  y", "f"], "nonmember"))
    assert overlap.member_rows.tolist() == [True, True, False]


@pytest.mark.parametrize(("control", "who"), [(["b", "A"], "control record"), (["a", "b", "c", "d"], "member")])
def test_a_control_that_equals_the_members_is_refused(control, who):
    with pytest.raises(DataError, match=f"every {who} .* is also among"):
        find_overlap(corpus(["a", "b", "c"][: 3 if who == "control record" else 2]), corpus(control, "nonmember"))


def test_options_are_checked():
    for options in ({"n": 0}, {"threshold": 0.0}, {"threshold": 1.5}):
        with pytest.raises(UsageError, match="n is at least 1"):
            find_overlap(corpus(["a"]), corpus(["b"]), **options)


def test_templates_are_no_copies():
    form = numbered(0, 40)
    members = corpus([f"{form} {numbered(1000 * i, 1000 * i + 30)}" for i in range(1, 61)])
    control = corpus([f"{form} {numbered(1000 * i, 1000 * i + 30)}" for i in range(101, 161)], "nonmember")
    # 70 words, 58 runs, of which 28 lie in the form: 0.483; in 60 records of both sides they count for nothing
    assert not find_overlap(members, control, threshold=0.4).member_rows.any()
    with pytest.raises(DataError, match="every control record"):  # in 10 members only, they are copies
        find_overlap(members.take(range(10)), control, threshold=0.4)


def test_the_same_form_in_few_records_is_a_copy():
    form = numbered(0, 60)
    members = corpus([f"{form} {numbered(1000, 1030)}", "a b"])
    control = corpus([f"{form} {numbered(2000, 2030)}", "c d"], "nonmember")
    # 90 words, 78 runs, of which 48 lie in the form: 0.615
    assert find_overlap(members, control).pairs["share"].tolist() == [pytest.approx(48 / 78)]


def test_chats_are_compared_without_their_system_message():
    def chat(answer):
        return [
            {"role": "system", "content": numbered(0, 100)},
            {"role": "user", "content": "Tell me."},
            {"role": "assistant", "content": answer},
        ]

    members = corpus([chat(numbered(200, 240)), chat(numbered(300, 340))])
    control = corpus([chat(numbered(200, 239)), chat(numbered(400, 440))], "nonmember")
    assert find_overlap(members, control).member_rows.tolist() == [True, False]
    pairs = [{"prompt": "p", "completion": c} for c in ("x", "y")]
    assert find_overlap(corpus(pairs), corpus([pairs[1], "z"], "nonmember")).member_rows.tolist() == [False, True]


def test_a_script_without_spaces_has_words():
    text = "".join(chr(0x4E00 + 7 * i) for i in range(60))
    overlap = find_overlap(corpus([text, "甲"]), corpus([text[:50] + "甲乙丙", "乙"], "nonmember"))
    assert overlap.pairs["exact"].tolist() == [False]


def test_groups_join_near_copies_and_keep_the_given_ones():
    texts = [numbered(0, 40), numbered(100, 140), numbered(2, 42), numbered(200, 240), numbered(100, 140), "lone"]
    merged = groups_by_duplicates(corpus(texts, groups=["g", "h", "i", "h", "k", "l"]))
    assert merged.tolist() == ["g", "h", "g", "h", "h", "l"]
    assert groups_by_duplicates(corpus(["a", "b"])).tolist() == ["member-000000", "member-000001"]


def brute(left, right, n, threshold, same):
    found = {}
    size_of = lambda k: n if (k >= 2 * n if n > 5 else k >= n) else (5 if n > 5 and k >= 10 else None)  # noqa: E731
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            if same and i >= j:
                continue
            for short, long in ((a, b), (b, a)):
                short, long = short.split(), long.split()
                size = size_of(len(short))
                if size is None or len(short) > len(long):
                    continue
                runs = lambda w, k=size: [tuple(w[s : s + k]) for s in range(len(w) - k + 1)]  # noqa: E731
                there = set(runs(long))
                hits = sum(r in there for r in runs(short))
                if hits and hits >= threshold * len(runs(short)):
                    found[i, j] = max(found.get((i, j), 0), hits / len(runs(short)))
    return found


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=30).map(" ".join), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.sampled_from([1, 2, 3, 5, 6, 7]), st.sampled_from([0.1, 0.5, 0.8, 1.0]))
def test_equal_to_brute_force(left, right, n, threshold):
    a, b = words_of(left, right)
    pairs = near_pairs(a, b, n=n, threshold=threshold)
    got = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.share.tolist(), strict=True))
    assert got == pytest.approx(brute(left, right, n, threshold, same=False))
    (a,) = words_of(left)
    pairs = near_pairs(a, a, n=n, threshold=threshold)
    got = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.share.tolist(), strict=True))
    assert got == pytest.approx(brute(left, left, n, threshold, same=True))


def test_the_answer_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdef"), 30)) for _ in range(40)]
    members, control = corpus(texts[:20]), corpus(texts[20:], "nonmember")
    straight = find_overlap(members, control, n=3, threshold=0.3).member_rows
    turned = find_overlap(members.take(np.arange(20)[::-1]), control, n=3, threshold=0.3).member_rows
    assert straight.any()
    assert not straight.all()
    assert (straight == turned[::-1]).all()


def test_no_words_at_all():
    empty = Words(np.zeros(0, np.uint64), np.zeros(3, np.int64))
    assert near_pairs(empty, empty, n=13, threshold=0.5).left.size == 0
