"""The reader: the best of the tries, without what was told."""

import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.memhunter import memhunter

Y = list(range(10))


def tries(*responses, prompts=None, context=(50, 51), expected=Y):
    """One record, several tries."""
    prompts = prompts or [[90]] * len(responses)
    arrays = {"expected": Ragged.of([expected], np.int32), "context": Ragged.of([list(context)], np.int32)}
    for k, (said, p) in enumerate(zip(responses, prompts, strict=True)):
        arrays[f"response_{k:03d}"] = Ragged.of([said], np.int32)
        arrays[f"prompt_{k:03d}"] = Ragged.of([p], np.int32)
        arrays[f"prompt_text_{k:03d}"] = Ragged.of([list(f"p{k}".encode())], np.uint8)
    arrays["nll"] = np.arange(len(responses), dtype=np.float32)[None]
    name = np.array(["a"], dtype=object)
    return Signals(name, np.array(["member"], dtype=object), name, arrays)


def test_the_best_try_counts():
    half = [0, 1, 2, 3, 4, 70, 70, 70, 70, 70]
    found = memhunter(tries([70] * 10, half))
    assert found.values[0] == 0.5
    assert (found.extra["try"][0], found.extra["prompt"][0], found.extra["nll"][0]) == (1, "p1", 1.0)
    assert memhunter(tries(half), score="lccs").values[0] == 0.5
    assert memhunter(tries(half[::-1])).values[0] == 0.1  # the other way round one token is in order


def test_an_answer_smuggled_into_the_prompt_does_not_count():
    smuggled = tries(Y, prompts=[[99, *Y[:8]]])
    found = memhunter(smuggled)
    assert found.values[0] == pytest.approx(0.2)  # 8 and 9 were not told
    assert found.extra["told"][0] == found.extra["prompt_overlap"][0] == 0.8
    assert found.extra["plain"][0] == 1.0
    assert memhunter(smuggled, exclude_told=False).values[0] == 1.0
    assert memhunter(tries(Y, context=Y)).values[0] == 0.0  # told by the beginning of the record
    assert memhunter(tries(Y, context=Y[:4])).values[0] == 1.0  # four in a row are an accident
    assert memhunter(tries(Y, context=Y[:4]), ngram=4).values[0] == pytest.approx(0.6)


def test_a_try_that_was_told_less_is_better_than_one_that_was_told_all():
    found = memhunter(tries(Y, Y[:7] + [70] * 3, prompts=[Y, [90]]))
    assert found.values[0] == pytest.approx(0.7)
    assert found.extra["try"][0] == 1


def test_a_record_that_could_not_be_cut_has_no_score():
    found = memhunter(tries([], expected=[]))
    assert np.isnan(found.values[0])
    assert np.isnan(found.extra["told"][0])


def test_what_has_no_meaning_is_refused():
    with pytest.raises(UsageError, match="rougeL_p"):
        memhunter(tries(Y), score="f1")
    with pytest.raises(UsageError, match="at least 1"):
        memhunter(tries(Y), ngram=0)
