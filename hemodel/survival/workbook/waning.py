"""Waning of treatment effects from the rows of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.checks import select
from hemodel.survival.acting.waning import IMMEDIATE, LINEAR, WITH_TREATMENT, Waning
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.specs import FAMILY, optional_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]
    Place = tuple[str, str]

NONE = "none"
_NEEDED = {
    IMMEDIATE: ("scale", "start", "reference"),
    LINEAR: ("scale", "start", "end", "reference"),
    WITH_TREATMENT: ("scale", "reference", "time_on_treatment"),
}


def wanings(rows: Rows) -> dict[Place, Waning]:
    """Return the waning of each (endpoint, strategy) that has one.

    Raises
    ------
    SurvivalError
        Where the rows do not go together; `check_waning` finds these first.
    """
    return {(row.names["endpoint"], row.names["strategy"]): _waning(rows, row) for row in _shapes(rows)}


def treated_by(rows: Rows, place: Place) -> str:
    """Return the endpoint whose curve says who is still treated, empty where none is named."""
    return optional_text(rows, _id(place, "time_on_treatment"))


def check_waning(rows: Rows) -> list[Problem]:
    """Return everything that is wrong with the waning of a workbook."""
    problems = []
    curves = {(row.names["endpoint"], row.names["strategy"]) for row in select(rows, FAMILY)}
    for row in _shapes(rows):
        place = (row.names["endpoint"], row.names["strategy"])
        missing = [_id(place, name) for name in _NEEDED[row.text] if not _filled(rows, _id(place, name))]
        if missing:
            what = f"{row.id} is {row.text}, and {', '.join(missing)} is empty"
            problems.append(Problem(row.where["value"], what, todo="Fill it in, or set the shape to none."))
            continue
        problems += _about_curves(rows, row, place, curves)
        try:
            _waning(rows, row)
        except SurvivalError as error:
            problems += [Problem(row.where["value"], f"{row.id}: {part}") for part in (error.parts or (error,))]
    return problems


def _about_curves(rows: Rows, row: Row, place: Place, curves: set[Place]) -> list[Problem]:
    endpoint, strategy = place
    reference = rows[_id(place, "reference")]
    problems = []
    if place not in curves:
        what = f"{row.id}: {strategy} has no curve of {endpoint}"
        problems.append(Problem(row.where["value"], what, todo="Add its curve, or set the shape to none."))
    if reference.text == strategy or (endpoint, reference.text) not in curves:
        what = f"{reference.id} is {reference.text}"
        why = f"It must be another strategy that has a curve of {endpoint}"
        options = ", ".join(s for e, s in sorted(curves) if e == endpoint and s != strategy) or "none"
        problems.append(Problem(reference.where["value"], what, why, f"There are: {options}."))
    if row.text == WITH_TREATMENT and (treated_by(rows, place), strategy) not in curves:
        treated = rows[_id(place, "time_on_treatment")]
        why = f"It must be an endpoint that has a curve of {strategy}"
        problems.append(Problem(treated.where["value"], f"{treated.id} is {treated.text}", why))
    return problems


def _shapes(rows: Rows) -> list[Row]:
    return [row for row in select(rows, "waning.{endpoint}.{strategy}.shape") if row.text != NONE]


def _waning(rows: Rows, shape: Row) -> Waning:
    place = (shape.names["endpoint"], shape.names["strategy"])
    start, end = (
        rows[_id(place, name)].number if _filled(rows, _id(place, name)) else float("nan") for name in ("start", "end")
    )
    scale, reference = (optional_text(rows, _id(place, name)) for name in ("scale", "reference"))
    return Waning(reference=reference, start=start, end=end, shape=shape.text, scale=scale)


def _filled(rows: Rows, id_: str) -> bool:
    return id_ in rows and rows[id_].value is not None


def _id(place: Place, name: str) -> str:
    return f"waning.{place[0]}.{place[1]}.{name}"
