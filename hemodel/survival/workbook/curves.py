"""Families, relations and sources of curves from the rows of a workbook.

Where a curve comes from, by the rows of a workbook.

Published coefficients from the rows of a workbook.

Reported statistics from the rows of a workbook.

Waning of treatment effects from the rows of a workbook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Problem, raise_if_any
from hemodel.inputs.checks import select, text_of
from hemodel.inputs.dictionary import nearest
from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
    CurveSpec,
)
from hemodel.survival.effects.waning import IMMEDIATE, LINEAR, WITH_TREATMENT, Waning
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED, Source
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.families.registry import FAMILIES
from hemodel.survival.published import TREATMENT, Published, convert, in_other_unit, parameterisation, programs
from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    AT_LEAST,
    AT_MOST,
    HAZARD_RATIO,
    MEDIAN,
    ODDS_RATIO,
    RESTRICTED_MEAN,
    SURVIVAL,
    Statistic,
)
from hemodel.survival.workbook.tables import MONTHS, digitised_source, patient_source, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.inputs.rows import Row
    from hemodel.survival.family import Array
    from hemodel.survival.tables import RawTable
    from hemodel.survival.workbook.tables import Inputs

    Rows = Mapping[str, Row]
    Place = tuple[str, str]

FAMILY = "curve.{endpoint}.{strategy}.family"


@dataclass(frozen=True)
class CurveOptions:
    """How the uncertainty of curves is made: the rows `curves.` of the workbook.

    Attributes
    ----------
    correlated : bool
        Whether the covariance of a fit to reported statistics has their correlation in it.
    bootstrap : bool
        Whether curves are drawn from bootstrap replicates.
    """

    correlated: bool
    bootstrap: bool
    simulated_trials: int
    replicates: int
    seed: int


def options(rows: Rows) -> CurveOptions:
    """Return the options of a workbook whose rows have no problems."""
    replicates = int(rows["curves.replicates"].number)
    trials = rows.get("curves.simulated_trials")
    return CurveOptions(
        correlated=rows["curves.statistics"].text == "correlated",
        bootstrap=rows["curves.draws"].text == "bootstrap",
        simulated_trials=replicates if trials is None or trials.value is None else int(trials.number),
        replicates=replicates,
        seed=int(rows["settings.seed"].number),
    )


def endpoints(rows: Rows) -> list[str]:
    """Return the endpoints that have a curve, in workbook order."""
    return list(dict.fromkeys(row.names["endpoint"] for row in select(rows, FAMILY)))


MULTIPLYING = frozenset({PROPORTIONAL_HAZARDS, ACCELERATED_FAILURE_TIME, PROPORTIONAL_ODDS})
"""Relations of which two in a row are one."""


def specs(rows: Rows, endpoint: str) -> tuple[CurveSpec, ...]:
    """Return what is said about each curve of an endpoint.

    Raises
    ------
    SurvivalError
        For cuts that are not numbers.
    """
    found = [_spec(rows, row) for row in select(rows, FAMILY) if row.names["endpoint"] == endpoint]
    published = {s.strategy for s in found if text_of(rows, f"curve.{endpoint}.{s.strategy}.source") == COEFFICIENTS}
    return tuple(_on_the_first(spec, {each.strategy: each for each in found}, published) for spec in found)


def _on_the_first(spec: CurveSpec, specs: dict[str, CurveSpec], published: set[str]) -> CurveSpec:
    """Return a curve at the end of a chain of references as one that acts on the first curve of the chain.

    Ratios of one kind multiply, so that a hazard ratio on a curve with a hazard ratio on a third is one on the third.
    Statistics go on comparing the curves that they name. Published coefficients are of the curve that they name, and a
    circle has no first curve: both stay as they are, and are refused.
    """
    first, passed = spec, {spec.strategy}
    while (via := specs.get(first.reference or "")) is not None and via.relation in MULTIPLYING:
        passed |= {via.strategy}
        if via.relation != spec.relation or via.reference in passed:
            return spec
        first = replace(first, reference=via.reference)
    return spec if passed & published or first.reference in published else first


def _spec(rows: Rows, row: Row) -> CurveSpec:
    prefix = row.id.removesuffix("family")
    relation = rows[prefix + "relation"].text
    reference = text_of(rows, prefix + "reference")
    return CurveSpec(
        strategy=row.names["strategy"],
        family=row.text,
        relation=relation,
        reference=None if relation == INDEPENDENT else reference or None,
        cuts=_cuts(rows, prefix + "cuts") if relation == HAZARD_RATIO_BY_PERIOD else (),
    )


def _cuts(rows: Rows, id_: str) -> tuple[float, ...]:
    text = text_of(rows, id_)
    try:
        return tuple(float(part) for part in text.split(";") if part.strip())
    except ValueError:
        message = f"{id_} is {text!r}: give months separated by semicolons, for example 6; 12."
        raise SurvivalError(message, [id_]) from None


def published_source(rows: Rows, endpoint: str, spec: CurveSpec, program: str, unit: str) -> Source:
    """Return the published coefficients of one curve, for times in months.

    Raises
    ------
    InputError
        Where a coefficient has no standard error, or a covariance is of none.
    SurvivalError
        Where the coefficients are not those of the parameterisation.
    """
    rows = _of_family(rows, endpoint, spec)
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


def _of_family(rows: Rows, endpoint: str, spec: CurveSpec) -> dict[str, Row]:
    """Return the rows, of a curve's coefficients those of its own family alone, without the family in their names.

    Coefficients of several families stand side by side with the family before their names, as weibull_shape; those of
    no family belong to whichever is chosen.
    """
    own, known = str(spec.family).lower(), sorted((name.lower() for name in FAMILIES), key=len, reverse=True)
    found = {}
    for id_, row in rows.items():
        mine = (row.names.get("endpoint"), row.names.get("strategy")) == (endpoint, spec.strategy)
        if row.kind.group not in {"coefficient", "covariance"} or not mine:
            found[id_] = row
            continue
        named = {field: row.names[field] for field in ("parameter", "other") if field in row.names}
        families = {next((each for each in known if name.startswith(f"{each}_")), own) for name in named.values()}
        if families == {own}:
            plain_names = {field: name.removeprefix(f"{own}_") for field, name in named.items()}
            found[id_] = replace(row, names={**row.names, **plain_names})
    return found


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


FROM_REPORTED = Source(REPORTED)
_NEEDED = {
    REPORTED: (),
    DIGITISED: ("data", "at_risk", "time_unit"),
    PATIENTS: ("data", "time_unit"),
    COEFFICIENTS: ("parameterisation", "time_unit"),
}


def source(inputs: Inputs, endpoint: str, spec: CurveSpec) -> Source:
    """Return the source of one curve, with its data read, rebuilt or converted.

    Raises
    ------
    InputError
        Where a row, file or sheet is missing or has problems.
    SurvivalError
        Where rebuilt data disagree with what was published, or coefficients cannot be used.
    """
    prefix = f"curve.{endpoint}.{spec.strategy}."
    kind = inputs.rows[prefix + "source"].text
    rows = _needed(inputs, prefix, kind)
    if kind == REPORTED:
        return FROM_REPORTED
    unit = rows["time_unit"].text
    if kind == COEFFICIENTS:
        return published_source(inputs.rows, endpoint, spec, rows["parameterisation"].text, unit)
    tables = _tables(inputs, [row for name, row in rows.items() if name in {"data", "at_risk"}])
    if kind == PATIENTS:
        return patient_source(tables[0], spec.strategy, unit)
    total = inputs.rows.get(prefix + "total_events")
    events = int(total.number) if total is not None and total.value is not None else None
    curve, at_risk = tables
    try:
        return digitised_source(curve, at_risk, events, unit)
    except SurvivalError as error:
        raise SurvivalError(f"{endpoint}, {spec.strategy}: {error}", [prefix + "data"]) from None


def _tables(inputs: Inputs, rows: list[Row]) -> list[RawTable]:
    """Return the tables that rows name; one error for all that are not there."""
    found: list[RawTable] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            found.append(table_of(row, inputs))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    return found


def _needed(inputs: Inputs, prefix: str, kind: str) -> dict[str, Row]:
    """Return the rows that a kind of source needs, by the last part of their id."""
    found, problems = {}, []
    for name in _NEEDED[kind]:
        row = inputs.rows.get(prefix + name)
        if row is None or row.value is None:
            where = row.where["value"] if row is not None else inputs.rows[prefix + "source"].where["value"]
            what = f"the source {kind} needs {prefix}{name}"
            problems.append(Problem(where, what, todo=f"Fill in {prefix}{name} on the sheet Curves."))
        else:
            found[name] = row
    if problems:
        raise InputError(tuple(problems))
    return found


_KINDS = {
    "median": MEDIAN,
    "survival_{landmark}": SURVIVAL,
    "restricted_mean": RESTRICTED_MEAN,
    "hazard_ratio": HAZARD_RATIO,
    "hazard_ratio_{period}": HAZARD_RATIO,
    "acceleration_factor": ACCELERATION_FACTOR,
    "odds_ratio": ODDS_RATIO,
}
_COUNTS = {"at_risk_{landmark}": AT_LEAST, "events": AT_MOST}
"""Counts of patients, and what they say of survival: it is at least the share still at risk, and at
most one less the share with the event."""


def statistics(rows: Mapping[str, Row], endpoint: str) -> tuple[Statistic, ...]:
    """Return the statistics of one endpoint, the trial's and external ones, in workbook order."""
    return tuple(
        _statistic(row)
        for row in rows.values()
        if row.kind.group in {"survival", "external"} and row.names["endpoint"] == endpoint and row.value is not None
    )


def _statistic(row: Row) -> Statistic:
    part = row.kind.pattern.rpartition(".")[2]
    if part in _COUNTS:
        return _count(row, _COUNTS[part])
    external = row.kind.group == "external"
    return Statistic(
        id=row.id,
        endpoint=row.names["endpoint"],
        strategy=row.names["strategy"],
        kind=_KINDS[part],
        value=row.number,
        time=row.time if not external or row.time is None else row.time - (row.time_origin or 0.0),
        low=row.low,
        high=row.high,
        se=row.se,
        p_value=row.p_value,
        events=row.events,
        patients=row.n,
        versus=row.versus or None,
        fixed=row.distribution == "fixed",
        used=row.use_in_fit,
        bound=row.bound or None,
        weight=row.weight,
        external=external,
        study=row.source if external else "",
    )


def _count(row: Row, bound: str) -> Statistic:
    """Turn a number of patients into a bound of survival; it is checked to be below n by `checks`."""
    share = row.number / row.n if row.n else float("nan")
    return Statistic(
        id=row.id,
        endpoint=row.names["endpoint"],
        strategy=row.names["strategy"],
        kind=SURVIVAL,
        value=share if bound == AT_LEAST else 1.0 - share,
        time=row.time,
        patients=row.n,
        used=row.use_in_fit,
        bound=bound,
    )


NONE = "none"
_NEEDED_FOR_WANING = {
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
    return text_of(rows, _id(place, "time_on_treatment"))


def check_waning(rows: Rows) -> list[Problem]:
    """Return everything that is wrong with the waning of a workbook."""
    problems = []
    curves = {(row.names["endpoint"], row.names["strategy"]) for row in select(rows, FAMILY)}
    for row in _shapes(rows):
        place = (row.names["endpoint"], row.names["strategy"])
        missing = [_id(place, name) for name in _NEEDED_FOR_WANING[row.text] if not _filled(rows, _id(place, name))]
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
    scale, reference = (text_of(rows, _id(place, name)) for name in ("scale", "reference"))
    return Waning(reference=reference, start=start, end=end, shape=shape.text, scale=scale)


def _filled(rows: Rows, id_: str) -> bool:
    return id_ in rows and rows[id_].value is not None


def _id(place: Place, name: str) -> str:
    return f"waning.{place[0]}.{place[1]}.{name}"
