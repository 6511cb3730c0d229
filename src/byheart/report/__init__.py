"""From a run folder to pages that people read: HTML, markdown, evidence annex, JUnit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byheart.core.run import RunFolder


def write_all(run: RunFolder, *, show_text: bool = False) -> Path:
    """Write `report.html`, `report.md` and `annex.md` into the run folder.

    Args:
        run: the folder of an audit.
        show_text: show training text and personal data in clear on the page.

    Returns:
        Path of the page.

    Raises:
        RunError: if nothing installed knows the kind of the run; nothing is written.
        MissingExtra: if plotly is not installed; the two texts are written all the same.
    """
    from byheart.report.annex import write_annex
    from byheart.report.markdown import write_model_card

    write_model_card(run)
    write_annex(run)
    from byheart.report.page import write_report  # the only part that needs plotly

    return write_report(run, show_text=show_text)
