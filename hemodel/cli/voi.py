"""The command on the value of information of a probabilistic analysis made by any tool."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import app, command, errors, progress, say


def _file(what: str, metavar: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar=metavar, help=f"{what} (.csv): a header, then a row a draw.")
    return option


@app.command()
def voi(
    params: Annotated[Path, _file("Draws of the inputs", "P.csv")],
    costs: Annotated[Path, _file("Costs of each strategy", "C.csv")],
    effects: Annotated[Path, _file("Effects of each strategy", "E.csv")],
    wtp: Annotated[
        list[str] | None, typer.Option(metavar="THRESHOLD", help="Willingness to pay; the first is the decision's.")
    ] = None,
    groups: Annotated[Path | None, typer.Option(metavar="G.toml", help="Groups of inputs, known together.")] = None,
    studies: Annotated[Path | None, typer.Option(metavar="S.toml", help="Studies that could be done.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the data that studies simulate; needed with them.")] = None,
    currency: Annotated[str, typer.Option(help="Name of the unit of the costs, for tables and charts.")] = "",
    effect: Annotated[str, typer.Option(help="Name of the unit of the effects.")] = "unit of effect",
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<params>_voi/.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print voi.json and write nothing without --out.")] = False,
) -> None:
    """Value of information from the draws of any tool."""
    with errors():
        from hemodel.analyses.information import voi_results
        from hemodel.analyses.research import Asked
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import VOI, default_folder, opened
        from hemodel.publish.output import voi_bundle
        from hemodel.publish.voi import voi_text
        from hemodel.voi.reading import Files, read_external

        asked = Asked(_thresholds(wtp), currency, effect, _seed(studies, seed))
        files = Files(params, costs, effects, groups, studies)
        target = out if out is not None or as_json else default_folder(params, VOI.suffix)
        with opened(target, VOI) as place, progress() as shown:
            external = staged(shown, "reading", lambda: read_external(files))
            results = staged(shown, "information", lambda: voi_results(external, files, asked))
            place.write(voi_bundle(results, external.sample, command()), shown)
        say(results.model_dump_json(indent=1) if as_json else voi_text(results, target))


def _seed(studies: Path | None, seed: int | None) -> int:
    """Read --seed, which is needed with --studies and means nothing without."""
    from hemodel.errors import UsageError

    if studies is not None and seed is None:
        raise UsageError("--studies simulates data: give --seed, any whole number; the same gives the same results")
    if studies is None and seed is not None:
        raise UsageError("--seed is for the data that studies simulate: give --studies too, or leave it out")
    if seed is not None and seed < 0:
        raise UsageError(f"--seed {seed}: a seed is a whole number of 0 or more")
    return seed or 0


def _thresholds(given: list[str] | None) -> tuple[float, ...]:
    """Read --wtp; there is no threshold that every decision shares."""
    from hemodel.errors import UsageError

    if not given:
        raise UsageError("--wtp is missing: name the willingness to pay for a unit of effect, for example --wtp 50000")
    found = []
    for text in given:
        try:
            value = float(text)
        except ValueError:
            raise UsageError(f"--wtp {text}: this is not a number; write it as 50000") from None
        if not math.isfinite(value) or value < 0:
            raise UsageError(f"--wtp {text}: a willingness to pay is a number of 0 or more")
        found.append(value)
    return tuple(dict.fromkeys(found))
