"""Recitation after disturbed prefixes: closed forms on models that know texts by heart; agreement with generation."""

from itertools import product

import numpy as np
import pytest

from byheart.compare.text.prefix_perturbation import SCRAMBLING, Perturbation, moved
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.memorizers import Memorizer
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.forced import forced
from byheart.signals.text.perturbed_prefixes import BASELINES, CLEAN, PLAN, SHORTER, perturbed_prefixes
from byheart.signals.text.prefix_variants import one_by_one, perturbations, slack

N, L, K = 32, 32, 5
SYMBOLS = "".join(chr(0x4E00 + i) for i in range(4000))


def texts(n, seed=0):
    """So many texts of 64 characters each, no character twice in any of them."""
    drawn = np.random.default_rng(seed).permutation(len(SYMBOLS))[: n * (N + L)].reshape(n, N + L)
    return ["".join(SYMBOLS[i] for i in row) for row in drawn]


KNOWN = texts(10)
GRAMS = Memorizer(KNOWN, by="grams", k=K, symbols=SYMBOLS)
POSITIONS = Memorizer(KNOWN, by="positions", symbols=SYMBOLS)


def read(target, plan, items=KNOWN, **options):
    return perturbed_prefixes(target, Corpus.of(items, "member"), plan=plan, **options)


def after(signals, name="recited"):
    """The planned columns, baselines left out."""
    return signals.dense(name)[:, len(BASELINES) :]


def test_what_is_stored_is_recited_and_nothing_else():
    known, unknown = read(GRAMS, PLAN[:1]), read(GRAMS, PLAN[:1], texts(5, seed=1))
    for name in ("recited", "hits", "greedy"):
        assert (known.dense(name)[:, CLEAN] == 1).all()
    assert (known.dense("recited")[:, SHORTER] == 1).all()  # 28 tokens are more than the 5 it looks back
    assert (unknown.dense("recited") == 0).all()


def test_one_replaced_token_matters_in_the_last_k_only():
    """Mean drop k/n = 5/32 = 0.15625 over all places, slack (n - k)/n = 0.84375, the same for every text."""
    found = read(GRAMS, one_by_one(N))
    lost = after(found) == 0
    assert (lost == (np.arange(N) >= N - K)).all()
    assert lost.mean() == 0.15625
    assert (slack(read(GRAMS, one_by_one(N), own_output=True)) == 0.84375).all()
    np.testing.assert_allclose(after(found, "position"), 1 / N)
    assert (after(found, "nearest") == np.arange(N)[::-1]).all()


def test_a_deletion_at_the_start_moves_everything_and_harms_nothing():
    found = read(GRAMS, [Perturbation("delete", 1, i) for i in range(N)])
    position = after(found, "position")
    np.testing.assert_allclose(position, np.tile((N - np.arange(N)) / N, (10, 1)))
    assert (after(found)[:, : N - K] == 1).all()  # strength 1 at place 0, no drop
    assert (after(found)[:, N - K :] == 0).all()
    absolute = read(POSITIONS, [Perturbation("delete", 1, i) for i in range(N)])
    assert (after(absolute) == 0).all()  # the one that counts positions is lost at once


def test_lineage_operators_on_the_last_k():
    """Adjacent swaps and rotation reach the last 5 tokens; a random swap with chance 1 - C(27,2)/C(32,2) = 0.2923."""
    plan = [Perturbation(o) for o in SCRAMBLING] + [Perturbation("random", 1, repeat=r) for r in range(1, 80)]
    found = read(GRAMS, plan, greedy=())
    drops = dict(zip([p.operator for p in plan], 1 - after(found)[:, : len(SCRAMBLING)].T, strict=False))
    for operator in ("rotate", "adjacent", "first_last", "fix_ends", "reverse"):
        assert (drops[operator] == 1).all()
    random = 1 - after(found)[:, [0, *range(len(SCRAMBLING), len(plan))]]
    expected = 1 - (27 * 26) / (32 * 31)
    assert expected == pytest.approx(0.2923, abs=1e-4)
    assert random.mean() == pytest.approx(expected, abs=0.07)  # sd 0.016 over 800 draws


@pytest.mark.parametrize("how", [*SCRAMBLING, "delete", "insert", "replace", "swap", "shuffle"])
def test_the_one_that_counts_positions_needs_the_last_token_only(how):
    """A drop of 1 exactly where the last place holds another token than before, or there are fewer places."""
    found = read(POSITIONS, [Perturbation(how, 3, repeat=r) for r in range(10)], greedy=())
    kept = (after(found, "nearest") != 0) & (after(found, "n_prefix") == N)
    np.testing.assert_array_equal(after(found) == 1, kept)
    assert set(np.unique(after(found)).tolist()) <= {0.0, 1.0}


def test_rotation_leads_to_another_part_of_the_same_text():
    """Recitation aligned with the position calls it lost; the longest shared stretch does not."""
    found = read(GRAMS, [Perturbation("rotate"), Perturbation("reverse")], greedy=("rotate", "reverse"))
    assert (after(found) == 0).all()
    np.testing.assert_array_equal(after(found, "greedy"), 0)
    assert (after(found, "elsewhere")[:, 0] == 1).all()
    assert (after(found, "elsewhere")[:, 1] == 0).all()


def test_generation_is_asked_where_the_clean_prefix_recites():
    found = read(GRAMS, [Perturbation("rotate")], [*KNOWN[:2], *texts(2, seed=1)])
    assert np.isnan(after(found, "elsewhere")[:, 0]).tolist() == [False, False, True, True]
    everywhere = read(GRAMS, [Perturbation("rotate")], [*KNOWN[:2], *texts(2, seed=1)], greedy_for="all")
    assert not np.isnan(after(everywhere, "elsewhere")).any()


def test_a_periodic_prefix_cannot_be_rotated():
    text = "甲乙丙丁" * 16
    found = read(Memorizer([text], k=K), [Perturbation("rotate"), Perturbation("adjacent")], [text])
    assert after(found, "lineage")[0].tolist() == [1.125, 3.0]
    assert after(found, "lineage_tokens")[0, 0] == 0
    assert after(found, "nearest")[0].tolist() == [-1, 0]
    assert after(found)[0].tolist() == [1, 0]


def gpt(bos=True):
    tokenizer = byte_tokenizer(bos=bos)
    return CausalLM(tiny_gpt(len(tokenizer), width=32, layers=2, context=80, seed=3), tokenizer)


SENTENCES = [f"The {a} of the {b} was {c} by a stranger." for a, b, c in zip("lmnop", "vwxyz", "abcde", strict=True)]


def test_any_batch_size_and_any_order_give_the_same_numbers():
    corpus = Corpus.of(SENTENCES, "member")
    target, sizes = gpt(), {"prefix_tokens": 12, "new_tokens": 10}
    one = perturbed_prefixes(target, corpus, seed=1, **sizes)
    other = perturbed_prefixes(target, corpus, seed=1, max_tokens_per_batch=23, **sizes)
    turned = perturbed_prefixes(target, corpus.take([4, 2, 0]), seed=1, **sizes)
    for name, array in one.arrays.items():
        if isinstance(array, np.ndarray):
            np.testing.assert_allclose(other.dense(name), array, atol=1e-5)
            np.testing.assert_allclose(turned.dense(name), array[[4, 2, 0]], atol=1e-5)
    assert (perturbed_prefixes(target, corpus, seed=2, **sizes).dense("nll") != one.dense("nll")).any()


@pytest.mark.parametrize("bos", [True, False])
def test_numbers_are_those_of_generation_one_by_one(bos):
    """Each prefix alone, behind the same front: the run of greedy tokens that are right, and their share."""
    target = gpt(bos)
    train(target.module, [target.encode(t) for t in SENTENCES], steps=60, batch_size=5, lr=1e-2, seed=0)
    plan = [*(Perturbation("swap", 1, i) for i in (0, 5, 8)), Perturbation("rotate")]  # none of them left to chance
    found = perturbed_prefixes(
        target, Corpus.of(SENTENCES, "member"), prefix_tokens=12, new_tokens=10, plan=plan,
        greedy=("swap", "rotate"), greedy_for="all",
    )  # fmt: skip
    front = target.front if bos else np.zeros(0, np.int32)
    assert front.size == bos
    some = 0
    for i, (j, how) in product(range(len(SENTENCES)), enumerate(plan, start=len(BASELINES))):
        prefix, wanted = found.ragged("prefix")[i], found.ragged("continuation")[i]
        prompt = np.concatenate([front, prefix[moved(12, how, np.random.default_rng(0))]])
        right = target.generate([prompt], 10)[0] == wanted
        run = np.argmin(right) if not right.all() else 10
        assert (found.dense("recited")[i, j], found.dense("greedy")[i, j]) == pytest.approx((run / 10, right.mean()))
        alone = forced(target, [prompt], [wanted])
        assert -alone["logprob"].values.mean() == pytest.approx(found.dense("nll")[i, j], abs=1e-5)
        assert -alone["mean_logprob"].values.mean() == pytest.approx(found.dense("entropy")[i, j], abs=1e-5)
        some += 0 < run < 10
    assert some
    assert (found.dense("n_prefix")[:, CLEAN] == 12).all()


def test_distance_to_its_own_output_is_another_question():
    """Whatever it says after the clean prefix it says again; nothing of it is the truth."""
    target, sizes = gpt(), {"prefix_tokens": 12, "new_tokens": 10}
    corpus = Corpus.of(SENTENCES, "member")
    own = perturbed_prefixes(target, corpus, plan=PLAN[:2], own_output=True, **sizes)
    true = perturbed_prefixes(target, corpus, plan=PLAN[:2], **sizes)
    sure = own.dense("near_tie")[:, CLEAN] == 0
    assert sure.any()
    assert (own.dense("recited")[sure, CLEAN] == 1).all()
    assert true.dense("recited")[:, CLEAN].max() < 1


def test_letters_are_cut_into_tokens_anew():
    target = gpt()
    found = perturbed_prefixes(target, Corpus.of(SENTENCES, "member"), prefix_tokens=12, new_tokens=10,
                               plan=[Perturbation("case", 3), Perturbation("typo", 1, "start")])  # fmt: skip
    np.testing.assert_allclose(after(found, "position")[:, 0], 3 / 12)  # a byte is a token
    np.testing.assert_allclose(after(found, "position")[:, 1], 2 / 12)
    assert np.isnan(after(found, "lineage")[:, 0]).all()  # other tokens: no reordering


def test_equal_prefixes_are_read_once():
    class Counting(Memorizer):
        """Counts the texts that go through it."""

        n_read = 0

        def hidden(self, ids, *, prefix=None):
            self.n_read += len(ids)
            return super().hidden(ids, prefix=prefix)

    text = "甲乙" * 32
    target = Counting([text], k=K)
    read(target, [Perturbation("rotate"), *[Perturbation("random", 1, repeat=r) for r in range(50)]], [text], greedy=())
    # whole, shorter, and the 1 + 50 others: a swap leaves the text alone, or exchanges one of 16 x 16 pairs
    assert target.n_read < 2 + 50


def test_a_prefix_too_short_for_a_perturbation_has_no_number():
    found = read(GRAMS, [Perturbation("replace", 16), Perturbation("reverse")], [KNOWN[0][:16], KNOWN[1], KNOWN[2][:1]])
    assert np.isnan(after(found)[:, 0]).tolist() == [True, False, True]  # 8 tokens of prefix; none of the last
    assert np.isnan(after(found)[:, 1]).tolist() == [False, False, True]
    assert found.ragged("prefix").lengths.tolist() == [8, 32, 0]


def test_the_plan_travels_with_the_numbers(tmp_path):
    plan = [*PLAN, Perturbation("replace", 2, 7, 3)]
    found = read(GRAMS, plan, KNOWN[:1])
    assert perturbations(found) == [*BASELINES, *plan]
    found.save(tmp_path / "x.safetensors")
    assert perturbations(type(found).load(tmp_path / "x.safetensors")) == [*BASELINES, *plan]
    assert perturbations(found.take(np.zeros(0, int))) == []


def test_replacing_like_by_like_needs_to_know_what_is_alike():
    with pytest.raises(UsageError, match="counts"):
        read(GRAMS, [Perturbation("replace_like")])
    counts = np.r_[np.arange(1, 4001), 0]
    found = read(GRAMS, [Perturbation("replace_like", 1, 31)], counts=counts)
    assert (after(found) == 0).all()


def test_no_record_at_all():
    found = perturbed_prefixes(GRAMS, Corpus.of([], "member"))
    assert found.dense("recited").shape == (0, len(BASELINES) + len(PLAN))
