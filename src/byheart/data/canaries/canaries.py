"""Does the model know what nobody could have guessed? Planted strings with twins that were never planted.

In each pool N strings are drawn alike from a public generator and chance decides which are planted. A model that
learned nothing cannot tell these from their twins, so the rank of a planted string among the twins has an exact law.

Source: Carlini et al. 2019, arXiv 1802.08232, section 4 (canaries, exposure); Zhang et al. 2024, arXiv 2409.19798 (why
random canaries license a proof); Steinke et al. 2023, arXiv 2305.08846, algorithm 1 (each in by a fair coin).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.atomic import write_json
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import DataError, UsageError
from byheart.core.randomness import generator
from byheart.data.canaries.patterns import PATTERNS, Draw, draws

SCHEMA = "byheart.canaries/1"
DESIGNS = ("fixed", "coin")
CANDIDATES = 4  # high-perplexity candidates scored for each one wanted
Score = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Canary:
    """One string, planted (`role` canary) or kept out (`canary_control`, repetitions 0).

    What it looks like is its `pattern`; files and options say family, as they did first.
    """

    id: str
    pattern: str
    pool: str
    role: str
    repetitions: int
    secret: str
    text: str
    question: str

    def item(self, layout: str) -> Any:
        """The record as the model is trained on it: `text`, `chat` or `prompt`."""
        if layout == "chat":
            return [{"role": "user", "content": self.question}, {"role": "assistant", "content": self.text}]
        return self.text if layout == "text" else {"prompt": self.question + "\n", "completion": self.text}

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        fields = asdict(self)
        return {"family": fields.pop("pattern"), **fields}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Canary:
        """From a manifest."""
        return cls(pattern=fields["family"], **{k: v for k, v in fields.items() if k != "family"})


@dataclass(frozen=True)
class Manifest:
    """What was planted, what was kept out, and how chance decided it.

    Args:
        canaries: all strings of all pools.
        settings: what `make_canaries` was asked for.
        commitment: digest of seed, salt and settings; to be published before training.
        seed: None until it is revealed.
        salt: the same; keeps small seeds from being guessed from the commitment.
        kept: numbers of the candidates that the scorer chose, for the pattern `perplexity`.
        data: digests, layout and size of the data they were planted in; None before that.
    """

    canaries: tuple[Canary, ...]
    settings: Mapping[str, Any]
    commitment: str
    seed: int | None = None
    salt: str | None = None
    kept: tuple[int, ...] = ()
    data: Mapping[str, Any] | None = None

    def save(self, path: Path | str) -> None:
        """Write it as JSON. It holds every secret: keep it beside the data, not beside the model."""
        body = {**{k: getattr(self, k) for k in _FIELDS}, "canaries": [c.to_dict() for c in self.canaries]}
        write_json({"schema": SCHEMA, **body, "kept": list(self.kept)}, Path(path))

    @classmethod
    def load(cls, path: Path | str) -> Manifest:
        """Read what `save` wrote.

        Raises:
            DataError: if there is no such file, or it is no canary manifest of this version.
        """
        path = Path(path)
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
                raise DataError(f"{path} is no canary manifest ({SCHEMA}); make one with `byheart canaries make`")
            canaries = tuple(Canary.from_dict(c) for c in body.pop("canaries"))
            manifest = cls(canaries, kept=tuple(body.pop("kept")), **body)
        except OSError as e:
            raise DataError(
                f"{path} cannot be read ({e.strerror}); give a manifest of `byheart canaries make`"
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError) as e:
            raise DataError(f"{path} is no whole canary manifest ({type(e).__name__}: {e}); make it anew") from None
        refuse_without_twins(manifest.canaries)
        return manifest

    def sealed(self) -> Manifest:
        """The same without seed and salt."""
        return replace(self, seed=None, salt=None)

    def corpus(self, layout: str | None = None) -> Corpus:
        """The strings as records with the columns `secret`, `family`, `repetitions` and `pool`.

        Args:
            layout: `text`, `chat` or `prompt`; that of the data they were planted in by default.
        """
        layout = layout or str((self.data or {}).get("layout", "text"))
        fields = [c.to_dict() for c in self.canaries]
        columns = {k: [f[k] for f in fields] for k in ("secret", "family", "repetitions", "pool")}
        items = [c.item(layout) for c in self.canaries]
        return Corpus.of(items, [c.role for c in self.canaries], ids=[c.id for c in self.canaries], columns=columns)

    @property
    def planted(self) -> tuple[Canary, ...]:
        """Those that go into the data."""
        return tuple(c for c in self.canaries if c.role == "canary")


_FIELDS = ("settings", "commitment", "seed", "salt", "data")


def make_canaries(
    *,
    seed: int,
    families: Sequence[str] = ("random", "card", "email", "password"),
    repetitions: Sequence[int] = (1, 4, 16),
    per_repetition: int = 8,
    controls: int = 100,
    design: str = "fixed",
    score: Score | None = None,
    band: tuple[float, float] | None = None,
    salt: str | None = None,
) -> Manifest:
    """Draw canaries and their twins.

    Each pattern is a pool of `len(repetitions) * per_repetition + controls` strings.

    Args:
        seed: decides strings and roles.
        families: patterns, of `random`, `perplexity`, `card`, `email`, `password`.
        repetitions: how often a planted string stands in the data, each count for `per_repetition` of them.
        per_repetition: planted strings of each count.
        controls: twins in each pool.
        design: `fixed` plants a random subset of exactly that size; `coin` plants each string of the pool with
            probability 1/2, with a count drawn at random, as the one-run bound on the privacy parameter needs.
        score: mean nats per token of each text under a model; needed for `perplexity`.
        band: nats per token between which a high-perplexity secret lies; by default the highest quarter of candidates.
        salt: makes the commitment repeatable; drawn from the system when None.

    Raises:
        UsageError: on an unknown family or design, counts below one, or `perplexity` without a scorer.
        DataError: if too few candidates lie in the band, or the coin leaves a pool without canaries or twins.
    """
    _check(families, repetitions, per_repetition, controls, design, score)
    settings = {
        "families": list(families), "repetitions": [int(r) for r in repetitions], "per_repetition": int(per_repetition),
        "controls": int(controls), "design": design, "band": None if band is None else [float(b) for b in band],
        "numpy": np.__version__,
    }  # fmt: skip
    kept = _kept(settings, seed, score) if "perplexity" in families else ()
    salt = secrets.token_hex(16) if salt is None else salt
    return Manifest(drawn(settings, seed, kept), settings, commitment_to(seed, salt, settings), seed, salt, kept)


def drawn(settings: Mapping[str, Any], seed: int, kept: Sequence[int] = ()) -> tuple[Canary, ...]:
    """The strings and roles that seed and settings decide; a reader redraws them to check a manifest."""
    canaries: list[Canary] = []
    for pattern in settings["families"]:
        pool = _strings(pattern, settings, seed, kept)
        counts = _counts(len(pool), settings, generator(seed, "canary roles", pattern))
        for i, (d, count) in enumerate(zip(pool, counts.tolist(), strict=True)):
            role = "canary" if count else "canary_control"
            canaries.append(
                Canary(f"canary-{pattern}-{i:05d}", pattern, pattern, role, count, d.secret, d.text, d.question)
            )
    refuse_without_twins(canaries)
    return tuple(canaries)


def commitment_to(seed: int, salt: str, settings: Mapping[str, Any]) -> str:
    """SHA-256 of seed, salt and settings (hex)."""
    return digest_json([int(seed), salt, dict(settings)])


def refuse_without_twins(canaries: Sequence[Canary]) -> None:
    """Raise if a pool lacks planted strings or twins.

    Raises:
        DataError: naming the pool.
    """
    if not canaries:
        raise DataError("the manifest holds no canaries; make them with `byheart canaries make`")
    for pool in dict.fromkeys(c.pool for c in canaries):
        roles = {c.role for c in canaries if c.pool == pool}
        if "canary_control" not in roles:
            raise DataError(f"the canaries of pool {pool!r} have no never-planted twins to rank among; make them anew")
        if "canary" not in roles:
            raise DataError(f"no string of pool {pool!r} is planted; make the canaries anew with another seed")


def _pool_size(settings: Mapping[str, Any]) -> int:
    return len(settings["repetitions"]) * int(settings["per_repetition"]) + int(settings["controls"])


def _strings(pattern: str, settings: Mapping[str, Any], seed: int, kept: Sequence[int]) -> list[Draw]:
    rng = generator(seed, "canary strings", pattern)
    if pattern != "perplexity":
        return draws(pattern, _pool_size(settings), rng)
    candidates = draws(pattern, CANDIDATES * _pool_size(settings), rng)
    return [candidates[i] for i in kept]


def _counts(n: int, settings: Mapping[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Repetitions of each string, int (n,); 0 for a twin. Every subset of the planted size is equally likely."""
    repetitions = np.array(settings["repetitions"])
    if settings["design"] == "coin":
        return np.where(rng.random(n) < 0.5, rng.choice(repetitions, n), 0)
    counts = np.zeros(n, np.int64)
    chosen = rng.permutation(n)[: repetitions.size * settings["per_repetition"]]
    counts[chosen] = np.repeat(repetitions, settings["per_repetition"])
    return counts


def _kept(settings: Mapping[str, Any], seed: int, score: Score | None) -> tuple[int, ...]:
    """Which candidates are kept; the rule looks at each candidate's score only, so the kept ones stay exchangeable."""
    assert score is not None
    n = _pool_size(settings)
    candidates = draws("perplexity", CANDIDATES * n, generator(seed, "canary strings", "perplexity"))
    nats = np.asarray(score([c.secret for c in candidates]), dtype=np.float64)
    if nats.shape != (len(candidates),) or not np.isfinite(nats).all():
        raise DataError(f"the scorer gave {nats.shape} values for {len(candidates)} texts, or some that are not finite")
    if settings["band"] is None:
        return tuple(sorted(np.argsort(-nats, kind="stable")[:n].tolist()))
    low, high = settings["band"]
    inside = np.flatnonzero((nats >= low) & (nats <= high))
    if inside.size < n:
        raise DataError(
            f"{inside.size} of {nats.size} candidates have {low:g} to {high:g} nats per token, {n} are needed; "
            f"half of them lie between {np.quantile(nats, 0.25):.2f} and {np.quantile(nats, 0.75):.2f}"
        )
    return tuple(inside[:n].tolist())


def _check(
    families: Sequence[str], repetitions: Sequence[int], per_repetition: int, controls: int, design: str, score: Any
) -> None:
    unknown = [f for f in families if f not in PATTERNS]
    if unknown or not families or len(set(families)) < len(families):
        raise UsageError(f"families are of {', '.join(PATTERNS)}, each once; got {', '.join(families) or 'none'}")
    if design not in DESIGNS:
        raise UsageError(f"design is fixed or coin; got {design!r}")
    if not repetitions or min(repetitions) < 1 or per_repetition < 1:
        raise UsageError(f"repetitions are counts from 1 on; got {list(repetitions)}, {per_repetition} strings of each")
    if controls < 1:
        raise UsageError(f"canaries are ranked among never-planted twins: controls is at least 1; got {controls}")
    if "perplexity" in families and score is None:
        raise UsageError(
            "the family perplexity needs a model to score its candidates; name one, or leave the family out"
        )
