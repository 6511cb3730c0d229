"""How often, where and in which documents does this text stand in the training data?

`build_index` sorts a corpus once; `open_index` answers from disk: exact counts, next tokens, co-occurrence, verbatim
spans with their sources and with what chance would give, duplicates.

Source: Liu et al. 2024, arXiv 2401.17377 (infini-gram); Liu et al. 2025, arXiv 2504.07096 (OLMoTrace); Lee et al. 2022,
arXiv 2107.06499 (exact-substring deduplication).
Departs from it: every count is exact, and separators are never counted.
"""

from byheart.index.build import build_index
from byheart.index.chance import Chance
from byheart.index.duplicates import DuplicateReport
from byheart.index.index import CorpusIndex, open_index
from byheart.index.spans import Span
from byheart.index.tokenizer import fingerprint

__all__ = ["Chance", "CorpusIndex", "DuplicateReport", "Span", "build_index", "fingerprint", "open_index"]
