"""The command on the budget impact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import (
    OnePayer,
    ScenarioNames,
    Set,
    Workbook,
    app,
    changes,
    command,
    errors,
    progress,
    say,
    suffix,
)


@app.command()
def budget(
    workbook: Workbook,
    set_: Set = None,
    scenario: ScenarioNames = None,
    payer: OnePayer = "",
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_budget/.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print budget.json and write nothing without --out.")] = False,
) -> None:
    """Calculate the budget impact, year by year."""
    with errors():
        from hemodel.analyses.options import Options
        from hemodel.analyses.results import results
        from hemodel.analyses.run import budget_run
        from hemodel.publish.bundle import BUDGET, default_folder, opened
        from hemodel.publish.console import budget_text
        from hemodel.publish.output import budget_bundle, budget_document

        options = Options(
            changes(set_), tuple(scenario or ()), ("base", "dsa"), families=False, payer=payer, grids=False
        )
        own = suffix(payer, workbook, BUDGET.suffix)
        target = out if out is not None or as_json else default_folder(workbook, own)
        with opened(target, BUDGET) as place, progress() as shown:
            done = budget_run(workbook, options, shown)
            found = results(done)
            place.write(budget_bundle(done, found, command()), shown)
        if as_json:
            say(budget_document(found).model_dump_json(indent=1))
        else:
            say(budget_text(found, done, target))
