"""Commands on survival curves: the evidence pack, fits to patients, rebuilt patients."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hemodel.cli.common import ScenarioNames, Set, Workbook, app, changes, command, errors, progress, say


class Relation(StrEnum):
    """How the curves of strategies can be related."""

    independent = "independent"
    proportional_hazards = "proportional_hazards"
    accelerated_failure_time = "accelerated_failure_time"
    proportional_odds = "proportional_odds"


@app.command()
def fit(
    workbook: Workbook,
    set_: Set = None,
    scenario: ScenarioNames = None,
    seed: Annotated[int | None, typer.Option(min=0, max=10**15, help="Seed of the draws and simulated trials.")] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder; default: outputs/<workbook>_evidence/.")] = None,
) -> None:
    """Compare all families of curves with all evidence."""
    with errors():
        from hemodel.analyses.evidence.pack import evidence_pack
        from hemodel.analyses.options import Options
        from hemodel.analyses.run import run as run_all
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import EVIDENCE, default_folder, opened
        from hemodel.publish.console import evidence_summary
        from hemodel.publish.output import evidence_bundle
        from hemodel.publish.saving import drawing_beside

        options = Options(changes(set_), tuple(scenario or ()), ("base",), None, seed, families=False)
        target = out or default_folder(workbook, EVIDENCE.suffix)
        with opened(target, EVIDENCE) as place, progress() as shown, drawing_beside() as drawing:
            done = run_all(workbook, options, shown)
            used = done.model.inputs.settings.seed if seed is None else seed
            pack = staged(shown, "families", lambda: evidence_pack(done.model, seed=used))
            place.write(evidence_bundle(done, pack, command()), shown, drawing)
        say(evidence_summary(done.model, pack, target))


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
    """Fit curves to the patients of a file and rank them."""
    with errors():
        from hemodel.analyses.patient_files import ALL, fit_file, split_families
        from hemodel.analyses.patient_files import FileFitRequest as Request
        from hemodel.analyses.shared import staged
        from hemodel.publish.bundle import FIT, opened
        from hemodel.publish.console_patients import fit_text
        from hemodel.publish.output import fit_bundle
        from hemodel.publish.patient_files import json_text

        chosen = split_families(tuple(families or (ALL,)))
        columns = (time, event, strategy, entry, weight)
        request = Request(*columns, chosen, relation.value, reference, horizon, tuple(at or ()))
        with opened(out, FIT) as place, progress() as shown:
            found = staged(shown, "fitting", lambda: fit_file(data, request))
            place.write(fit_bundle(found, command()), shown)
        say(json_text(found) if as_json else fit_text(found, out), nl=not as_json)


@app.command()
def reconstruct(
    curve: Annotated[Path, typer.Argument(metavar="KM", help="Points of a curve (.csv): time,survival.")],
    at_risk: Annotated[Path, typer.Option(help="Numbers at risk (.csv): time,at_risk.")],
    events: Annotated[int | None, typer.Option(help="Reported total of events.")] = None,
    out: Annotated[Path | None, typer.Option(help="File (.csv) for the rebuilt patients.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rebuild patients from a published Kaplan-Meier curve."""
    with errors():
        from hemodel.analyses.rebuilt_patients import disagreements, rebuild, rebuilt_patients
        from hemodel.analyses.shared import staged
        from hemodel.errors import raise_if_any
        from hemodel.publish.console_patients import reconstruction_text
        from hemodel.publish.patient_files import check_place, json_text, patients_csv, write_whole

        if out is not None:
            check_place(out)
        with progress() as shown:
            rebuilt = staged(shown, "rebuilding patients", lambda: rebuild(curve, at_risk, events))
        found = rebuilt_patients(rebuilt, curve.name, at_risk.name)
        wrong = disagreements(rebuilt, curve)
        written = out if not wrong else None
        if written is not None:
            write_whole(written, patients_csv(rebuilt.data))
        say(json_text(found) if as_json else reconstruction_text(found, written), nl=not as_json)
        raise_if_any(wrong)
