"""Documents as JSON, fits to patients as CSV, and files of their own such as patients rebuilt from a curve."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hemodel import interrupts
from hemodel.entries import finite
from hemodel.errors import OutputError
from hemodel.formats import csv_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from hemodel.analyses.patient_files import FileCurve, FileFamilyFit, FileFit
    from hemodel.survival.patients.data import PatientData

    Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
    Families = list[tuple[str, FileFamilyFit]]
    Curves = list[tuple[str, str, FileCurve]]


PATIENTS_HEADER = ("time", "event")


def json_text(document: BaseModel) -> str:
    """Return a document as JSON, without the fields that were left out of it."""
    return document.model_dump_json(indent=1, by_alias=True, exclude_unset=True) + "\n"


def check_place(path: Path) -> None:
    """Refuse a place at which rebuilt patients cannot be written, or a file that does not hold patients.

    Raises
    ------
    OutputError
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Create it, or choose another --out.")
    if path.is_dir():
        raise OutputError(f"{path}: this is a folder, not a file. Choose another --out.")
    header = csv_text(PATIENTS_HEADER, []).encode()
    if path.exists() and path.read_bytes()[: len(header)] != header:
        raise OutputError(f"{path}: this file would be replaced, and hemodel did not write it. Choose another --out.")


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises
    ------
    OutputError
        Where there is one, or it cannot be written.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Create it, or choose another --out.")
    if path.exists():
        raise OutputError(f"{path}: this is there already and is left as it is. Choose another --out.")
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    Raises
    ------
    OutputError
        Where it cannot be written; what was there stays.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with interrupts.held():
            beside.write_text(text, encoding="utf-8", newline="")
            beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: the file could not be written ({reason}). Nothing was changed.") from error


def fit_tables(found: FileFit) -> dict[str, str]:
    """Return the main parts of what was fitted to a file as CSV, by name."""
    families = [(" + ".join(group.strategies), each) for group in found.groups for each in group.families]
    fitted = [(group, each) for group, each in families if each.fitted]
    curves = [(name, each.family, curve) for _, each in fitted for name, curve in each.curves.items()]
    tables = {
        "ranking": _ranking(families),
        "coefficients": _coefficients(fitted),
        "covariance": _covariance(fitted),
        "curves": _curves(curves, found.horizon),
        "survival": _survival(curves, found.times),
        "kaplan_meier": _steps(found),
        **({"effective_sizes": _sizes(found)} if _has_weights(found) else {}),
    }
    return {name: csv_text(*table) for name, table in tables.items()}


def _ranking(families: Families) -> Table:
    criteria = ("log_likelihood", "aic", "bic", "aicc", "bic_events", "weight")
    header = ("rank", "family", "parameters", *criteria)
    rows = (
        (group, *(getattr(each, name) for name in header), " ".join(each.warnings), each.reason)
        for group, each in families
    )
    return ("strategies", *header, "warnings", "reason"), rows


def _coefficients(fitted: Families) -> Table:
    rows = (
        (group, each.family, *row)
        for group, each in fitted
        for row in zip(each.names, each.coefficients.tolist(), each.se.tolist(), strict=True)
    )
    return ("strategies", "family", "coefficient", "value", "se"), rows


def _covariance(fitted: Families) -> Table:
    rows = (
        (group, each.family, row, column, float(each.covariance[i, j]))
        for group, each in fitted
        for i, row in enumerate(each.names)
        for j, column in enumerate(each.names)
    )
    return ("strategies", "family", "row", "column", "covariance"), rows


def _curves(curves: Curves, horizon: float) -> Table:
    rows = (
        (strategy, family, curve.median, curve.mean, curve.restricted_mean, horizon)
        for strategy, family, curve in curves
    )
    return ("strategy", "family", "median", "mean", "restricted_mean", "horizon"), rows


def _survival(curves: Curves, times: list[float]) -> Table:
    rows = (
        (strategy, family, *row)
        for strategy, family, curve in curves
        for row in zip(times, curve.survival.tolist(), curve.hazard.tolist(), strict=True)
    )
    return ("strategy", "family", "time", "survival", "hazard"), rows


def _has_weights(found: FileFit) -> bool:
    return any(own.effective_size is not None for own in found.strategies.values())


def _sizes(found: FileFit) -> Table:
    rows = ((name, own.patients, own.events, own.effective_size) for name, own in found.strategies.items())
    return ("strategy", "sum_of_weights", "weighted_events", "effective_size"), rows


def _steps(found: FileFit) -> Table:
    names = ("times", "at_risk", "events", "censored", "survival", "low", "high")
    rows = (
        (strategy, *row)
        for strategy, own in found.strategies.items()
        for row in zip(*(getattr(own.kaplan_meier, name).tolist() for name in names), strict=True)
    )
    return ("strategy", "time", *names[1:]), rows


def patients_csv(data: PatientData) -> str:
    """Return patients as CSV with the columns time and event, all digits kept."""
    return csv_text(PATIENTS_HEADER, zip(data.time.tolist(), data.event.astype(int).tolist(), strict=True))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; what is None or not finite is an empty cell."""
    return csv_lines(
        [header, *([finite(cell) if isinstance(cell, float) else cell for cell in row] for row in rows)], end="\n"
    )
