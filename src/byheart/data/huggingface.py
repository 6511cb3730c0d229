"""Which rows does a Hugging Face data set hold? The only home of the `datasets` library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from byheart.core.errors import DataError, MissingExtra

try:
    import datasets
except ImportError as e:
    raise MissingExtra("datasets", "text") from e

LARGE = 1 << 30  # bytes; larger hub data sets are streamed, never stored


def dataset_rows(name: str, *, limit: int | None = None) -> Iterator[tuple[str, Any]]:
    """Rows of a saved folder or of a hub data set.

    Args:
        name: `FOLDER`, `FOLDER:split`, `owner/name`, `owner/name:split` or `owner/name@config:split`; the split is
            `train` unless named.
        limit: how many rows will be asked for; with it a hub data set is streamed.

    Raises:
        DataError: if there is no such data set, configuration or split, or the hub cannot be reached.
    """
    where, _, split = name.partition(":")
    if Path(where).is_dir():
        data = _split(datasets.load_from_disk(where), where, split)
    else:
        data = _from_hub(where, split or "train", limit)
    return ((f"row {i}", row) for i, row in enumerate(data))


def _split(data: Any, where: str, split: str) -> Any:
    if not isinstance(data, dict):
        if split:
            raise DataError(f"{where} holds one split only; leave out ':{split}'")
        return data
    wanted = split or ("train" if "train" in data else next(iter(data)) if len(data) == 1 else "")
    if wanted not in data:
        raise DataError(f"{where} holds the splits {', '.join(data)}; name one of them as {where}:SPLIT")
    return data[wanted]


def _from_hub(where: str, split: str, limit: int | None) -> Any:
    name, _, config = where.partition("@")
    try:
        info = datasets.load_dataset_builder(name, config or None).info
        large = (info.download_size or 0) > LARGE
        return datasets.load_dataset(name, config or None, split=split, streaming=limit is not None or large)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as e:
        reason = str(e).strip().partition("\n")[0] or type(e).__name__
        raise DataError(f"{where} is no file here and no data set that the hub could give ({reason})") from None
