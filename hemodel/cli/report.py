"""The command that writes a dossier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemodel.cli.common import (
    Draws,
    OnePayer,
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
    suffix,
)

if TYPE_CHECKING:
    from hemodel.publish.word_styles import Template


TemplateFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Word document whose styles it takes; default: our own.")
]


@app.command()
def report(
    workbook: Workbook,
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="html, docx or both, between commas.")
    ] = "html,docx",
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="generic, nice, cda, pbac or icer; default: the payer's.")
    ] = None,
    template: TemplateFile = None,
    set_: Set = None,
    scenario: ScenarioNames = None,
    draws: Draws = None,
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_report/, with the payer's code.")
    ] = None,
    payer: OnePayer = "",
) -> None:
    """Run everything and write a dossier in Word or HTML."""
    with errors():
        from hemodel.analyses.evidence.pack import evidence_pack
        from hemodel.analyses.options import Options
        from hemodel.analyses.results import results
        from hemodel.analyses.run import run
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import REPORT, default_folder, opened
        from hemodel.publish.console import written
        from hemodel.publish.document.layout import read_layout
        from hemodel.publish.document.writing import DossierRequest as Request
        from hemodel.publish.document.writing import read_formats
        from hemodel.publish.output import report_bundle
        from hemodel.publish.saving import drawing_beside

        formats = read_formats(format_)
        styles = None if template is None else _template(template, formats)
        chosen = layout or _layout_of(payer, workbook)
        read_layout(chosen)
        options = Options(changes(set_), tuple(scenario or ()), draws=draws, seed=seed, payer=payer)
        target = out or default_folder(workbook, suffix(payer, workbook, REPORT.suffix))
        with opened(target, REPORT) as place, progress() as shown, drawing_beside() as drawing:
            done = run(workbook, options, shown)
            used = done.model.inputs.settings.seed
            pack = staged(shown, "evidence for the curves", lambda: evidence_pack(done.model, seed=used))
            request = Request(results(done), pack, chosen, formats, styles)
            place.write(report_bundle(done, request, command()), shown, drawing)
        say(written(chosen, formats, target))


def _template(path: Path, formats: tuple[str, ...]) -> Template:
    """Read a template; it needs a document in Word to be of use."""
    from hemodel.errors import UsageError
    from hemodel.publish.word_styles import read_template

    if "docx" not in formats:
        message = "--template is for the dossier in Word, which --format leaves out. Add docx to --format."
        raise UsageError(message)
    return read_template(path)


def _layout_of(payer: str, workbook: Path) -> str:
    """Return the layout that a payer's profile names, the generic one without a payer."""
    from hemodel.payers.reading import find_profile
    from hemodel.publish.document.layout import GENERIC, layout_for

    return layout_for(find_profile(payer, workbook).profile.table_set) if payer else GENERIC
