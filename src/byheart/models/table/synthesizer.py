"""Which generator of tables is meant, and how is it asked, whoever wrote it?

Ours by name; any other as an object or a class with `fit` and `sample`, as a plain callable, or by its address
`package.module:Class`. Adapt once here, and a study of copying need not know what it studies:

- SDV's single-table synthesizers (a class is given the metadata of the schema), and others that learn from a data
  frame: CTGAN, be-great;
- synthcity's plugins (`fit` of a data loader, `generate`);
- scikit-learn's densities (GaussianMixture, KernelDensity), which learn from numbers: the codec's normal scores and
  one-hot categories;
- a callable `(frame, n, seed) -> frame`.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from byheart.core.digest import digest_json
from byheart.core.errors import ByheartError, TargetError, UsageError
from byheart.core.fetching import fetched
from byheart.core.items.rows import Rows
from byheart.core.randomness import derive_seed
from byheart.core.schema import Schema
from byheart.core.target.synthesizer import Synthesizer
from byheart.models.table.codec import TableCodec

OURS = {
    "tabddpm": ("byheart.models.table.tabddpm", "TabDDPM"),
    "tabsyn": ("byheart.models.table.tabsyn", "TabSyn"),
    "optimal_denoiser": ("byheart.models.table.optimal_denoiser", "OptimalDenoiser"),
    "independent_columns": ("byheart.models.table.marginals", "IndependentColumns"),
}
"""The generators of this package, each fetched when asked for: all but the last need torch."""

TABLE = "table"  # what SDV is told that the table is called
SDTYPES = {"number": "numerical", "date": "datetime", "category": "categorical"}


def load_synthesizer(name: str, options: Mapping[str, Any] | None = None) -> Synthesizer:
    """A generator by its name.

    Args:
        name: `tabddpm`, `tabsyn`, `optimal_denoiser`, `independent_columns`, or `package.module:Class` of any installed
            library; naming an address runs its code.
        options: what its constructor is given.

    Raises:
        UsageError: if there is no such generator, or it does not know an option.
        MissingExtra: if it is one of ours that needs torch, and torch is not installed.
    """
    if name in OURS:
        ours = fetched(*OURS[name], extra="table-generators")
        try:
            return ours(**dict(options or {}))  # type: ignore[no-any-return]
        except TypeError as e:
            raise UsageError(f"{name}: {e}") from e
    package, _, attribute = name.partition(":")
    if not attribute:
        raise UsageError(f"there is no generator {name!r}; there are {', '.join(OURS)}, or give package.module:Class")
    try:
        found = getattr(import_module(package), attribute)
    except (ImportError, AttributeError) as e:
        raise UsageError(f"{name} cannot be imported: {e}") from e
    return adapt(found, options=options)


def adapt(source: Any, *, name: str | None = None, options: Mapping[str, Any] | None = None) -> Synthesizer:
    """Any generator as a `Synthesizer`; one that is one already comes back as it is.

    Args:
        source: an object or a class with `fit` and `sample` (or `generate`), or a callable `(frame, n, seed)`. A class
            is made anew for each `fit`.
        name: for reports; the name of its class if not given.
        options: what the constructor of a class is given.

    Raises:
        UsageError: if it is nothing of this kind.
    """
    kind: Any = source if inspect.isclass(source) else type(source)
    if hasattr(kind, "fit") and "schema" in inspect.signature(kind.fit).parameters:
        ready: Any = source(**dict(options or {})) if inspect.isclass(source) else source
        return ready  # type: ignore[no-any-return]
    if options and not inspect.isclass(source):
        raise UsageError(f"options are for a class; {source!r} is made already")
    learns = hasattr(kind, "fit") and (hasattr(kind, "sample") or hasattr(kind, "generate"))
    if not learns and (inspect.isclass(source) or not callable(source)):
        raise UsageError(f"a generator has fit and sample, or is a callable (frame, n, seed); got {source!r}")
    called = kind.__name__ if learns else getattr(source, "__name__", kind.__name__)
    return Adapted(source, name or called, learns=learns, options=dict(options or {}))


class Adapted:
    """A generator of another library.

    Args:
        source: the object, class or callable.
        name: for reports.
        learns: whether it has `fit`; a callable is shown the table again with each sample.
        options: for the constructor of a class.
    """

    def __init__(self, source: Any, name: str, *, learns: bool, options: dict[str, Any]) -> None:
        self.source, self.name, self.learns, self.options = source, name, learns, options
        self.digest = digest_json([name, options])
        self._schema: Schema | None = None

    def fit(self, frame: pd.DataFrame, schema: Schema, *, seed: int) -> Adapted:
        """Show it the rows, without free texts and identifiers.

        Raises:
            DataError: if the rows do not fit the schema.
            TargetError: if the library refuses them.
        """
        rows = Rows.of(frame, schema)
        self._schema, self._frame = schema, _plain(rows.frame, schema)
        self.digest = digest_json([self.name, self.options, rows.digest, seed])
        self._codec = TableCodec.fit(frame, schema)
        if self.learns:
            with borrowed_chance(derive_seed(seed, "foreign fit")), _refusing(f"{self.name} cannot learn this table"):
                self.model = self._made(schema) if inspect.isclass(self.source) else self.source
                _show(self.model, self._frame, schema, self._codec)
        return self

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """So many rows as the schema has them; texts and identifiers stay empty.

        Raises:
            TargetError: before `fit`, or if the library fails or gives fewer rows.
        """
        if self._schema is None:
            raise TargetError("the generator has learned nothing yet; call fit first")
        if n == 0:
            return self._schema.conform(self._frame.iloc[:0].reindex(columns=list(self._schema.names)))
        own = derive_seed(seed, "foreign sample")
        with borrowed_chance(own), _refusing(f"{self.name} cannot make {n} rows"):
            made = _asked(self.model, n, own) if self.learns else self.source(self._frame.copy(), n, seed)
            frame = _as_frame(made, self._codec, is_array=self.learns and isinstance(self.model, BaseEstimator))
        if len(frame) < n:
            raise TargetError(f"{self.name} was asked for {n} rows and made {len(frame)}")
        empty = {name: None for name in self._schema.aside}
        return self._schema.conform(frame.iloc[:n].assign(**empty))

    def _made(self, schema: Schema) -> Any:
        wants = inspect.signature(self.source).parameters
        if "metadata" in wants and "metadata" not in self.options:
            return self.source(metadata=_metadata(schema), **self.options)
        return self.source(**self.options)


@contextmanager
def borrowed_chance(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch for libraries that draw from them, then put them back."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        with _borrowed_from_torch(seed):
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


@contextmanager
def _borrowed_from_torch(seed: int) -> Iterator[None]:
    """The same for torch; where it is not installed nothing can draw from it."""
    if find_spec("torch") is None:
        yield
        return
    random_torch = import_module("torch.random")
    before = random_torch.get_rng_state()
    random_torch.manual_seed(seed)
    try:
        yield
    finally:
        random_torch.set_rng_state(before)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Whatever a foreign library raises, in one line of ours."""
    try:
        yield
    except ByheartError:
        raise
    except Exception as e:
        line = str(e).strip().partition("\n")[0]
        raise TargetError(f"{what}: {type(e).__name__}: {line}") from e


def _show(model: Any, frame: pd.DataFrame, schema: Schema, codec: TableCodec) -> None:
    """Let it learn, in the manner it knows."""
    if isinstance(model, BaseEstimator):
        model.fit(_as_array(frame, codec))
    elif type(model).__module__.startswith("synthcity"):
        loader = import_module("synthcity.plugins.core.dataloader").GenericDataLoader
        model.fit(loader(frame, **({"target_column": schema.target} if schema.target else {})))
    elif type(model).__module__.startswith("sdv.") and int(version("sdv").partition(".")[0]) >= 2:
        model.fit({TABLE: frame})
    elif type(model).__module__.startswith("ctgan") or "discrete_columns" in inspect.signature(model.fit).parameters:
        model.fit(frame, discrete_columns=list(schema.categorical))
    else:
        model.fit(frame)


def _asked(model: Any, n: int, seed: int) -> Any:
    """Let it make rows; the number comes first in all of these libraries."""
    if hasattr(model, "reset_sampling"):
        model.reset_sampling()
    reseed = getattr(model, "set_random_state", None) or getattr(model, "_set_random_state", None)
    if reseed is not None:  # CTGAN and SDV keep generators of their own
        reseed(seed % 2**32)
    method = model.sample if hasattr(model, "sample") else model.generate
    takes = inspect.signature(method).parameters
    if "random_state" in takes:
        return method(n, random_state=seed % 2**32)
    if isinstance(model, BaseEstimator) and "random_state" in model.get_params():
        model.set_params(random_state=seed % 2**32)
    return method(n)


def _plain(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """What a foreign library sees: the compared columns, whole numbers as integers."""
    whole = [c.name for c in schema.columns if c.kind == "number" and c.whole and frame[c.name].notna().all()]
    return frame[[n for n in schema.names if n not in schema.aside]].astype(dict.fromkeys(whole, "int64"))


def _as_array(frame: pd.DataFrame, codec: TableCodec) -> np.ndarray:
    """Normal scores and one-hot categories, float64 (rows, features)."""
    z, codes = codec.encode(frame.reindex(columns=list(codec.schema.names)))
    return np.concatenate([z.astype(np.float64), *(np.eye(k)[codes[:, j]] for j, k in enumerate(codec.sizes))], axis=1)


def _as_frame(made: Any, codec: TableCodec, *, is_array: bool) -> pd.DataFrame:
    """Whatever came back, as a data frame."""
    if is_array:
        array = np.asarray(made[0] if isinstance(made, tuple) else made)  # mixtures also tell the component
        z, *ones = np.split(array, np.cumsum([len(codec.scales), *codec.sizes])[:-1], axis=1)
        codes = [p.argmax(1) for p in ones]
        return codec.decode(z, np.stack(codes, axis=1) if codes else np.zeros((len(array), 0), np.int64))
    if isinstance(made, dict) and TABLE in made:  # SDV's, from its second version on
        made = made[TABLE]
    frame = made.dataframe() if callable(getattr(made, "dataframe", None)) else made  # synthcity's loader
    return frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame)


def _metadata(schema: Schema) -> Any:
    """SDV's description of a table."""
    columns = {c.name: {"sdtype": SDTYPES[c.kind]} for c in schema.columns if c.kind in SDTYPES}
    sdv = import_module("sdv.metadata")
    if hasattr(sdv, "Metadata"):
        return sdv.Metadata.load_from_dict({"tables": {TABLE: {"columns": columns}}})
    return sdv.SingleTableMetadata.load_from_dict({"columns": columns})
