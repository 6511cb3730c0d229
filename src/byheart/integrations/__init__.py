"""Inside a training loop: is the model learning its records by heart, and would the canaries tell?"""

from __future__ import annotations

from typing import Any

from byheart.core.fetching import fetched

_HOMES = {
    "MemorizationCallback": "byheart.integrations.memorization_callback",
    "preflight": "byheart.integrations.preflight",
    "sharded_by": "byheart.integrations.sharding",
    "watch": "byheart.integrations.watching",
}

__all__ = ["MemorizationCallback", "preflight", "sharded_by", "watch"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"byheart.integrations has no {name!r}; it has {', '.join(__all__)}")
    value = fetched(_HOMES[name], name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
