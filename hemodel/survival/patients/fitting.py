"""Fit curves to times to event of patients by maximum likelihood.

The curves that share coefficients (an independent curve and those relative to it) are
fitted together; groups that share none are fitted one by one, which gives the same
maximum. Every start is evaluated, the best few are followed by Newton's method, and the
best of those is polished.

The maximum of the likelihood for curves that share coefficients.

The gradient of the log-likelihood by the families' own derivatives.

The search for a maximum differentiates the likelihood numerically. At the maximum the
gradient is computed once more in this other way, so that what is reported does not rest on
the search alone.

Where a maximum likelihood fit begins.

Curves that share coefficients, and families that need data.

What patient data must be for a fit by maximum likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import INDEPENDENT, PROPORTIONAL_HAZARDS, as_family
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.data import pooled, to_effective_size
from hemodel.survival.patients.identification import (
    condition_number,
    fit_warnings,
    flat_coefficients,
    is_bounded,
    longest_axes,
    other_warnings,
    weight_notes,
)
from hemodel.survival.patients.kaplan_meier import curve_data, kaplan_meier
from hemodel.survival.patients.likelihood import contributions, likelihood
from hemodel.survival.patients.newton import NEAR, Maximum, first_axes, inverse, polish, search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.likelihood import Likelihood
    from hemodel.survival.patients.newton import Function, Indices, Mask

    Groups = dict[str, tuple[CurveSpec, ...]]
    Data = Mapping[str, PatientData]


def gradient(target: Likelihood, coefficients: Array) -> Array | None:
    """Compute the derivatives of the log-likelihood by the joint coefficients, both (p,).

    Sum of w [d (dlog h) - dH(t) + dH(entry)]; where the curve is of the excess over a
    population's hazard e, dlog h counts h / (h + e). None where a curve has an
    acceleration factor, odds ratio or hazard ratios by period.
    """
    curves = target.curves
    if any(spec.relation not in {INDEPENDENT, PROPORTIONAL_HAZARDS} for spec in curves.specs):
        return None
    total = np.zeros(coefficients.size)
    for strategy, sums in target.sums.items():
        spec = curves.spec(strategy)
        relative = spec.relation == PROPORTIONAL_HAZARDS
        own = curves.columns[strategy]
        base = curves.columns[spec.reference or strategy] if relative else own
        ratio = float(np.exp(coefficients[own][0])) if relative else 1.0
        log_hazard, hazard = curves.family(strategy).derivatives(sums.time, coefficients[base])
        events, leaving = sums.events[0] * _share(target, strategy, coefficients), sums.leaving[0]
        total[base] += log_hazard[:, sums.event_place] @ events - ratio * (hazard @ leaving)
        if relative:
            cumulative = curves.cumulative_hazard(strategy, sums.time, coefficients[None, :])[0]
            total[own] += events.sum() - cumulative @ leaving
    return total


def _share(target: Likelihood, strategy: str, coefficients: Array) -> Array:
    """Share h / (h + e) of the curve's own hazard in that at each time of event; 1 without a population's."""
    sums = target.sums[strategy]
    if sums.expected is None:
        return np.ones(sums.event_place.size)
    own = np.exp(target.curves.log_hazard(strategy, sums.time[sums.event_place], coefficients[None, :])[0])
    return np.asarray(own / (own + sums.expected))


EFFECT_SIGNS = (0.0, 1.0, -1.0)


def starting_points(curves: EndpointCurves, data: Mapping[str, PatientData]) -> Array:
    """Return joint coefficients (n, p) for one independent curve and those relative to it.

    The independent curve takes several shapes, all with about its Kaplan-Meier median.
    An effect begins at none, at the log ratio of the medians and at minus that.
    """
    base, *relative = curves.specs
    medians = {name: rough_median(some) for name, some in data.items()}
    shapes = curves.family(base.strategy).starts(medians[base.strategy])
    if not relative:
        return shapes
    rows = []
    for sign in EFFECT_SIGNS:
        effects = [
            np.full(_width(curves, spec.strategy), sign * np.log(medians[spec.strategy] / medians[base.strategy]))
            for spec in relative
        ]
        own = np.concatenate(effects)
        rows.append(np.hstack([shapes, np.tile(own, (len(shapes), 1))]))
    return np.vstack(rows)


def rough_median(data: PatientData) -> float:
    """Return the Kaplan-Meier median, else that of an exponential curve with as many events."""
    median = kaplan_meier(data).median()[0]
    if np.isfinite(median):
        return median
    exposure = float((data.weight * (data.time - data.entry)).sum())
    return float(np.log(2.0)) * exposure / float((data.weight * data.event).sum())


def _width(curves: EndpointCurves, strategy: str) -> int:
    place = curves.columns[strategy]
    return int(place.stop - place.start)


FULL_SEARCHES = 3
UNSETTLED = 1e-4
"""Length of the gradient, in standard errors, above which a fit is refused."""


@dataclass(frozen=True, eq=False)
class GroupFit:
    """The maximum for curves that share coefficients; see `LikelihoodFit` for the meaning.

    Attributes
    ----------
    held : array (p,) of bool
    """

    coefficients: Array
    covariance: Array
    held: Mask
    log_likelihood: float
    gradient_norm: float
    n_starts: int


def fit_group(target: Likelihood, data: Mapping[str, PatientData], start: Array | None) -> GroupFit:
    """Maximise the likelihood of one independent curve and those relative to it.

    A coefficient that runs to the edge of its range is held where the likelihood became
    flat, and the others are estimated given it.

    Raises
    ------
    SurvivalError
        If no start has a likelihood, or no maximum is found.
    """
    points = starting_points(target.curves, data) if start is None else start[None, :]
    chosen = _best_starts(target, points)
    limit, bounded = longest_axes(target.curves), is_bounded(target.curves)
    held = np.zeros(points.shape[1], dtype=np.bool_)
    found = search(target.values, chosen, first_axes(target.values, chosen), limit)
    row = int(np.argmax(found.values - NEAR * ~(found.distance < NEAR)))
    whole = found.points[row].copy()
    while np.isfinite(found.information[row]).all():
        flat = held.copy()
        flat[~held] = flat_coefficients(found, row, bounded[~held])
        if flat.all() or (flat == held).all():
            break
        held = flat
        function, row = with_held(target, whole, ~held), 0
        point = whole[None, ~held]
        found = search(function, point, first_axes(function, point), limit[~held])
        whole[~held] = found.points[0]
    final = polish(with_held(target, whole, ~held), found.rows(np.array([row])), limit[~held])
    whole[~held] = final.points[0]
    return _described(target, final, whole, held, len(points))


def with_held(target: Likelihood, whole: Array, free: Mask) -> Function:
    """Return the log-likelihood as a function of the free coefficients, the others as in ``whole``."""
    fixed = whole.copy()

    def function(points: Array, rows: Indices) -> Array:
        every = np.tile(fixed, (len(points), 1))
        every[:, free] = points
        return target.values(every, np.zeros_like(rows))

    return function


def _best_starts(target: Likelihood, points: Array) -> Array:
    values = target.values(points, np.zeros(len(points), dtype=np.intp))
    order = np.argsort(-values, kind="stable")[:FULL_SEARCHES]
    chosen = points[order[np.isfinite(values[order])]]
    if chosen.size == 0:
        _raise_unsettled(target.curves, "at no start is there a hazard at the time of every event")
    return np.asarray(chosen)


def _described(target: Likelihood, final: Maximum, whole: Array, held: Mask, n_starts: int) -> GroupFit:
    if not final.distance[0] < UNSETTLED:
        singular = np.isinf(final.distance[0]) and np.isfinite(final.information[0]).all()
        reason = "the information is singular" if singular else "the search does not come to rest"
        _raise_unsettled(target.curves, f"{reason}, because some coefficients can move without the likelihood falling")
    axes = final.axes[0]
    free = np.flatnonzero(~held)
    covariance = np.zeros((held.size, held.size))
    covariance[np.ix_(free, free)] = axes @ inverse(final.information[0]) @ axes.T
    slopes = gradient(target, whole)
    steepness = float(final.distance[0])
    if slopes is not None:
        steepness = float(np.sqrt(np.clip(slopes @ covariance @ slopes, 0.0, None)))
    return GroupFit(whole, covariance, held, float(final.values[0]), steepness, n_starts)


def _raise_unsettled(curves: EndpointCurves, why: str) -> None:
    names = [spec.strategy for spec in curves.specs]
    raise SurvivalError(
        f"{curves.endpoint}, {', '.join(names)}: the maximum likelihood fit of {curves.family(names[0]).name} does not "
        f"settle: {why}. Choose a family with fewer parameters, or check the data.",
        [f"curve.{curves.endpoint}.{name}.family" for name in names],
    )


def groups(curves: EndpointCurves) -> Groups:
    """Return each independent curve with those relative to it, by the strategy of the independent one."""
    return {
        spec.strategy: (spec, *(each for each in curves.specs if _refers_to(each, spec.strategy)))
        for spec in curves.specs
        if spec.relation == INDEPENDENT
    }


def columns_of(curves: EndpointCurves, group: tuple[CurveSpec, ...]) -> Indices:
    """Return the places of a group's coefficients among all, in the group's order."""
    every = np.arange(len(curves.names))
    return np.concatenate([every[curves.columns[spec.strategy]] for spec in group])


def resolved(curves: EndpointCurves, data: Mapping[str, PatientData]) -> EndpointCurves:
    """Return the curves with every family that needs data resolved.

    The patients of a curve and of those relative to it count together, as for the knots
    of ``flexsurvspline``.
    """
    together = groups(curves)
    specs = []
    for spec in curves.specs:
        if spec.relation == INDEPENDENT and not as_family(spec.family).is_resolved:
            patients = pooled([data[each.strategy] for each in together[spec.strategy]])
            specs.append(replace(spec, family=as_family(spec.family).resolved(curve_data(patients))))
        else:
            specs.append(spec)
    return replace(curves, specs=tuple(specs))


def _refers_to(spec: CurveSpec, strategy: str) -> bool:
    return spec.relation != INDEPENDENT and spec.reference == strategy


KAPLAN_MEIER = "km("


def check_data(curves: EndpointCurves, data: Data, expected_hazard: Mapping[str, Array] | None) -> None:
    """Raise one `SurvivalError` with everything that keeps the curves from being fitted."""
    found = list(_strategies(curves, data))
    if not found:
        found = [*_families(curves, data), *_expected(curves, data, expected_hazard)]
    raise_together(found)


def _strategies(curves: EndpointCurves, data: Data) -> Iterator[SurvivalError]:
    known = [spec.strategy for spec in curves.specs]
    for name in known:
        if name not in data:
            yield SurvivalError(
                f"{curves.endpoint}: there are no patients of strategy {name!r}. "
                f"Strategies in the data: {', '.join(data)}.",
                [_id(curves, name)],
            )
    for name in data:
        if name not in known:
            text = (
                f"{curves.endpoint}: the data hold strategy {name!r}, which has no curve. Curves: {', '.join(known)}."
            )
            yield SurvivalError(text)


def _families(curves: EndpointCurves, data: Data) -> Iterator[SurvivalError]:
    for strategy, group in groups(curves).items():
        shape = as_family(curves.spec(strategy).family)
        if shape.members or shape.name.startswith(KAPLAN_MEIER):
            yield SurvivalError(
                f"{curves.endpoint}, {strategy}: {shape.name} is not fitted by maximum likelihood. Fit the families "
                "it holds one by one, and combine the fitted curves.",
                [_id(curves, strategy)],
            )
            continue
        names = [spec.strategy for spec in group]
        events = sum(float(data[name].event.sum()) for name in names)
        size = sum(len(curves.names[curves.columns[name]]) for name in names)
        if events < size + 1:
            yield SurvivalError(
                f"{curves.endpoint}, {', '.join(names)}: {shape.name} has {size} coefficients to estimate and "
                f"there are {events:g} events; at least {size + 1} are needed. Choose a family with fewer parameters.",
                [_id(curves, name) for name in names],
            )
        for name in names:
            if not data[name].event.any():
                text = f"{curves.endpoint}, {name}: there are no events, so its curve cannot be estimated."
                yield SurvivalError(text, [_id(curves, name)])


def _expected(
    curves: EndpointCurves, data: Data, expected_hazard: Mapping[str, Array] | None
) -> Iterator[SurvivalError]:
    if expected_hazard is None:
        return
    if curves.background is not None:
        yield SurvivalError(
            f"{curves.endpoint}: the population's hazard would count twice, because the curves carry background "
            "mortality and expected hazards are given as well. Fit curves without background mortality, and add it "
            "afterwards."
        )
    for name, some in data.items():
        given = expected_hazard.get(name)
        if given is None:
            text = "no expected hazard is given for its patients, although it is for others"
        elif given.shape != some.time.shape:
            text = f"there are {given.size} expected hazards for {some.time.size} patients"
        elif not (np.isfinite(given) & (given >= 0.0)).all():
            text = "an expected hazard is negative or not finite"
        else:
            continue
        yield SurvivalError(f"{curves.endpoint}, {name}: {text}. Give one of 0 or more for each patient.")


def _id(curves: EndpointCurves, strategy: str) -> str:
    return f"curve.{curves.endpoint}.{strategy}.family"


STEP = 1e-3
"""Step of the slopes of the patients' log-likelihoods, in standard errors."""
SLOPE = ((-2.0, 1.0 / 12.0), (-1.0, -2.0 / 3.0), (1.0, 2.0 / 3.0), (2.0, -1.0 / 12.0))
"""Steps and weights of a central difference of fourth order."""


def robust_covariance(
    target: Likelihood, data: Data, expected_hazard: Mapping[str, Array] | None, fit: GroupFit
) -> Array:
    """Return the sandwich covariance (p, p) of coefficients fitted to weighted patients.

    V (sum over patients of w^2 u u') V, with u the slopes of a patient's log-likelihood and V the inverse of the
    information of the weighted log-likelihood; it does not change where all weights are multiplied by one number.
    Huber PJ (1967), Proceedings of the Fifth Berkeley Symposium 1: 221-233; Binder DA (1983), International
    Statistical Review 51: 279-292. The same as ``survreg(..., weights, robust = TRUE)`` in R.
    """
    values, vectors = np.linalg.eigh(fit.covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    slopes: dict[str, Array] = {name: np.zeros((root.shape[1], some.time.size)) for name, some in data.items()}
    with np.errstate(all="ignore"):
        for steps, weight in SLOPE:
            points = fit.coefficients + steps * STEP * root.T
            for name, each in contributions(target.curves, data, expected_hazard, points).items():
                slopes[name] += weight * each / STEP
    scores = np.hstack([slopes[name] * some.weight for name, some in data.items()])
    return np.asarray(root @ (scores @ scores.T) @ root.T)


@dataclass(frozen=True, eq=False)
class LikelihoodFit:
    """Curves of one endpoint fitted to patients.

    Attributes
    ----------
    curves : EndpointCurves
        With families that need data (knots of splines) resolved.
    coefficients : array (p,)
        Joint coefficients, named by ``curves.names``.
    covariance : array (p, p)
        Inverse of the observed information; of patients with weights that differ the sandwich (`robust_covariance`).
        0 for coefficients that were held.
    model_covariance : array (p, p)
        Inverse of the observed information of the log-likelihood, which is the covariance without weights.
    log_likelihood : float
        With the weights as they are given.
    effective_log_likelihood : float
        Of the weights of curves that share coefficients made to add up to their effective sample size: what criteria
        count. The same without weights.
    n_patients, n_events : float
        Numbers, effective ones where there are weights.
    gradient_norm : float
        Length of the gradient of the log-likelihood in standard errors, where 0 is exact.
    condition : float
        Condition number of the information scaled to a unit diagonal.
    n_starts : int
        Starts that were tried.
    held : tuple of str
        Coefficients that ran to the edge of their range and were held there.
    warnings : tuple of str
        What to know before the fit is used, in sentences.
    robust : bool
        Whether the covariance is the sandwich.
    other_warnings : tuple of str
        Those of them that are not about how well coefficients are determined or how long the mean is.
    """

    curves: EndpointCurves
    coefficients: Array
    covariance: Array
    model_covariance: Array
    log_likelihood: float
    effective_log_likelihood: float
    n_patients: float
    n_events: float
    n_parameters: int
    gradient_norm: float
    condition: float
    n_starts: int
    held: tuple[str, ...]
    warnings: tuple[str, ...]
    other_warnings: tuple[str, ...] = ()
    robust: bool = False

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 p - 2 log L."""
        return 2.0 * self.n_parameters - 2.0 * self.effective_log_likelihood

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for n patients; infinite if n is p + 1 or less."""
        left = self.n_patients - self.n_parameters - 1.0
        extra = 2.0 * self.n_parameters * (self.n_parameters + 1.0)
        return self.aic + extra / left if left > 0.0 else float("inf")

    @property
    def bic(self) -> float:
        """Schwarz's criterion by patients, p log(n) - 2 log L."""
        return float(self.n_parameters * np.log(self.n_patients)) - 2.0 * self.effective_log_likelihood

    @property
    def bic_events(self) -> float:
        """Schwarz's criterion by events, p log(d) - 2 log L; Volinsky CT, Raftery AE (2000)."""
        return float(self.n_parameters * np.log(self.n_events)) - 2.0 * self.effective_log_likelihood


def maximum_likelihood(
    curves: EndpointCurves,
    data: Mapping[str, PatientData],
    expected_hazard: Mapping[str, Array] | None = None,
    start: Array | None = None,
) -> LikelihoodFit:
    """Fit the curves of an endpoint to patients.

    Parameters
    ----------
    curves : EndpointCurves
        Families that need data are resolved with the patients of all curves that share
        the family, as ``flexsurvspline`` places knots.
    data : dict from strategy to PatientData
        For every strategy that has a curve.
    expected_hazard : dict from strategy to array (n,), optional
        Hazard of the general population at each patient's own time, per unit of time; the
        curves are then those of the excess hazard.
    start : array (p,), optional
        Coefficients to begin from, the only start then.

    Raises
    ------
    SurvivalError
        If strategies and curves do not match, there are too few events, or the patients
        leave coefficients undetermined; of all groups of curves at once.
    """
    check_data(curves, data, expected_hazard)
    whole = resolved(curves, data)
    parts = []
    counted: dict[str, PatientData] = {}
    for group in groups(whole).values():
        own = columns_of(whole, group)
        given = {spec.strategy: data[spec.strategy] for spec in group}
        some = to_effective_size(given)
        counted |= some
        target = likelihood(replace(whole, specs=group), some, expected_hazard)
        first = None if start is None else np.asarray(start, dtype=np.float64)[own]
        fit = fit_group(target, some, first)
        weighted = pooled(list(some.values())).is_weighted
        used = robust_covariance(target, some, expected_hazard, fit) if weighted else fit.covariance
        parts.append(_Part(own, fit, used, weighted, _patients(some) / _patients(given)))
    return _joined(whole, counted, parts)


def _patients(data: Data) -> float:
    return sum(some.n_patients for some in data.values())


@dataclass(frozen=True, eq=False)
class _Part:
    """The fit of curves that share coefficients.

    Attributes
    ----------
    own : array of int
        Places of its coefficients.
    covariance : array
        The one that is used.
    share : float
        Effective sample size over the sum of the weights that are given; 1 without weights.
    """

    own: Indices
    fit: GroupFit
    covariance: Array
    robust: bool
    share: float


def _joined(curves: EndpointCurves, data: Data, parts: list[_Part]) -> LikelihoodFit:
    """Put the fits of all groups into one; coefficients of different groups are independent."""
    size = len(curves.names)
    coefficients, held = np.empty(size), np.zeros(size, dtype=np.bool_)
    covariance, of_model = np.zeros((2, size, size))
    for part in parts:
        coefficients[part.own], held[part.own] = part.fit.coefficients, part.fit.held
        covariance[np.ix_(part.own, part.own)] = part.covariance
        of_model[np.ix_(part.own, part.own)] = part.fit.covariance * part.share
    free = np.flatnonzero(~held)
    return LikelihoodFit(
        curves=curves,
        coefficients=coefficients,
        covariance=covariance,
        model_covariance=of_model,
        log_likelihood=sum(part.fit.log_likelihood / part.share for part in parts),
        effective_log_likelihood=sum(part.fit.log_likelihood for part in parts),
        n_patients=_patients(data),
        n_events=sum(some.n_events for some in data.values()),
        n_parameters=size,
        gradient_norm=float(np.linalg.norm([part.fit.gradient_norm for part in parts])),
        condition=condition_number(covariance[np.ix_(free, free)]),
        n_starts=sum(part.fit.n_starts for part in parts),
        held=tuple(curves.names[j] for j in np.flatnonzero(held)),
        warnings=(*weight_notes(data), *fit_warnings(curves, data, groups(curves), coefficients, covariance, held)),
        other_warnings=(*weight_notes(data), *other_warnings(curves, data, groups(curves), coefficients)),
        robust=any(part.robust for part in parts),
    )
