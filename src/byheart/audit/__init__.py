"""A whole audit in one call: the entry points that wire the rooms.

Each is fetched when first used, so that an audit of tables or of a chat server needs no library of language models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byheart.core.fetching import fetched

if TYPE_CHECKING:
    from byheart.audit.chat.audit_chat import audit_chat
    from byheart.audit.table.audit_table import audit_table
    from byheart.audit.text.audit_text import audit_text
    from byheart.audit.verify import verify_run
    from byheart.report.compare import compare_runs as compare

_HOMES = {
    "audit_chat": ("byheart.audit.chat.audit_chat", "audit_chat"),
    "audit_table": ("byheart.audit.table.audit_table", "audit_table"),
    "audit_text": ("byheart.audit.text.audit_text", "audit_text"),
    "compare": ("byheart.report.compare", "compare_runs"),
    "verify_run": ("byheart.audit.verify", "verify_run"),
}

__all__ = ["audit_chat", "audit_table", "audit_text", "compare", "verify_run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"byheart.audit has no {name!r}; it has {', '.join(__all__)}")
    value = fetched(*_HOMES[name])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
