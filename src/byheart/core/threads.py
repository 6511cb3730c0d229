"""With how many threads does this process compute?"""

from __future__ import annotations

import os
import sys


def n_threads() -> int:
    """What torch computes with where it is loaded; else what `OMP_NUM_THREADS` says, or one for each core at hand."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if given.isdigit() and int(given):
        return int(given)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
