"""The expensive passes of a text audit, as jobs that any engine can do, shard by shard."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from byheart.audit.profiles import Profile
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.signals import SignalKey, Signals
from byheart.execute.job import Engine
from byheart.execute.shards import plan_shards, run_shards
from byheart.signals.text.conditional import conditional_logprobs, prefix_tokens
from byheart.signals.text.continuations import continuations, samples
from byheart.signals.text.gradients import gradient_norm
from byheart.signals.text.lowercase import lowercase_logprobs
from byheart.signals.text.perturbed_prefixes import perturbed_prefixes
from byheart.signals.text.token_logprobs import token_logprobs

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

log = logging.getLogger(__name__)

ON_CPU = 1024
"""Tokens of a shard on a CPU, some seconds of work; not after a prefix, which is read anew for every shard."""

PASSES = (
    "token_logprobs", "reference_logprobs", "lowercase_logprobs", "nonmember_prefix_logprobs",
    "member_prefix_logprobs", "gradient_norm", "continuations", "samples", "perturbed_prefixes",
)  # fmt: skip
CHARACTERS_PER_TOKEN = 4
N_SHOTS = 7
"""Records in a shared prefix, as in ReCaLL (Xie et al. 2024)."""


class Opener:
    """Opens a model: the one at hand in this process, a fresh one in a worker.

    Args:
        target: the model at hand.
    """

    def __init__(self, target: LanguageModel) -> None:
        self._at_hand: LanguageModel | None = target
        self._open = target.opener
        self.on_gpu = target.device.type != "cpu"

    def __getstate__(self) -> dict[str, Any]:
        return {"_at_hand": None, "_open": self._open, "on_gpu": self.on_gpu}

    def __call__(self) -> LanguageModel:
        """The model, loaded at most once per process."""
        if self._at_hand is None:
            self._at_hand = self._open()
        return self._at_hand


@dataclass(frozen=True, eq=False)
class Pass:
    """One pass over records, picklable.

    Args:
        name: of the signals it leaves.
        corpus: the records it reads.
        opener: opens the model, once per worker.
        recipe: from (model, records) to signals.
        target: digest of the model.
        of_base: read with the adapter switched off.
        seed: for what the recipe draws.
        facts: whatever else the numbers depend on, for the key.
    """

    name: str
    corpus: Corpus
    opener: Opener
    recipe: Callable[..., Signals]
    target: str
    of_base: bool = False
    seed: int = 0
    facts: tuple[Any, ...] = ()
    threads: int = field(default_factory=torch.get_num_threads)

    @property
    def key(self) -> SignalKey:
        """What its signals are made from."""
        recipe = digest_json([self.name, self.of_base, *self.facts])
        return SignalKey(self.target, self.corpus.digest, recipe, self.seed)

    @property
    def tokens_per_shard(self) -> int | None:
        """How often work is kept and the bar moves; None for the usual size."""
        return None if self.opener.on_gpu or self.name.endswith("_prefix_logprobs") else ON_CPU

    def open(self) -> LanguageModel:
        """The model, ready to read."""
        return self.opener()

    def work(self, state: LanguageModel, rows: np.ndarray) -> Signals:
        """The signals of these rows."""
        base = state.base() if self.of_base else nullcontext(state)
        assert base is not None, "a pass of the base is planned only where there is one"
        with base as model:
            return replace(self.recipe(model, self.corpus.take(rows), seed=self.seed), key=self.key)


def run_pass(one: Pass, run: RunFolder, engine: Engine, title: str) -> Signals:
    """Do a pass shard by shard, or read what is left of it; its shards lie in the run folder."""
    sizes = np.array([1 + len(t) // CHARACTERS_PER_TOKEN for t in one.corpus.texts], dtype=np.int64)
    log.info("%s (%d records)", title, len(sizes))
    plan = plan_shards(sizes, tokens_per_shard=one.tokens_per_shard)
    with run.step(one.name):
        return run_shards(one, plan, run.signals_folder(one.name), key=one.key, engine=engine, title=title, sizes=sizes)


def text_passes(
    corpus: Corpus,
    target: LanguageModel,
    reference: LanguageModel | None,
    profile: Profile,
    *,
    seed: int,
    batch_size: int | str = "auto",
) -> list[Pass]:
    """The passes that a profile asks for and the records allow, cheapest first.

    Args:
        corpus: all records.
        target: the model under audit.
        reference: a model that never saw the records; None takes the base of an adapter, if there is one.
        profile: which passes.
        seed: draws the shared prefixes and the records that are continued.
        batch_size: tokens per forward pass, or auto.
    """
    return [
        p
        for p in (
            make_pass(n, corpus, target, reference, profile, seed=seed, batch_size=batch_size) for n in profile.passes
        )
        if p is not None
    ]


def make_pass(
    name: str,
    corpus: Corpus,
    target: LanguageModel,
    reference: LanguageModel | None,
    profile: Profile,
    *,
    seed: int,
    batch_size: int | str = "auto",
) -> Pass | None:
    """The pass of this name; None where the records or models do not allow it.

    A name that is none of `PASSES` is that of a file in `signals/text/`: its function of that name reads all records.

    Raises:
        UsageError: if no pass has this name.
    """
    plain = corpus.take(np.isin(corpus.roles, ("member", "nonmember")))
    batches: dict[str, Any] = {"max_tokens_per_batch": batch_size}
    opener, facts = Opener(target), (batch_size,)
    if name == "token_logprobs":
        return Pass(name, corpus, opener, partial(token_logprobs, **batches), target.digest, seed=seed, facts=facts)
    if name == "lowercase_logprobs":
        return Pass(name, plain, opener, partial(lowercase_logprobs, **batches), target.digest, seed=seed, facts=facts)
    if name == "reference_logprobs":
        return _reference_pass(corpus, target, reference, partial(token_logprobs, **batches), seed, facts)
    if name in ("nonmember_prefix_logprobs", "member_prefix_logprobs"):
        return _prefix_pass(name, plain, target, seed, batches)
    if name == "gradient_norm":
        white_box = getattr(target, "module", None) is not None
        return Pass(name, plain, opener, gradient_norm, target.digest, seed=seed) if white_box else None
    if name in ("continuations", "samples"):
        some = _some(plain, profile.n_generated, seed)
        recipe = continuations if name == "continuations" else samples
        return Pass(name, some, opener, recipe, target.digest, seed=seed)
    if name == "perturbed_prefixes":
        some = _some(corpus, profile.n_generated, seed, canaries=True)
        return Pass(name, some, opener, partial(perturbed_prefixes, **batches), target.digest, seed=seed, facts=facts)
    return Pass(name, corpus, opener, _recipe_named(name), target.digest, seed=seed)


def _recipe_named(name: str) -> Callable[..., Signals]:
    """The function of the file in `signals/text/` of this name, where model, records and seed are all it asks for."""
    place = f"byheart.signals.text.{name}"
    if name.isidentifier() and importlib.util.find_spec(place) is not None:
        recipe = getattr(importlib.import_module(place), name, None)
        if recipe is not None:
            options = inspect.signature(recipe).parameters
            asked = {p.name for p in options.values() if p.default is p.empty and p.name != "seed"}
            if asked == {"target", "corpus"} and "seed" in options:
                return recipe  # type: ignore[no-any-return]
    raise UsageError(f"no pass is called {name!r}; there are {', '.join(PASSES)}")


def shadow_pass(shadow: LanguageModel, number: int, corpus: Corpus, *, seed: int) -> Pass:
    """The pass of one shadow model over members and control."""
    plain = corpus.take(np.isin(corpus.roles, ("member", "nonmember")))
    return Pass(f"shadow_{number:03d}_logprobs", plain, Opener(shadow), token_logprobs, shadow.digest, seed=seed)


def _reference_pass(
    corpus: Corpus, target: LanguageModel, reference: LanguageModel | None, recipe: Callable[..., Signals], seed: int,
    facts: tuple[Any, ...],
) -> Pass | None:  # fmt: skip
    """Over the reference, or over the base under the target's adapter: one copy in memory."""
    name = "reference_logprobs"
    if reference is not None:
        return Pass(name, corpus, Opener(reference), recipe, reference.digest, seed=seed, facts=facts)
    base = target.base()
    if base is None:
        return None
    with base as model:
        digest = model.digest
    return Pass(name, corpus, Opener(target), recipe, digest, of_base=True, seed=seed, facts=facts)


def _prefix_pass(name: str, plain: Corpus, target: LanguageModel, seed: int, batches: dict[str, Any]) -> Pass | None:
    """After a shared prefix of records that are then left out of what is scored."""
    shots = {role: _shots(plain, role, seed) for role in ("nonmember", "member")}
    role = name.removesuffix("_prefix_logprobs")
    if shots[role].size == 0 or (role == "member" and shots["nonmember"].size == 0):
        return None
    apart = shots["nonmember"] if role == "nonmember" else np.concatenate([shots["nonmember"], shots["member"]])
    texts = [plain.items[int(i)] for i in shots[role]]
    if not _fits(target, texts):
        return None
    rest = plain.take(np.setdiff1d(np.arange(len(plain)), apart))
    recipe = partial(conditional_logprobs, prefix_texts=texts, **batches)
    facts = tuple(plain.ids[shots[role]].tolist())
    return Pass(name, rest, Opener(target), recipe, target.digest, seed=seed, facts=facts)


def _fits(target: LanguageModel, texts: list[Any]) -> bool:
    """Whether at least one text of a prefix leaves room for the record that is read after it."""
    try:
        prefix_tokens(target, texts)
    except UsageError as e:
        log.warning("No score is taken after a shared prefix: %s.", e)
        return False
    return True


def _shots(plain: Corpus, role: str, seed: int) -> np.ndarray:
    """Rows of a shared prefix; none where they would take more than a fifth of the set."""
    rows = np.flatnonzero(plain.roles == role)
    if rows.size < 5 * N_SHOTS:
        return rows[:0]
    return np.sort(generator(seed, "shared prefix", role).choice(rows, N_SHOTS, replace=False))


def _some(corpus: Corpus, n: int, seed: int, *, canaries: bool = False) -> Corpus:
    """At most n members and n control records, drawn by the seed; with all canaries and at most n of their twins."""
    most = {"member": n, "nonmember": n, **({"canary": len(corpus), "canary_control": n} if canaries else {})}
    chosen = [
        generator(seed, "continued", role).permutation(np.flatnonzero(corpus.roles == role))[:k]
        for role, k in most.items()
    ]
    return corpus.take(np.sort(np.concatenate(chosen)))
