"""From the rows of a workbook to fitted curves, with errors that name cells."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import Location, Problem
from hemodel.inputs.checks import select
from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import EndpointFit, fit
from hemodel.survival.reported.problem import FitProblem, fit_problem
from hemodel.survival.reported.statistics import HAZARD_RATIO, MEDIAN, SURVIVAL, Statistic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.model_inputs import Reading
    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

_KINDS = {"median": MEDIAN, "hazard_ratio": HAZARD_RATIO, "survival_{landmark}": SURVIVAL}


def fit_curves(reading: Reading) -> tuple[dict[str, EndpointFit], list[Problem]]:
    """Fit every endpoint of a reading.

    Returns
    -------
    fits : dict from endpoint to EndpointFit
    problems : list of Problem
        Why an endpoint could not be fitted, with the cells concerned. An endpoint
        with a row that has problems of its own is left out in silence, since those
        are reported already.
    """
    fits, problems = {}, []
    broken = _broken_endpoints(reading)
    for endpoint in _endpoints(reading.rows):
        if endpoint in broken:
            continue
        try:
            fits[endpoint] = fit_endpoint(reading.rows, endpoint)
        except SurvivalError as error:
            problems += [_problem(reading, endpoint, part) for part in (error.parts or (error,))]
    return fits, problems


def fit_endpoint(rows: Rows, endpoint: str, family: str = "") -> EndpointFit:
    """Fit one endpoint; `family` replaces that of every curve, with the relations as they are.

    Raises
    ------
    SurvivalError
        Where the curves do not go together or the statistics do not identify them.
    """
    name, specs, *rest = _description(rows, endpoint)
    if family:
        specs = tuple(replace(spec, family=family) for spec in specs)
    return _fitted(name, specs, *rest)


def endpoint_problem(rows: Rows, endpoint: str) -> FitProblem:
    """Return the fit that the rows of one endpoint describe.

    Raises
    ------
    SurvivalError
        Where the curves do not go together or the statistics do not identify them.
    """
    return _problem_of(*_description(rows, endpoint))


_Description = tuple[str, tuple[CurveSpec, ...], tuple[Statistic, ...], float | None, tuple[tuple[str, float], ...]]


def _description(rows: Rows, endpoint: str) -> _Description:
    """Everything a fit depends on, as values that can be compared."""
    follow_up = rows.get("trial.median_follow_up")
    patients = tuple((row.names["strategy"], row.number) for row in select(rows, "trial.patients.{strategy}"))
    months = follow_up.number if follow_up is not None and follow_up.value is not None else None
    return endpoint, _specs(rows, endpoint), statistics(rows, endpoint), months, patients


@lru_cache(maxsize=512)
def _problem_of(
    endpoint: str,
    specs: tuple[CurveSpec, ...],
    reported: tuple[Statistic, ...],
    follow_up: float | None,
    patients: tuple[tuple[str, float], ...],
) -> FitProblem:
    return fit_problem(EndpointCurves(endpoint, specs), reported, follow_up, dict(patients))


@lru_cache(maxsize=512)
def _fitted(
    endpoint: str,
    specs: tuple[CurveSpec, ...],
    reported: tuple[Statistic, ...],
    follow_up: float | None,
    patients: tuple[tuple[str, float], ...],
) -> EndpointFit:
    """Fit once what many scenarios share: the same curves and statistics give the same fit."""
    return fit(_problem_of(endpoint, specs, reported, follow_up, patients))


def statistics(rows: Rows, endpoint: str) -> tuple[Statistic, ...]:
    """Return the reported statistics of one endpoint, in workbook order."""
    return tuple(
        _statistic(row)
        for row in rows.values()
        if row.kind.group == "survival" and row.names["endpoint"] == endpoint and row.value is not None
    )


def _statistic(row: Row) -> Statistic:
    return Statistic(
        id=row.id,
        endpoint=row.names["endpoint"],
        strategy=row.names["strategy"],
        kind=_KINDS[row.kind.pattern.rpartition(".")[2]],
        value=row.number,
        time=row.time,
        low=row.low,
        high=row.high,
        p_value=row.p_value,
        events=row.events,
        patients=row.n,
        versus=row.versus or None,
        fixed=row.distribution == "fixed",
        used=row.use_in_fit,
    )


def _specs(rows: Rows, endpoint: str) -> tuple[CurveSpec, ...]:
    specs = []
    for row in select(rows, "curve.{endpoint}.{strategy}.family"):
        if row.names["endpoint"] != endpoint:
            continue
        prefix = row.id.removesuffix("family")
        reference = rows.get(prefix + "reference")
        relation = rows[prefix + "relation"].text
        specs.append(
            CurveSpec(
                strategy=row.names["strategy"],
                family=row.text,
                relation=relation,
                reference=None if reference is None or relation == "independent" else reference.text,
            )
        )
    return tuple(specs)


def _endpoints(rows: Rows) -> Iterable[str]:
    return dict.fromkeys(row.names["endpoint"] for row in select(rows, "curve.{endpoint}.{strategy}.family"))


def _broken_endpoints(reading: Reading) -> set[str]:
    """Endpoints with a row that is missing or has a problem of its own."""
    broken = set()
    for raw in reading.raw.rows:
        if raw.id not in reading.rows and raw.id.split(".")[0] in {"survival", "curve"}:
            broken.add(raw.id.split(".")[1])
    concerned = {str(problem.where) for problem in reading.problems}
    for row in reading.rows.values():
        if row.kind.group in {"survival", "curve"} and any(str(where) in concerned for where in row.where.values()):
            broken.add(row.names["endpoint"])
    for row in select(reading.rows, "curve.{endpoint}.{strategy}.family"):
        if row.id.replace(".family", ".relation") not in reading.rows:
            broken.add(row.names["endpoint"])
    return broken


def _problem(reading: Reading, endpoint: str, error: SurvivalError) -> Problem:
    rows = [reading.rows[id_] for id_ in error.ids if id_ in reading.rows]
    where = rows[0].where["value"] if rows else Location(reading.raw.file, "Curves")
    what, _, todo = str(error).removeprefix(f"{endpoint}: ").partition(". ")
    return Problem(where, f"the curves of {endpoint} cannot be fitted: {what}", todo=todo)
