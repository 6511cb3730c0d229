"""How is what a page shows kept from becoming part of it? Templates that escape, JSON that cannot end a script."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jinja2

from byheart.report import words


def script_json(value: Any) -> str:
    r"""JSON that may stand inside a `<script>` element: no character in it can end the element.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def environment(home: str = "byheart.report") -> jinja2.Environment:
    """Templates; everything they show is escaped, a name that is not there is an error.

    Args:
        home: module beside which a template is looked for before it is among those that all share.
    """
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(home, ""), jinja2.PackageLoader("byheart.report")]),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "number": words.number,
        "estimate": words.estimate_words,
        "interval": words.interval_words,
        "p": words.p_words,
        "safe_text": words.safe,
    }
    return made
