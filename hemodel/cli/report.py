"""The command that writes a dossier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import ScenarioNames, Set, Workbook, app, changes, command, errors, progress


@app.command()
def report(
    workbook: Workbook,
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="html, docx or both, between commas.")
    ] = "html,docx",
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="generic, nice, cda, pbac or icer; default: the payer's.")
    ] = None,
    set_: Set = None,
    scenario: ScenarioNames = None,
    draws: Annotated[int | None, typer.Option(min=2, help="Draws of the probabilistic analysis.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the random numbers.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_report/, with the payer's code.")
    ] = None,
    payer: Annotated[
        str | None, typer.Option(metavar="CODE", help="Apply a payer's reference case (a code, or a .toml).")
    ] = None,
) -> None:
    """Run everything and write a dossier: a document in Word and as a page, every number from the run."""
    with errors():
        from hemodel.analysis.evidence_pack import evidence_pack
        from hemodel.analysis.run import Options, run
        from hemodel.dossier.layout import read_layout
        from hemodel.dossier.writing import Request, read_formats
        from hemodel.output import REPORT_ENTRIES, default_folder, staged, write_report
        from hemodel.reporting.console import written
        from hemodel.reporting.document import results

        formats = read_formats(format_)
        code, of_payer = _payer(payer, workbook)
        chosen = layout or of_payer
        read_layout(chosen)
        options = Options(changes(set_), tuple(scenario or ()), draws=draws, seed=seed, payer=payer)
        target = out or default_folder(workbook, f"_{code}_report" if code else "_report")
        with staged(target, REPORT_ENTRIES) as folder:
            with progress() as shown:
                done = run(workbook, options, shown)
            of_pack = done.model.inputs.settings.seed
            pack = evidence_pack(done.model, seed=of_pack)
            write_report(folder, done, Request(results(done), pack, of_pack, chosen, formats), command())
        typer.echo(written(chosen, formats, target))


def _payer(payer: str | None, workbook: Path) -> tuple[str, str]:
    """Return the code of a payer and the layout that its profile names; no code and the generic layout without one."""
    from hemodel.dossier.layout import GENERIC, layout_for
    from hemodel.payers.reading import find_profiles

    if payer is None:
        return "", GENERIC
    profile = find_profiles([payer], workbook)[0].profile
    return profile.code, layout_for(profile.table_set)
