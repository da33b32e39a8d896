"""Commands on workbooks: their inputs and checks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import (
    BAD_INPUT,
    DRAWS_STORED,
    MOST_STORED,
    ScenarioNames,
    Seed,
    Set,
    Workbook,
    app,
    changes,
    command,
    errors,
    progress,
    say,
)


@app.command()
def inputs(
    workbook: Workbook,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Set = None,
) -> None:
    """List every input with its value, range and source."""
    with errors():
        from hemodel.analyses.load import read_valid
        from hemodel.analyses.shared import staged
        from hemodel.publish.console import input_list, warning_list

        with progress() as shown:
            found = staged(shown, "reading", lambda: read_valid(workbook, changes(set_)))
        say(input_list(found, as_json=as_json), nl=False)
        if found.raw.warnings:
            say(warning_list(found.raw.warnings), err=True)


@app.command()
def check(
    workbook: Workbook,
    set_: Set = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where there are warnings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print problems and warnings as JSON.")] = False,
) -> None:
    """Say what is wrong, or likely wrong, in a workbook."""
    with errors():
        from hemodel.analyses.load import check as find
        from hemodel.analyses.shared import staged
        from hemodel.inputs.files import last_values
        from hemodel.publish.console import check_json, checked, problem_list, warning_list

        with progress() as shown:
            found = staged(shown, "reading and fitting", lambda: find(workbook, changes(set_), last_values(workbook)))
        if as_json:
            say(check_json(found), nl=False)
        else:
            lists = [problem_list(found.problems)] if found.problems else []
            lists += [warning_list(found.warnings)] if found.warnings else []
            if lists:
                say("\n\n".join(lists), err=True)
            if found.model is not None:
                say(checked(found.model, len(found.accepted)))
        if found.problems or (strict and found.warnings):
            raise typer.Exit(BAD_INPUT)


@app.command()
def template(
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The workbook to write (.xlsx).")],
    strategies: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Strategies between commas, the comparator first.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="WORKBOOK", help="Take over the rows of this workbook.")
    ] = None,
) -> None:
    """Write a workbook to begin with."""
    with errors():
        from hemodel.analyses.shared import staged
        from hemodel.inputs.template import template as write

        names = None if strategies is None else strategies.split(",")
        with progress() as shown:
            made = staged(shown, "writing", lambda: write(new, names, source))
        say(made.summary)


@app.command()
def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="The earlier workbook (.xlsx).")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The later workbook (.xlsx).")],
    scenario: ScenarioNames = None,
    out: Annotated[Path | None, typer.Option(help="Output folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what differs between workbooks and what it does."""
    with errors():
        from hemodel.analyses.differences import differences
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import DIFFERENCES, opened
        from hemodel.publish.console_differences import differences_text
        from hemodel.publish.output import differences_bundle
        from hemodel.publish.patient_files import json_text

        with opened(out, DIFFERENCES) as place, progress() as shown:
            found = staged(shown, "both workbooks", lambda: differences(a, b, tuple(scenario or ())))
            place.write(differences_bundle(found, command()), shown)
        say(json_text(found.found) if as_json else differences_text(found, out), nl=not as_json)


@app.command()
def excel(
    workbook: Workbook,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File (.xlsx); default: outputs/<workbook>_live.xlsx.")
    ] = None,
    set_: Set = None,
    scenario: ScenarioNames = None,
    draws: Annotated[
        int, typer.Option(min=2, max=MOST_STORED, help="Draws of the probabilistic analysis to store.")
    ] = DRAWS_STORED,
    seed: Seed = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the model as an Excel workbook of formulas."""
    with errors():
        from hemodel.analyses.options import Options
        from hemodel.live_model.excel import write_live_model
        from hemodel.publish.bundle import default_folder

        folder = default_folder(workbook, "_live")
        target = out or folder.with_name(f"{folder.name}.xlsx")
        options = Options(changes(set_), tuple(scenario or ()), ("base", "dsa"), draws, seed, grids=False)
        with progress() as shown:
            text = write_live_model(target, workbook, options, shown, replace=replace)
        say(text)
