"""Canaries: drawn alike, planted by chance, committed to; a changed manifest is found out."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.core.mask import find_personal, luhn
from byheart.core.randomness import generator
from byheart.data.canaries.canaries import Canary, Manifest, commitment_to, make_canaries
from byheart.data.canaries.patterns import PATTERNS, draws
from byheart.data.canaries.planted import verify_manifest

SMALL = {"repetitions": (1, 4), "per_repetition": 2, "controls": 5}


def length(texts):
    """A scorer: nats per token as a plain function of the text."""
    return [len(t) / 10 for t in texts]


def test_the_counts_are_as_asked():
    manifest = make_canaries(seed=0)
    assert len(manifest.canaries) == 4 * (3 * 8 + 100)
    for pool in ("random", "card", "email", "password"):
        counts = [c.repetitions for c in manifest.canaries if c.pool == pool]
        assert {r: counts.count(r) for r in (0, 1, 4, 16)} == {0: 100, 1: 8, 4: 8, 16: 8}
    assert len(manifest.planted) == 96
    assert verify_manifest(manifest).open == ()


def test_the_corpus_has_the_columns_of_the_house():
    corpus = make_canaries(seed=0, **SMALL).corpus()
    assert set(corpus.columns) == {"secret", "family", "repetitions", "pool"}
    assert corpus.columns["repetitions"].dtype.kind == "i"
    assert all(s in t for s, t in zip(corpus.columns["secret"], corpus.texts, strict=True))
    assert (corpus.columns["repetitions"] == 0).tolist() == (corpus.roles == "canary_control").tolist()
    assert set(corpus.roles) == {"canary", "canary_control"}


@pytest.mark.parametrize("layout", ["text", "chat", "prompt"])
def test_layouts(layout, tmp_path):
    corpus = make_canaries(seed=0, **SMALL).corpus(layout)
    item = corpus.items[0]
    if layout == "chat":
        assert [m["role"] for m in item] == ["user", "assistant"]
        assert corpus.columns["secret"][0] not in item[0]["content"]
    corpus.save(tmp_path / "c.parquet")
    assert Corpus.load(tmp_path / "c.parquet").digest == corpus.digest


def test_no_secret_is_anybody_s():
    for draw in draws("card", 300, generator(0, "t")):
        digits = draw.secret.replace(" ", "")
        assert re.fullmatch(r"(400000|424242|555555)[0-9]{10}", digits)
        assert luhn(digits)
        assert [f.kind for f in find_personal(draw.text)] == ["card"]
    for draw in draws("email", 300, generator(0, "t")):
        assert re.fullmatch(r"[a-z]+\.[a-z]+[0-9]{4}@example\.(com|net|org)", draw.secret)


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_draws_differ_hold_their_secret_and_grow_from_the_front(pattern):
    many = draws(pattern, 200, generator(3, "t"))
    assert draws(pattern, 50, generator(3, "t")) == many[:50]
    assert len({d.secret for d in many}) == 200
    assert all(d.text.count(d.secret) == 1 and d.secret not in d.question for d in many)
    assert all(json.dumps(d.secret) == f'"{d.secret}"' for d in many)  # the same characters in JSON


def test_every_subset_is_equally_likely():
    # 5 strings, 2 planted once: 10 subsets. 1000 seeds, chi-square with 9 degrees of freedom; p > 0.001 by design fails
    # once in 1000 choices of seeds, and these seeds are fixed.
    subsets = {}
    for seed in range(1000):
        made = make_canaries(seed=seed, families=["random"], repetitions=[1], per_repetition=2, controls=3, salt="s")
        planted = tuple(i for i, c in enumerate(made.canaries) if c.role == "canary")
        subsets[planted] = subsets.get(planted, 0) + 1
    assert len(subsets) == 10
    assert stats.chisquare(list(subsets.values())).pvalue > 0.001


def test_the_coin_is_fair_for_each_string_and_independent():
    roles = np.array(
        [
            [c.repetitions > 0 for c in make_canaries(
                seed=s, families=["random"], repetitions=[1, 4], per_repetition=3, controls=6, design="coin", salt="s"
            ).canaries]
            for s in range(400)
        ]
    )  # fmt: skip
    # 400 x 12 fair coins: mean 0.5 with standard deviation 0.0072; neighbours agree in half of 4400 pairs, sd 0.0075
    assert abs(roles.mean() - 0.5) < 4 * 0.0072
    assert abs((roles[:, 1:] == roles[:, :-1]).mean() - 0.5) < 4 * 0.0075


def test_the_same_seed_gives_the_same_strings_and_another_salt_another_commitment():
    a, b = make_canaries(seed=5, **SMALL), make_canaries(seed=5, **SMALL)
    assert a.canaries == b.canaries
    assert a.commitment != b.commitment
    assert make_canaries(seed=5, salt="x", **SMALL) == make_canaries(seed=5, salt="x", **SMALL)
    assert make_canaries(seed=6, **SMALL).canaries != a.canaries


def test_a_pool_does_not_depend_on_the_others():
    both = make_canaries(seed=5, families=["random", "card"], **SMALL)
    assert make_canaries(seed=5, families=["card"], **SMALL).canaries == both.canaries[9:]


def test_high_perplexity_keeps_the_highest_quarter_or_the_band():
    manifest = make_canaries(seed=0, families=["perplexity"], score=length, **SMALL)
    everyone = [d.secret for d in draws("perplexity", 36, generator(0, "canary strings", "perplexity"))]
    kept = [c.secret for c in manifest.canaries]
    assert sorted(map(len, kept)) == sorted(map(len, everyone))[-9:]
    low, high = np.quantile(length(everyone), [0.2, 0.6])
    banded = make_canaries(seed=0, families=["perplexity"], score=length, band=(low, high), **SMALL)
    assert all(low <= len(c.secret) / 10 <= high for c in banded.canaries)
    assert "not recomputed" in verify_manifest(banded).open[0]
    with pytest.raises(DataError, match=r"0 of 36 candidates have 90 to 99 nats per token, 9 are needed"):
        make_canaries(seed=0, families=["perplexity"], score=length, band=(90, 99), **SMALL)
    with pytest.raises(DataError, match="not finite"):
        make_canaries(seed=0, families=["perplexity"], score=lambda t: [float("nan")] * len(t), **SMALL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"families": ["perplexity"]}, "perplexity needs a model to score"),
        ({"families": ["name"]}, "families are of .*; got name"),
        ({"families": []}, "got none"),
        ({"families": ["card", "card"]}, "each once"),
        ({"repetitions": [0]}, "counts from 1 on"),
        ({"repetitions": []}, "counts from 1 on"),
        ({"per_repetition": 0}, "0 strings of each"),
        ({"controls": 0}, "controls is at least 1; got 0"),
        ({"design": "dice"}, "fixed or coin; got 'dice'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(UsageError, match=message):
        make_canaries(seed=0, **options)


def test_save_and_load(tmp_path):
    manifest = make_canaries(seed=1, **SMALL)
    manifest.save(tmp_path / "m.json")
    assert Manifest.load(tmp_path / "m.json") == manifest
    assert json.loads((tmp_path / "m.json").read_text())["schema"] == "byheart.canaries/1"
    sealed = manifest.sealed()
    sealed.save(tmp_path / "s.json")
    assert '"seed": null' in (tmp_path / "s.json").read_text()
    assert "not revealed" in verify_manifest(sealed).open[0]


def test_the_commitment_can_be_recomputed_by_hand():
    import hashlib

    manifest = make_canaries(seed=7, salt="salt", **SMALL)
    text = json.dumps([7, "salt", dict(manifest.settings)], sort_keys=True)
    assert (
        manifest.commitment == hashlib.sha256(text.encode()).hexdigest() == commitment_to(7, "salt", manifest.settings)
    )


def changed(manifest, row, **fields):
    canaries = list(manifest.canaries)
    canaries[row] = replace(canaries[row], **fields)
    return replace(manifest, canaries=tuple(canaries))


def tamper(manifest, how):
    first = next(i for i, c in enumerate(manifest.canaries) if c.role == "canary")
    twin = next(i for i, c in enumerate(manifest.canaries) if c.role == "canary_control")
    if how == "swap":
        swapped = changed(manifest, first, role="canary_control", repetitions=0)
        return changed(swapped, twin, role="canary", repetitions=manifest.canaries[first].repetitions)
    if how == "secret":
        c = manifest.canaries[first]
        return changed(manifest, first, secret="zzz", text=c.text.replace(c.secret, "zzz"))
    return {
        "seed": lambda: replace(manifest, seed=99),
        "salt": lambda: replace(manifest, salt="other"),
        "settings": lambda: replace(manifest, settings={**manifest.settings, "controls": 4}),
        "repetitions": lambda: changed(manifest, first, repetitions=2),
        "question": lambda: changed(manifest, first, question="Well?"),
        "dropped": lambda: replace(manifest, canaries=manifest.canaries[:-1]),
        "text": lambda: changed(manifest, first, text="nothing here"),
        "role": lambda: changed(manifest, first, role="canary_control"),
        "id": lambda: changed(manifest, first, id=manifest.canaries[twin].id),
        "twice": lambda: changed(
            manifest, first, secret=manifest.canaries[twin].secret, text=manifest.canaries[twin].text
        ),
        "commitment": lambda: replace(manifest, commitment="0" * 64),
    }[how]()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("swap", "another role than its seed draws"), ("secret", "another secret"), ("seed", "do not fit"),
        ("salt", "do not fit"), ("settings", "do not fit"), ("repetitions", "another repetitions"),
        ("question", "another question"), ("dropped", "draws 36 strings, the manifest holds 35"),
        ("text", "does not hold its secret once"), ("role", "'canary_control' with"), ("id", "have one id"),
        ("twice", "have one secret"), ("commitment", "do not fit"),
    ],
)  # fmt: skip
def test_tampering_is_found(how, message):
    manifest = make_canaries(seed=1, **SMALL)
    verify_manifest(manifest)
    with pytest.raises(DataError, match=message):
        verify_manifest(tamper(manifest, how))


def test_a_seed_chosen_afterwards_shows_in_the_commitment():
    honest = make_canaries(seed=1, salt="s", **SMALL)
    other = make_canaries(seed=2, salt="s", **SMALL)
    with pytest.raises(DataError, match="commitment"):
        verify_manifest(replace(other, commitment=honest.commitment))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "no whole canary manifest"),
        ("[]", "no canary manifest"),
        ('{"schema": "byheart.canaries/9"}', "no canary manifest"),
        ('{"schema": "byheart.canaries/1"}', "no whole canary manifest"),
        (
            '{"schema": "byheart.canaries/1", "canaries": [], "kept": [], "settings": {}, "commitment": ""}',
            "no canaries",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, body, message):
    (tmp_path / "m.json").write_text(body)
    with pytest.raises(DataError, match=message):
        Manifest.load(tmp_path / "m.json")
    with pytest.raises(DataError, match="cannot be read"):
        Manifest.load(tmp_path / "absent.json")


def test_canaries_without_twins_are_refused(tmp_path):
    manifest = make_canaries(seed=0, families=["random"], **SMALL)
    alone = replace(manifest, canaries=manifest.planted)
    alone.save(tmp_path / "m.json")
    with pytest.raises(DataError, match="pool 'random' have no never-planted twins"):
        Manifest.load(tmp_path / "m.json")
    twins = tuple(c for c in manifest.canaries if c.role == "canary_control")
    with pytest.raises(DataError, match="no string of pool 'random' is planted"):
        verify_manifest(replace(manifest, canaries=twins))


def test_a_canary_is_what_it_says():
    c = Canary("i", "random", "random", "canary", 1, "s3", "It is s3.", "What is it?")
    assert c.item("prompt") == {"prompt": "What is it?\n", "completion": "It is s3."}
