import json
from itertools import combinations

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TokenizerMismatchError, TooFewRecords, UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.explain._stim.counts import Neighbours, local_counts, longest_ends, npmi
from byheart.explain._stim.instance import instance, top_mean
from byheart.explain._stim.ranks import (
    deals,
    highest,
    margins,
    partial_spearman,
    permuted,
    spearman,
    standardised,
    upper_p,
)
from byheart.explain._stim.steps import select_step, split_steps
from byheart.explain._stim.tokens import dominant, leading
from byheart.explain._stim.wrong import found_at, wrong_token_report
from byheart.explain.stim import stim
from byheart.index import build_index
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.chain_candidates import chain_candidates

LETTERS = "bcefghjklnopqruvwxyz"  # 20, none of them a function word


# ---------------------------------------------------------------------------------------------------------- ranks


def keys(n):
    return np.random.default_rng(1).integers(1 << 63, size=n).astype(np.uint64)


def test_rank_correlation_of_the_same_order_its_reverse_and_one_swap():
    p = np.sort(np.random.default_rng(0).random(20))[::-1]
    f = np.exp(p) * 100
    assert spearman(p, f) == pytest.approx(1, abs=1e-12)
    assert spearman(p, -f) == pytest.approx(-1, abs=1e-12)
    f[[4, 5]] = f[[5, 4]]
    assert spearman(p, f) == pytest.approx(1 - 6 * 2 / (20 * 399), abs=1e-12)  # 0.998496


def test_rank_correlation_is_scipys_with_ties_and_nan_where_nothing_is_ordered():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    a, b = rng.random((30, 20)), rng.integers(0, 4, (30, 20)).astype(float)
    np.testing.assert_allclose(spearman(a, b), [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)])
    assert np.isnan(spearman(a[0], np.zeros(20)))
    assert np.isnan(spearman(a[0], np.where(np.arange(20) == 3, np.nan, b[0])))


def test_partial_correlation_is_that_of_residuals():
    """Once ranks on the third order are regressed out of both, plain correlation is left."""
    rng = np.random.default_rng(1)
    a, b, g = (standardised(rng.random(20)) for _ in range(3))
    residual = [x - (x @ g) * g for x in (a, b)]
    assert partial_spearman(a, b, g) == pytest.approx(np.corrcoef(*residual)[0, 1])
    assert np.isnan(partial_spearman(a, g, g))  # explained in full


def test_chance_has_the_spread_of_the_closed_form():
    """sd(rho) = 1 / sqrt(19) = 0.2294 for 20 candidates, ties or not."""
    rng = np.random.default_rng(0)
    p, f = rng.random((1, 20)), np.stack([rng.random((1, 20)), np.arange(20)[None] // 5])
    drawn = permuted(p, f, rng.permutation(1000)[:20][None], keys(20_000))
    assert drawn.shape == (20_000, 2, 1)
    # the standard error of an sd from 20,000 draws is about 0.2294 / sqrt(40,000) = 0.0011
    np.testing.assert_allclose(drawn.std(axis=0), 1 / np.sqrt(19), atol=0.005)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.008)


def test_p_of_every_source_and_of_the_highest_is_uniform_where_counts_mean_nothing():
    """2,000 tokens: a p at or below 0.05 is 100 times expected, sd 9.7; outside 65 to 135 once in 3,000 trials."""
    rng = np.random.default_rng(2)
    p, f = rng.random((2000, 20)), rng.poisson(3, (3, 2000, 20)).astype(float)
    ids = np.stack([rng.permutation(50_000)[:20] for _ in range(2000)])
    scores, drawn = spearman(p, f), permuted(p, f, ids, keys(199))
    for values in (*upper_p(scores, drawn), upper_p(highest(scores), highest(drawn))):
        assert 65 <= (values <= 0.05).sum() <= 135
        assert abs(values.mean() - 0.5) < 0.03  # 4.6 standard errors of 0.0065


def test_places_with_the_same_candidates_get_the_same_deal():
    """In whatever order they stand: each candidate has the count of the same other one."""
    ids = np.array([[7, 3, 9, 5], [5, 9, 3, 7]])
    f = np.array([[10.0, 20, 30, 40], [40.0, 30, 20, 10]])  # the same counts, by candidate
    seen = set()
    for dealt in deals(ids, keys(500)):
        first, second = (dict(zip(ids[i].tolist(), f[i][dealt[i]].tolist(), strict=True)) for i in (0, 1))
        assert first == second
        assert sorted(first.values()) == [10, 20, 30, 40]
        seen.add(tuple(first.values()))
    assert len(seen) == 24  # all orders come; 500 draws miss one of 24 with probability 24 x (23/24)^500 = 1e-8


def test_a_text_that_repeats_itself_is_not_taken_for_many_tokens():
    """300 chains of ten places with the same candidates, counts at random: 5 % is 15, sd 3.8; above 30 once in 10,000.

    With deals of their own at each place the ten would count as ten, and a third of the chains would pass.
    """
    rng, p_values = np.random.default_rng(6), []
    for i in range(300):
        p, f = np.tile(rng.random(20), (10, 1)), np.tile(rng.random(20), (3, 10, 1))
        f[1:] = np.nan
        drawn = highest(permuted(p, f, np.tile(rng.permutation(50_000)[:20], (10, 1)), keys(99)))
        p_values.append(instance(str(i), str(i), highest(spearman(p, f)), drawn, 5).facts["p"])
    assert (np.array(p_values) <= 0.05).sum() <= 30


def test_p_counts_the_score_itself():
    assert upper_p(np.array([0.5]), np.array([[0.4], [0.5], [0.6]])).tolist() == [0.75]  # (1 + 2) / (1 + 3)
    assert np.isnan(upper_p(np.array([np.nan]), np.array([[np.nan]]))).all()


def test_no_chain_is_rarer_than_one_in_one_more_than_its_deals():
    """Of 99 deals none, ten or all reach the score of 0.9: p is 1/100, 11/100 and 1, and 0 is never claimed."""
    for reached in (0, 10, 99):
        drawn = np.where(np.arange(99) < reached, 0.95, 0.1)[:, None]
        assert instance("a", "a", np.array([0.9]), drawn, 5).facts["p"] == pytest.approx((1 + reached) / 100)


def test_a_margin_is_beyond_its_noise_when_one_source_orders_and_the_others_do_not():
    rng = np.random.default_rng(3)
    p = np.sort(rng.random((1, 20)))
    clear = np.stack([p, rng.permutation(p[0])[None], np.full_like(p, np.nan)])
    margin, noise = margins(p, clear)
    assert margin > noise > 0
    margin, noise = margins(p, np.stack([p, p, np.full_like(p, np.nan)]))
    assert margin == pytest.approx(0)
    assert noise == pytest.approx(0)
    margin, noise = margins(p, np.stack([p, np.full_like(p, np.nan), np.full_like(p, np.nan)]))
    assert margin == pytest.approx(1)  # above nothing


def test_jackknife_noise_covers_the_spread_of_the_margin():
    """Margins of two unrelated sources are 0 on average: of 400, at most 10 % lie beyond their 95 % noise."""
    rng = np.random.default_rng(4)
    p, f = rng.random((400, 20)), rng.random((2, 400, 20))
    scores = spearman(p, f)
    signed = scores[0] - scores[1]
    _, noise = margins(p, f)
    assert (np.abs(signed) > noise).mean() <= 0.10


def test_leading_and_dominant():
    nan = np.nan
    scores = np.array([[0.9, 0.2, nan, 0.5, nan], [0.1, 0.8, nan, 0.5, nan], [0.0, 0.7, 0.3, 0.5, nan]])
    lead = leading(scores)
    assert lead.tolist() == ["local", "mid", "long", "local", ""]  # of equals the first
    told = dominant(lead, np.array([0.8, 0.1, 0.3, 0.0, nan]), np.array([0.2, 0.2, 0.1, 0.0, nan]),
                    np.array([0.01, 0.01, 0.3, 0.01, nan]), 0.05)  # fmt: skip
    # beyond noise; within noise; beyond it but no better than chance; a tie; no score
    assert told.tolist() == ["local", "undetermined", "undetermined", "undetermined", ""]


# --------------------------------------------------------------------------------------------------------- counts


def brute_longest(docs, ids, t):
    best = 0
    for n in range(1, t + 2):
        piece = ids[t + 1 - n : t + 1]
        if any(doc[i : i + n] == piece for doc in docs for i in range(len(doc) - n + 1)):
            best = n
    return best


@pytest.mark.parametrize("alphabet", [2, 5, 40])
def test_longest_known_end_is_brute_force_bisection_and_linear_scan(tmp_path, alphabet):
    rng = np.random.default_rng(alphabet)
    docs = [rng.integers(0, alphabet, n).tolist() for n in (0, 1, 2, 30, 80)]
    index = build_index(docs, tmp_path / "i", vocab_size=alphabet)
    ids = rng.integers(0, alphabet, 40)
    ids[5:25] = docs[4][10:30]
    found = longest_ends(index, ids)

    def linear(t):
        n = 0
        while n <= t and index.count(ids[t - n : t + 1]):
            n += 1
        return n

    for t in range(ids.size):
        assert (
            found[t] == brute_longest(docs, ids.tolist(), t) == linear(t) == index.longest_suffix(ids[: t + 1]).length
        )
    assert found.max() >= 20


def test_an_unknown_id_ends_a_stretch_and_has_no_count(tmp_path):
    index = build_index([[0, 1, 2, 3]], tmp_path / "i", vocab_size=4)
    assert longest_ends(index, np.array([0, 1, 9, 1, 2])).tolist() == [1, 2, 0, 1, 2]
    local = local_counts(index, np.array([0, 1, 2]), np.array([2]), np.array([[2, 9, 0]]))
    assert (local.length.tolist(), local.context.tolist(), local.counts.tolist()) == ([2], [1], [[1, 0, 0]])


def test_without_any_known_context_counts_are_unigram_counts(tmp_path):
    index = build_index([[0, 0, 0, 1, 1, 2]], tmp_path / "i", vocab_size=4)
    local = local_counts(index, np.array([2, 3]), np.array([1]), np.array([[0, 1, 2, 3]]))  # 3 never occurs
    assert (local.length.tolist(), local.counts.tolist()) == ([0], [[3, 2, 1, 0]])


def test_neighbours_count_the_rarer_term_as_brute_force_does(tmp_path):
    rng = np.random.default_rng(0)
    docs = [rng.integers(0, 6, n).tolist() for n in (1, 40, 60, 25)]
    index = build_index(docs, tmp_path / "i", vocab_size=6, shard_tokens=70)
    assert len(index.shards) > 1

    def places(doc, term):
        return [i for i in range(len(doc)) if tuple(doc[i : i + len(term)]) == term]

    def brute(a, b, window):
        n_a, n_b = (sum(len(places(d, t)) for d in docs) for t in (a, b))
        one, other = (a, b) if n_a <= n_b else (b, a)
        return sum(
            any(abs(i - j) <= window and (one != other or i != j) for j in places(d, other))
            for d in docs for i in places(d, one)
        )  # fmt: skip

    for window in (1, 4):
        near = Neighbours(index, window)
        for term in ((2,), (1, 4), (0, 0)):
            assert near.counts(term, np.arange(7)).tolist() == [*(brute(term, (b,), window) for b in range(6)), 0]


def test_npmi_is_one_for_always_zero_for_chance_and_minus_one_for_never():
    # N = 1000, n_a = 10, n_b = 100: by chance 10 x 100 / 1000 = 1 together
    found = npmi(np.array([10, 1, 0]), 10, np.array([10, 100, 100]), 1000)
    np.testing.assert_allclose(found, [1, 0, -1], atol=1e-12)


# -------------------------------------------------------------------------------------------------------- oracles


@pytest.fixture(scope="module")
def bigrams(tmp_path_factory):
    """A corpus of two-letter documents with distinct counts, and the model that says exactly these counts."""
    rng = np.random.default_rng(0)
    counts = np.stack([rng.permutation(np.arange(1, 21)) for _ in LETTERS])
    docs = [[a, b] for a in range(20) for b in range(20) for _ in range(counts[a, b])]
    index = build_index(docs, tmp_path_factory.mktemp("bigrams") / "i", vocab_size=20)
    return index, ToyBigram(counts / counts.sum(axis=1, keepdims=True), LETTERS), counts


def test_a_model_of_bigram_counts_is_local_everywhere(bigrams):
    index, model, _ = bigrams
    corpus = Corpus.of([{"prompt": "bcb", "completion": "ghjklz"}], "unknown")
    found = stim(chain_candidates(model, corpus, positions="all"), index=index)
    np.testing.assert_allclose(found.columns["local"], 1, atol=1e-12)
    assert found.columns["ngram"].tolist() == [1] * 6
    np.testing.assert_allclose(found.columns["z_local"], np.sqrt(19))
    assert set(found.columns["leading"]) == {"local"}
    assert (found.columns["p_local"] == 1 / 1000).all()
    assert (found.columns["q_local"] == 1 / 1000).all()  # all six have the smallest p there is
    assert found.params["sources"]["local"]["score"] == pytest.approx(1)
    assert found.params["sources"]["mid"]["n"] == 0
    assert found.estimates["share local"].value == 1


def test_unigram_counts_give_another_number(bigrams, tmp_path):
    """The same candidates against a corpus of single letters: rho of the bigram row and the unigram counts by hand."""
    _, model, counts = bigrams
    index = build_index([[a] * (a + 1) for a in range(20)], tmp_path / "i", vocab_size=20)
    corpus = Corpus.of([{"prompt": "b", "completion": "g"}], "unknown")
    found = stim(chain_candidates(model, corpus, positions="all"), index=index)
    d = counts[0] - np.arange(1, 21)  # both are permutations of 1..20, so ranks are the values
    assert found.columns["local"][0] == pytest.approx(1 - 6 * (d**2).sum() / (20 * 399))


def signals_of(ids, answer, candidates, logprobs, words, salience, wrong=None, suffix=None):
    """Signals of one chain written down by hand; scored are the last tokens, one per row of candidates."""
    text = " ".join(w[0] for w in words)
    left = np.cumsum([0, *(len(w[0]) + 1 for w in words)])[:-1] if words else np.zeros(0)
    position = np.arange(len(ids) - len(candidates), len(ids))
    ragged = {
        "token_ids": ids, "start": np.arange(len(ids)), "end": np.arange(len(ids)) + 1,
        "text": np.frombuffer(text.encode(), np.uint8), "position": position, "logprob": np.zeros(len(position)),
        "elicited": np.ones(len(position)), "suffix": np.full(len(position), answer if suffix is None else suffix),
        "wrong": np.full(len(position), 2) if wrong is None else wrong, "candidate": np.ravel(candidates),
        "candidate_logprob": np.ravel(logprobs), "word_left": left, "word_right": left + [len(w[0]) for w in words],
        "word_first": [w[1] for w in words], "word_end": [w[1] + 1 for w in words],
        "word_asked": [w[2] for w in words], "salience": np.ravel(salience), "tokenizer": np.zeros(0, np.uint8),
    }  # fmt: skip
    integers = {k: np.int32 for k in ragged} | {k: np.float32 for k in ("logprob", "candidate_logprob", "salience")}
    integers["text"] = integers["tokenizer"] = np.uint8
    name = np.array(["chain"], dtype=object)
    arrays = {k: Ragged.of([v], integers[k]) for k, v in ragged.items()}
    arrays |= {"k": np.array([np.shape(candidates)[1]]), "answer": np.array([answer]), "n_front": np.array([0])}
    return Signals(name, np.array(["unknown"], dtype=object), name.copy(), arrays)


@pytest.fixture(scope="module")
def near_a(tmp_path_factory):
    """Token 0 is A; candidate c of 1..20 stands c times near it and never next to it, each 21 times in all.

    Behind token 21 the candidates come in the opposite order.
    """
    docs = []
    for c in range(1, 21):
        docs += [[0, 22, 23, 22, c]] * c + [[24, 24, 24, c]] * (21 - c)
        docs += [[21, c]] * (21 - c)
    return build_index(docs, tmp_path_factory.mktemp("near") / "i", vocab_size=30)


@pytest.mark.parametrize(("asked", "source"), [(1, "long"), (0, "mid")])
def test_a_model_of_cooccurrence_counts_is_long_or_mid(near_a, asked, source):
    """log p = log(1 + times near A): that source gives 1 and dominates; the local counts are in the opposite order."""
    candidates = np.arange(1, 21)[::-1]
    logprobs = np.log(1 + candidates)
    ids = [0, 25, 25, 21, 20] if asked else [25, 0, 25, 21, 20]
    words = [("alpha", 0 if asked else 1, asked), ("filler", 2, 1 - asked)]
    answer = 2 if asked else 1
    signals = signals_of(ids, answer, [candidates], [logprobs], words, [[1.0, 0.5]])
    found = stim(signals, index=near_a, window=10).columns
    assert found[source][0] == pytest.approx(1)
    assert found["local"][0] == pytest.approx(-1)
    assert found["dominant"][0] == source
    other = {"mid": "long", "long": "mid"}[source]
    assert np.isnan(found[other][0])  # "filler" never stands in the corpus
    assert found[f"why_{other}"][0] == "fewer than 3 of the 20 candidates have a count"
    assert found[f"salient_{source}"][0] == "alpha"
    # all candidates are equally frequent in all, so nothing is left to give up
    assert np.isnan(found[f"partial_{source}"][0]) or found[f"partial_{source}"][0] == pytest.approx(1)


def test_words_outside_the_eliciting_end_the_word_itself_and_repeats_are_not_salient(near_a):
    words = [("alpha", 0, 1), ("beta", 1, 1), ("alpha", 2, 1), ("mine", 3, 0), ("late", 4, 0), ("mine", 5, 0)]
    signals = signals_of([0, 25, 0, 26, 27, 20], 3, [np.arange(20)], [np.arange(20.0)], words,
                         [[0.1, 0.2, 0.3, 9, 1, np.nan]], suffix=4)  # fmt: skip
    found = stim(signals, index=near_a).columns
    assert found["salient_long"][0] == "alpha beta"
    assert found["salient_mid"][0] == "late"


def test_no_word_and_no_count_are_no_score_with_a_reason(near_a):
    signals = signals_of([29, 29], 1, [[27, 28, 29]], [[-1.0, -2, -3]], [], np.zeros((1, 0)))
    found = stim(signals, index=near_a)
    for source in ("local", "mid", "long"):
        assert np.isnan(found.columns[source][0])
    assert found.columns["why_local"][0] == "fewer than 3 of the 3 candidates have a count"
    assert "no word with content" in found.columns["why_mid"][0]
    assert "question" in found.columns["why_long"][0]
    assert np.isnan(found.weight[0])
    assert (found.columns["leading"][0], found.columns["dominant"][0]) == ("", "")
    assert found.params["instances"]["chain"]["score"] is None


def test_the_other_association_stands_beside_the_score(near_a):
    """Either association can be the score; the other one stands beside it."""
    signals = signals_of(
        [21, 20], 1, [np.arange(1, 21)[::-1]], [np.log(1 + np.arange(1, 21)[::-1])], [], np.zeros((1, 0))
    )
    raw, bound = (stim(signals, index=near_a, association=a).columns for a in ("count", "npmi"))
    assert raw["other_local"][0] == bound["local"][0]
    assert bound["other_local"][0] == raw["local"][0] == pytest.approx(-1)


# ----------------------------------------------------------------------------------------------- instance and chance


def test_top_mean_and_instance_by_hand():
    assert top_mean(np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]]), 2).tolist() == pytest.approx([0.7, 0.25])
    drawn = np.array([[0.0, 0.0, 0.0], [0.4, 0.8, np.nan], [0.9, 0.9, np.nan]])
    one = instance("c", "c", np.array([0.6, 0.8, np.nan]), drawn, top=5)
    # mean of .6 and .8 is .7; drawn .0 .6 .9: one is at least as high, p = (1 + 1) / (1 + 3); mean .5, sd .4583
    assert one.facts["score"] == pytest.approx(0.7)
    assert one.facts["p"] == 0.5
    assert one.facts["z"] == pytest.approx((0.7 - 0.5) / np.std([0, 0.6, 0.9], ddof=1))


def test_instance_p_is_uniform_by_chance_though_its_score_is_not_zero():
    """400 chains of 10 tokens, counts at random: 5 % is 20, sd 4.4; outside 5 to 37 once in 5,000 trials.

    The score itself is at 0.3 to 0.4 by chance, as the specification's simulation has it for 8 to 20 tokens.
    """
    rng = np.random.default_rng(5)
    p_values, scores = [], []
    for i in range(400):
        p, f = rng.random((10, 20)), rng.random((3, 10, 20))
        made = instance(
            str(i),
            str(i),
            highest(spearman(p, f)),
            highest(permuted(p, f, rng.integers(50_000, size=p.shape), keys(99))),
            5,
        )
        p_values.append(made.facts["p"])
        scores.append(made.score)
    assert 5 <= np.sum(np.array(p_values) <= 0.05) <= 37
    assert np.median(scores) == pytest.approx(0.32, abs=0.02)


# ---------------------------------------------------------------------------------------------------- wrong tokens


@pytest.mark.parametrize("n", [3, 5, 8])
def test_chance_of_naming_wrong_tokens_is_that_of_all_subsets(n):
    rng = np.random.default_rng(n)
    for m in range(1, n + 1):
        wrong = np.zeros(n, bool)
        wrong[:m] = True
        for k in range(1, min(n, 4) + 1):
            hits = np.array([wrong[list(s)].sum() for s in combinations(range(n), k)])
            found = found_at(rng.random(n), wrong, k)
            assert found.random_precision == pytest.approx((hits / min(m, k)).mean())
            assert found.random_recall == pytest.approx((hits > 0).mean())


def test_precision_and_recall_by_hand():
    scores, wrong = np.array([0.9, np.nan, 0.5, 0.7]), np.array([False, True, True, False])
    # order: 0, 3, 2, 1; two wrong tokens, at places 2 and 3
    one, two, three = (found_at(scores, wrong, k) for k in (1, 2, 3))
    assert (one.precision, one.recall) == (0, 0)
    assert (two.precision, two.recall) == (0, 0)
    assert (three.precision, three.recall) == (0.5, 1)
    assert found_at(scores, wrong, 9).precision == 1  # all are named


def test_the_report_leaves_out_chains_without_wrong_tokens():
    scores = [np.array([0.9, 0.1]), np.array([0.1, 0.9]), np.array([0.5, 0.4])]
    wrong = [np.array([True, False]), np.array([True, False]), np.array([False, False])]
    report = wrong_token_report(scores, wrong, ks=(1,))
    assert report["precision@1"].value == 0.5
    assert report["precision@1"].n == 2
    assert report["precision@1, random"].value == 0.5
    assert report["recall@1, above random"].value == 0
    assert wrong_token_report(scores, [w & False for w in wrong]) == {}


def test_wrong_tokens_of_chains_reach_the_estimates(bigrams):
    index, model, _ = bigrams
    corpus = Corpus.of([{"prompt": "b", "completion": "ghjk"}, {"prompt": "c", "completion": "lnop"}], "unknown",
                       columns={"wrong": [json.dumps([[0, 1]]), json.dumps([[2, 4]])]})  # fmt: skip
    found = stim(chain_candidates(model, corpus, positions="all"), index=index, ks=(1,))
    # all scores are 1, so the first token is named: wrong in the one chain, right in the other
    assert found.estimates["precision@1"].value == 0.5
    assert found.estimates["precision@1, random"].value == pytest.approx((1 / 4 + 2 / 4) / 2)


# ----------------------------------------------------------------------------------------------------------- steps


def test_steps_are_sentences_and_lines_without_bare_numbers_and_set_phrases():
    text = "Let's think step by step.\n1. Ann has 3.5 kg.\n2. Bob has 2! So 3.5 + 2 = 5.5\n\nThe answer is 5.5."
    steps = [text[a:b] for a, b in split_steps(text)]
    assert steps == ["1. Ann has 3.5 kg.", "2. Bob has 2!", "So 3.5 + 2 = 5.5", "The answer is 5.5."]
    assert split_steps("") == []
    assert split_steps(" \n ") == []


def test_step_selection():
    assert select_step([0.95, 0.92], correct=False) is None
    assert select_step([0.95, 0.89, 0.1], correct=False) == 1
    assert select_step([0.95, 0.89, 0.1], correct=True) == 2
    assert select_step([0.5, 0.7], correct=False, threshold=0.4) is None
    with pytest.raises(DataError, match="probability"):
        select_step([1.5], correct=True)


# -------------------------------------------------------------------------------------------------------- the whole


def test_another_tokenizer_is_refused(tmp_path):
    tokenizer = byte_tokenizer(bos=True)
    model = CausalLM(tiny_gpt(len(tokenizer), width=32, layers=1, context=64, seed=0), tokenizer)
    signals = chain_candidates(model, Corpus.of([{"prompt": "x", "completion": " yes 2"}], "unknown"))
    with pytest.raises(TokenizerMismatchError, match="build the index with the model's tokenizer"):
        stim(signals, index=build_index(["plain bytes"], tmp_path / "bytes"))
    own = build_index(["x yes 2 and x yes 3", "yes, yes"], tmp_path / "own", tokenizer=tokenizer)
    assert len(stim(signals, index=own, n_perm=9).address) == 4


def test_refusals(bigrams, near_a):
    index, model, _ = bigrams
    signals = chain_candidates(model, Corpus.of([{"prompt": "b", "completion": "g"}], "unknown"), positions="all")
    with pytest.raises(UsageError, match="association"):
        stim(signals, index=index, association="lift")
    with pytest.raises(UsageError, match="at least 1"):
        stim(signals, index=index, n_perm=0)
    with pytest.raises(TooFewRecords, match="no token"):
        stim(signals.take(np.zeros(0, int)), index=index)


def test_the_same_chain_alone_or_among_others_has_the_same_scores(bigrams, tmp_path):
    index, model, _ = bigrams
    corpus = Corpus.of([{"prompt": "b", "completion": x} for x in ("gh", "jkl", "zyx")], "unknown")
    signals = chain_candidates(model, corpus, positions="all")
    whole, alone = (stim(s, index=index, seed=3) for s in (signals, signals.take([2])))
    np.testing.assert_array_equal(whole.columns["p_local"][-3:], alone.columns["p_local"])
    assert whole.params["instances"]["unknown-000002"] == alone.params["instances"]["unknown-000002"]
    whole.save(tmp_path)
    assert json.loads((tmp_path / "stim.json").read_text())["kind"] == "token"
