"""Fingerprints of data, models and files (SHA-256, hex)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest_text(parts: Iterable[str]) -> str:
    """Fingerprint of a list of strings; the boundaries between them count."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()


def digest_json(value: Any) -> str:
    """Fingerprint of anything JSON can hold; key order does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def digest_file(path: Path) -> str:
    """Fingerprint of a file's bytes."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest_stream(f)


def _digest_stream(stream: Any) -> str:
    h = hashlib.sha256()  # Python 3.10 has no hashlib.file_digest
    for block in iter(lambda: stream.read(1 << 20), b""):
        h.update(block)
    return h.hexdigest()
