"""What every method promises, tried on all that the tree holds: a new method is tested here without a line added."""

import copy
import importlib
import importlib.util
import inspect
import re
from dataclasses import replace

import numpy as np
import pytest

from byheart.audit.text.passes import PASSES
from byheart.core.card import CLAIMS, VERBS, addresses, load
from byheart.core.corpus import Corpus
from byheart.core.errors import ByheartError
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.table.nearest_rows import RECIPES

ALL = addresses()
SOURCES = {"corpus", "canaries", "coins", "twins", "replies", "hunted", "chain_candidates", "token_events", "scores",
           "verdicts", "index", "target"}  # fmt: skip
N = 24  # members, and as many others
ROLES = ["member"] * N + ["nonmember"] * N + ["canary"] * 4 + ["canary_control"] * 8 + ["nonmember"]
KNOWN = np.isin(ROLES, ("member", "canary"))  # what the planted model knows; the last record has no token at all
IDS = [f"r{i:03d}" for i in range(len(ROLES))]
TWIN_OF = np.array(["" if r != "nonmember" else IDS[i % N] for i, r in enumerate(ROLES)], dtype=object)
TWIN_FAMILY = np.where(TWIN_OF == "", IDS, TWIN_OF).astype(object)
LENGTHS = np.array([40] * (len(ROLES) - 1) + [0])


def ragged(rng, known, unknown, spread=0.3):
    """Rows of numbers about one level for known records and another for the rest."""
    levels = np.where(KNOWN, known, unknown)
    return Ragged.of([rng.normal(x, spread, n) for x, n in zip(levels, LENGTHS, strict=True)], dtype=np.float32)


def signals(**arrays):
    names = np.array(IDS, dtype=object)
    return Signals(names, np.array(ROLES, dtype=object), names.copy(), arrays)


def token_signals(rng, known, unknown):
    """As one pass leaves them; known records repeat themselves, so that a reader of repetition finds some."""
    period = np.where(KNOWN, 4, 40)
    draws = [rng.permutation(1000)[:p] for p in period]
    ids = [np.resize(d, n).astype(np.int32) for d, n in zip(draws, LENGTHS, strict=True)]
    logprob, one = ragged(rng, known, unknown), np.ones(int(LENGTHS.sum()))
    shape = logprob.like
    return signals(
        token_ids=Ragged.of(ids, dtype=np.int32),
        scored=shape(one.astype(np.uint8)),
        secret=shape(one.astype(np.uint8)),
        logprob=shape(np.minimum(logprob.values, 0)),
        mean_logprob=shape(-one.astype(np.float32)),
        var_logprob=shape(one.astype(np.float32)),
        rank=shape(np.where(logprob.values > -2, 0, 5).astype(np.int32)),
        gap=shape(logprob.values + 2),
        mass_above=shape(np.where(logprob.values > -2, 0, 0.5).astype(np.float32)),
        n_bytes=np.full(len(ROLES), 160),
        n_zlib=np.full(len(ROLES), 100),
        n_windows=np.ones(len(ROLES), dtype=np.int64),
    )


def same_tokens_as(signals_, rng, known, unknown):
    logprob = ragged(rng, known, unknown)
    return Signals(signals_.ids, signals_.roles, signals_.groups, {**signals_.arrays, "logprob": logprob})


def scores(name, **extra):
    """Scores of another method, higher for what is known, with the columns that methods read off them."""
    names = np.array(IDS, dtype=object)
    values = np.where(KNOWN, 0.9, 0.1)
    return Scores(values, names, np.array(ROLES, dtype=object), names.copy(), load(f"measure/{name}").card, {}, extra)


def planted():
    """By name, all that readers read, of a model that knows its members and canaries and nothing else."""
    rng = np.random.default_rng(0)
    own = token_signals(rng, -0.5, -9.0)
    expected = [rng.integers(0, 1000, min(n, 30)) for n in LENGTHS]
    said = [e if known else rng.integers(0, 1000, e.size) for e, known in zip(expected, KNOWN, strict=True)]
    tokens = {"dtype": np.int32}
    corpus = Corpus.of(
        [f"once upon a time {'known' if known else 'new'} {rng.integers(10**6)}" for known in KNOWN],
        ROLES,
        ids=IDS,
        columns={"pool": ["a"] * len(ROLES), "repetitions": [4 if r == "canary" else 0 for r in ROLES]},
    )
    return {
        "token_logprobs": own,
        "lowercase_logprobs": same_tokens_as(own, rng, -9.0, -9.0),
        "reference_logprobs": same_tokens_as(own, rng, -9.0, -9.0),
        "nonmember_prefix_logprobs": same_tokens_as(own, rng, -2.0, -9.5),
        "member_prefix_logprobs": same_tokens_as(own, rng, -0.5, -9.0),
        "gradient_norm": signals(gradient_norm=np.where(KNOWN, 0.1, 2.0) + rng.uniform(0, 0.01, len(ROLES))),
        "continuations": signals(generated=Ragged.of(said, **tokens), expected=Ragged.of(expected, **tokens)),
        "hunted": signals(
            expected=Ragged.of(expected, **tokens),
            context=Ragged.of([[7]] * len(ROLES), **tokens),
            prompt_000=Ragged.of([[8, 9]] * len(ROLES), **tokens),
            prompt_text_000=Ragged.of([list(b"say it")] * len(ROLES), dtype=np.uint8),
            response_000=Ragged.of(said, **tokens),
            nll=np.where(KNOWN, 0.1, 4.0)[:, None],
            tokens=np.full(len(ROLES), 60),
        ),
        "samples": signals(
            greedy=Ragged.of(expected, **tokens),
            sample_000=Ragged.of(said, **tokens),
            sample_001=Ragged.of(said, **tokens),
        ),
        "shadow_logprobs": [
            token_signals(rng, -0.5, -9.0) if i % 2 else token_signals(rng, -9.0, -9.0) for i in range(8)
        ],
        "contamination": scores("contamination", right=KNOWN.astype(float), family=TWIN_FAMILY),
        "exposure": scores("exposure", secret_logprob=np.where(KNOWN, -1.0, -60.0)),
        "memhunter": scores("memhunter"),
        "corpus": corpus,
        "canaries": corpus,
        "coins": corpus,
        "twins": replace(corpus, columns={"twin_of": TWIN_OF, "answered": np.zeros(len(ROLES), bool)}),
    }


PLANTED = planted()
INCLUDED = np.array([np.full(len(ROLES), bool(i % 2)) for i in range(8)])
READERS = [
    a
    for a in ALL
    if a.startswith("measure/")
    and load(a).card.family == "text"  # readers of tables: test_table_methods.py
    and load(a).card.needs
    and set(load(a).card.needs) <= set(PLANTED)
]


def inputs(address, rows=None):
    """The positional inputs and options of a reader, at some of the records."""
    reader = load(address)
    rows = np.arange(len(ROLES)) if rows is None else rows
    chosen = [PLANTED[name] for name in reader.card.needs]
    taken = [[s.take(rows) for s in x] if isinstance(x, list) else x.take(rows) for x in chosen]
    options = {"included": INCLUDED[:, rows]} if "included" in inspect.signature(reader).parameters else {}
    return reader, taken, options


def arrays_of(thing):
    if isinstance(thing, list):
        return [a for part in thing for a in arrays_of(part)]
    if isinstance(thing, Scores):
        return [thing.values, thing.ids, thing.roles, thing.groups, *thing.extra.values()]
    if isinstance(thing, Corpus):
        return [np.array(thing.texts), thing.ids, thing.roles, thing.groups, *thing.columns.values()]
    flat = [a.values if isinstance(a, Ragged) else a for a in thing.arrays.values()]
    return [thing.ids, thing.roles, thing.groups, *flat]


def test_no_reader_slips_through():
    """A reader of signals that nobody plants here would not be tested; name its signals in `planted`."""
    readers = {a for a in ALL if a.startswith("measure/") and load(a).card.family == "text" and load(a).card.needs}
    assert len(READERS) >= 26
    assert readers == set(READERS)


@pytest.mark.parametrize("address", ALL)
def test_card_is_complete(address):
    card = load(address).card
    assert card.address == address
    assert card.verb in VERBS
    assert card.family == "any" or importlib.util.find_spec(f"byheart.audit.{card.family}"), "a family has a room"
    assert re.fullmatch(r"\d{4}\.\d{4,5}|10\.\d{4,9}/\S+|ours", card.paper), card.paper
    for field in ("unit", "cost", "limits", "summary", "source"):
        assert getattr(card, field).strip(), f"the card says nothing about its {field}"
    assert card.summary[-1] in ".?!"
    module = inspect.getdoc(inspect.getmodule(load(address)))
    assert card.paper in module or card.paper == "ours"


@pytest.mark.parametrize("address", ALL)
def test_docstring_says_what_goes_in_and_comes_out(address):
    function = load(address)
    doc = inspect.getdoc(function)
    assert "Returns:" in doc
    parameters = inspect.signature(function).parameters
    if parameters:
        assert "Args:" in doc
    for name, parameter in parameters.items():
        assert re.search(rf"\b{name}\b", doc), f"{name} is not explained"
        assert parameter.kind is not parameter.VAR_KEYWORD
        assert parameter.annotation is not parameter.empty


@pytest.mark.parametrize("address", READERS)
def test_inputs_come_in_the_order_of_the_card(address):
    reader = load(address)
    kinds = [p.kind for p in inspect.signature(reader).parameters.values()]
    positional = [k for k in kinds if k is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert len(positional) == len(reader.card.needs)
    assert all(k is inspect.Parameter.KEYWORD_ONLY for k in kinds[len(positional) :])


@pytest.mark.parametrize("address", READERS)
def test_known_records_score_higher(address):
    reader, taken, options = inputs(address)
    scores = reader(*taken, **options)
    assert isinstance(scores, Scores)
    assert scores.values.dtype == np.float64
    sides = [
        (scores.where(a).values, scores.where(b).values)
        for a, b in (("member", "nonmember"), ("canary", "canary_control"))
    ]
    compared = [(known, other) for known, other in sides if known.size and other.size]
    assert compared
    for known, other in compared:
        assert np.median(known) > np.median(other)


@pytest.mark.parametrize("address", READERS)
def test_inputs_stay_as_they_are(address):
    reader, taken, options = inputs(address)
    before = copy.deepcopy([arrays_of(x) for x in taken])
    first = reader(*taken, **options)
    for old, new in zip(before, (arrays_of(x) for x in taken), strict=True):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first.values, reader(*taken, **options).values)  # and twice is the same


@pytest.mark.parametrize("address", READERS)
def test_order_of_records_does_not_count(address):
    reader, taken, options = inputs(address)
    straight = reader(*taken, **options)
    order = np.random.default_rng(1).permutation(len(ROLES))
    reader, taken, options = inputs(address, order)
    shuffled = reader(*taken, **options)
    assert shuffled.ids.tolist() == straight.ids[order].tolist()
    np.testing.assert_allclose(shuffled.values, straight.values[order], rtol=1e-6)
    for name, column in straight.extra.items():
        if column.dtype == object:
            np.testing.assert_array_equal(shuffled.extra[name], column[order])
        else:
            np.testing.assert_allclose(shuffled.extra[name].astype(float), column[order].astype(float), rtol=1e-6)


@pytest.mark.parametrize("address", READERS)
def test_saved_and_loaded_is_the_same(address, tmp_path):
    reader, taken, options = inputs(address)
    scores = reader(*taken, **options)
    scores.save(tmp_path / "scores.parquet")
    back = Scores.load(tmp_path / "scores.parquet")
    np.testing.assert_array_equal(back.values, scores.values)
    assert (back.card, back.ids.tolist(), dict(back.params)) == (scores.card, scores.ids.tolist(), dict(scores.params))
    assert set(back.extra) == set(scores.extra)
    for name, column in scores.extra.items():
        np.testing.assert_array_equal(back.extra[name], column)


@pytest.mark.parametrize("rows", [[], [0], [len(ROLES) - 1]], ids=["none", "one", "one without tokens"])
@pytest.mark.parametrize("address", READERS)
def test_few_records_are_scored_or_refused_in_words(address, rows):
    reader, taken, options = inputs(address, np.array(rows, dtype=np.int64))
    try:
        scores = reader(*taken, **options)
    except ByheartError:
        return
    assert len(scores) == len(rows)


@pytest.mark.parametrize("claim", CLAIMS[:-1])
def test_every_kind_of_claim_has_a_judge_and_a_sentence(claim):
    judge = importlib.import_module(f"byheart.stats.judge.{claim}")
    assert list(inspect.signature(judge.judge_claim).parameters) == ["scores", "beside"]
    assert judge.CLAIM.endswith((".", "?"))


@pytest.mark.parametrize("address", ALL)
def test_a_card_names_what_there_is(address):
    """Scores that a claim rests on are those of a method, and a name that a card needs means one thing."""
    card = load(address).card
    assert {f"measure/{name}" for name in card.rests_on} <= set(ALL)
    assert not (card.guesses and card.claim != "none"), "what others are held against claims nothing itself"
    assert card.name not in {*PASSES, *RECIPES, *SOURCES}
