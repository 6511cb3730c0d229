import json

import numpy as np
import pytest
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TargetError, UsageError
from byheart.core.signals import Signals
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.chain_candidates import chain_candidates
from byheart.signals.text.chain_words import content_words

SYMBOLS = "bcde "


def toy(bos=False):
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.ones(5), 5)
    return ToyBigram(table, SYMBOLS, start=np.full(5, 0.2) if bos else None)


def chains(*items, **columns):
    rows = [dict(zip(("prompt", "completion"), item, strict=True)) for item in items]
    return Corpus.of(rows, "unknown", columns=columns)


@pytest.fixture(scope="module")
def tiny():
    tokenizer = byte_tokenizer(bos=True)
    return CausalLM(tiny_gpt(len(tokenizer), width=32, layers=2, context=160, seed=1), tokenizer)


def by_word(signals, row=0):
    shape = (signals.ragged("position")[row].size, signals.ragged("word_first")[row].size)
    return signals.ragged("salience")[row].reshape(shape)


def test_words_with_content_are_words_numbers_and_signs_of_arithmetic():
    model = ToyBigram(np.full((128, 128), 1 / 128), "".join(map(chr, range(128))))
    text = "The cat's 3.5 kg + 1,000 - it's (heavy)."
    found = content_words(model.encode(text), 0, len(text))
    assert [w.text for w in found] == ["cat's", "3.5", "kg", "+", "1,000", "-", "heavy"]
    assert [text[w.first : w.end] for w in found[:2]] == ["cat's", "3.5"]


def test_candidates_are_the_likeliest_tokens_before_the_one_that_was_said():
    model = toy()
    signals = chain_candidates(model, chains(("b", "cd")), k=3, positions="all")
    table = model.log_table.numpy()
    assert signals.ragged("position")[0].tolist() == [1, 2]
    candidate = signals.ragged("candidate")[0].reshape(2, 3)
    for row, before in enumerate("bc"):  # token 1 is predicted by "b", token 2 by "c"
        law = table[SYMBOLS.index(before)]
        assert candidate[row].tolist() == np.argsort(-law)[:3].tolist()
        assert signals.ragged("logprob")[0][row] == pytest.approx(law[SYMBOLS.index("cd"[row])], abs=1e-5)


def test_the_token_that_was_said_can_be_kept_among_the_candidates():
    table = np.full((5, 5), 0.05) + 0.75 * np.eye(5)[[1, 2, 3, 4, 0]]
    law = [0.6, 0.2, 0.1, 0.07, 0.03]  # after "b"; " " is the last
    table[0] = law
    model = ToyBigram(table, SYMBOLS)
    plain = chain_candidates(model, chains(("b", " ")), k=3, positions="all")
    with_it = chain_candidates(model, chains(("b", " ")), k=3, positions="all", include_target=True)
    assert plain.ragged("candidate")[0].tolist() == [0, 1, 2]
    assert with_it.ragged("candidate")[0].tolist() == [0, 1, 4]
    assert np.exp(with_it.ragged("candidate_logprob")[0]) == pytest.approx([0.6, 0.2, 0.03], rel=1e-5)


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("saliency", ["loo", "lerg"])
def test_a_word_matters_to_the_token_right_behind_it_and_to_no_other(saliency, bos):
    """In a bigram the question's last letter decides the first letter of the answer, and nothing else does.

    Read one place too late, the loss would land on the second letter, or vanish.
    """
    model = toy(bos)
    signals = chain_candidates(model, chains(("b c", "de")), k=3, positions="all", saliency=saliency)
    assert signals.ragged("word_asked")[0].tolist() == [1, 1, 0]  # b, c, de
    table, at = model.log_table.numpy(), SYMBOLS.index
    lost = table[at("c"), at("d")] - table[at(" "), at("d")]
    if saliency == "loo":
        np.testing.assert_allclose(by_word(signals)[0, :2], [0, lost], atol=1e-5)
    else:
        assert by_word(signals)[0, 1] == pytest.approx(lost, abs=1e-5)  # with "b" or without
    np.testing.assert_allclose(by_word(signals)[1, :2], 0, atol=1e-5)
    assert np.isnan(by_word(signals)[:, 2]).all()  # a word is not behind itself


def test_the_shortest_eliciting_end_of_a_bigram_is_one_letter_or_none():
    table = np.full((5, 5), 0.1) + 0.5 * np.eye(5)[[1, 2, 3, 4, 0]]  # b -> c -> d -> e -> " " -> b
    signals = chain_candidates(ToyBigram(table, SYMBOLS), chains(("e", "bcdbc")), k=3, positions="all")
    # answer b c d b c at 1..5; c after b and d after c are greedy, b after d is not; b has no end before it
    assert signals.ragged("elicited")[0].tolist() == [0, 1, 1, 0, 1]
    assert signals.ragged("suffix")[0].tolist() == [1, 1, 2, 1, 4]


@pytest.mark.parametrize("max_context", [None, 4])
def test_the_shortest_eliciting_end_is_that_of_trying_all(tiny, max_context):
    said = tiny.generate([tiny.encode("ab").ids], 14)[0]
    answer = "ab" + tiny.decode(said).encode("ascii", "replace").decode()
    signals = chain_candidates(tiny, chains(("q: xyz a:", answer)), positions="all", max_context=max_context)
    ids, first = signals.ragged("token_ids")[0], int(signals.dense("answer")[0])
    front = ids[: int(signals.dense("n_front")[0])]
    for t, suffix, hit in zip(
        signals.ragged("position")[0], signals.ragged("suffix")[0], signals.ragged("elicited")[0], strict=True
    ):
        starts = [j for j in range(t - 1, first - 1, -1) if max_context is None or t - j <= max_context]
        told = [int(tiny.generate([np.concatenate([front, ids[j:t]])], 1)[0][0]) == ids[t] for j in starts]
        assert bool(hit) == any(told)
        assert suffix == (starts[told.index(True)] if any(told) else first)
    assert signals.ragged("elicited")[0].any()


def test_candidates_of_a_transformer_are_those_of_its_logits(tiny):
    corpus = chains(("What is seven?", " Seven is 7."))
    signals = chain_candidates(tiny, corpus, k=20)
    ids, at = signals.ragged("token_ids")[0], signals.ragged("position")[0]
    with torch.no_grad():
        law = tiny.module(torch.tensor(ids.tolist())[None]).logits[0].float().log_softmax(-1).numpy()
    values = signals.ragged("candidate_logprob")[0].reshape(-1, 20)
    np.testing.assert_allclose(values, -np.sort(-law[at - 1], axis=1)[:, :20], atol=1e-5)
    np.testing.assert_allclose(signals.ragged("logprob")[0], law[at - 1, ids[at]], atol=1e-5)
    text = signals.ragged("text")[0].tobytes().decode()
    assert "".join(text[a:b] for a, b in zip(*(signals.ragged(c)[0][at] for c in ("start", "end")), strict=True)) == (
        "Seven7"
    )


def test_a_word_left_out_is_a_text_without_it(tiny):
    signals = chain_candidates(tiny, chains(("two and three?", " Sum: 5")), positions="all")
    at, first = signals.ragged("position")[0], int(signals.dense("answer")[0])
    without = tiny.encode({"prompt": "two and ?", "completion": " Sum: 5"})
    gone = signals.ragged("token_ids")[0].size - without.ids.size
    with torch.no_grad():
        law = tiny.module(torch.tensor(without.ids.tolist())[None]).logits[0].float().log_softmax(-1).numpy()
    read = law[at - gone - 1, without.ids[at - gone]]
    np.testing.assert_allclose(by_word(signals)[:, 1], signals.ragged("logprob")[0] - read, atol=1e-4)
    later = by_word(signals)[:, 2]  # "sum", itself in the answer
    assert np.isnan(later[: int(signals.ragged("word_end")[0][2]) - first]).all()
    assert not np.isnan(later[int(signals.ragged("word_end")[0][2]) - first :]).any()


def test_gradients_are_shares_of_the_words_before_the_token(tiny):
    signals = chain_candidates(tiny, chains(("two and three?", " Sum: 5")), saliency="grad")
    worth = by_word(signals)
    assert not np.isnan(worth[-1, :2]).any()
    assert np.nansum(np.abs(worth), axis=1).max() <= 1 + 1e-5
    with pytest.raises(TargetError, match="shows no weights"):
        chain_candidates(toy(), chains(("b c", "de")), k=3, saliency="grad")


def test_readings_beside_the_candidates_are_at_most_three_a_token(tiny):
    prompt = "Ann has 3 red apples and 4 green pears. How many fruits has she?"
    answer = " Ann has 3 apples. She has 4 pears. The sum of 3 and 4 is 7. The answer is 7 fruits."
    signals = chain_candidates(tiny, chains((prompt, answer)))
    n_tokens = signals.ragged("token_ids")[0].size - int(signals.dense("answer")[0])
    assert 0 < signals.dense("forwards")[0] <= 3 * n_tokens


def test_a_question_that_is_long_for_its_answer_is_left_out_in_groups(tiny):
    # " 7" are the two tokens up to the last that is scored, so twelve content words go in two groups of six
    prompt = "Ann red apples green pears counted twice sold eleven baskets monday noon?"
    signals = chain_candidates(tiny, chains((prompt, " 7.")))
    assert signals.dense("forwards")[0] <= 3 * 2
    worth = by_word(signals)[0]
    assert worth[:6].tolist() == [worth[0]] * 6
    assert worth[6:12].tolist() == [worth[6]] * 6
    assert worth[0] != worth[6]
    ids, at = signals.ragged("token_ids")[0], int(signals.ragged("position")[0][0])
    stays = np.ones(at, bool)
    for first, end in zip(signals.ragged("word_first")[0][:6], signals.ragged("word_end")[0][:6], strict=True):
        stays[first:end] = False
    law = tiny.logits(tiny.hidden(torch.from_numpy(ids[:at][stays]).long()[None])[0]).log_softmax(-1).numpy()
    assert worth[0] == pytest.approx(float(signals.ragged("logprob")[0][0] - law[-1, ids[at]]), abs=1e-4)


def test_steps_questions_and_wrong_words_are_found():
    items = [("dd b c", "ce de"), ("b c", "ce de"), ("b c", "ce de")]
    corpus = chains(
        *items, question=["b c", None, None], step_left=[3, -1, -1], step_right=[5, -1, -1],
        wrong=[json.dumps(["de"]), json.dumps([[0, 1]]), None],
    )  # fmt: skip
    signals = chain_candidates(toy(), corpus, k=3)
    assert signals.ragged("position")[0].tolist() == [9, 10]  # "de" of the answer that begins at 6
    assert signals.ragged("word_left")[0][signals.ragged("word_asked")[0] == 1].tolist() == [3, 5]
    assert [signals.ragged("wrong")[i].tolist() for i in range(3)] == [[1, 1], [1, 0, 0, 0], [2, 2, 2, 2]]


def test_a_chain_beyond_the_context_is_told_and_not_read():
    model = toy()
    short = ToyBigram(np.exp(model.log_table.numpy().astype(np.float64)), SYMBOLS, context=6)
    signals = chain_candidates(short, chains(("b c", "de"), ("b c", "dedededede")), k=3)
    assert signals.dense("too_long").tolist() == [0, 1]
    assert signals.ragged("position").lengths.tolist() == [2, 0]


def test_chains_do_not_depend_on_each_other_and_travel_well(tiny, tmp_path):
    corpus = chains(("two and three?", " Sum: 5"), ("four?", " Four is 4."), ("x", " y"))
    whole = chain_candidates(tiny, corpus, saliency="lerg")
    turned = chain_candidates(tiny, corpus.take([2, 0]), saliency="lerg")
    for name, array in turned.arrays.items():
        for i, j in ((0, 2), (1, 0)):
            np.testing.assert_allclose(array[i], whole.arrays[name][j], atol=1e-4)
    whole.save(tmp_path / "s.safetensors")
    back = Signals.load(tmp_path / "s.safetensors")
    assert all(np.array_equal(back[n][0], whole[n][0], equal_nan=True) for n in whole.arrays if n != "tokenizer")
    assert back.ragged("tokenizer")[0].tobytes().decode("ascii") != ""


def test_refusals():
    with pytest.raises(UsageError, match="k is at least 3"):
        chain_candidates(toy(), chains(("b", "c")), k=2)
    with pytest.raises(DataError, match="does not stand in its prompt"):
        chain_candidates(toy(), chains(("b", "c"), question=["eee"]), k=3)
    with pytest.raises(DataError, match="wrong"):
        chain_candidates(toy(), chains(("b", "c"), wrong=["{not json"]), k=3)
