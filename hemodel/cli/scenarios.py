"""The command that runs the scenarios of a workbook."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import OnePayer, Set, Workbook, app, changes, command, errors, progress, say, suffix


class Group(StrEnum):
    """What a scenario is about."""

    survival = "survival"
    costs = "costs"
    utilities = "utilities"
    structure = "structure"
    settings = "settings"


@app.command()
def scenarios(
    workbook: Workbook,
    set_: Set = None,
    payer: OnePayer = "",
    group: Annotated[list[Group] | None, typer.Option(help="Run this group only; can be repeated.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Run this scenario or sweep only; can be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, the same as scenarios.json.")] = False,
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_scenarios/.")] = None,
) -> None:
    """Run every scenario beside the base case."""
    with errors():
        from hemodel.analyses.options import Options
        from hemodel.analyses.results import results
        from hemodel.analyses.run import run as run_all
        from hemodel.publish.bundle import SCENARIOS, default_folder, opened
        from hemodel.publish.console import scenario_summary
        from hemodel.publish.output import scenarios_bundle

        options = Options(
            changes(set_),
            parts=("base", "scenarios"),
            families=False,
            payer=payer,
            groups=tuple(each.value for each in group or ()),
            only=tuple(only or ()),
        )
        target = out or default_folder(workbook, suffix(payer, workbook, SCENARIOS.suffix))
        with opened(target, SCENARIOS) as place, progress() as shown:
            done = run_all(workbook, options, shown)
            found = results(done)
            bundle = scenarios_bundle(done, found, command())
            place.write(bundle, shown)
        say(bundle.document if as_json else scenario_summary(found, target), nl=not as_json)
