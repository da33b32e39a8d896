"""The command line: arguments in, public functions called, exit codes out.

Nothing is imported here but what ends a command cleanly, so that this holds from the first moment.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from hemodel.interrupts import end_cleanly

if TYPE_CHECKING:
    from hemodel.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; a sign that the terminal cannot show is replaced, not an error."""
    end_cleanly()
    from hemodel.cli.commands import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except OSError:
        raise SystemExit(1) from None
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _let_go(stream: TextIO) -> None:
    """Write out what a stream still holds; where that cannot be written, say no more about it at the end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def __getattr__(name: str) -> Any:
    if name != "app":
        message = f"module 'hemodel.cli' has no attribute {name!r}"
        raise AttributeError(message)
    from hemodel.cli.commands import app

    return app
