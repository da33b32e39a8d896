"""The command line: arguments in, public functions called, exit codes out.

Exit codes: 0 done, 1 bad input, 2 bad usage.
"""

from __future__ import annotations

import io
import shlex
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.inputs.changes import Change

BAD_INPUT = 1
BAD_USAGE = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Partitioned-survival cost-effectiveness models for oncology, driven by Excel.",
)


class Part(StrEnum):
    """Parts of an analysis that --only can name."""

    base = "base"
    dsa = "dsa"
    psa = "psa"
    scenarios = "scenarios"


class Relation(StrEnum):
    """How the curves of strategies can be related."""

    independent = "independent"
    proportional_hazards = "proportional_hazards"
    accelerated_failure_time = "accelerated_failure_time"
    proportional_odds = "proportional_odds"


Workbook = Annotated[Path, typer.Argument(metavar="WORKBOOK", help="An input workbook (.xlsx).")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ID=VALUE", help="Change an input by its id; can be repeated."),
]
ScenarioNames = Annotated[
    list[str] | None,
    typer.Option("--scenario", metavar="NAME", help="Run everything under this scenario; can be repeated."),
]


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
    with _errors():
        from hemodel.analysis.evidence_pack import evidence_pack
        from hemodel.analysis.run import Options
        from hemodel.analysis.run import run as run_all
        from hemodel.output import default_folder, staged, write_outputs
        from hemodel.reporting.console import summary
        from hemodel.reporting.document import results

        parts = tuple(dict.fromkeys(["base", *(part.value for part in only)])) if only else tuple(Part)
        options = Options(_changes(set_), tuple(scenario or ()), tuple(str(part) for part in parts), draws, seed)
        target = out or default_folder(workbook)
        with staged(target) as folder:
            with _progress() as progress:
                done = run_all(workbook, options, progress)
            found = results(done)
            evidence = evidence_pack(done.model, seed=done.model.inputs.settings.seed)
            write_outputs(folder, done, found, _command(), evidence)
        typer.echo(summary(found, done, target))


@app.command()
def inputs(
    workbook: Workbook,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Set = None,
) -> None:
    """List every input: id, value, unit, low, high, distribution, source, sheet!cell."""
    with _errors():
        from hemodel.analysis.load import read_valid
        from hemodel.reporting.console import input_list

        typer.echo(input_list(read_valid(workbook, _changes(set_)), as_json=as_json), nl=False)


@app.command()
def check(workbook: Workbook, set_: Set = None) -> None:
    """Check a workbook: cells, references and whether the curves can be fitted."""
    with _errors():
        from hemodel.analysis.load import load
        from hemodel.reporting.console import checked

        typer.echo(checked(load(workbook, _changes(set_))))


@app.command()
def fit(
    workbook: Workbook,
    set_: Set = None,
    scenario: ScenarioNames = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the draws and simulated trials.")] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_evidence/.")] = None,
) -> None:
    """Fit every family of curves, compare them with all evidence, and write the evidence pack."""
    with _errors():
        from hemodel.analysis.evidence_pack import evidence_pack
        from hemodel.analysis.run import Options
        from hemodel.analysis.run import run as run_all
        from hemodel.output import EVIDENCE_ENTRIES, EVIDENCE_SUFFIX, default_folder, staged, write_evidence
        from hemodel.reporting.evidence_console import evidence_summary

        options = Options(_changes(set_), tuple(scenario or ()), ("base",), None, seed)
        target = out or default_folder(workbook, EVIDENCE_SUFFIX)
        with staged(target, EVIDENCE_ENTRIES) as folder:
            done = run_all(workbook, options)
            used = done.model.inputs.settings.seed if seed is None else seed
            pack = evidence_pack(done.model, seed=used)
            write_evidence(folder, done, pack, used, _command())
        typer.echo(evidence_summary(done.model, pack, target))


@app.command("fit-ipd")
def fit_ipd(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Patients (.csv), one row each.")],
    time: Annotated[str, typer.Option(metavar="COLUMN", help="Column of times.")],
    event: Annotated[str, typer.Option(metavar="COLUMN", help="Column with 1 for an event, 0 for censored.")],
    strategy: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of strategies.")] = None,
    entry: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of times of entry.")] = None,
    weight: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of weights.")] = None,
    families: Annotated[list[str] | None, typer.Option(help="Names and formulas, by commas; default: all.")] = None,
    relation: Annotated[Relation, typer.Option(help="How strategies are related.")] = Relation.independent,
    reference: Annotated[str | None, typer.Option(metavar="NAME", help="The strategy an effect acts on.")] = None,
    horizon: Annotated[float | None, typer.Option(help="Horizon of restricted means.")] = None,
    at: Annotated[list[float] | None, typer.Option(metavar="TIME", help="Time at which survival is given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Output folder.")] = None,
) -> None:
    """Fit families of curves to the patients of a file and rank them."""
    with _errors():
        from hemodel.analysis.loose_files import ALL, Request, fit_file, split_families
        from hemodel.reporting.loose_document import fit_document
        from hemodel.reporting.loose_text import fit_text
        from hemodel.reporting.loose_writing import json_text, write_fit

        chosen = split_families(tuple(families or (ALL,)))
        columns = (time, event, strategy, entry, weight)
        request = Request(*columns, chosen, relation.value, reference, horizon, tuple(at or ()))
        document = fit_document(fit_file(data, request))
        if out is not None:
            from hemodel.output import FIT_ENTRIES, staged

            with staged(out, FIT_ENTRIES) as folder:
                write_fit(folder, document, _command())
        typer.echo(json_text(document) if as_json else fit_text(document, out), nl=not as_json)


@app.command()
def reconstruct(
    curve: Annotated[Path, typer.Argument(metavar="KM", help="Points of a curve (.csv): time,survival.")],
    at_risk: Annotated[Path, typer.Option(help="Numbers at risk (.csv): time,at_risk.")],
    events: Annotated[int | None, typer.Option(help="Reported total of events.")] = None,
    out: Annotated[Path | None, typer.Option(help="File (.csv) for the rebuilt patients.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rebuild patients from a published Kaplan-Meier curve and compare them with it."""
    with _errors():
        from hemodel.analysis.loose_curves import disagreements, rebuild
        from hemodel.errors import raise_if_any
        from hemodel.reporting.loose_document import patients_csv, reconstruction_document
        from hemodel.reporting.loose_text import reconstruction_text
        from hemodel.reporting.loose_writing import check_place, json_text, write_whole

        if out is not None:
            check_place(out)
        rebuilt = rebuild(curve, at_risk, events)
        document = reconstruction_document(rebuilt, curve.name, at_risk.name)
        wrong = disagreements(rebuilt, curve)
        written = out if not wrong else None
        if written is not None:
            write_whole(written, patients_csv(rebuilt.data))
        typer.echo(json_text(document) if as_json else reconstruction_text(document, written), nl=not as_json)
        raise_if_any(wrong)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        from hemodel import __version__

        typer.echo(__version__)
        raise typer.Exit


def _changes(pairs: list[str] | None) -> tuple[Change, ...]:
    from hemodel.errors import UsageError
    from hemodel.inputs.changes import COMMAND_LINE, Change

    found = []
    for pair in pairs or ():
        id_, equals, value = pair.partition("=")
        if not equals or not id_.strip():
            raise UsageError(f"--set {pair}: write ID=VALUE, for example --set utility.progressed=0.55")
        found.append(Change(id_.strip(), value.strip() or None, COMMAND_LINE))
    return tuple(found)


def _command() -> str:
    return shlex.join(["hemodel", *sys.argv[1:]])


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what the user can mend into a message and an exit code."""
    from hemodel.errors import HemodelError, InputError, UsageError

    try:
        yield
    except UsageError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(BAD_USAGE) from error
    except InputError as error:
        from hemodel.reporting.console import problem_list

        typer.echo(problem_list(error.problems), err=True)
        raise typer.Exit(BAD_INPUT) from error
    except HemodelError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows progress; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(part: str, done: int, total: int) -> None:
            if part not in tasks:
                tasks[part] = bars.add_task(part, total=total)
            bars.update(tasks[part], completed=done)

        yield show


def main() -> None:
    """Run the command line; a sign that the terminal cannot show is replaced, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
