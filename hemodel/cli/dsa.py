"""The command on deterministic sensitivity analyses."""

from __future__ import annotations

from enum import StrEnum
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


class Measure(StrEnum):
    """What heat maps and bars show."""

    nmb = "nmb"
    icer = "icer"
    qalys = "qalys"
    costs = "costs"


@app.command()
def dsa(
    workbook: Workbook,
    two_way: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y", help="A grid of two inputs, each ID or ID:LOW:HIGH[:POINTS]; can be repeated."),
    ] = None,
    n_way: Annotated[Path | None, typer.Option(help="Combinations of values (.toml or .csv).")] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="ID[:LOW:HIGH]", help="Values of an input that meet each threshold; can be repeated."),
    ] = None,
    wtp: Annotated[
        list[float] | None,
        typer.Option(help="Threshold, instead of the workbook's; the first is that of the decision. Can be repeated."),
    ] = None,
    measure: Annotated[Measure, typer.Option(help="What heat maps and bars show.")] = Measure.nmb,
    set_: Set = None,
    scenario: ScenarioNames = None,
    payer: OnePayer = "",
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_dsa/.")] = None,
) -> None:
    """Move inputs: one, two or many, or up to a decision."""
    with errors():
        from hemodel.analyses.dsa.run import DsaRequest as Request
        from hemodel.analyses.dsa.run import deterministic, parse_one, parse_pair
        from hemodel.analyses.options import Options
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import DSA, default_folder, opened
        from hemodel.publish.console import dsa_text
        from hemodel.publish.output import dsa_bundle

        request = Request(
            two_way=tuple(parse_pair(text) for text in two_way or ()),
            n_way=n_way,
            thresholds=tuple(parse_one(text, f"--threshold {text}") for text in threshold or ()),
            wtp=tuple(wtp or ()),
            measure=measure.value,
        )
        options = Options(changes(set_), tuple(scenario or ()), payer=payer)
        target = out or default_folder(workbook, suffix(payer, workbook, DSA.suffix))
        with opened(target, DSA) as place, progress() as shown:
            found = staged(shown, "one-way and grids", lambda: deterministic(workbook, options, request))
            place.write(dsa_bundle(found, command()), shown)
        say(dsa_text(found.document, found.results, target))
