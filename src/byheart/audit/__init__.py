"""A whole audit in one call: the entry points that wire the rooms."""

from __future__ import annotations

from byheart.audit.chat.audit_chat import audit_chat
from byheart.audit.table.audit_table import audit_table
from byheart.audit.text.audit_text import audit_text
from byheart.audit.verify import verify_run
from byheart.report.compare import compare_runs as compare

__all__ = ["audit_chat", "audit_table", "audit_text", "compare", "verify_run"]
