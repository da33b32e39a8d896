"""The cumulative hazard of every family of survival curves as a spreadsheet formula.

Formulas are those of `hemodel.survival.families`, on the natural scale of the
parameters. Survival by formula differs from the engine's by less than 1e-11.

GAMMADIST and BETADIST are good to 1e-11 up to a shape of 10,000. Larger shapes go another way: the
gamma by its uniform expansion around the normal distribution (Temme N, 1979; DLMF 8.12), the beta by
its expansion around the gamma (DiDonato AR, Morris AH (1992), ACM TOMS 18: 360-373, section 9). Where
survival is below 1e-4 it is not taken as one less GAMMADIST, but as an integral by Gauss-Laguerre
quadrature: a ratio of hazards makes much of little.
"""

from __future__ import annotations

from itertools import pairwise
from math import factorial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.live_model import functions as f
from hemodel.live_model.formula import (
    Formula,
    Natural,
    absolute,
    as_formula,
    beta_cdf,
    both,
    call,
    either,
    exp,
    exp_of_negative,
    gamma_cdf,
    larger,
    ln,
    log_gamma,
    root,
    smaller,
    total,
    when,
)
from hemodel.survival.families.average import Average
from hemodel.survival.families.closed_form import Exponential, Gompertz, Weibull, WeibullPH
from hemodel.survival.families.composite import columns_by_part
from hemodel.survival.families.cure import MixtureCure, NonmixtureCure
from hemodel.survival.families.gamma import Gamma, GeneralisedGamma
from hemodel.survival.families.gamma_functions import TEMME_SERIES
from hemodel.survival.families.generalised_f import LARGEST_EXPONENT, SMALLEST_LOG_P, GeneralisedF
from hemodel.survival.families.join import Join
from hemodel.survival.families.kaplan_meier import KaplanMeierThen, Steps
from hemodel.survival.families.log_location import LogLogistic, LogNormal
from hemodel.survival.families.piecewise import PiecewiseExponential
from hemodel.survival.families.spline import Spline
from hemodel.survival.family import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.live_model.points import Keep
    from hemodel.live_model.sheet import WorkingCells

    Parameters = Sequence[Formula]
    Recipe = Callable[[Family, Parameters, Formula, Keep, WorkingCells], Formula]

SMALL_Q = 0.01
"""Below this the gamma distribution is expanded around the normal: both ways have an error below 5e-12 here."""
NODES = 40
UPPER_TAIL, LEAST_IN_TAIL = 1e-4, 5.0
NEAR_ETA = 0.05
NEAR_NORMAL, LARGE_SHAPE, LARGE_RATIO, MANY = 1e8, 1e5, 1e3, 1e4


def log_gamma_hazard(q: Formula, w: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    """Return -ln P(W > w) of the log-gamma variable of `hemodel.survival.families.gamma_functions`, with shape Q."""
    size = larger(absolute(q), SMALL_Q)
    a = workings.single("gamma shape, 1 / Q^2", 1.0 / (size * size))
    x = keep("gamma variable", a * f.capped_exp(q * w))
    beyond = x > a + 12.0 * root(a) + 60.0
    below = keep("gamma distribution", when(beyond, 1.0, gamma_cdf(when(beyond, 1.0, x), a, 1.0)))
    upper = _upper_hazard(a, x, below, keep, workings)
    return when(absolute(q) < SMALL_Q, _near_normal(q, w, keep), when(q > 0.0, upper, -ln(larger(below, SMALLEST))))


def _upper_hazard(a: Formula, x: Formula, below: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    """Return -ln Q(a, x): from GAMMADIST, and where little is left from an integral of the density."""
    away = keep("distance in the tail", larger(x - a + 1.0, 1.0))
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    u = workings.constants("Gauss-Laguerre quadrature: nodes", nodes.tolist())
    share = workings.constants("Gauss-Laguerre quadrature: weights", weights.tolist())
    each, d = (Formula(term.text, np.asarray(term.value)[..., None], term.binds) for term in (a, away))
    inside = call("EXP", np.exp, (each - 1.0) * (ln(1.0 + u / d) - u / d))
    tail = Formula(f"SUMPRODUCT({share.text},{inside.text})", (share.value * inside.value).sum(axis=-1))
    far = x - a * ln(x) + log_gamma(a) + ln(away) - ln(tail)
    direct = -ln(larger(1.0 - below, SMALLEST))
    return when(either(below < 1.0 - UPPER_TAIL, x < LEAST_IN_TAIL), direct, far)


def _excess(y: Formula) -> Formula:
    """Return (exp(y) - 1 - y) / y^2, which is 1/2 at y = 0."""
    series = f.polynomial([1.0 / factorial(n + 2) for n in range(13)], y)
    return when(absolute(y) < 0.5, series, (f.capped_exp(y) - 1.0 - y) / (y * y))


def _near_normal(q: Formula, w: Formula, keep: Keep) -> Formula:
    """Return -ln(Phi(-z) + Q c phi(z)) with the first terms of Temme's expansion."""
    y = keep("Q w", q * w)
    z = keep("z", w * root(2.0 * _excess(y)))
    eta = keep("Q z", q * z)
    first = f.polynomial(TEMME_SERIES[0], eta)
    far = 1.0 / (f.capped_exp(y) - 1.0) - 1.0 / eta
    second = f.polynomial(TEMME_SERIES[1], smaller(larger(eta, -1.0), 1.0))
    c = keep("c", when(absolute(eta) < NEAR_ETA, first, far) + q * q * second)
    return f.normal_hazard(z) - ln(larger(1.0 + q * c * f.inverse_mills(z), SMALLEST))


def generalised_f_hazard(q: Formula, p: Formula, y: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    """Return -ln P(Y > y) of the log-F variable of `hemodel.survival.families.generalised_f`, with shapes Q and P."""
    positive = larger(p, float(np.exp(SMALLEST_LOG_P)))
    delta = workings.single("delta", root(q * q + 2.0 * positive))
    sum_ = delta + absolute(q)
    pair = (2.0 / (delta * sum_), sum_ / (positive * delta))
    s1 = workings.single("s1", when(q >= 0.0, *pair))
    s2 = workings.single("s2", when(q >= 0.0, pair[1], pair[0]))
    w = keep("delta y", larger(delta * y, -LARGEST_EXPONENT))
    odds = keep(
        "s1 / s2 exp(delta y)",
        larger(when(w < f.LOG_OF_MOST, s1 / s2 * f.capped_exp(w), exp(w + ln(s1 / s2))), SMALLEST),
    )
    large, small = larger(s1, s2), smaller(s1, s2)
    return when(
        small > NEAR_NORMAL,
        _f_near_normal(delta, s1, s2, y, keep),
        when(
            both(large > LARGE_SHAPE, large > LARGE_RATIO * small * larger(small / MANY, 1.0)),
            _f_near_gamma(q, s1, s2, odds, keep, workings),
            _f_by_beta(s1, s2, odds, smaller(delta * y + LARGEST_EXPONENT, 0.0), keep),
        ),
    )


def _f_by_beta(s1: Formula, s2: Formula, odds: Formula, before: Formula, keep: Keep) -> Formula:
    """Return -ln survival from BETADIST; ``before`` is how far delta y is below its least, where the event is rarer."""
    died = keep("F distribution", beta_cdf(odds / (1.0 + odds), s1, s2) * call("EXP", np.exp, s1 * before))
    left = -ln(larger(beta_cdf(1.0 / (1.0 + odds), s2, s1), SMALLEST))
    return when(both(odds < 1.0, died < 1.0 - UPPER_TAIL), -ln(1.0 - died), left)


def _f_near_gamma(q: Formula, s1: Formula, s2: Formula, odds: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    """Return -ln survival where one of s1 and s2 is much larger: the first two terms of the expansion."""
    b = workings.single("smaller of s1 and s2", smaller(s1, s2))
    n = workings.single("N", larger(larger(s1, s2) + 0.5 * (b - 1.0), 1.0))
    x = keep("gamma variable of F", n * f.log_of_one_plus(when(q >= 0.0, odds, 1.0 / odds)))
    side = workings.single("Q of the gamma variable", when(q >= 0.0, 1.0, -1.0) / root(b))
    hazard = keep(
        "gamma hazard", log_gamma_hazard(side, keep("w of the gamma variable", ln(x / b) / side), keep, workings)
    )
    log_density = b * ln(x) - x - log_gamma(b)
    term = when(q >= 0.0, 1.0, -1.0) * (b - 1.0) * (b + 1.0 + x) / (24.0 * n * n)
    change = term * call("EXP", np.exp, smaller(log_density + smaller(hazard, LARGEST_PLAIN), LARGEST_PLAIN))
    return hazard - ln(larger(1.0 + change, SMALLEST))


def _f_near_normal(delta: Formula, s1: Formula, s2: Formula, y: Formula, keep: Keep) -> Formula:
    """Return -ln(Phi(-z) + m phi(z)), where both are very large and delta y is small."""
    share = 1.0 / (1.0 + s2 / s1)
    w = larger(smaller(delta * y, NEAR_ETA), -NEAR_ETA)
    spread = share * (1.0 - share)
    z = keep("z of F", y * root(1.0 + w * ((1.0 - 2.0 * share) / 3.0 + w * (1.0 - 6.0 * spread) / 12.0)))
    m = delta * (2.0 / 3.0 * share - 1.0 / 3.0 + w * (1.0 - spread) / 12.0)
    return f.normal_hazard(z) - ln(larger(1.0 + m * f.inverse_mills(z), SMALLEST))


T = TypeVar("T", bound=Family)
LARGEST_PLAIN = 650.0
SMALLEST = 1e-300


def cumulative_hazard(
    family: Family, parameters: Sequence[Formula], t: Formula, keep: Keep, workings: WorkingCells
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
    workings : WorkingCells
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


def _exponential(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: WorkingCells) -> Formula:
    return p[0] * t


def _weibull(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: WorkingCells) -> Formula:
    return _after_start(t, f.capped_exp(p[0] * ln(t / p[1])))


def _weibull_ph(_: Family, p: Parameters, t: Formula, _keep: Keep, _workings: WorkingCells) -> Formula:
    return _after_start(t, f.capped_exp(p[0] * ln(t) + ln(p[1])))


def _gompertz(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: WorkingCells) -> Formula:
    return p[1] * t * f.growth_ratio(keep("shape x time", p[0] * t))


def _log_logistic(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: WorkingCells) -> Formula:
    log_odds = keep("log odds of the event", when(t <= 0.0, -f.LOG_OF_MOST, p[0] * ln(t / p[1])))
    return f.log_of_one_plus_exp(log_odds)


def _log_normal(_: Family, p: Parameters, t: Formula, keep: Keep, _workings: WorkingCells) -> Formula:
    z = keep("z", when(t <= 0.0, -f.LOG_OF_MOST, (ln(t) - p[0]) / p[1]))
    return f.normal_hazard(z)


def _gamma(_: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    root = p[0] ** 0.5
    w = root * ln(p[1] * t / p[0])
    return _after_start(t, log_gamma_hazard(1.0 / root, keep("w", when(t <= 0.0, 0.0, w)), keep, workings))


def _generalised_gamma(_: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    w = keep("w", when(t <= 0.0, 0.0, (ln(t) - p[0]) / p[1]))
    return _after_start(t, log_gamma_hazard(p[2], w, keep, workings))


def _generalised_f(_: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    y = keep("y", when(t <= 0.0, 0.0, (ln(t) - p[0]) / p[1]))
    return _after_start(t, generalised_f_hazard(p[2], p[3], y, keep, workings))


def _piecewise(family: Family, p: Parameters, t: Formula, _keep: Keep, _workings: WorkingCells) -> Formula:
    edges = (0.0, *_is(family, PiecewiseExponential).cuts)
    inside = [rate * larger(smaller(t, b) - a, 0.0) for rate, (a, b) in zip(p, pairwise(edges), strict=False)]
    return total([*inside, p[-1] * larger(t - edges[-1], 0.0)])


def _spline(family: Family, p: Parameters, t: Formula, keep: Keep, _workings: WorkingCells) -> Formula:
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


def _mixture_cure(family: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    cure, inner = p[0], _inner(_is(family, MixtureCure).inner, p, t, keep, workings)
    near = -ln(cure + (1.0 - cure) * exp_of_negative(inner))
    late = smaller(inner - ln(larger(1.0 - cure, SMALLEST)), -ln(larger(cure, SMALLEST)))
    return when(inner < LARGEST_PLAIN, near, late)


def _nonmixture_cure(family: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    inner = _inner(_is(family, NonmixtureCure).inner, p, t, keep, workings)
    return _minus_log_of_cure(p[0]) * (1.0 - exp_of_negative(inner))


def _minus_log_of_cure(cure: Formula) -> Formula:
    """Return -ln of a share cured: from its logit where there is one, since the share can be too small a number."""
    if isinstance(cure, Natural):
        return f.log_of_one_plus_exp(-cure.estimate)
    return -ln(larger(cure, SMALLEST))


def _inner(inner: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
    return keep("cumulative hazard of those not cured", cumulative_hazard(inner, p[1:], t, keep, workings))


def _join(family: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
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


def _steps(family: Family, p: Parameters, t: Formula, _keep: Keep, workings: WorkingCells) -> Formula:
    shape = _is(family, Steps)
    times = workings.constants("Kaplan-Meier curve: months of the steps", (0.0, *shape.times))
    levels = workings.constants("Kaplan-Meier curve: cumulative hazard from each step", shape.levels().tolist())
    return p[0] * f.lookup(t, times, levels)


def _average(family: Family, p: Parameters, t: Formula, keep: Keep, workings: WorkingCells) -> Formula:
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
