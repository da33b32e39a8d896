"""Parts of an endpoint's fit: coefficients that were estimated together, apart from the others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.parameters import block_uniforms
from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
    CurveSpec,
    as_family,
)
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.kaplan_meier import KaplanMeierThen
from hemodel.survival.patients.bootstrap import case_bootstrap
from hemodel.survival.patients.data import patients
from hemodel.survival.patients.fitting import maximum_likelihood
from hemodel.survival.patients.kaplan_meier import curve_data
from hemodel.survival.published import printed_back
from hemodel.survival.reported.fitting import fit
from hemodel.survival.reported.problem import fit_problem
from hemodel.survival.reported.simulated_trials import (
    bootstrap_refits,
    bootstrap_trial,
    correlated_covariance,
    share_patients,
)
from hemodel.survival.reported.statistics import ACCELERATION_FACTOR, HAZARD_RATIO, ODDS_RATIO, target, to_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.survival.endpoint_fit import EndpointData
    from hemodel.survival.family import Array, Family
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.fitting import LikelihoodFit
    from hemodel.survival.reported.fitting import ReportedFit
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.simulated_trials import TrialBootstrap
    from hemodel.survival.reported.statistics import Statistic


CHECKED_MONTHS = (6.0, 12.0, 24.0, 60.0)
"""Months at which published coefficients are printed back as survival."""
Replicates = tuple["Array", tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class CoefficientBlock:
    """Coefficients that were estimated together.

    Attributes
    ----------
    sizes : mapping of strategy to int
        How many of the coefficients are each strategy's, in turn.
    covariance : callable () -> array (p, p)
        Made when asked for: the correlation of reported statistics takes simulated trials.
    families : mapping of strategy to Family
        Of independent curves, resolved.
    resample : callable (replicates, seed) -> (array (B, p), notes)
        Bootstrap replicates of the coefficients.
    offsets : mapping of strategy to int
        Where they begin among a strategy's coefficients, where that is not 0: the members of an average.
    criterion : float
        Lower is better; it weighs the members of an average.
    reported, likelihood : fits, where there is one
    """

    sizes: Mapping[str, int]
    coefficients: Array
    covariance: Callable[[], Array]
    families: Mapping[str, Family]
    resample: Callable[[int, int], Replicates]
    offsets: Mapping[str, int] = field(default_factory=dict)
    criterion: float = float("nan")
    reported: ReportedFit | None = None
    likelihood: LikelihoodFit | None = None
    notes: tuple[str, ...] = ()


def reported_block(evidence: EndpointData, specs: tuple[CurveSpec, ...]) -> CoefficientBlock:
    """Fit curves to the reported statistics of their strategies."""
    problem, fitted = _reported_fit(_of_statistics(evidence), specs)
    if evidence.moved:
        fitted = fit(problem, y=_moved(problem, dict(evidence.moved)), start=fitted.coefficients)

    def covariance() -> Array:
        if not evidence.correlated or not share_patients(problem):
            return fitted.covariance
        trials = simulated_trials(evidence, evidence.simulated_from or specs)
        return correlated_covariance(problem, fitted.coefficients, trials)

    def resample(replicates: int, seed: int) -> Replicates:
        refits = bootstrap_refits(problem, fitted, replicates, seed)
        lost = f"{refits.failures} of {refits.trials} bootstrap refits of {evidence.endpoint} did not settle"
        return refits.coefficients, (f"{lost} and were left out.",) if refits.failures else ()

    return CoefficientBlock(
        sizes=_sizes(problem.curves),
        coefficients=fitted.coefficients,
        covariance=covariance,
        families=_families(problem.curves),
        resample=resample,
        criterion=fitted.criterion,
        reported=fitted,
    )


def simulated_trials(evidence: EndpointData, specs: tuple[CurveSpec, ...]) -> TrialBootstrap:
    """Simulate the trial from the curves fitted to its statistics, once for the same statistics and curves.

    Raises
    ------
    SurvivalError
        Where the follow-up or patients of an arm are missing, or too few trials report every statistic.
    """
    return _simulated(_of_statistics(evidence), specs, evidence.simulated_trials, evidence.seed)


@lru_cache(maxsize=512)
def _simulated(evidence: EndpointData, specs: tuple[CurveSpec, ...], trials: int, seed: int) -> TrialBootstrap:
    problem, fitted = _reported_fit(evidence, specs)
    return bootstrap_trial(problem, fitted.coefficients, trials, seed)


def _of_statistics(evidence: EndpointData) -> EndpointData:
    """Return evidence without what a fit to reported statistics does not depend on, for all that share the fit."""
    return replace(
        evidence,
        specs=(),
        sources=(),
        moved=(),
        simulated_from=(),
        correlated=True,
        bootstrap=False,
        simulated_trials=0,
        replicates=0,
        seed=0,
    )


@lru_cache(maxsize=512)
def _reported_fit(evidence: EndpointData, specs: tuple[CurveSpec, ...]) -> tuple[FitProblem, ReportedFit]:
    problem = reported_problem(evidence, specs)
    return problem, fit(problem)


def _moved(problem: FitProblem, values: Mapping[str, float]) -> Array:
    """Return the reported values with some of them moved, on the scales of the targets."""
    y = problem.reported
    for j, aim in enumerate(problem.targets):
        if aim.statistic.id in values:
            y[j] = to_scale(aim.statistic.kind, values[aim.statistic.id])
    return y


def reported_problem(evidence: EndpointData, specs: tuple[CurveSpec, ...]) -> FitProblem:
    """Return the fit of curves to the statistics of their strategies.

    Raises
    ------
    SurvivalError
        Where the statistics do not suffice.
    """
    for spec in specs:
        _refuse_unresolved(evidence, spec)
    curves = EndpointCurves(evidence.endpoint, specs, evidence.background)
    names = {spec.strategy for spec in specs}
    mine = [s for s in evidence.statistics if s.strategy in names and (s.versus is None or s.versus in names)]
    return fit_problem(curves, mine, evidence.follow_up, dict(evidence.patients))


def _refuse_unresolved(evidence: EndpointData, spec: CurveSpec) -> None:
    shape = as_family(spec.family) if spec.relation == INDEPENDENT else None
    if shape is None or shape.is_resolved:
        return
    where = f"curve.{evidence.endpoint}.{spec.strategy}.family"
    raise SurvivalError(
        f"{evidence.endpoint}: {shape.name} of {spec.strategy} needs patients or a digitised curve, and the source is "
        "reported. Give the knots of a spline, as in spline(hazard, knots at 1 6 24), or choose another source.",
        [where],
    )


def likelihood_block(evidence: EndpointData, specs: tuple[CurveSpec, ...]) -> CoefficientBlock:
    """Fit curves that share coefficients to their patients by maximum likelihood."""
    data = {spec.strategy: _patients(evidence, spec.strategy) for spec in specs}
    shape = as_family(specs[0].family)
    if isinstance(shape, KaplanMeierThen):
        return _kaplan_meier_block(evidence, specs, shape, data)
    curves = EndpointCurves(evidence.endpoint, specs)
    expected = _expected(evidence, data)
    fitted = maximum_likelihood(curves, data, expected)

    def resample(replicates: int, seed: int) -> Replicates:
        drawn = case_bootstrap(fitted, data, replicates, seed, expected)
        lost = f"{drawn.failures} of {replicates} bootstrap refits of {evidence.endpoint} did not settle"
        return drawn.coefficients, (f"{lost} and were left out.",) if drawn.failures else ()

    return CoefficientBlock(
        sizes=_sizes(fitted.curves),
        coefficients=fitted.coefficients,
        covariance=lambda: fitted.covariance,
        families=_families(fitted.curves),
        resample=resample,
        criterion=fitted.aic,
        likelihood=fitted,
        notes=fitted.other_warnings,
    )


def _kaplan_meier_block(
    evidence: EndpointData, specs: tuple[CurveSpec, ...], shape: KaplanMeierThen, data: Mapping[str, PatientData]
) -> CoefficientBlock:
    """Fit the tail of a Kaplan-Meier curve to the patients still at risk where it takes over."""
    if len(specs) > 1:
        raise SurvivalError(
            f"{evidence.endpoint}: {shape.name} of {specs[0].strategy} cannot have relative curves "
            f"({', '.join(spec.strategy for spec in specs[1:])}), because an observed curve has no effect. Make them "
            "independent, or choose another family.",
            [f"curve.{evidence.endpoint}.{spec.strategy}.relation" for spec in specs[1:]],
        )
    (spec,) = specs
    if evidence.background is not None:
        raise SurvivalError(
            f"{evidence.endpoint}: {shape.name} of {spec.strategy} counts the population's deaths already, so it "
            "cannot be a curve of the excess hazard. Choose another family, or set background.method to floor.",
            [f"curve.{evidence.endpoint}.{spec.strategy}.family"],
        )
    whole = data[spec.strategy]
    late = whole.time > shape.cuts[0]
    tail = patients(
        whole.time[late], whole.event[late], np.maximum(whole.entry[late], shape.cuts[0]), whole.weight[late]
    )
    part = evidence.only(replace(spec, family=shape.parts[1]), tail)
    block = likelihood_block(part, part.specs)
    resolved = replace(shape, parts=(shape.parts[0].resolved(curve_data(whole)), block.families[spec.strategy]))
    variance = np.array([[resolved.multiplier_se**2]])

    def resample(replicates: int, seed: int) -> Replicates:
        drawn, notes = block.resample(replicates, seed)
        normals = _normals(f"km.{evidence.endpoint}.{spec.strategy}", seed, drawn.shape[0], 1)
        return np.hstack([resolved.multiplier_se * normals, drawn]), notes

    return replace(
        block,
        sizes={spec.strategy: 1 + block.coefficients.size},
        coefficients=np.concatenate([[0.0], block.coefficients]),
        covariance=lambda: _diagonal([variance, block.covariance()]),
        families={spec.strategy: resolved},
        resample=resample,
    )


def published_block(evidence: EndpointData, spec: CurveSpec) -> CoefficientBlock:
    """Take published coefficients as they are."""
    converted = evidence.source(spec.strategy).published
    where = f"curve.{evidence.endpoint}.{spec.strategy}"
    if converted is None or spec.relation != INDEPENDENT or converted.relation:
        raise SurvivalError(
            f"{where}: published coefficients are those of an independent curve. Give both strategies the coefficients "
            f"of the family, and the effect of treatment as a row effect.{evidence.endpoint}.{spec.strategy}.",
            [f"{where}.relation"],
        )

    def resample(replicates: int, seed: int) -> Replicates:
        normals = _normals(where, seed, replicates, converted.coefficients.size)
        values, vectors = np.linalg.eigh(converted.covariance)
        return converted.coefficients + normals @ (vectors * np.sqrt(np.clip(values, 0.0, None))).T, ()

    return CoefficientBlock(
        sizes={spec.strategy: converted.coefficients.size},
        coefficients=converted.coefficients,
        covariance=lambda: converted.covariance,
        families={spec.strategy: as_family(converted.family)},
        resample=resample,
        notes=(f"{where}: {converted.text} {printed_back(converted, CHECKED_MONTHS)}",),
    )


def ratio_block(evidence: EndpointData, spec: CurveSpec) -> CoefficientBlock:
    """Take reported ratios over: log ratios on a curve of published coefficients, which is drawn once for both arms."""
    used = [s for s in evidence.statistics if s.used and not s.external and spec.strategy in {s.strategy, s.versus}]
    found = [[s for s in used if _is_ratio(s, spec, start)] for start in ((0.0, *spec.cuts) if spec.cuts else (None,))]
    where, kind = f"curve.{evidence.endpoint}.{spec.strategy}", _RATIO[spec.relation]
    if any(len(each) != 1 for each in found):
        period = " for each period" if spec.cuts else ""
        raise SurvivalError(
            f"{evidence.endpoint}: {spec.strategy} is relative to {spec.reference}, which has published coefficients, "
            f"and needs one {kind.replace('_', ' ')}{period}. Add survival.{evidence.endpoint}.{spec.strategy}.{kind} "
            f"with versus {spec.reference}, its interval, and use in fit yes.",
            [f"{where}.relation"],
        )
    ratios = [each[0] for each in found]
    others = [s.id for s in used if s not in ratios]
    if others:
        raise SurvivalError(
            f"{evidence.endpoint}: {', '.join(others)} cannot be fitted, as {spec.strategy} is a ratio away from"
            " published coefficients. Set use in fit to no; the curve is compared with it then.",
            others,
        )
    aims, moved = [target(each) for each in ratios], dict(evidence.moved)
    values = np.array([to_scale(kind, moved.get(each.id, each.value)) for each in ratios])
    errors = np.array([0.0 if each.fixed else aim.se for each, aim in zip(ratios, aims, strict=True)])
    return CoefficientBlock(
        sizes={spec.strategy: values.size},
        coefficients=values,
        covariance=lambda: np.diag(errors**2),
        families={},
        resample=lambda replicates, seed: (values + errors * _normals(where, seed, replicates, values.size), ()),
    )


_RATIO = {
    PROPORTIONAL_HAZARDS: HAZARD_RATIO,
    HAZARD_RATIO_BY_PERIOD: HAZARD_RATIO,
    ACCELERATED_FAILURE_TIME: ACCELERATION_FACTOR,
    PROPORTIONAL_ODDS: ODDS_RATIO,
}


def _is_ratio(statistic: Statistic, spec: CurveSpec, start: float | None) -> bool:
    arms = (statistic.strategy, statistic.versus) == (spec.strategy, spec.reference)
    return arms and statistic.kind == _RATIO[spec.relation] and statistic.time == start and statistic.bound is None


def _patients(evidence: EndpointData, strategy: str) -> PatientData:
    data = evidence.source(strategy).data
    if data is None:
        message = f"{evidence.endpoint}: there are no patients of {strategy}."
        raise SurvivalError(message, [f"curve.{evidence.endpoint}.{strategy}.source"])
    return data


def _expected(evidence: EndpointData, data: Mapping[str, PatientData]) -> dict[str, Array] | None:
    """Hazard of the population at every patient's own time, where the curves are of the excess over it."""
    if evidence.background is None:
        return None
    return {strategy: evidence.background.hazard(each.time) for strategy, each in data.items()}


def _normals(name: str, seed: int, count: int, columns: int) -> Array:
    """Independent standard normals (count, columns) of a named stream."""
    return np.asarray(scipy.special.ndtri(block_uniforms(seed, name, 0, count, columns=columns)))


def _sizes(curves: EndpointCurves) -> dict[str, int]:
    return {strategy: own.stop - own.start for strategy, own in curves.columns.items()}


def _families(curves: EndpointCurves) -> dict[str, Family]:
    return {spec.strategy: curves.family(spec.strategy) for spec in curves.specs if spec.relation == INDEPENDENT}


def _diagonal(blocks: list[Array]) -> Array:
    size = sum(block.shape[0] for block in blocks)
    joined, first = np.zeros((size, size)), 0
    for block in blocks:
        last = first + block.shape[0]
        joined[first:last, first:last] = block
        first = last
    return joined
