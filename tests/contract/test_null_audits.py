"""An audit of sets that the model treats alike claims nothing, one of unlike sets is refused, and intervals cover.

A tiny model really reads a population of texts once; each simulated audit then draws its members, control, canaries and
twins from that population, reads the scores with the real readers and judges them with `judge_scores`. Given the
population, draws are independent, so counts of false claims are binomial.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from byheart.audit.judging import judge_scores
from byheart.audit.measuring import measure_with, readers, records_of
from byheart.audit.profiles import Profile
from byheart.audit.text.selftest import OBJECTS, PLACES, SUBJECTS, VERBS
from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.measure.loss import loss
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.conditional import conditional_logprobs
from byheart.signals.text.continuations import continuations
from byheart.signals.text.lowercase import lowercase_logprobs
from byheart.signals.text.token_logprobs import token_logprobs
from byheart.stats.judge.membership import judge

LEVEL, N_AUDITS, N_SIDE = 0.05, 200, 50
PROFILE = Profile("null", True, None, 20, 599, (), 0)  # the smallest p, 1/600, survives Holm over 15 claims: 0.025
N_AUTHORS, PER_AUTHOR = 240, 4
CHANCE = 1e-4  # each assertion on a count fails by chance this often, for some other seed


def population_texts():
    """Authors with a manner of their own: each has a subject, a place and a habit; texts of one or two sentences."""
    texts, authors = [], []
    for a in range(N_AUTHORS):
        rng = generator(11, "author", str(a))
        who, where, does = (str(rng.choice(words)) for words in (SUBJECTS, PLACES, VERBS))
        for _ in range(PER_AUTHOR):
            parts = [f"The {who} {does} {rng.integers(10, 99)} {rng.choice(OBJECTS)} at the {where}."]
            if rng.random() < 0.3:
                parts.append(f"A {rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(OBJECTS)}.")
            texts.append(" ".join(parts))
            authors.append(f"author {a}")
    return texts, authors


@pytest.fixture(scope="module")
def population():
    """Every signal of a routine audit over all records; the last twelve characters of each would be its secret."""
    texts, authors = population_texts()
    tokenizer = byte_tokenizer(bos=True)
    module, other = (tiny_gpt(272, width=32, layers=1, context=256, seed=s) for s in (0, 1))
    model, reference = CausalLM(module, tokenizer), CausalLM(other, tokenizer)
    rng = generator(0, "what the model has seen")
    seen = [
        f"The {rng.choice(SUBJECTS[:5])} {rng.choice(VERBS)} {rng.integers(10, 99)} {rng.choice(OBJECTS)}"
        f" at the {rng.choice(PLACES)}."
        for _ in range(64)
    ]
    train(module, [model.encode(t) for t in seen], steps=60, batch_size=8, lr=5e-3, seed=0)
    corpus = Corpus.of(texts, "unknown", groups=authors, columns={"secret": [t[-12:] for t in texts]})
    return corpus, {
        "token_logprobs": token_logprobs(model, corpus),
        "reference_logprobs": token_logprobs(reference, corpus),
        "lowercase_logprobs": lowercase_logprobs(model, corpus),
        "nonmember_prefix_logprobs": conditional_logprobs(model, corpus, prefix_texts=seen[:2]),
        "continuations": continuations(model, corpus, seed=0),
    }


def audit(population, rows_of, *, seed, grouped=False, date=None):
    """The verdicts of an audit that gives these rows of the population these roles."""
    corpus, signals = population
    rows = np.concatenate(list(rows_of.values()))
    roles = np.repeat(np.array(list(rows_of), dtype=object), [r.size for r in rows_of.values()])
    groups = corpus.groups[rows] if grouped else corpus.ids[rows]
    columns = {"pool": np.full(rows.size, "random", dtype=object), "repetitions": np.ones(rows.size)}
    if date is not None:
        columns["date"] = date(roles)
    drawn = replace(corpus.take(rows), roles=roles, groups=groups, columns=columns)
    sources = records_of(drawn)
    for name, s in signals.items():
        sources[name] = replace(s.take(rows), roles=roles, groups=groups)
        if name == "continuations" or name.startswith(("lower", "nonmember")):
            sources[name] = sources[name].take(np.isin(roles, ("member", "nonmember")))
    scores = {m.__name__: measure_with(m, sources) for m in readers(sources, "text")}
    return judge_scores(scores, PROFILE, seed=seed)


def dealt(rng, rows, **sizes):
    """Rows dealt to roles by chance alone."""
    mixed = rng.permutation(rows)
    ends = np.cumsum(list(sizes.values()))
    return {role: mixed[end - n : end] for (role, n), end in zip(sizes.items(), ends, strict=True)}


@pytest.fixture(scope="module")
def null_audits(population):
    """Audits in which chance alone decided who is a member and which canary was planted; every fourth by authors."""
    every, found = np.arange(len(population[0])), []
    for i in range(N_AUDITS):
        rng = generator(3, "null audit", str(i))
        if i % 4:
            roles = dealt(rng, every, member=N_SIDE, nonmember=N_SIDE, canary=12, canary_control=40)
        else:
            roles = author_rows(population, rng, 13)
        found.append(audit(population, roles, seed=i, grouped=not i % 4))
    return found


def author_rows(population, rng, n_side):
    """Rows of whole authors, n_side authors on each side."""
    corpus, _ = population
    authors = rng.permutation(sorted(set(corpus.groups.tolist())))
    return {
        "member": np.flatnonzero(np.isin(corpus.groups, authors[:n_side])),
        "nonmember": np.flatnonzero(np.isin(corpus.groups, authors[n_side : 2 * n_side])),
    }


def most(n, share):
    """A binomial count that is exceeded with probability CHANCE."""
    return int(binom.ppf(1 - CHANCE, n, share))


def least(n, share):
    """A binomial count that is fallen short of with probability CHANCE."""
    return int(binom.ppf(CHANCE, n, share))


def with_learned(population, nats):
    """The population with half of it known better, by so many nats per token, and which half."""
    corpus, signals = population
    learned = generator(9, "learned").permutation(len(corpus)) < len(corpus) // 2
    tokens = signals["token_logprobs"]
    logprob = tokens.ragged("logprob")
    lifted = logprob.like(logprob.values + np.where(learned[logprob.row], np.float32(nats), np.float32(0)))
    known = replace(tokens, arrays={**tokens.arrays, "logprob": lifted})
    return (corpus, {**signals, "token_logprobs": known}), learned


def by_learned(learned, i):
    """Members of those learned, control of the others."""
    rng = generator(9, "lifted", str(i))
    rows = {"member": learned, "nonmember": ~learned}
    return {role: rng.choice(np.flatnonzero(mine), N_SIDE, replace=False) for role, mine in rows.items()}


def test_no_more_false_claims_than_declared(null_audits):
    """Family-wise, after Holm: at most 5 % of audits may show anything; Binomial(200, 0.05) exceeds 22 once in 10^4."""
    false = [v.method for vs in null_audits for v in vs if v.decision == "shown"]
    audits = sum(any(v.decision == "shown" for v in vs) for vs in null_audits)
    assert audits <= most(N_AUDITS, LEVEL), false


def test_the_same_audits_show_what_was_learned(population):
    """Showing nothing would make no false claim either: with 0.6 nats on every token of the members it is shown."""
    changed, learned = with_learned(population, 0.6)
    found = {v.method: v for v in audit(changed, by_learned(learned, 0), seed=0)}
    assert found["loss"].decision == found["reference"].decision == "shown"


def test_each_p_value_is_valid_by_itself(null_audits):
    """P(p <= 0.05) <= 0.05 for every method where a p-value is stated, whatever the blind baseline said.

    Numbers without ties have a p that is uniform, but for the steps of the dealings, so a p that is too large is seen.
    """
    by_method = {}
    for verdict in (v for vs in null_audits for v in vs if v.p is not None):
        by_method.setdefault(verdict.method, []).append(verdict.p)
    assert {"loss", "zlib", "min_k", "recall", "reference", "dataset_inference", "exposure", "extraction"} <= set(
        by_method
    )
    for method, p in by_method.items():
        assert sum(x <= LEVEL for x in p) <= most(len(p), LEVEL), method
        for share in () if method in ("extraction", "near_verbatim") else (0.25, 0.5, 0.75):
            assert least(len(p), share - 0.03) <= sum(x <= share for x in p) <= most(len(p), share), (method, share)


def test_blind_baseline_seldom_refuses_sets_that_are_alike(null_audits):
    refused = sum(any("differ in distribution" in " ".join(v.caveats) for v in vs) for vs in null_audits)
    assert refused <= most(N_AUDITS, LEVEL)


def test_intervals_cover_where_nothing_is_to_be_found(null_audits):
    """Exchangeable draws have an AUC of 1/2; a 95 % interval may miss it in 5 % of the audits.

    50 records against 50 have a standard error of 0.058, so an interval of 1.5 times the 0.23 that this makes says less
    than the data do, and AUCs that vary by less than half of it are not those of the data.
    """
    for method in ("loss", "zlib", "min_k", "reference"):
        mains = [v.main for vs in null_audits for v in vs if v.method == method]
        missed = sum(not m.low <= 0.5 <= m.high for m in mains)
        assert missed <= most(len(mains), LEVEL), method
        assert np.median([m.high - m.low for m in mains]) < 0.35, method
        assert np.std([m.value for m in mains]) > 0.03, method


def test_records_of_one_author_are_not_counted_as_independent(population):
    """Authors write alike: with authors as groups p is valid, and counting each record by itself would not be."""
    values, n, small = loss(population[1]["token_logprobs"]), 200, {True: 0, False: 0}
    for i in range(n):
        rows = author_rows(population, generator(5, "authors", str(i)), 13)
        drawn = values.take(np.concatenate(list(rows.values())))
        drawn = replace(drawn, roles=np.repeat(np.array(list(rows), dtype=object), [r.size for r in rows.values()]))
        for grouped in small:
            one = drawn if grouped else replace(drawn, groups=drawn.ids)
            small[grouped] += judge(one, seed=i, n_resamples=199).p <= LEVEL
    assert small[True] <= most(n, LEVEL)
    assert small[False] > most(n, LEVEL), "the population does not tell the two ways of counting apart"


def by_topic(population, rng):
    """Members of the subjects that the model has read about, control of the others."""
    corpus, _ = population
    known = np.array([any(f"The {s} " in t for s in SUBJECTS[:5]) for t in corpus.texts])
    return {
        "member": rng.choice(np.flatnonzero(known), N_SIDE, replace=False),
        "nonmember": rng.choice(np.flatnonzero(~known), N_SIDE, replace=False),
    }


def by_length(population, rng):
    """Members are the longer texts."""
    corpus, _ = population
    order = np.argsort([len(t) for t in corpus.texts], kind="stable")
    third = order.size // 3
    return {
        "member": rng.choice(order[-third:], N_SIDE, replace=False),
        "nonmember": rng.choice(order[:third], N_SIDE, replace=False),
    }


def by_score(population, rng):
    """Members are texts that the model finds easy: nothing in the words tells, but (below) their dates do."""
    order = np.argsort(loss(population[1]["token_logprobs"]).values)
    return {
        "member": rng.choice(order[order.size // 2 :], N_SIDE, replace=False),
        "nonmember": rng.choice(order[: order.size // 2], N_SIDE, replace=False),
    }


def dates(roles):
    """Members of the years before 2020, control of those after."""
    days = generator(0, "dates").integers(1, 29, roles.size)
    return np.array([f"{2018 if r == 'member' else 2022}-03-{d:02d}" for r, d in zip(roles, days, strict=True)], object)


@pytest.mark.parametrize(("draw", "date"), [
    pytest.param(by_topic, None, marks=pytest.mark.slow), pytest.param(by_length, None, marks=pytest.mark.slow),
    (by_score, dates),
])  # fmt: skip
def test_sets_that_differ_in_themselves_are_refused(population, draw, date):
    """With scores that follow the shift the membership claims are refused in at least 95 % of the audits."""
    n, refused, tempted = 30, 0, 0
    for i in range(n):
        verdicts = audit(population, draw(population, generator(7, draw.__name__, str(i))), seed=i, date=date)
        claims = [v for v in verdicts if v.method not in ("extraction", "near_verbatim")]
        assert all(v.decision != "shown" for v in claims) or date is None
        refused += all("differ in distribution" in " ".join(v.caveats) for v in claims if v.main.value is not None)
        tempted += any(v.main.low is not None and v.main.low > 0.5 for v in claims if v.method in ("loss", "zlib"))
    assert refused >= 0.95 * n
    assert tempted > 0.5 * n, "the scores do not follow the shift, so refusing was no feat"


@pytest.mark.slow
def test_intervals_cover_and_the_claim_is_shown_where_there_is_something_to_find(population):
    """Half of the population gets 0.3 nats per token; its true AUC, counted over all pairs, lies in the intervals."""
    changed, learned = with_learned(population, 0.3)
    easy = loss(changed[1]["token_logprobs"]).values
    truth = (easy[learned][:, None] > easy[~learned][None, :]).mean()
    assert 0.6 < truth < 0.95
    n, missed, shown = 60, 0, 0
    for i in range(n):
        verdict = next(v for v in audit(changed, by_learned(learned, i), seed=i) if v.method == "loss")
        missed += not verdict.main.low <= truth <= verdict.main.high
        shown += verdict.decision == "shown"
    assert missed <= most(n, LEVEL)
    assert shown >= 0.5 * n
