"""byheart: what does a model know by heart, where does it sit, why is it there, and how is it made to forget?

Light to import: every name below is fetched when first used.
"""

from __future__ import annotations

from typing import Any

from byheart.core.fetching import fetched

__version__ = "0.1.0"

_HOMES = {
    "Corpus": "byheart.core.corpus",
    "Ragged": "byheart.core.ragged",
    "Signals": "byheart.core.signals",
    "Scores": "byheart.core.scores",
    "Findings": "byheart.core.findings",
    "Verdict": "byheart.core.verdict",
    "Estimate": "byheart.core.verdict",
    "Edit": "byheart.core.edit",
    "Card": "byheart.core.card",
    "load": "byheart.core.card",
    "RunFolder": "byheart.core.run",
    "read": "byheart.data.text.read",
    "load_text_model": "byheart.models.text.causal_lm",
    "judge": "byheart.stats.judge.membership",
    "audit_text": "byheart.audit",
    "audit_table": "byheart.audit",
    "audit_chat": "byheart.audit",
    "Schema": "byheart.core.schema",
    "Rows": "byheart.core.items.rows",
    "compare": "byheart.audit",
}

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"byheart has no {name!r}; it has {', '.join(sorted(_HOMES))}")
    value = fetched(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
