"""The command that runs a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import (
    Draws,
    Payers,
    ScenarioNames,
    Scheduler,
    Seed,
    Set,
    Workbook,
    Workers,
    app,
    changes,
    command,
    errors,
    say,
)
from hemodel.cli.payers import run_for_payers


class Part(StrEnum):
    """Parts of an analysis that --only can name."""

    base = "base"
    dsa = "dsa"
    psa = "psa"
    scenarios = "scenarios"


Only = Annotated[
    list[Part] | None,
    typer.Option(help="Run only this part; can be repeated. Leaves out the evidence for the curves."),
]
UntilMcse = Annotated[
    float | None,
    typer.Option(metavar="X", help="End the draws when the Monte Carlo error of mean net benefit is X or less."),
]
UntilClear = Annotated[
    float | None, typer.Option(metavar="WTP", help="End the draws when the decision at this threshold is clear.")
]

UseDraws = Annotated[
    Path | None,
    typer.Option(metavar="DRAWS", help="Draws made elsewhere (.csv or .parquet): a column an input, a row a draw."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a workbook with warnings that no note accepts.")]


@app.command()
def run(
    workbook: Workbook,
    set_: Set = None,
    scenario: ScenarioNames = None,
    draws: Draws = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>/.")] = None,
    payer: Payers = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes for several payers; default: one a core.")] = None,
    export_psa: Annotated[bool, typer.Option("--export-psa", help="Write the draws too, for hemodel voi.")] = False,
    only: Only = None,
    until_mcse: UntilMcse = None,
    until_clear: UntilClear = None,
    use_draws: UseDraws = None,
    keep_draws: Annotated[bool, typer.Option("--keep-draws", help="Write every draw to draws.parquet.")] = False,
    scheduler: Scheduler = "",
    workers: Workers = None,
    strict: Strict = False,
) -> None:
    """Run the model and write the report and all results."""
    with errors():
        from hemodel.analyses.options import Options
        from hemodel.cli.running import Job, run_shown
        from hemodel.publish.bundle import default_folder

        options = Options(
            changes(set_),
            tuple(scenario or ()),
            _parts(only),
            draws,
            seed,
            families=not only,
            export_psa=export_psa,
            until_mcse=until_mcse,
            until_clear=until_clear,
            scheduler=scheduler,
            workers=workers,
            use_draws=use_draws,
            strict=strict,
        )
        job = Job(workbook, options, out or default_folder(workbook), command(), keep_draws)
        say(run_for_payers(job, payer, out, jobs) if payer else run_shown(job))


def _parts(only: list[Part] | None) -> tuple[str, ...]:
    """Return the parts of a run: the base case and those that are asked for, or all."""
    return tuple(str(part) for part in (dict.fromkeys([Part.base, *only]) if only else Part))
