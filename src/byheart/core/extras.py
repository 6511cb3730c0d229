"""How is an extra installed from where this byheart came from?"""

from __future__ import annotations

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

EXTRAS = {
    "text": ("torch", "transformers", "tokenizers", "peft", "accelerate", "gguf", "datasets", "huggingface_hub"),
    "table-generators": ("torch",),
    "report": ("plotly",),
    "index": ("pydivsufsort", "rensa", "datasketch"),
    "ray": ("ray",),
}
"""The libraries of each extra, as they are imported."""


def extra_of(library: str) -> str | None:
    """The first extra that brings a library; None if it is no extra's."""
    return next((extra for extra, libraries in EXTRAS.items() if library in libraries), None)


def pip_line(extra: str) -> str:
    """The command that adds an extra to this installation: from the clone it runs in, or from where pip got it."""
    clone = Path(__file__).resolve().parents[3]
    if (clone / "pyproject.toml").is_file():
        return f"pip install -e {shlex.quote(f'{clone}[{extra}]')}"
    try:
        came_from = distribution("byheart").read_text("direct_url.json")
    except PackageNotFoundError:
        came_from = None
    return f"pip install {shlex.quote(requirement(extra, json.loads(came_from or '{}')))}"


def requirement(extra: str, direct_url: dict[str, Any]) -> str:
    """What pip is to be given.

    Args:
        extra: name of the extra.
        direct_url: what pip noted of where it found byheart; empty if that was a package index.

    >>> requirement("text", {"url": "https://host/byheart", "vcs_info": {"vcs": "git", "commit_id": "a1b2"}})
    'byheart[text] @ git+https://host/byheart@a1b2'
    """
    if not direct_url:
        return f"byheart[{extra}]"
    url = direct_url["url"]
    if "dir_info" in direct_url:
        return f"{url2pathname(urlsplit(url).path)}[{extra}]"
    if "vcs_info" in direct_url:
        url = f"{direct_url['vcs_info']['vcs']}+{url}@{direct_url['vcs_info']['commit_id']}"
    return f"byheart[{extra}] @ {url}"
