"""The command `reproduce`: its subcommands, and how each of them ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import tyro

from reproduce.cli_checks import spread, stale, verify
from reproduce.cli_images import convert, export, inspect, predict
from reproduce.cli_results import audit, datasets, diff, figures, report, statements
from reproduce.cli_reviews import check_split, score
from reproduce.errors import STOPPED, ArgumentError, ReproduceError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the subcommand's exit code, 2 with one text for an error, 130 after Ctrl-C.

    Args:
        arguments: Arguments of the command line; None takes the process's own.
    """
    commands: dict[str, Callable[..., int]] = {
        "audit": audit,
        "check-split": check_split,
        "convert": convert,
        "datasets": datasets,
        "diff": diff,
        "export": export,
        "figures": figures,
        "inspect": inspect,
        "predict": predict,
        "report": report,
        "score": score,
        "spread": spread,
        "stale": stale,
        "statements": statements,
        "verify": verify,
    }
    description = "Printed numbers of papers, audited and set beside what a rerun gives."
    given = sys.argv[1:] if arguments is None else arguments
    try:
        _require_utf8(given)
        code = tyro.extras.subcommand_cli_from_dict(
            commands, prog="reproduce", description=description, args=given, config=(tyro.conf.FlagCreatePairsOff,)
        )
    except ReproduceError as error:
        code = _refused(f"{type(error).__name__}: {error}")
    except BrokenPipeError:  # the reader of our output, e.g. `head`, has seen enough
        sys.stdout = None
        code = 0
    except OSError as error:  # no permission, a folder where a file is to be written, no space
        where = " and ".join(str(path) for path in (error.filename, error.filename2) if path is not None) or "unknown"
        do = "check the path, its permissions and the space on the disk"
        code = _refused(f"{type(error).__name__}: {error.strerror or error}\n  where: {where}\n  do:    {do}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        code = STOPPED
    sys.exit(code)


def _refused(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


def _require_utf8(arguments: Sequence[str]) -> None:
    """Return if all arguments are text: a path of other bytes could be neither shown nor recorded."""
    for argument in arguments:
        if any(0xDC80 <= ord(c) <= 0xDCFF for c in argument):  # how Python keeps bytes that are no UTF-8
            do = "rename the file"
            raise ArgumentError(expected="names in UTF-8", got=ascii(argument), where="command line", do=do)
