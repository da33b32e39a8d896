"""Survival of the log-gamma and log-F variables as spreadsheet formulas.

GAMMADIST and BETADIST have an absolute error near 1e-16 times the size of their shape
(measured in LibreOffice: 1e-13 at a shape of 400, 4e-12 at 10,000), so that large shapes
go another way: the gamma by its uniform expansion around the normal distribution
(Temme N, 1979; DLMF 8.12), the beta by its expansion around the gamma (DiDonato AR,
Morris AH (1992), ACM TOMS 18: 360-373, section 9). Where survival is below 1e-4 it is not
taken as one less the other tail, but as an integral by Gauss-Laguerre quadrature.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model import functions as f
from hemodel.live_model.formula import (
    Formula,
    absolute,
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
    when,
)
from hemodel.survival.families.log_f import LARGEST_EXPONENT, SMALLEST_LOG_P
from hemodel.survival.families.log_gamma import TEMME_SERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hemodel.live_model.places import Keep
    from hemodel.live_model.workings import Workings

    Exponent = Callable[..., Formula]

SMALL_Q = 0.03
"""Below this the gamma distribution is expanded around the normal: both ways have an error below 5e-13 here."""
NODES = 40
UPPER_TAIL, LEAST_IN_TAIL = 1e-4, 5.0
LOWER_TAIL = 1e-280
NEAR_ETA = 0.05
NEAR_NORMAL, LARGE_SHAPE, LARGE_RATIO, MANY = 1e8, 1e5, 1e3, 1e4
LARGEST_PLAIN, SMALLEST = 650.0, 1e-300


def log_gamma_hazard(q: Formula, w: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return -ln P(W > w) of the log-gamma variable of `hemodel.survival.families.log_gamma`, with shape Q."""
    size = larger(absolute(q), SMALL_Q)
    a = workings.single("gamma shape, 1 / Q^2", 1.0 / (size * size))
    x = keep("gamma variable", a * f.capped_exp(q * w))
    return when(
        absolute(q) < SMALL_Q,
        _near_normal(q, w, keep),
        when(q > 0.0, upper_hazard(a, x, keep, workings), lower_hazard(a, x, keep, workings)),
    )


def upper_hazard(a: Formula, x: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return -ln Q(a, x), of the upper tail of the gamma distribution."""
    beyond = x > a + 12.0 * root(a) + 60.0
    below = keep("gamma distribution", when(beyond, 1.0, gamma_cdf(when(beyond, 1.0, x), a, 1.0)))
    away = keep("distance in the tail", larger(x - a + 1.0, 1.0))
    tail = _laguerre(lambda u, a, d: (a - 1.0) * (ln(1.0 + u / d) - u / d), (a, away), workings)
    far = x - a * ln(x) + log_gamma(a) + ln(away) - ln(tail)
    direct = -ln(larger(1.0 - below, SMALLEST))
    return when(either(below < 1.0 - UPPER_TAIL, x < LEAST_IN_TAIL), direct, far)


def lower_hazard(a: Formula, x: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return -ln P(a, x), of the lower tail of the gamma distribution."""
    beyond = x > a + 12.0 * root(a) + 60.0
    below = keep("gamma distribution", when(beyond, 1.0, gamma_cdf(when(beyond, 1.0, x), a, 1.0)))
    away = keep("distance in the tail", larger(a - x, 1.0))
    tail = _laguerre(lambda u, x, d: -(x * (exp_of_negative(u / d) - 1.0 + u / d)), (x, away), workings)
    far = x - a * ln(x) + log_gamma(a) + ln(away) - ln(tail)
    return when(below > LOWER_TAIL, -ln(below), far)


def _laguerre(exponent: Exponent, terms: Sequence[Formula], workings: Workings) -> Formula:
    """Return the integral of exp(-u + exponent(u, terms)) over u from 0."""
    nodes, weights = np.polynomial.laguerre.laggauss(NODES)
    u = workings.constants("Gauss-Laguerre quadrature: nodes", nodes.tolist())
    share = workings.constants("Gauss-Laguerre quadrature: weights", weights.tolist())
    lifted = [Formula(term.text, np.asarray(term.value)[..., None], term.binds) for term in terms]
    inside = call("EXP", np.exp, exponent(u, *lifted))
    return Formula(f"SUMPRODUCT({share.text},{inside.text})", (share.value * inside.value).sum(axis=-1))


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
    second, third = (f.polynomial(terms, smaller(larger(eta, -1.0), 1.0)) for terms in TEMME_SERIES[1:])
    c = keep("c", when(absolute(eta) < NEAR_ETA, first, far) + q * q * (second + q * q * third))
    return f.normal_hazard(z) - ln(larger(1.0 + q * c * f.inverse_mills(z), SMALLEST))


def generalised_f_hazard(q: Formula, p: Formula, y: Formula, keep: Keep, workings: Workings) -> Formula:
    """Return -ln P(Y > y) of the log-F variable of `hemodel.survival.families.log_f`, with shapes Q and P."""
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


def _f_near_gamma(q: Formula, s1: Formula, s2: Formula, odds: Formula, keep: Keep, workings: Workings) -> Formula:
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
