"""Commands on workbooks: their inputs and checks."""

from __future__ import annotations

from typing import Annotated

import typer

from hemodel.cli.common import Set, Workbook, app, changes, errors


@app.command()
def inputs(
    workbook: Workbook,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Set = None,
) -> None:
    """List every input: id, value, unit, low, high, distribution, source, sheet!cell."""
    with errors():
        from hemodel.analysis.load import read_valid
        from hemodel.reporting.console import input_list

        typer.echo(input_list(read_valid(workbook, changes(set_)), as_json=as_json), nl=False)


@app.command()
def check(workbook: Workbook, set_: Set = None) -> None:
    """Check a workbook: cells, references and whether the curves can be fitted."""
    with errors():
        from hemodel.analysis.load import load
        from hemodel.reporting.console import checked

        typer.echo(checked(load(workbook, changes(set_))))
