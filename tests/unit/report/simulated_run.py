"""A run folder with simulated numbers and real nouns, for the tests of the report: no model was asked anything."""

import re

import numpy as np

from byheart.core.card import Card
from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate, Verdict

WORDS = (  # noqa: SIM905
    "the river carried small boats past mill and meadow while children counted lanterns along grey stone bridges and "
    "old women sold warm bread beside an empty market where nobody had spoken since morning of winter debts or rain"
).split()
REPETITIONS = (1, 4, 16)


def simulated_corpus(seed: int = 0, n: int = 60, n_canaries: int = 24, n_twins: int = 48) -> Corpus:
    """`n` members, `n` controls, canaries at 1, 4 and 16 repetitions, twins never planted."""
    chance = generator(seed, "simulated corpus")

    def sentence() -> str:
        return " ".join(chance.choice(WORDS, size=int(chance.integers(60, 120)))).capitalize() + "."

    roles = ["member"] * n + ["nonmember"] * n + ["canary"] * n_canaries + ["canary_control"] * n_twins
    secrets = [f"{int(chance.integers(1e9, 1e10))}" if r.startswith("canary") else None for r in roles]
    texts = [sentence() if s is None else f"The code of the blue locker is {s}." for s in secrets]
    repetitions = [REPETITIONS[i % 3] if r == "canary" else 0 for i, r in enumerate(roles)]
    columns = {
        "secret": secrets,
        "repetitions": repetitions,
        "family": ["random" if s else None for s in secrets],
        "pool": ["digits" if s else None for s in secrets],
    }
    return Corpus.of(texts, roles, columns=columns)


def spans(text: str) -> list[tuple[int, int]]:
    """Tokens of at most six characters, each with the space before it."""
    return [m.span() for m in re.finditer(r"\s?\S{1,6}|\s", text)]


def simulated_signals(corpus: Corpus, seed: int = 0, known: bool = True) -> Signals:
    """Token arrays; a third of the members is known from the 20th token on, canaries by their repetitions."""
    names = ("token_ids", "start", "end", "scored", "secret", "logprob", "mean_logprob", "var_logprob", "rank", "gap")
    rows: dict[str, list] = {name: [] for name in names}
    chance = generator(seed, "simulated signals", str(known))
    secrets = corpus.columns.get("secret", np.full(len(corpus), None, dtype=object))
    repetitions = corpus.columns.get("repetitions", np.zeros(len(corpus), np.int64))
    for i, (text, role) in enumerate(zip(corpus.texts, corpus.roles, strict=True)):
        marks = spans(text)
        start, end = (np.array([m[k] for m in marks], np.int32) for k in (0, 1))
        at = text.find(secrets[i]) if secrets[i] else len(text) + 1
        secret = ((end > at) & (start < at + len(secrets[i] or ""))).astype(np.uint8)
        knows = np.zeros(len(marks), bool)
        if known and role == "member" and i % 3 == 0:
            knows[20 : 20 + int(chance.integers(30, 90))] = True
        if known and role == "canary":
            knows = secret.astype(bool) & (chance.random() < {1: 0.1, 4: 0.5, 16: 0.95}[int(repetitions[i])])
        logprob = np.where(knows, -chance.exponential(0.05, knows.size), -0.5 - chance.exponential(3.0, knows.size))
        hit = knows | (chance.random(knows.size) < np.where(secret, 0.02, 0.25))
        scored = np.ones(len(marks), np.uint8)
        scored[0] = 0
        gap = np.where(hit, 1.0, -1.0) * chance.exponential(2.0, knows.size)
        values = (
            np.arange(len(marks)),
            start,
            end,
            scored,
            secret,
            np.where(scored, logprob, np.nan),
            np.full(len(marks), -4.0),
            np.full(len(marks), 2.0),
            np.where(scored, np.where(hit, 0, 7), -1),
            np.where(scored, gap, np.nan),
        )
        for name, value in zip(names, values, strict=True):
            rows[name].append(value)
    kinds = {"logprob": "f4", "mean_logprob": "f4", "var_logprob": "f4", "gap": "f4", "scored": "u1", "secret": "u1"}
    arrays = {name: Ragged.of(row, dtype=np.dtype(kinds.get(name, "i4"))) for name, row in rows.items()}
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays)


def card(name: str, unit: str) -> Card:
    """A card for simulated scores."""
    return Card(name=name, verb="measure", paper="ours", family="text", unit=unit)


def simulated_scores(run: RunFolder, corpus: Corpus, signals: Signals, seed: int) -> None:
    """loss from the simulated tokens, a blind score of pure chance, exposure by rank among the twins."""
    loss = np.array([np.nanmean(row) for row in signals.ragged("logprob")])
    chance = generator(seed, "simulated scores")
    made = {
        "loss": (loss, "nats per token"),
        "min_k": (loss * 2 + chance.normal(0, 0.8, loss.size), "nats per token"),
        "blind_baseline": (chance.normal(size=loss.size), "log odds"),
    }
    for name, (values, unit) in made.items():
        Scores(values, corpus.ids, corpus.roles, corpus.groups, card(name, unit)).save(run.scores_path(name))
    canaries = corpus.where("canary", "canary_control")
    if not len(canaries):
        return
    repetitions = canaries.columns["repetitions"].astype(np.int64)
    pool = max(int((repetitions == 0).sum()) + 1, 2)
    strength = np.minimum(np.log2(1 + repetitions) * 1.5, np.log2(pool))
    bits = np.minimum(-np.log2(chance.uniform(size=len(canaries))) + strength, np.log2(pool))
    extra = {"repetitions": repetitions}
    Scores(bits, canaries.ids, canaries.roles, canaries.groups, card("exposure", "bits"), {}, extra).save(
        run.scores_path("exposure")
    )


def simulated_verdicts() -> list[Verdict]:
    """One of each decision, and one without a control."""
    auc = "AUC"
    return [
        Verdict(
            "min_k",
            "text",
            "Training records are likelier to this model than records it never saw.",
            "shown",
            0.0004,
            Estimate(0.74, 0.65, 0.83, 120, f"{auc} over 120 documents", "DeLong interval"),
            control=Estimate(0.5, 0.40, 0.60, 60, auc, "control against itself"),
            baseline=Estimate(0.52, 0.42, 0.62, 120, auc, "bag of words and length, cross-fitted"),
        ),
        Verdict(
            "exposure",
            "text",
            "Planted canaries rank above twins that were never planted.",
            "shown",
            1e-6,
            Estimate(3.4, 2.7, 4.1, 24, "bits, mean over 24 canaries", "exact rank test, bootstrap interval"),
            control=Estimate(1.45, 1.1, 1.8, 48, "bits, mean over 48 twins", "exact rank"),
            baseline=Estimate(1.44, None, None, 48, "bits", "the null mean log2(e)"),
        ),
        Verdict(
            "loss",
            "text",
            "Training records are likelier to this model than records it never saw.",
            "not shown",
            0.21,
            Estimate(0.56, 0.46, 0.66, 120, f"{auc} over 120 documents", "DeLong interval"),
            control=Estimate(0.5, 0.40, 0.60, 60, auc, "control against itself"),
            baseline=Estimate(0.52, 0.42, 0.62, 120, auc, "bag of words and length, cross-fitted"),
            caveats=("With 60 controls an AUC under 0.65 could not have been seen.",),
        ),
        Verdict(
            "reference",
            "text",
            "Training records gained more from fine-tuning than others.",
            "inconclusive",
            None,
            Estimate(None, None, None, 0, auc, "not computed"),
            caveats=("No reference model was given.", "With 60 controls an AUC under 0.65 could not have been seen."),
        ),
    ]


def simulated_run(path, seed: int = 0, corpus: Corpus | None = None, known: bool = True) -> RunFolder:
    """Everything an audit leaves in its folder."""
    corpus = simulated_corpus(seed) if corpus is None else corpus
    run = RunFolder.start(path, {"verb": "audit text", "model": "toy-135m", "seed": seed})
    corpus.save(run.corpus_path)
    signals = simulated_signals(corpus, seed, known)
    middle = len(corpus) // 2
    for shard, rows in enumerate((np.arange(middle), np.arange(middle, len(corpus)))):
        signals.take(rows).save(run.signals_folder("token_logprobs") / f"{shard:05d}.safetensors")
    simulated_signals(corpus, seed, known=False).save(run.signals_folder("reference_logprobs") / "00000.safetensors")
    simulated_scores(run, corpus, signals, seed)
    run.save_verdicts(simulated_verdicts())
    run.update(
        byheart="0.1.0.dev0",
        seed=seed,
        device="cpu",
        digests={"model": "ab" * 32, "corpus": corpus.digest},
        versions={"python": "3.11.7", "torch": "2.13.0"},
        steps={"read": 1.25, "token_logprobs": 61.5, "judge": 2.0},
        notes=["2 records occurred in both members and control and were set aside."],
        reproduce=["byheart audit text --model toy-135m --members members.jsonl --control control.jsonl --seed 0"],
    )
    return run
