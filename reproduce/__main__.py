"""The command `reproduce`, also as `python -m reproduce`; here, so that Ctrl-C during its imports is no traceback."""

from __future__ import annotations

import sys

from reproduce.errors import STOPPED


def main() -> None:
    """Run the command line; exit code 130 after Ctrl-C, as a shell says of a program that it ended."""
    try:
        from reproduce.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
