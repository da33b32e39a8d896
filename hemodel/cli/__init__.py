"""The command line: arguments in, public functions called, exit codes out."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from hemodel.cli import analyses, budget, curves, dsa, payers, report, scenarios, sweep, voi, workbooks
from hemodel.cli.common import app

__all__ = [
    "analyses",
    "app",
    "budget",
    "curves",
    "dsa",
    "main",
    "payers",
    "report",
    "scenarios",
    "sweep",
    "voi",
    "workbooks",
]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        from hemodel import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; a sign that the terminal cannot show is replaced, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
