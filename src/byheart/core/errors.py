"""What can go wrong, as one tree.

    Exception
    └── ByheartError                 everything byheart raises on purpose; the CLI prints it in one line, exit code 2
        ├── DataError      (ValueError)    the records are not what was promised
        │   ├── TooFewRecords              fewer records than the question needs
        │   └── IndexCorruptError          the files of a corpus index contradict each other
        ├── TargetError    (ValueError)    the model, its weights or its tokenizer are not usable
        │   └── TokenizerMismatchError     the tokenizer is not the one that made these token ids
        ├── UsageError     (ValueError)    an option or a combination of options that has no meaning
        ├── RunError       (ValueError)    a run folder that does not fit the command
        └── MissingExtra   (ImportError)   an optional library is not installed; the message holds the pip line

Each is also the built-in a caller would expect to catch. A message says what was wrong, the value seen, what to do.
"""

from __future__ import annotations

from byheart.core.extras import pip_line


class ByheartError(Exception):
    """Base of every error raised on purpose."""


class DataError(ByheartError, ValueError):
    """The records are not what was promised."""


class TooFewRecords(DataError):
    """Fewer records than the question needs."""


class IndexCorruptError(DataError):
    """The files of a corpus index contradict each other."""


class TargetError(ByheartError, ValueError):
    """The model, its weights or its tokenizer cannot be used."""


class TokenizerMismatchError(TargetError):
    """The tokenizer is not the one that made these token ids."""


class UsageError(ByheartError, ValueError):
    """An option, or a combination of options, that has no meaning."""


class RunError(ByheartError, ValueError):
    """A run folder that does not fit the command."""


class MissingExtra(ByheartError, ImportError):
    """An optional library is not installed.

    Args:
        library: name of the library that could not be imported.
        extra: the byheart extra that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; run: {pip_line(extra)}")
        self.library = library
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """Survive the way back from a worker process."""
        return type(self), (self.library, self.extra)
