"""The command on the probabilistic analysis of many workbooks and scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemodel.cli.common import MOST_DRAWS, Scheduler, Seed, Set, Workers, app, changes, command, errors, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.options import Options
    from hemodel.analyses.sweep import SweepRequest


@app.command()
def sweep(
    workbooks: Annotated[list[Path], typer.Argument(metavar="WORKBOOK...", help="Input workbooks (.xlsx).")],
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="NAME", help="Also under this scenario of each workbook; can be repeated."),
    ] = None,
    all_scenarios: Annotated[
        bool, typer.Option("--all-scenarios", help="Also under every scenario of each workbook.")
    ] = False,
    set_: Set = None,
    draws: Annotated[int | None, typer.Option(min=2, max=MOST_DRAWS, help="Draws of each analysis.")] = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = "",
    out: Annotated[
        Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_sweep/, of several outputs/sweep/.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print sweep.json and write nothing without --out.")] = False,
) -> None:
    """Draw for many workbooks and scenarios on a cluster."""
    with errors():
        from hemodel.analyses.options import Options
        from hemodel.analyses.sweep import SweepRequest as Asked

        asked = Asked(tuple(workbooks), changes(set_), tuple(scenario or ()), all_scenarios, draws, seed)
        say(_swept(asked, Options(scheduler=scheduler, workers=workers), out, as_json))


def _swept(asked: SweepRequest, options: Options, out: Path | None, as_json: bool) -> str:
    """Run a sweep, write it where it is wanted, and return what to print."""
    from hemodel.analyses.psa.run import workers_of
    from hemodel.analyses.shared import staged
    from hemodel.analyses.sweep import cells, sweep_document, sweep_entry
    from hemodel.analyses.sweep import sweep as run_sweep
    from hemodel.publish.bundle import SWEEP, opened
    from hemodel.publish.output import sweep_bundle
    from hemodel.publish.sweep import sweep_text

    target = out if out is not None or as_json else _usual(asked.workbooks)
    with progress() as shown:
        models = staged(shown, "reading and fitting", lambda: cells(asked))
        total = sum(model.draws for model in models)
        with opened(target, SWEEP) as place:
            with workers_of(options) as mapper:
                step = None if shown is None else lambda done: shown("draws", done, total)
                results = run_sweep(models, sweep_entry, mapper=mapper, progress=step)
            document = sweep_document(models, results)
            place.write(sweep_bundle(document, command()), shown)
    return document.model_dump_json(indent=1) if as_json else sweep_text(document, target)


def _usual(workbooks: Sequence[Path]) -> Path:
    """Return the usual folder: that of the workbook, or one for several."""
    from hemodel.publish.bundle import SWEEP, default_folder

    return default_folder(workbooks[0], SWEEP.suffix) if len(workbooks) == 1 else default_folder(Path("sweep"))
