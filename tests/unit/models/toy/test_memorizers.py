"""The models that know texts by heart: what they say, and where they are lost."""

import numpy as np
import pytest
import torch

from byheart.core.errors import DataError
from byheart.models.toy.memorizers import Memorizer


def say(model, prompt, n):
    return model.decode(model.generate([model.encode(prompt).ids], n)[0])


def test_by_the_last_tokens():
    model = Memorizer(["abcdefgh"], k=3)
    assert say(model, "abc", 5) == "defgh"
    assert say(model, "hhcde", 3) == "fgh"  # wherever it stands
    assert say(model, "xbc".replace("x", "h"), 3) == ""  # one of the last three is wrong: lost, and for good


def test_by_position():
    model = Memorizer(["abcdefgh"], by="positions")
    assert say(model, "hhc", 3) == "def"  # only the last token and its number count
    assert say(model, "bc", 3) == ""


def test_logits_and_what_it_reads_after_a_prefix():
    model = Memorizer(["abcd"], k=2)
    ids = torch.from_numpy(model.encode("abcd").ids).long()[None]
    said = model.logits(model.hidden(ids)[0]).argmax(-1)
    assert said.tolist() == [1, 2, 3, model.lost]
    rest = model.hidden(ids[:, 1:], prefix=model.read_prefix(np.array([0])))
    assert rest[0, :, 0].tolist() == said.tolist()[1:]
    assert model.opener().digest == model.digest


def test_a_strange_symbol_is_named():
    with pytest.raises(DataError, match="'z'"):
        Memorizer(["ab"]).encode("az")
