"""The cumulative hazard of every family of survival curves as a spreadsheet formula.

Formulas are those of `hemodel.survival.families`, on the natural scale of the
parameters. Survival by formula differs from the engine's by less than 1e-12.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.live_model import functions as f
from hemodel.live_model.formula import Formula, Natural, as_formula, exp_of_negative, larger, ln, smaller, total, when
from hemodel.live_model.gamma_functions import generalised_f_hazard, log_gamma_hazard
from hemodel.survival.families.average import Average
from hemodel.survival.families.closed_form import Exponential, Gompertz, Weibull, WeibullPH
from hemodel.survival.families.composite import columns_by_part
from hemodel.survival.families.cure import MixtureCure, NonmixtureCure
from hemodel.survival.families.gamma import Gamma, GeneralisedGamma
from hemodel.survival.families.generalised_f import GeneralisedF
from hemodel.survival.families.join import Join
from hemodel.survival.families.kaplan_meier import KaplanMeierThen, Steps
from hemodel.survival.families.log_location import LogLogistic, LogNormal
from hemodel.survival.families.piecewise import PiecewiseExponential
from hemodel.survival.families.spline import Spline
from hemodel.survival.family import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.live_model.places import Keep
    from hemodel.live_model.workings import Workings

    Parameters = Sequence[Formula]
    Recipe = Callable[[Family, Parameters, Formula, Keep, Workings], Formula]

T = TypeVar("T", bound=Family)
LARGEST_PLAIN = 650.0
SMALLEST = 1e-300


def cumulative_hazard(
    family: Family, parameters: Sequence[Formula], t: Formula, keep: Keep, workings: Workings
) -> Formula:
    """Return the cumulative hazard of a family at times by formula.

    Parameters
    ----------
    family : Family
        Resolved.
    parameters : sequence of Formula
        On their natural scale, in the order of ``family.parameters``.
    t : Formula
        0 or more; one value, or one a row. [months]
    keep : Keep
        Where results go that are used more than once.
    workings : Workings
        Where constants, and results that do not depend on t, go.

    Returns
    -------
    Formula
        0 at time 0, and never above `functions.MOST_HAZARD` of one family.

    Raises
    ------
    TypeError
        For a family that has no formula here.
    """
    recipe = _RECIPES.get(type(family))
    if recipe is None:
        message = f"the family {family.name} ({type(family).__name__}) has no spreadsheet formula"
        raise TypeError(message)
    return recipe(family, parameters, t, keep, workings)


def _after_start(t: Formula, hazard: Formula) -> Formula:
    return when(t <= 0.0, 0.0, hazard)


def _exponential(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: Workings) -> Formula:
    return p[0] * t


def _weibull(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: Workings) -> Formula:
    return _after_start(t, f.capped_exp(p[0] * ln(t / p[1])))


def _weibull_ph(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: Workings) -> Formula:
    return _after_start(t, f.capped_exp(p[0] * ln(t) + ln(p[1])))


def _gompertz(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: Workings) -> Formula:
    return p[1] * t * f.growth_ratio(keep("shape x time", p[0] * t))


def _log_logistic(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: Workings) -> Formula:
    log_odds = keep("log odds of the event", when(t <= 0.0, -f.LOG_OF_MOST, p[0] * ln(t / p[1])))
    return f.log_of_one_plus_exp(log_odds)


def _log_normal(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: Workings) -> Formula:
    z = keep("z", when(t <= 0.0, -f.LOG_OF_MOST, (ln(t) - p[0]) / p[1]))
    return f.normal_hazard(z)


def _gamma(_: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    root = p[0] ** 0.5
    w = root * ln(p[1] * t / p[0])
    return _after_start(t, log_gamma_hazard(1.0 / root, keep("w", when(t <= 0.0, 0.0, w)), keep, workings))


def _generalised_gamma(_: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    w = keep("w", when(t <= 0.0, 0.0, (ln(t) - p[0]) / p[1]))
    return _after_start(t, log_gamma_hazard(p[2], w, keep, workings))


def _generalised_f(_: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    y = keep("y", when(t <= 0.0, 0.0, (ln(t) - p[0]) / p[1]))
    return _after_start(t, generalised_f_hazard(p[2], p[3], y, keep, workings))


def _piecewise(family: Family, p: Parameters, t: Formula, _keep: Keep, _workings: Workings) -> Formula:
    edges = (0.0, *_is(family, PiecewiseExponential).cuts)
    inside = [rate * larger(smaller(t, b) - a, 0.0) for rate, (a, b) in zip(p, pairwise(edges), strict=False)]
    return total([*inside, p[-1] * larger(t - edges[-1], 0.0)])


def _spline(family: Family, p: Parameters, t: Formula, keep: Keep, _workings: Workings) -> Formula:
    shape = _is(family, Spline)
    x = keep("log time", ln(larger(t, SMALLEST)))
    s = p[0] + p[1] * x
    if shape.interior:
        logs = np.log(np.array(shape.knots)).tolist()
        near = keep("log time up to the last knot", smaller(x, logs[-1]))
        s = s + total([p[j] * _basis(x, near, k, logs) for j, k in enumerate(logs[1:-1], start=2)])
    if shape.scale == "hazard":
        return _after_start(t, f.capped_exp(s))
    of_s = f.log_of_one_plus_exp if shape.scale == "odds" else f.normal_hazard
    return _after_start(t, of_s(keep("spline", s)))


def _basis(x: Formula, near: Formula, knot: float, logs: list[float]) -> Formula:
    """Return (x - k)+^3 - share (x - a)+^3 up to the last knot b, and straight on beyond it."""
    share = (logs[-1] - knot) / (logs[-1] - logs[0])
    cubes = larger(near - knot, 0.0) ** 3 - share * larger(near - logs[0], 0.0) ** 3
    slope = 3.0 * ((logs[-1] - knot) ** 2 - share * (logs[-1] - logs[0]) ** 2)
    return cubes + slope * (x - near)


def _mixture_cure(family: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    cure, inner = p[0], _inner(_is(family, MixtureCure).inner, p, t, keep, workings)
    near = -ln(cure + (1.0 - cure) * exp_of_negative(inner))
    late = smaller(inner - ln(larger(1.0 - cure, SMALLEST)), -ln(larger(cure, SMALLEST)))
    return when(inner < LARGEST_PLAIN, near, late)


def _nonmixture_cure(family: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    inner = _inner(_is(family, NonmixtureCure).inner, p, t, keep, workings)
    return _minus_log_of_cure(p[0]) * (1.0 - exp_of_negative(inner))


def _minus_log_of_cure(cure: Formula) -> Formula:
    """Return -ln of a share cured: from its logit where there is one, since the share can be too small a number."""
    if isinstance(cure, Natural):
        return f.log_of_one_plus_exp(-cure.estimate)
    return -ln(larger(cure, SMALLEST))


def _inner(inner: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    return keep("cumulative hazard of those not cured", cumulative_hazard(inner, p[1:], t, keep, workings))


def _join(family: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return H1 up to the first cut, and from each cut on what was reached there + the growth of the next part."""
    shape = _is(family, Join)
    owns = [p[own] for own in columns_by_part(shape.parts, first=0)]
    offset, offsets = as_formula(0.0), []
    for k, cut in enumerate(shape.cuts):
        before, after = (
            cumulative_hazard(shape.parts[j], owns[j], as_formula(cut), workings.single, workings) for j in (k, k + 1)
        )
        offset = workings.single(f"{shape.parts[k + 1].name} from month {cut:g}: hazard added", offset + before - after)
        offsets.append(offset)
    each = [
        keep(f"cumulative hazard, {part.name}", cumulative_hazard(part, own, t, keep, workings))
        for part, own in zip(shape.parts, owns, strict=True)
    ]
    result = each[-1] + offsets[-1]
    for k in reversed(range(len(shape.cuts))):
        result = when(t < shape.cuts[k], each[k] + offsets[k - 1] if k else each[0], result)
    return result


def _steps(family: Family, p: Parameters, t: Formula, _keep: Keep, workings: Workings) -> Formula:
    shape = _is(family, Steps)
    times = workings.constants("Kaplan-Meier curve: months of the steps", (0.0, *shape.times))
    levels = workings.constants("Kaplan-Meier curve: cumulative hazard from each step", shape.levels().tolist())
    return p[0] * f.lookup(t, times, levels)


def _average(family: Family, p: Parameters, t: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return -ln of the weighted survival, from the share with the event where that is small."""
    members = _is(family, Average).averaged
    weights = p[: len(members)]
    hazards = [
        keep(f"cumulative hazard, {member.name}", cumulative_hazard(member, p[own], t, keep, workings))
        for member, own in zip(members, columns_by_part(members, first=len(members)), strict=True)
    ]
    pairs = list(zip(weights, hazards, strict=True))
    died = keep("share with the event", total([w * (1.0 - exp_of_negative(h)) for w, h in pairs]))
    least = keep("least hazard", smaller(*(when(w > 0.0, h, f.MOST_HAZARD) for w, h in pairs)))
    left = total([w * exp_of_negative(larger(h - least, 0.0)) for w, h in pairs])
    return when(died < 0.5, -ln(1.0 - died), least - ln(left))


def _is(family: Family, kind: type[T]) -> T:
    if not isinstance(family, kind):
        raise TypeError(type(family))
    return family


_RECIPES: Mapping[type[Family], Recipe] = {
    Exponential: _exponential,
    Weibull: _weibull,
    WeibullPH: _weibull_ph,
    Gompertz: _gompertz,
    LogLogistic: _log_logistic,
    LogNormal: _log_normal,
    Gamma: _gamma,
    GeneralisedGamma: _generalised_gamma,
    GeneralisedF: _generalised_f,
    Spline: _spline,
    MixtureCure: _mixture_cure,
    NonmixtureCure: _nonmixture_cure,
    PiecewiseExponential: _piecewise,
    Join: _join,
    Steps: _steps,
    KaplanMeierThen: _join,
    Average: _average,
}
