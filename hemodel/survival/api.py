"""Survival curves from Python: fit them, take published ones, and ask them for numbers.

Times are in any one unit. Coefficients are on the estimation scale of flexsurv. Whatever a
user can mend is raised as `SurvivalError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import Location
from hemodel.inputs.dictionary import nearest
from hemodel.survival.combined import fit_evidence
from hemodel.survival.curve_spec import INDEPENDENT, RELATIONS, CurveSpec, as_family
from hemodel.survival.curve_values import Fit
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.digitised import comparison, reconstruction
from hemodel.survival.digitised import reading as checking
from hemodel.survival.endpoint_fit import PATIENTS, REPORTED, EndpointData, EndpointFit, Source
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.data import ALL_PATIENTS, PatientData, check_rows
from hemodel.survival.patients.fitting import KAPLAN_MEIER, maximum_likelihood
from hemodel.survival.published import FLEXSURV, Published, convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from hemodel.errors import Problem
    from hemodel.survival.digitised.reconstruction import Reconstruction
    from hemodel.survival.family import Family
    from hemodel.survival.patients.fitting import LikelihoodFit
    from hemodel.survival.reported.statistics import Statistic


COEFFICIENTS = "coefficients"
REFERENCE, TREATMENT = "reference", "treatment"


def patient_data(
    time: ArrayLike,
    event: ArrayLike,
    strategy: Iterable[object] | None = None,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> dict[str, PatientData]:
    """Check times to event of patients and group them by strategy.

    Parameters
    ----------
    time : array (n,)
        Time at which follow-up ended, above 0.
    event : array (n,)
        1 or True if it ended with the event, 0 or False if it was censored.
    strategy : iterable (n,), optional
        Name of each patient's strategy; by default all are of one called ``all``.
    entry, weight : array (n,), optional
        Time at which observation began (by default 0), and the statistical weight of each, of which only the ratios
        mean anything (by default all the same).

    Raises
    ------
    SurvivalError
        With everything that is wrong, by position (the first patient is 0).
    """
    numeric = {"time": time, "event": event, "entry": entry, "weight": weight}
    arrays = {name: np.asarray(values) for name, values in numeric.items() if values is not None}
    columns: dict[str, Sequence[object]] = {name: _plain(values) for name, values in arrays.items()}
    if strategy is not None:
        columns["strategy"] = list(strategy)
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1 or not sizes["time"]:
        listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise SurvivalError(f"patients: columns must have one value for each patient; they have: {listed}.")
    data, problems = check_rows(columns, _position("patients"), Location("patients"))
    _raise(problems)
    return data


def fit_patients(
    data: PatientData | Mapping[str, PatientData],
    family: str | Family,
    *,
    relation: str = INDEPENDENT,
    reference: str | None = None,
    cuts: Sequence[float] = (),
) -> Fit:
    """Fit a family to patients by maximum likelihood.

    Parameters
    ----------
    data : PatientData or mapping from strategy to PatientData
        From `patient_data`, `read_patients` or `reconstruct`.
    family : str or Family
        A name or formula; see `hemodel.survival.family`.
    relation : str
        One of `RELATIONS`: ``independent`` fits every strategy apart; otherwise the others
        differ from the reference by this effect, and all are fitted together.
    reference : str, optional
        The strategy that an effect acts on.
    cuts : sequence of float
        Times at which hazard ratios by period change.

    Raises
    ------
    SurvivalError
        If the family or relation is unknown, or the patients do not determine the curves.
    """
    given = {ALL_PATIENTS: data} if isinstance(data, PatientData) else dict(data)
    shape = as_family(family)
    specs = _specs(list(given), shape, relation, reference, cuts)
    if shape.members or shape.name.startswith(KAPLAN_MEIER):
        sources = tuple((name, Source(PATIENTS, some)) for name, some in given.items())
        return Fit(fit_evidence(_evidence("patients", specs, sources)), {})
    return from_likelihood(maximum_likelihood(EndpointCurves("patients", specs), given))


def from_likelihood(found: LikelihoodFit) -> Fit:
    """Return a fit by maximum likelihood with its criteria."""
    fitted = EndpointFit(
        found.curves, found.coefficients, lambda: found.covariance, {}, likelihoods=(found,), notes=found.warnings
    )
    names = ("log_likelihood", "aic", "aicc", "bic", "bic_events")
    return Fit(fitted, {name: float(getattr(found, name)) for name in names})


def fit_reported(
    statistics: Iterable[Statistic],
    family: str | Family,
    *,
    relation: str = INDEPENDENT,
    reference: str | None = None,
    cuts: Sequence[float] = (),
    follow_up: float | None = None,
    patients: Mapping[str, float] | None = None,
) -> Fit:
    """Fit a family to reported statistics by weighted least squares.

    Parameters
    ----------
    statistics : iterable of Statistic
        Of one endpoint.
    family, relation, reference, cuts
        As in `fit_patients`.
    follow_up : float, optional
        Median follow-up, which a hazard ratio needs.
    patients : mapping from strategy to number, optional
        How many patients there were, for a hazard ratio of independent curves.

    Raises
    ------
    SurvivalError
        If the statistics are not possible or do not determine the curves.
    """
    given = tuple(statistics)
    found = {each.endpoint for each in given}
    if len(found) != 1:
        listed = ", ".join(sorted(found)) or "there are none"
        raise SurvivalError(f"The statistics must be of one endpoint; given: {listed}.")
    named = [name for each in given for name in (each.versus, each.strategy) if name is not None]
    strategies = list(dict.fromkeys(named))
    specs = _specs(strategies, as_family(family), relation, reference, cuts)
    sources = tuple((name, Source(REPORTED)) for name in strategies)
    sizes = tuple((patients or {}).items())
    fitted = fit_evidence(_evidence(found.pop(), specs, sources, given, follow_up, sizes))
    if len(fitted.reported) != 1:
        return Fit(fitted, {})
    return Fit(fitted, {name: float(getattr(fitted.reported[0], name)) for name in ("objective", "criterion")})


def from_coefficients(
    family: str,
    values: Mapping[str, float],
    covariance: ArrayLike | None = None,
    *,
    parameterisation: str = FLEXSURV,
) -> Fit:
    """Take the coefficients of a published curve.

    Parameters
    ----------
    family : str
        Name of the distribution in the program that printed them, or formula.
    values : mapping from parameter to number
        ``treatment`` is a coefficient of treatment; there are then two curves, ``reference``
        and ``treatment``, else one called ``all``.
    covariance : array (p, p), optional
        In the order of ``values``; without it they have no uncertainty.
    parameterisation : str
        ``flexsurv`` (estimation scale), ``flexsurv_natural``, ``survreg``, ``stata_ph``,
        ``stata_aft``, ``sas_lifereg`` or ``lifelines``.

    Raises
    ------
    SurvivalError
        With everything that is wrong with names, values and covariance.
    """
    size = len(values)
    given = np.zeros((size, size)) if covariance is None else np.asarray(covariance, dtype=np.float64)
    numbers = np.array(list(values.values()), dtype=np.float64)
    found = convert(Published(parameterisation, family, tuple(values), numbers, given))
    shape = as_family(found.family)
    if not shape.is_resolved:
        raise SurvivalError(f"{shape.name} needs its knots, as in spline(hazard, knots at 1 6 24).")
    specs = _specs([ALL_PATIENTS], shape, INDEPENDENT, None, ())
    if found.relation:
        specs = _specs([REFERENCE, TREATMENT], shape, found.relation, REFERENCE, ())
    curves = EndpointCurves(COEFFICIENTS, specs)
    return Fit(EndpointFit(curves, found.coefficients, lambda: found.covariance, {}, notes=(found.text,)), {})


def reconstruct(
    time: ArrayLike, survival: ArrayLike, risk_time: ArrayLike, at_risk: ArrayLike, events: int | None = None
) -> Reconstruction:
    """Rebuild the times of patients from points of a published Kaplan-Meier curve.

    Parameters
    ----------
    time, survival : array (points,)
        Points of the curve, times rising.
    risk_time, at_risk : array (rows,)
        The table of numbers at risk under it, from time 0.
    events : int, optional
        The reported total of events, met exactly.

    Returns
    -------
    Reconstruction
        With ``data`` for `fit_patients`, ``notes`` and ``comparison``.

    Raises
    ------
    SurvivalError
        With everything that is wrong with curve or table, and where the rebuilt patients do
        not agree with them.
    """
    columns = {"time": _plain(np.asarray(time)), "survival": _plain(np.asarray(survival))}
    risks = {"time": _plain(np.asarray(risk_time)), "at_risk": _plain(np.asarray(at_risk))}
    for what, each in (("curve", columns), ("risk table", risks)):
        sizes = [f"{name} {len(values)}" for name, values in each.items()]
        if len({len(values) for values in each.values()}) > 1:
            raise SurvivalError(f"{what}: both columns must be as long; they have: {', '.join(sizes)} values.")
    curve, problems = checking.check_curve(columns, _position("curve"), Location("curve"))
    risk, more = checking.check_risk_table(risks, _position("risk table"), Location("risk table"))
    _raise([*problems, *more])
    if curve is None or risk is None:
        message = "columns without problems are a curve and a risk table"
        raise AssertionError(message)
    rebuilt = reconstruction.reconstruct(curve, risk, events)
    comparison.require_agreement(rebuilt.comparison)
    return rebuilt


def _specs(
    strategies: Sequence[str], shape: Family, relation: str, reference: str | None, cuts: Sequence[float]
) -> tuple[CurveSpec, ...]:
    """Return independent curves, or one and those relative to it."""
    if relation not in RELATIONS:
        hint = nearest(relation, RELATIONS)
        raise SurvivalError(f"{relation!r} is not a relation of curves. {hint} Known: {', '.join(RELATIONS)}.")
    if relation != INDEPENDENT and reference not in strategies:
        given = "none is given" if reference is None else f"there is no strategy {reference!r}"
        raise SurvivalError(
            f"The relation {relation} needs a reference, the strategy that the effect acts on; {given}. "
            f"Strategies: {', '.join(strategies)}."
        )
    return tuple(
        CurveSpec(name, shape, INDEPENDENT)
        if relation == INDEPENDENT or name == reference
        else CurveSpec(name, shape, relation, reference, tuple(cuts))
        for name in strategies
    )


def _evidence(
    endpoint: str,
    specs: tuple[CurveSpec, ...],
    sources: tuple[tuple[str, Source], ...],
    statistics: tuple[Statistic, ...] = (),
    follow_up: float | None = None,
    patients: tuple[tuple[str, float], ...] = (),
) -> EndpointData:
    """Return evidence without background mortality, correlation or bootstrap."""
    return EndpointData(
        endpoint, specs, sources, statistics, follow_up, patients,
        background=None, correlated=False, bootstrap=False, simulated_trials=0, replicates=0, seed=0,
    )  # fmt: skip


def _plain(values: np.ndarray[Any, Any]) -> list[object]:
    """Return an array of one dimension as cells, truth values as 1 and 0."""
    if values.ndim != 1:
        raise SurvivalError(f"A column must have one dimension; this one has {values.ndim}.")
    return list(values.astype(np.float64)) if values.dtype == np.bool_ else values.tolist()


def _position(what: str) -> Any:
    return lambda i, column: Location(f"{what}, {column}[{i}]")


def _raise(problems: Iterable[Problem]) -> None:
    raise_together(SurvivalError(str(problem)) for problem in problems)
