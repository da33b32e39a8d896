"""Published coefficients from the rows of a workbook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Problem
from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import nearest
from hemodel.survival.endpoint_fit import COEFFICIENTS, Source
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.published import TREATMENT, Published, convert, parameterisation, programs
from hemodel.survival.published_units import in_other_unit
from hemodel.survival.workbook.data import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.inputs.rows import Row
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.family import Array

    Rows = Mapping[str, Row]


def published_source(rows: Rows, endpoint: str, spec: CurveSpec, program: str, unit: str) -> Source:
    """Return the published coefficients of one curve, for times in months.

    Raises
    ------
    InputError
        Where a coefficient has no standard error, or a covariance is of none.
    SurvivalError
        Where the coefficients are not those of the parameterisation.
    """
    values = _named(rows, "coefficient.{endpoint}.{strategy}.{parameter}", endpoint, spec.strategy)
    where = f"curve.{endpoint}.{spec.strategy}"
    if not values:
        message = f"{endpoint}: there are no published coefficients of {spec.strategy}: give coefficient.{endpoint}."
        raise SurvivalError(f"{message}{spec.strategy}. and the name of each.", [f"{where}.source"])
    covariance = _covariance(rows, endpoint, spec.strategy, values)
    try:
        printed = _printed(program, str(spec.family))
    except SurvivalError as error:
        row = "family" if program in programs() else "parameterisation"
        raise SurvivalError(f"{endpoint}: {error}", [f"{where}.{row}"]) from None
    raise_together(_misnamed(endpoint, spec, program, printed, values))
    published = Published(
        parameterisation=program,
        family=str(spec.family),
        names=tuple(printed.get(row.names["parameter"], row.names["parameter"]) for row in values),
        values=np.array([row.number for row in values]),
        covariance=covariance,
    )
    try:
        return Source(COEFFICIENTS, published=in_other_unit(convert(published), MONTHS[unit], unit))
    except SurvivalError as error:
        parts = [SurvivalError(f"{endpoint}: {part}", [values[0].id]) for part in (error.parts or (error,))]
        raise SurvivalError(f"{endpoint}: {error}", [values[0].id], parts) from None


def _misnamed(
    endpoint: str, spec: CurveSpec, program: str, printed: Mapping[str, str], values: Sequence[Row]
) -> Iterator[SurvivalError]:
    """Coefficients that the program's distribution does not have, and those that are missing."""
    given, what = [row.names["parameter"] for row in values], f"{program} {spec.family}"
    for row in values:
        if row.names["parameter"] not in {*printed, TREATMENT}:
            hint = nearest(row.names["parameter"], printed) or f"It has: {', '.join(printed)}."
            yield SurvivalError(f"{endpoint}: {row.id} is not a coefficient of {what}. {hint}", [row.id])
    for name in printed:
        if name not in given:
            todo = f"Add the row coefficient.{endpoint}.{spec.strategy}.{name}."
            text = f"{endpoint}: the coefficient {printed[name]} of {what} is missing. {todo}"
            yield SurvivalError(text, [values[0].id])


def plain(name: str) -> str:
    """Return the name of a parameter as an id can hold it: (Intercept) is intercept, /ln_p is ln_p."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _printed(program: str, name: str) -> dict[str, str]:
    """The names that the program prints, by their plain names."""
    form = parameterisation(program, name)
    return {plain(term.published): term.published for term in form.terms}


def _named(rows: Rows, pattern: str, endpoint: str, strategy: str) -> list[Row]:
    found = [
        row for row in select(rows, pattern) if (row.names["endpoint"], row.names["strategy"]) == (endpoint, strategy)
    ]
    return [row for row in found if row.value is not None]


def _covariance(rows: Rows, endpoint: str, strategy: str, values: list[Row]) -> Array:
    """Squared standard errors, and the covariances that are given."""
    names = [row.names["parameter"] for row in values]
    problems = []
    for row in values:
        if row.distribution != "fixed" and row.se is None:
            todo = "Enter its standard error, or set the distribution to fixed."
            problems.append(Problem(row.where["se"], f"{row.id} has no standard error", todo=todo))
    covariance = np.diag([0.0 if row.distribution == "fixed" else (row.se or 0.0) ** 2 for row in values])
    for row in _named(rows, "covariance.{endpoint}.{strategy}.{parameter}.{other}", endpoint, strategy):
        pair = (row.names["parameter"], row.names["other"])
        if pair[0] == pair[1] or not set(pair) <= set(names):
            why = f"It must be of two different coefficients: {', '.join(names)}"
            problems.append(Problem(row.where["id"], f"{row.id} is of {' and '.join(pair)}", why))
            continue
        i, j = (names.index(name) for name in pair)
        covariance[i, j] = covariance[j, i] = row.number
    if problems:
        raise InputError(tuple(problems))
    return covariance
