"""Fit the curves that a workbook asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.checks import select
from hemodel.survival.blocks import reported_problem, simulated_trials
from hemodel.survival.combined import fit_evidence
from hemodel.survival.endpoint_fit import REPORTED, EndpointData
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.background import EXCESS, OVERALL_SURVIVAL, population
from hemodel.survival.workbook.curves import FAMILY, endpoints, options, source, specs, statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import Reading
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.endpoint_fit import EndpointFit, Source
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.simulated_trials import TrialBootstrap
    from hemodel.survival.workbook.tables import Inputs


def fit_curves(reading: Reading) -> tuple[dict[str, EndpointFit], list[Problem]]:
    """Fit every endpoint of a reading.

    Returns
    -------
    fits : dict from endpoint to EndpointFit
    problems : list of Problem
        Why an endpoint could not be fitted, with the cells or files concerned. An
        endpoint with a row that has problems of its own is left out in silence, since
        those are reported already.
    """
    fits: dict[str, EndpointFit] = {}
    problems: list[Problem] = []
    broken = _broken_endpoints(reading)
    for endpoint in endpoints(reading.rows):
        if endpoint in broken:
            continue
        try:
            fits[endpoint] = fit_endpoint(reading, endpoint)
        except SurvivalError as error:
            problems += [_problem(reading, endpoint, part) for part in (error.parts or (error,))]
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    return fits, problems


def without_spread(reading: Reading, fits: Mapping[str, EndpointFit]) -> list[Problem]:
    """Return why fits have no covariance, with the cells concerned."""
    problems = []
    for endpoint, fit in fits.items():
        try:
            _ = fit.covariance
        except SurvivalError as error:
            problems += [_problem(reading, endpoint, part) for part in (error.parts or (error,))]
    return problems


def fit_endpoint(inputs: Inputs, endpoint: str) -> EndpointFit:
    """Fit one endpoint.

    Raises
    ------
    SurvivalError
        Where the curves do not go together or their evidence does not identify them.
    InputError
        Where a file or sheet of data has problems.
    """
    return _fitted(evidence(inputs, endpoint))


def evidence(inputs: Inputs, endpoint: str) -> EndpointData:
    """Return everything that the fit of an endpoint depends on.

    Raises
    ------
    SurvivalError, InputError
        As `fit_endpoint`.
    """
    rows = inputs.rows
    follow_up = rows.get("trial.median_follow_up")
    chosen, own = options(rows), specs(rows, endpoint)
    excess = rows["background.method"].text == EXCESS and endpoint == OVERALL_SURVIVAL
    return EndpointData(
        endpoint=endpoint,
        specs=own,
        sources=_sources(inputs, endpoint, own),
        statistics=statistics(rows, endpoint),
        follow_up=follow_up.number if follow_up is not None and follow_up.value is not None else None,
        patients=tuple((row.names["strategy"], row.number) for row in select(rows, "trial.patients.{strategy}")),
        background=population(inputs) if excess else None,
        correlated=chosen.correlated,
        bootstrap=chosen.bootstrap,
        simulated_trials=chosen.simulated_trials,
        replicates=chosen.replicates,
        seed=chosen.seed,
    )


def _sources(inputs: Inputs, endpoint: str, own: tuple[CurveSpec, ...]) -> tuple[tuple[str, Source], ...]:
    """Return the source of every curve; one error for what is wrong with any of them."""
    found, problems = [], []
    for spec in own:
        try:
            found.append((spec.strategy, source(inputs, endpoint, spec)))
        except SurvivalError as error:
            problems += [_problem(inputs, endpoint, part) for part in (error.parts or (error,))]
        except InputError as error:
            problems += error.problems
    raise_if_any(dict.fromkeys(problems))
    return tuple(found)


@lru_cache(maxsize=512)
def _fitted(found: EndpointData) -> EndpointFit:
    """Fit once what many scenarios share: the same evidence gives the same fit."""
    return fit_evidence(found)


def endpoint_problem(inputs: Inputs, endpoint: str) -> FitProblem:
    """Return the fit to reported statistics that the rows of one endpoint describe.

    Raises
    ------
    SurvivalError, InputError
        As `fit_endpoint`.
    """
    return _problem_of(evidence(inputs, endpoint))


def endpoint_trials(inputs: Inputs, endpoint: str) -> TrialBootstrap:
    """Return how the reported statistics of one endpoint vary together over simulated trials.

    Raises
    ------
    SurvivalError, InputError
        As `fit_endpoint`, and where the trials cannot be simulated.
    """
    found = evidence(inputs, endpoint)
    return simulated_trials(found, found.of_kind(REPORTED))


@lru_cache(maxsize=512)
def _problem_of(found: EndpointData) -> FitProblem:
    return reported_problem(found, found.of_kind(REPORTED))


def _broken_endpoints(reading: Reading) -> set[str]:
    """Endpoints with a row that is missing or has a problem of its own."""
    broken: set[str] = set()
    for raw in reading.raw.rows:
        group, _, rest = raw.id.partition(".")
        if raw.id not in reading.rows and group in _GROUPS:
            broken.add(rest.partition(".")[0])
    concerned = {str(problem.where) for problem in reading.problems}
    for row in reading.rows.values() if concerned else ():
        if row.kind.group in _GROUPS and any(str(where) in concerned for where in row.where.values()):
            broken.add(row.names["endpoint"])
    needed = ("relation", "source")
    for row in select(reading.rows, FAMILY):
        if any(row.id.replace(".family", f".{name}") not in reading.rows for name in needed):
            broken.add(row.names["endpoint"])
    lacking = any(id_ not in reading.rows or str(reading.rows[id_].where["value"]) in concerned for id_ in _EVERYWHERE)
    return broken if not lacking else set(endpoints(reading.rows))


_GROUPS = {"survival", "curve", "external", "coefficient", "covariance"}
_EVERYWHERE = (
    "curves.statistics",
    "curves.draws",
    "curves.replicates",
    "background.method",
    "settings.seed",
    "settings.time_horizon",
)


def _problem(inputs: Inputs, endpoint: str, error: SurvivalError) -> Problem:
    rows = [inputs.rows[id_] for id_ in error.ids if id_ in inputs.rows]
    curves = dict.fromkeys(id_.rpartition(".")[0] for id_ in error.ids)
    rows += [inputs.rows[f"{curve}.relation"] for curve in curves if f"{curve}.relation" in inputs.rows]
    where = rows[0].where["value"] if rows else Location(inputs.raw.file, "Curves")
    what, _, todo = str(error).removeprefix(f"{endpoint}: ").partition(". ")
    return Problem(where, f"the curves of {endpoint} cannot be fitted: {what}", todo=todo)
