"""The command that runs a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import ScenarioNames, Set, Workbook, app, changes, command, errors, progress


class Part(StrEnum):
    """Parts of an analysis that --only can name."""

    base = "base"
    dsa = "dsa"
    psa = "psa"
    scenarios = "scenarios"


@app.command()
def run(
    workbook: Workbook,
    set_: Set = None,
    scenario: ScenarioNames = None,
    draws: Annotated[int | None, typer.Option(min=2, help="Draws of the probabilistic analysis.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the random numbers.")] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>/.")] = None,
    only: Annotated[list[Part] | None, typer.Option(help="Run only this part; can be repeated.")] = None,
) -> None:
    """Run the base case, sensitivity analyses and scenarios, and write every output."""
    with errors():
        from hemodel.analysis.evidence_pack import evidence_pack
        from hemodel.analysis.run import Options
        from hemodel.analysis.run import run as run_all
        from hemodel.output import default_folder, staged, write_outputs
        from hemodel.reporting.console import summary
        from hemodel.reporting.document import results

        parts = tuple(dict.fromkeys(["base", *(part.value for part in only)])) if only else tuple(Part)
        options = Options(changes(set_), tuple(scenario or ()), tuple(str(part) for part in parts), draws, seed)
        target = out or default_folder(workbook)
        with staged(target) as folder:
            with progress() as shown:
                done = run_all(workbook, options, shown)
            found = results(done)
            evidence = evidence_pack(done.model, seed=done.model.inputs.settings.seed)
            write_outputs(folder, done, found, command(), evidence)
        typer.echo(summary(found, done, target))
