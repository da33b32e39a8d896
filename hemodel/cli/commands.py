"""Every command, and the option that prints the version."""

from __future__ import annotations

from typing import Annotated

import typer

from hemodel.cli import analyses, budget, curves, dsa, payers, report, scenarios, schema, sweep, voi, workbooks
from hemodel.cli.common import app, say

__all__ = [
    "analyses",
    "app",
    "budget",
    "curves",
    "dsa",
    "payers",
    "report",
    "scenarios",
    "schema",
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

        say(__version__)
        raise typer.Exit
