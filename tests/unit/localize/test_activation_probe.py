"""Reading at the right place, scanning, scoring texts, and the method on a model that is too small to be wrong."""

import numpy as np
import pytest
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError, TooFewRecords, UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.localize._activation_probe.baselines import bag_of_words, last_token
from byheart.localize._activation_probe.events import Events, kept, portions, texts_before, walk
from byheart.localize._activation_probe.folds import held_out
from byheart.localize._activation_probe.lines import Line
from byheart.localize._activation_probe.probe import Probe
from byheart.localize._activation_probe.scan import scan
from byheart.localize._activation_probe.sequences import (
    best_stretch,
    stretches,
    text_scores,
    token_odds,
    tokens_of,
)
from byheart.localize.activation_probe import activation_probe
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site, sites
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.token_events import REASONS
from byheart.stats.auc import auc
from byheart.stats.moments import Moments, cohen_d


def tiny(bos=True, context=64, layers=2, seed=0):
    tokenizer = byte_tokenizer(bos=bos)
    return CausalLM(tiny_gpt(len(tokenizer), width=16, layers=layers, heads=2, context=context, seed=seed), tokenizer)


def labelled(model, texts, labels, **numbers):
    """`token_events` with labels of our own: label of each text's tokens, -1 for the first two."""
    corpus = Corpus.of(texts, "unknown")
    read = tokens_of(model, corpus)
    ids = read.ragged("token_ids")
    rows = [np.array([-1, -1, *label[2:]], np.int8) for label in labels]
    one = np.ones(ids.values.size, np.float32)
    arrays = {
        **read.arrays, "label": Ragged.of(rows, np.int8), "reason": ids.like(one.astype(np.uint8)),
        "would_be": np.zeros(len(corpus), np.int8),
        **{name: ids.like(numbers.get(name, 0.5 * one)) for name in ("p", "entropy", "margin")},
    }  # fmt: skip
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays)


def letters(rng, n, size):
    return ["".join(rng.choice(list("abcdefgh"), size)) for _ in range(n)]


def test_activations_are_those_of_the_token_before():
    """Against a plain forward pass of each text by itself, in batches of any size."""
    model, rng = tiny(), np.random.default_rng(0)
    signals = tokens_of(model, Corpus.of([letters(rng, 1, n)[0] for n in (5, 30, 12, 9)], "member"))
    site = next(s for s in sites(model.module) if s.address == "layers.0.block")
    record, at = np.array([2, 0, 3, 3, 1]), np.array([4, 2, 9, 2, 30])
    whole = [
        model.module.model(torch.tensor(ids[None].astype(np.int64)), output_hidden_states=True).hidden_states[1][0]
        for ids in signals.ragged("token_ids")
    ]
    for tokens in (1, 64, 4096):
        got, times = np.full((5, site.dim), np.nan), np.zeros(5)
        for rows, by_site in walk(model, signals, record, at, [site], max_tokens_per_batch=tokens):
            got[rows] = by_site[site]
            times[rows] += 1
        assert (times == 1).all()
        for e, (r, u) in enumerate(zip(record.tolist(), at.tolist(), strict=True)):
            np.testing.assert_allclose(got[e], whole[r][u - 1].detach().numpy(), atol=1e-5)


def test_a_text_longer_than_the_context_is_read_in_windows_once():
    model = tiny(context=32)
    signals = tokens_of(model, Corpus.of(letters(np.random.default_rng(0), 1, 100), "member"))
    site = sites(model.module)[0]
    at = np.arange(1, 101)
    times = np.zeros(100)
    for rows, by_site in walk(model, signals, np.zeros(100, np.int64), at, [site]):
        times[rows] += 1
        table = model.module.get_input_embeddings().weight.detach().numpy()
        np.testing.assert_allclose(by_site[site], table[signals.ragged("token_ids")[0][at[rows] - 1]])
    assert (times == 1).all()


def test_the_activation_must_not_see_the_token_it_predicts():
    """The embedding is a mark of the current token. 'Is the token b?' is at chance one position before, sure at it.

    Chance: 60 texts of 12 random letters, 600 events, 1 in 8 of them positive: the AUC has an error of 0.035.
    """
    rng, model = np.random.default_rng(1), tiny(bos=False)
    texts = letters(rng, 60, 12)
    signals = labelled(model, texts, [[1 if c == "b" else 0 for c in t] for t in texts])
    embed = sites(model.module)[0]
    events = Events.of(signals, (0, 1))
    before = kept(model, signals, events, [embed])[embed]
    at = np.full_like(before, 0)
    later = events.at < 11  # a text's last token is never read, as it predicts nothing
    for rows, by_site in walk(model, signals, events.record[later], events.at[later] + 1, [embed]):
        at[np.flatnonzero(later)[rows]] = by_site[embed]
    areas = []
    for x in (before[later], at[later]):
        logit = held_out(x, events.positive[later], events.document[later], seed=0, strength=1.0).logit
        areas.append(auc(logit[events.positive[later]], logit[~events.positive[later]]))
    assert abs(areas[0] - 0.5) < 0.12
    assert areas[1] == 1.0


def test_scan_is_two_pass_d_and_knows_what_is_planted():
    """d of every number of every site as from all activations at once; a large portion or many small ones alike."""
    rng, model = np.random.default_rng(2), tiny()
    texts = letters(rng, 24, 20)
    signals = labelled(model, texts, [[int(i < 12)] * 21 for i in range(24)])
    events, everywhere = Events.of(signals, (0, 1)), sites(model.module)
    found = scan(model, signals, events, everywhere, seed=0, n_dealings=19)
    x = kept(model, signals, events, everywhere)
    for site in everywhere:
        one, zero = Moments(site.dim), Moments(site.dim)
        one.update(x[site][events.positive])
        zero.update(x[site][~events.positive])
        np.testing.assert_allclose(found.d[site], cohen_d(one, zero), rtol=1e-5, atol=1e-6)
    largest = max((abs(d).max(), s) for s, d in found.d.items())
    site, j = found.top(1)[0]
    assert (abs(found.d[site][j]), site) == largest
    assert found.p[site][j] == (1 + (found.largest >= largest[0]).sum()) / 20
    assert [len(p) for p in portions(everywhere, 8, budget=8 * everywhere[0].dim)][:3] == [1, 1, 1]


def test_words_before_are_those_before():
    rng, model = np.random.default_rng(3), tiny()
    texts = letters(rng, 40, 10)
    signals = labelled(model, [("h" if i < 20 else "a") + t for i, t in enumerate(texts)],
                       [[int(i < 20)] * 12 for i in range(40)])  # fmt: skip
    events = Events.of(signals, (0, 1))
    assert texts_before(signals, events, 2)[0].tolist() == signals.ragged("token_ids")[0][1:2].tolist()
    assert events.at[0] == 2
    words = bag_of_words(signals, events, seed=0)
    assert auc(words[events.positive], words[~events.positive]) > 0.8  # the opening letter says it
    last = last_token(events, seed=0)
    assert auc(last[events.positive], last[~events.positive]) < 0.75


def test_the_best_stretch_is_that_of_brute_force():
    rng = np.random.default_rng(4)
    for n in (1, 2, 7, 30):
        values = rng.normal(size=n)
        sums = {(i, j): values[i:j].sum() for i in range(n) for j in range(i + 1, n + 1)}
        i, j, total = best_stretch(values)
        if max(sums.values()) <= 0:
            assert (i, j, total) == (0, 0, 0.0)
        else:
            assert total == pytest.approx(max(sums.values()))
            assert sums[i, j] == pytest.approx(total)
    assert best_stretch(np.zeros(0)) == (0, 0, 0.0)


def test_stretches_are_told_in_characters():
    """Tokens of 2 characters; above 1.0 are tokens 1 and 2 (by 1 and 3): characters 2 to 6, sum 4."""
    odds = Ragged.of([[np.nan, 2.0, 4.0, -1.0], [0.0, 0.5]], np.float32)
    start, end = Ragged.of([[0, 2, 4, 6], [0, 2]], np.int32), Ragged.of([[2, 4, 6, 8], [2, 4]], np.int32)
    first, last, sums = stretches(odds, start, end, 1.0)
    assert (first.tolist(), last.tolist(), sums.tolist()) == ([2, 0], [6, 0], [4.0, 0.0])


def test_a_text_is_worth_the_mean_of_its_words():
    odds = Ragged.of([[np.nan, 1.0, 5.0, 3.0], [2.0, 4.0], []], np.float32)
    begins = Ragged.of([[1, 1, 0, 1], [0, 0], []], np.uint8)
    told = text_scores(odds, begins)
    assert told[:2].tolist() == [2.0, 3.0]
    assert np.isnan(told[2])


def test_token_odds_are_the_line_at_the_position_before():
    model, rng = tiny(), np.random.default_rng(5)
    signals = tokens_of(model, Corpus.of(letters(rng, 3, 8), "unknown"))
    site = sites(model.module)[0]
    w = rng.normal(size=site.dim)
    a, b = token_odds(model, signals, site, [Line(w, 0.25), Line(-w, 0.0)])
    ids = signals.ragged("token_ids")
    table = model.module.get_input_embeddings().weight.detach().numpy()
    for r in range(3):
        assert np.isnan(a[r][:2]).all()  # the opening token, and the token that it alone predicts
        np.testing.assert_allclose(a[r][2:], table[ids[r][1:-1]] @ w + 0.25, rtol=1e-4)
    np.testing.assert_allclose((a.values + b.values)[np.isfinite(a.values)], 0.25, atol=1e-5)


@pytest.fixture(scope="module")
def known():
    """A model at random, and labels it cannot know but for the letter it has just read."""
    rng, model = np.random.default_rng(6), tiny()
    texts = letters(rng, 60, 24)
    labels = [[int(i < 30)] * 25 for i in range(60)]
    for i in range(60):  # keep the events where the letter before says it, 9 times in 10
        for j in range(2, 25):
            if ((texts[i][j - 2] in "abcd") != (i < 30)) and rng.random() < 0.9:
                labels[i][j] = -1
    return model, labelled(model, texts, labels)


def test_findings_tell_all(known):
    model, signals = known
    found = activation_probe(signals, model, n_dealings=19, top=10, kind="lda")
    assert len(found.table()) == 10
    assert (np.diff(found.table()["weight"]) <= 0).all()
    site = Site.parse(found.params["site"], model.module)
    assert site.layer >= 0
    probe = Probe.of(found.state, found.params["site"])
    assert probe.w.shape == (site.dim,)
    events = Events.of(signals, (0, 1))
    x = kept(model, signals, events, [site])[site]
    rows = events.positive
    assert probe.m1 > probe.m0
    assert probe.m0 == pytest.approx(float(probe.mean0 @ probe.w))
    assert auc(probe.logit(x[rows]), probe.logit(x[~rows])) > 0.9
    assert found.estimates["matched AUC"].low > 0.8
    # of the events kept 10 in 11 stand behind a letter of their class: AUC 10/11 = 0.909 if that is learned
    assert found.estimates["matched AUC of last token"].value > 0.85
    assert abs(found.estimates["matched AUC of p of the token"].value - 0.5) < 1e-9  # all the same
    assert found.params["p"] == 0.05
    assert found.params["curve"][0]["layer"] == -1
    assert any("needs no look inside" in s for s in found.params["caveats"])
    assert set(found.state["fold"].tolist()) <= {-1, 0, 1, 2, 3, 4}
    assert found.state["fold_w"].shape == (5, site.dim)


def test_everything_follows_from_the_seed_and_not_from_the_batch(known):
    model, signals = known
    one, two = (
        activation_probe(signals, model, n_dealings=9, kind="lda", sites=["layers.1.block"], max_tokens_per_batch=n)
        for n in (64, 2048)
    )
    assert one.address.tolist() == two.address.tolist()
    np.testing.assert_allclose(one.weight, two.weight, rtol=1e-4)
    assert one.params["p"] == two.params["p"]


def test_sources_left_out_are_judged_by_themselves(known):
    model, signals = known
    source = np.array(["a", "b", "c"] * 20, dtype=object)
    found = activation_probe(signals, model, n_dealings=9, kind="lda", sources=source, sites=["layers.0.block"])
    for name in "abc":
        assert found.estimates[f"matched AUC, not learned from {name}"].value > 0.8


def test_what_is_refused(known):
    model, signals = known
    few = signals.take(np.r_[0:10, 30:60])
    with pytest.raises(TooFewRecords, match="10 have recited tokens and 30"):
        activation_probe(few, model)
    with pytest.raises(UsageError, match="against is one of"):
        activation_probe(signals, model, against="all")
    with pytest.raises(UsageError, match="no site"):
        activation_probe(signals, model, sites=["layers.9.block"], n_dealings=9)
    with pytest.raises(TargetError, match="weights"):
        activation_probe(signals, ToyBigram([[1.0]], "a"))


def test_confidence_that_tells_all_is_said(known):
    """p is 1 for the one class and 0 for the other: nothing can be matched."""
    model, signals = known
    label = signals.ragged("label").values
    numbers = {name: signals.ragged("p").like((label == 1).astype(np.float32)) for name in ("p", "entropy", "margin")}
    sure = Signals(signals.ids, signals.roles, signals.groups, {**signals.arrays, **numbers})
    found = activation_probe(sure, model, n_dealings=9, kind="lda", sites=["layers.0.block"])
    assert not found.params["matched"]
    assert any("equal confidence" in s for s in found.params["caveats"])
    assert found.estimates["matched AUC"].value is None


def test_reasons_fit_a_byte():
    assert len(REASONS) == len(set(REASONS)) < 256
