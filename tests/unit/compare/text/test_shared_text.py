import numpy as np

from byheart.compare.text.plain_text import MASKED
from byheart.compare.text.shared_text import mask_shared, shared_runs


def test_shared_text_is_masked_and_reprints_are_not():
    line = "this is a developing story and will be updated soon"  # 10 words
    a, b = f"alpha beta gamma. {line} delta", f"one two three. {line} four"
    masked = mask_shared([a, b], ["1", "2"])
    assert [len(m) for m in masked] == [len(a), len(b)]
    assert masked[0] == f"alpha beta gamma. {MASKED * len(line)} delta"
    assert mask_shared([a, b], ["1", "1"]) == [a, b]  # a reprint: one group
    assert mask_shared([a], ["1"], public=[line]) == [masked[0]]
    assert mask_shared(["short"], ["1"], public=["short"]) == ["short"]


def test_shared_runs_are_where_brute_force_finds_them():
    rng = np.random.default_rng(1)
    texts = [[str(w) for w in rng.integers(0, 3, 40)] for _ in range(4)]
    groups = ["a", "a", "b", "c"]
    found = shared_runs(texts, groups, run=4)
    for i, text in enumerate(texts):
        elsewhere = {
            tuple(t[k : k + 4]) for j, t in enumerate(texts) if groups[j] != groups[i] for k in range(len(t) - 3)
        }
        assert found[i] == [k for k in range(len(text) - 3) if tuple(text[k : k + 4]) in elsewhere]
