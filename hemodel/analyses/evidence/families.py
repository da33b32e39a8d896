"""Evidence pack: every family tried on one endpoint, compared and ranked.

Evidence pack: what the curves of a fit say, each number with its 95% interval from draws of the coefficients.

Evidence pack: rules of plausibility that a fitted family may break, each said with its number.

Rutherford MJ et al., NICE DSU Technical Support Document 21 (2020): extrapolations are
judged by external evidence and the population's mortality beside the fit to the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.analyses.curve_draws import square_root
from hemodel.analyses.evidence.data import interval
from hemodel.analyses.evidence.records import AIC, CRITERION, MIXED, FamilyEvidence, FittedCurve, interval_of
from hemodel.analyses.fitted_curves import Attempt, attempt, families_in_use, named_families
from hemodel.parameters import block_uniforms
from hemodel.survival.combined import criterion_weights
from hemodel.survival.curve_spec import INDEPENDENT, as_family
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED, is_on_published
from hemodel.survival.families.kaplan_meier import KaplanMeierThen
from hemodel.survival.patients.identification import LARGEST_CONDITION, LARGEST_SE
from hemodel.survival.reported.statistics import SURVIVAL
from hemodel.survival.workbook.background import OVERALL_SURVIVAL
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hemodel.model.evaluate import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.patients.fitting import LikelihoodFit
    from hemodel.survival.reported.statistics import Statistic


DRAWS = 1000
YEARS = (1, 2, 3, 5, 10)
PANELS, POINTS_PER_PANEL = 20, 16
TAILS = (0.025, 0.975)


def drawn_coefficients(fit: EndpointFit, name: str, seed: int) -> Array:
    """Return 1,000 multivariate normal draws (1000, p) of the coefficients of a fit.

    Of an average of families each draw has one family, with the weights as probabilities.
    `name` is that of the stream of random numbers.
    """
    uniforms = block_uniforms(seed, name, 0, DRAWS, columns=fit.coefficients.size)
    drawn = fit.coefficients + scipy.special.ndtri(uniforms) @ square_root(fit.covariance)
    for columns, weights in fit.weights.values():
        chosen = block_uniforms(seed, f"{name}.family", 0, DRAWS, columns=1) > np.cumsum(weights)[:-1]
        drawn[:, columns] = np.eye(weights.size)[chosen.sum(axis=1)]
    return np.asarray(drawn)


def fitted_curves(
    fit: EndpointFit, name: str, seed: int, *, horizon: float, follow_up: float | None, months: Array
) -> dict[str, FittedCurve]:
    """Summarise the curves of a fit by strategy.

    Point estimates are those of the fitted coefficients. Intervals are 2.5% and 97.5%
    points of the draws, None where a fit has no uncertainty.

    Parameters
    ----------
    name : str
        Of the stream of random numbers.
    horizon : float
        [months]
    follow_up : float or None
        [months]
    months : array (n,)
        Grid for survival and hazard.
    """
    draws = drawn_coefficients(fit, name, seed) if fit.covariance.any() else None
    return {
        spec.strategy: _curve(fit, spec.strategy, draws, horizon=horizon, follow_up=follow_up, months=months)
        for spec in fit.curves.specs
    }


def _curve(
    fit: EndpointFit, strategy: str, draws: Array | None, *, horizon: float, follow_up: float | None, months: Array
) -> FittedCurve:
    curves, point = fit.curves, fit.coefficients[None, :]
    years = [year for year in YEARS if year * MONTHS_PER_YEAR <= horizon]
    landmarks = MONTHS_PER_YEAR * np.array(years, dtype=np.float64)
    rates = curves.survival(strategy, np.append(landmarks, horizon), point)[0]
    mean = float(curves.restricted_mean(strategy, horizon, point)[0])
    ends = _ends(fit, strategy, draws, horizon, landmarks)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        hazard = np.exp(curves.log_hazard(strategy, months, point)[0])
    return FittedCurve(
        family=curves.family(strategy).name,
        relation=curves.spec(strategy).relation,
        median=interval_of(float(curves.quantile(strategy, 0.5, point)[0]), *ends[0]),
        restricted_mean=interval_of(mean, *ends[1]),
        mean=float(curves.mean(strategy, point)[0]),
        survival_by_year={year: interval_of(float(rates[j]), *ends[2 + j]) for j, year in enumerate(years)},
        at_horizon=float(rates[-1]),
        beyond_follow_up=share_beyond(fit, strategy, mean, follow_up, horizon),
        survival=curves.survival(strategy, months, point)[0],
        hazard=np.where(np.isfinite(hazard), hazard, np.nan),
    )


def share_beyond(fit: EndpointFit, strategy: str, mean: float, follow_up: float | None, horizon: float) -> float | None:
    """Return 1 - restricted mean to follow-up / restricted mean to the horizon (given), or None."""
    if follow_up is None:
        return None
    if follow_up >= horizon:
        return 0.0
    within = float(fit.curves.restricted_mean(strategy, follow_up, fit.coefficients[None, :])[0])
    return 1.0 - within / mean


Ends = tuple[float, float] | tuple[None, None]


def _ends(fit: EndpointFit, strategy: str, draws: Array | None, horizon: float, landmarks: Array) -> list[Ends]:
    """Return the intervals of the median, the restricted mean and survival at each landmark."""
    if draws is None:
        return [(None, None)] * (2 + landmarks.size)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        nodes, weights = mean_rule(horizon)
        survival = fit.curves.survival(strategy, nodes, draws)
        columns = [
            _medians(fit, strategy, draws, nodes, survival),
            survival @ weights,
            *fit.curves.survival(strategy, landmarks, draws).T,
        ]
    return [percentiles(column) for column in columns]


def _medians(fit: EndpointFit, strategy: str, draws: Array, nodes: Array, survival: Array) -> Array:
    """Return the median (draws,) of each draw.

    With the population's mortality in the curves there is no closed form: the median is
    then interpolated in survival (draws, nodes), linearly in log time and log cumulative
    hazard, and solved for only where it lies outside the nodes.
    """
    if fit.curves.background is None:
        return fit.curves.quantile(strategy, 0.5, draws)
    hazard = np.log(-np.log(survival))
    level = np.log(np.log(2.0))
    later = np.argmax(hazard >= level, axis=1)
    inside = later > 0
    rows, after = np.flatnonzero(inside), later[inside]
    below, above = hazard[rows, after - 1], hazard[rows, after]
    log_t = np.log(nodes)
    step = (level - below) / (above - below) * (log_t[after] - log_t[after - 1])
    medians = np.empty(len(draws))
    medians[rows] = np.exp(log_t[after - 1] + step)
    medians[~inside] = fit.curves.quantile(strategy, 0.5, draws[~inside])
    return medians


def percentiles(values: Array) -> Ends:
    """Return the 2.5% and 97.5% points of some values, of which some may be infinite; those that are nan are left out.

    They are values that occur, since nothing can be interpolated at infinity.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return None, None
    low, high = np.quantile(known, TAILS, method="inverted_cdf")
    return float(low), float(high)


@cache
def mean_rule(horizon: float) -> tuple[Array, Array]:
    """Return times and weights (k,) for the area under a curve up to a horizon.

    Gauss-Legendre on panels whose edges are quadratic in time, narrow where curves are
    steep; for smooth curves the relative error is below 1e-6.
    """
    x, w = np.polynomial.legendre.leggauss(POINTS_PER_PANEL)
    edges = horizon * (np.arange(PANELS + 1.0) / PANELS) ** 2
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel()


PROGRESSION_FREE = "pfs"
LARGEST_SURVIVAL_AT_HORIZON = 0.05
SMALLEST_CROSSING = 0.001
"""How far PFS must be above OS to count here; the model caps and records every crossing."""
HAZARD_TOLERANCE = 1e-9
"""Share of the population's hazard by which a hazard must be lower to count as below it."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What the families of an endpoint are held against.

    Attributes
    ----------
    horizon : float
        [months]
    months : array (n,)
        Grid of the fitted curves.
    background : array (n,) or None
        The population's hazard there.
    floor : bool
        Whether the model keeps the hazard of OS at or above the population's.
    external : tuple of Statistic
        External landmarks, on the model's clock.
    cycles : array (cycles + 1,)
        Cycle boundaries. [months]
    other : mapping from strategy to array (cycles + 1,)
        OS in use where the endpoint is PFS, PFS in use where it is OS; empty for others.
    """

    endpoint: str
    horizon: float
    months: Array
    background: Array | None
    floor: bool
    external: tuple[Statistic, ...]
    cycles: Array
    other: Mapping[str, Array]


def concerns(fit: EndpointFit, curves: Mapping[str, FittedCurve], setting: Setting) -> list[str]:
    """Return every rule that a fitted family breaks, a sentence for each strategy, landmark or coefficient.

    An infinite unrestricted mean; survival outside the 95% interval of an external
    landmark; a hazard below the population's at a whole month within the horizon (PFS and
    OS); survival above 5% at the horizon; a curve that rises; PFS more than 0.1 percentage
    points above OS within the horizon, with the other endpoint as in use; and coefficients that the evidence hardly
    determines. All of curves as fitted, before anything acts on them in the model.
    """
    found: list[str] = []
    for strategy, curve in curves.items():
        found += _tail(strategy, curve, setting)
        found += _external(fit, strategy, setting)
        found += _below_population(strategy, curve, setting)
        found += _rising(fit, strategy)
        found += _crossing(fit, strategy, setting)
    return [*found, *_identification(fit)]


def _tail(strategy: str, curve: FittedCurve, setting: Setting) -> Iterator[str]:
    if not np.isfinite(curve.mean):
        yield (
            f"{strategy}: the unrestricted mean is infinite, so the mean of {curve.restricted_mean.value:.1f} "
            f"months within the horizon grows without end with the horizon."
        )
    if curve.at_horizon > LARGEST_SURVIVAL_AT_HORIZON:
        yield (
            f"{strategy}: {curve.at_horizon:.1%} are left at the horizon of {setting.horizon:g} months, "
            f"more than {LARGEST_SURVIVAL_AT_HORIZON:.0%}."
        )


def _external(fit: EndpointFit, strategy: str, setting: Setting) -> Iterator[str]:
    for each in setting.external:
        low, high = interval(each)
        if each.strategy != strategy or each.kind != SURVIVAL or each.time is None or low is None or high is None:
            continue
        value = float(fit.curves.survival(strategy, np.array([each.time]), fit.coefficients[None, :])[0, 0])
        if not low <= value <= high:
            side = "below" if value < low else "above"
            yield (
                f"{strategy}: survival of {value:.1%} at month {each.time:g} is {side} the 95% interval of {each.id}, "
                f"{low:.1%} to {high:.1%}."
            )


def _below_population(strategy: str, curve: FittedCurve, setting: Setting) -> Iterator[str]:
    if setting.background is None or setting.endpoint not in {PROGRESSION_FREE, OVERALL_SURVIVAL}:
        return
    whole = setting.months == np.floor(setting.months)
    smooth = curve.hazard > 0.0
    below = whole & smooth & (curve.hazard < setting.background * (1.0 - HAZARD_TOLERANCE))
    if not below.any():
        return
    first, count = setting.months[below][0], int(below.sum())
    if setting.endpoint == PROGRESSION_FREE:
        effect = "PFS events include deaths"
    else:
        effect = "the floor will bind there" if setting.floor else "a floor would bind there, and none is set"
    yield (
        f"{strategy}: the hazard is below the population's from month {first:g}, at {count} of "
        f"{int(whole.sum())} whole months within the horizon; {effect}."
    )


def _rising(fit: EndpointFit, strategy: str) -> Iterator[str]:
    if fit.curves.spec(strategy).relation != INDEPENDENT:
        return
    own = fit.coefficients[None, fit.curves.columns[strategy]]
    if not fit.curves.family(strategy).is_falling(own)[0]:
        yield f"{strategy}: the curve rises somewhere, which survival cannot do."


def _crossing(fit: EndpointFit, strategy: str, setting: Setting) -> Iterator[str]:
    if strategy not in setting.other:
        return
    own = fit.curves.survival(strategy, setting.cycles, fit.coefficients[None, :])[0]
    excess = own - setting.other[strategy]
    if setting.endpoint == OVERALL_SURVIVAL:
        excess = -excess
    crossed = excess > SMALLEST_CROSSING
    if crossed.any():
        pair = "PFS is above the OS in use" if setting.endpoint == PROGRESSION_FREE else "the PFS in use is above OS"
        least = f"{100.0 * SMALLEST_CROSSING:g} percentage points"
        first, largest = setting.cycles[crossed][0], float(excess.max())
        yield (f"{strategy}: {pair} by more than {least} from month {first:.1f}, by up to {100.0 * largest:.2g}.")


def _identification(fit: EndpointFit) -> Iterator[str]:
    held = [name for each in fit.likelihoods for name in each.held]
    for name in held:
        yield f"{name} ran to the edge of its range and has no uncertainty."
    errors = fit.standard_errors
    for name, error in zip(fit.curves.names, errors, strict=True):
        if error > LARGEST_SE:
            yield f"{name} is hardly determined: its standard error is {error:.3g} on the estimation scale."
    if fit.condition > LARGEST_CONDITION:
        yield (
            f"Some coefficients are hardly told apart: the condition number is {fit.condition:.1e}, "
            f"above {LARGEST_CONDITION:.0e}."
        )


NEED_PATIENTS = (
    *(f"spline({scale}, {knots})" for scale in ("hazard", "odds", "normal") for knots in ("1 knot", "2 knots")),
    "mixture_cure(weibull)",
    "mixture_cure(llogis)",
)
"""Families tried on patients and digitised curves only."""
JOINED = " / "
CLOSE = 4.0


def tried_families(
    model: Model, setting: Setting, seed: int, follow_up: float | None
) -> tuple[list[FamilyEvidence], dict[str, EndpointFit]]:
    """Fit every family to one endpoint, say what each implies, rank them, and return them with their fits by family.

    Families within `CLOSE` of the lowest criterion, which the data hardly tell apart
    (Burnham KP, Anderson DR (2004), Sociological Methods & Research 33: 261-304), come first,
    those with fewer concerns (sentences) before others; then the rest, by criterion. Families
    without a criterion come after those, and what could not be fitted last. The
    criterion compares families fitted to the same evidence only.
    """
    own, name = model.fits[setting.endpoint], setting.endpoint
    fits: dict[str, EndpointFit] = {}
    found = []
    for family, tried in _attempts(model, name):
        stream = f"evidence.{name}.{family}"
        found.append(_evidence(family, tried, own, stream, seed, setting, follow_up))
        if tried.fit is not None:
            fits[family] = tried.fit
    in_order = ranked(found)
    return in_order, {each.family: fits[each.family] for each in in_order if each.fitted}


def _attempts(model: Model, endpoint: str) -> Iterator[tuple[str, Attempt]]:
    """Yield every family and its fit, that of the workbook among them.

    Where all curves have published coefficients there is nothing to fit another to.
    """
    own = model.fits[endpoint]
    used = in_use_name(model, endpoint)
    kinds = {own.sources[each.strategy].kind for each in own.curves.specs if not is_on_published(each, own.sources)}
    names = () if kinds == {COEFFICIENTS} else named_families()
    if kinds & {PATIENTS, DIGITISED}:
        names += NEED_PATIENTS
    for name in dict.fromkeys((*names, used)):
        yield name, Attempt(own, "") if name == used else attempt(model.inputs, endpoint, name)


def in_use_name(model: Model, endpoint: str) -> str:
    """Return the family that the workbook uses; several, in the order of the strategies, are joined by a slash.

    An average of families has the workbook's formula, without the weights that were fitted.
    """
    fit, rows = model.fits[endpoint], model.inputs.rows
    names = families_in_use(fit)
    for strategy in fit.weights:
        names[strategy] = as_family(rows[f"curve.{endpoint}.{strategy}.family"].text).name
    return JOINED.join(dict.fromkeys(names.values()))


def _evidence(
    name: str, tried: Attempt, own: EndpointFit, stream: str, seed: int, setting: Setting, follow_up: float | None
) -> FamilyEvidence:
    fit = tried.fit
    if fit is None:
        return FamilyEvidence(family=name, criterion_name=criterion_name(own), reason=tried.reason)
    curves = fitted_curves(fit, stream, seed, horizon=setting.horizon, follow_up=follow_up, months=setting.months)
    aic, bic, aicc, bic_events = information_criteria(fit)
    return FamilyEvidence(
        family=name,
        in_use=fit is own,
        fitted=True,
        criterion_name=criterion_name(own),
        criterion=fit.criterion if is_comparable(fit) else None,
        aic=aic,
        aicc=aicc,
        bic=bic,
        bic_events=bic_events,
        largest_z=_largest_z(fit),
        names=list(fit.curves.names),
        coefficients=fit.coefficients,
        errors=fit.standard_errors,
        covariance=fit.covariance,
        curves=curves,
        concerns=concerns(fit, curves, setting),
        notes=list(fit.notes),
    )


def criterion_name(fit: EndpointFit) -> str:
    """Return what the criterion of fits to this evidence is called."""
    kinds = {fit.sources[each.strategy].kind for each in fit.curves.specs if not is_on_published(each, fit.sources)}
    fitted_to_patients = bool(kinds & {PATIENTS, DIGITISED})
    if REPORTED in kinds:
        return MIXED if fitted_to_patients else CRITERION
    return AIC if fitted_to_patients else ""


def is_comparable(fit: EndpointFit) -> bool:
    """Return whether the criterion of a fit compares it with others on the same evidence.

    That of an average of families or of a Kaplan-Meier curve with a tail does not, and
    published coefficients have none.
    """
    shapes = [fit.curves.family(spec.strategy) for spec in fit.curves.specs]
    partial = any(shape.members or isinstance(shape, KaplanMeierThen) for shape in shapes)
    return not partial and bool(np.isfinite(fit.criterion))


Criteria = tuple[float, float, float, float] | tuple[None, None, None, None]


def information_criteria(fit: EndpointFit) -> Criteria:
    """Return AIC, BIC by patients, AICc and BIC by events of all curves together, or None where they do not exist.

    With p, n, d and log L added up over the groups of curves: 2 p - 2 log L; p log n -
    2 log L; AIC + 2 p (p + 1) / (n - p - 1) (Hurvich CM, Tsai CL (1989), Biometrika 76:
    297-307), infinite if n is p + 1 or less; p log d - 2 log L (Volinsky CT, Raftery AE
    (2000), Biometrics 56: 256-262).
    """
    if not fit.likelihoods or fit.reported or not is_comparable(fit):
        return None, None, None, None
    parts: Sequence[LikelihoodFit] = fit.likelihoods
    p, fall = sum(part.n_parameters for part in parts), -2.0 * sum(part.log_likelihood for part in parts)
    n, events = sum(part.n_patients for part in parts), sum(part.n_events for part in parts)
    left = n - p - 1.0
    correction = 2.0 * p * (p + 1.0) / left if left > 0.0 else float("inf")
    aic = 2.0 * p + fall
    return aic, float(p * np.log(n)) + fall, aic + correction, float(p * np.log(events)) + fall


def _largest_z(fit: EndpointFit) -> float | None:
    sizes = [abs(each.z) for each in fit.targets if each.statistic.used]
    return max(sizes, default=None)


def ranked(families: Iterable[FamilyEvidence]) -> list[FamilyEvidence]:
    """Return families in the order of `tried_families`, with weights, ranks and places filled in."""
    found = list(families)
    compared = sorted((each for each in found if each.criterion is not None), key=_criterion)
    weights = criterion_weights([_criterion(each) for each in compared]) if compared else np.empty(0)
    standing = {each.family: (rank, float(w)) for rank, (each, w) in enumerate(zip(compared, weights, strict=True), 1)}
    best = min((_criterion(each) for each in found), default=0.0)
    made = []
    for place, each in enumerate(sorted(found, key=lambda each: _standing(each, best)), 1):
        rank, weight = standing.get(each.family, (None, None))
        made.append(each.model_copy(update={"place": place, "criterion_rank": rank, "weight": weight}))
    return made


def _standing(family: FamilyEvidence, best: float) -> tuple[bool, bool, int, float]:
    criterion = _criterion(family)
    is_close = criterion - best <= CLOSE
    return not family.fitted, not is_close, len(family.concerns) if is_close else 0, criterion


def _criterion(family: FamilyEvidence) -> float:
    return float("inf") if family.criterion is None else family.criterion
