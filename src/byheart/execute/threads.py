"""With how many threads does torch compute?

The number belongs to the job, not to the engine. Measured with torch 2.13 on x86: matrix products, attention and
softmax at the sizes of a small language model give the same bytes with 1, 2 and 4 threads, but a sum over millions of
terms does not. So both engines compute with the number that the run began with. A job that computes with torch has
loaded it by the time that it is here; where torch is not loaded there is nothing to set.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Compute with `n` threads for the time of a `with` block."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
