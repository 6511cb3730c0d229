"""`byheart`: parse, call, print. One file per verb; heavy imports wait until a command runs."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep; on a shared machine spinning ones cost 2x

import typer

from byheart import __version__
from byheart.cli import audit, canaries, index, listing, reporting, reproduce, selftest, signals, steps
from byheart.core.errors import ByheartError
from byheart.core.fetching import missing_extra

app = typer.Typer(
    help="Find out what a model knows by heart, where it sits, and make it forget, with proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(audit.app, name="audit")
app.add_typer(canaries.app, name="canaries")
app.add_typer(index.app, name="index")
for verb in steps.APPS:
    app.add_typer(steps.APPS[verb], name=verb)
app.command("signals")(signals.signals)
app.command("report")(reporting.report)
app.command("compare")(reporting.compare)
app.command("verify")(reporting.verify)
app.command("list")(listing.list_methods)
app.command("doctor")(listing.doctor)
app.command("selftest")(selftest.selftest)
app.command("reproduce")(reproduce.reproduce)


_ParseError: Any = typer.BadParameter.__mro__[2]
"""Root of what the parser raises; its module differs between typer's versions."""


OF_A_PATH = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def _version(value: bool) -> None:
    if value:
        print(f"byheart {__version__}")
        raise typer.Exit


@app.callback()
def root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print it.")) -> None:
    """Options of the program itself."""


def _one_line(message: str) -> None:
    print(f"byheart: {' '.join(message.split())}", file=sys.stderr)


def _seen(error: Any, arguments: list[str] | None) -> str:
    """The value that was typed for the option at fault, which the parser's own message leaves out."""
    typed = sys.argv[1:] if arguments is None else arguments
    for option in getattr(getattr(error, "param", None), "opts", []):
        for word, after in zip(typed, [*typed[1:], ""], strict=True):
            name, equals, value = word.partition("=")
            if name == option:
                seen = value if equals else after
                return "" if seen in error.format_message() else f"; got {seen!r}"
    return ""


def _lacking(error: ModuleNotFoundError) -> ByheartError:
    """Which extra is not installed; an absence that no extra mends is a crash."""
    extra = missing_extra(error)
    if extra is None:
        raise error
    return extra


def main() -> None:
    """Run the command line and leave with the exit code of the contract."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """The exit code: 0 done, 2 wrong input, 3 shown, 4 inconclusive, 130 interrupted; crashes raise."""
    try:
        code = int(app(arguments, standalone_mode=False) or 0)
        if code == 130:  # newer parsers turn the interrupt into a code
            raise KeyboardInterrupt
        return code
    except _ParseError as e:
        if type(e).__name__ == "NoArgsIsHelpError":
            return 0
        _one_line(f"{e.format_message().rstrip('.')}{_seen(e, arguments)} (`--help` shows the options)")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        _one_line("interrupted; what is done is kept, the same command continues it")
        return 130
    except (ByheartError, ModuleNotFoundError) as e:
        _one_line(str(e if isinstance(e, ByheartError) else _lacking(e)))
        return 2
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            _one_line(
                f"no room left on the disk for {e.filename or 'the run folder'}; make room, then run it again: "
                "what is done is kept"
            )
            return 2
        if not isinstance(e, OF_A_PATH) or e.filename is None:
            raise
        _one_line(f"{e.filename} cannot be read or written ({e.strerror}); give another path")
        return 2


if __name__ == "__main__":
    main()
