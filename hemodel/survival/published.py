"""Coefficients published by another program, turned into those of flexsurv.

The table of programs is `PARAMETERISATIONS` in `hemodel.survival.published`. The
covariance follows by the delta method; as each coefficient comes from one published
number, the derivatives are 1, 1 / x (logarithm) or 1 / (x (1 - x)) (logit).

How other programs write survival curves, beside flexsurv.

In each case a coefficient of flexsurv is plus or minus a published number or its
logarithm, so that one table holds all of them. Sources of the formulas:

* flexsurv: Jackson CH (2016), Journal of Statistical Software 70(8), table 1.
* survreg: Therneau T, R package survival, help of ``survreg.distributions``:
  (log T - Intercept) / scale is extreme value, logistic or normal.
* Stata: Stata Survival Analysis Reference Manual, ``streg``, Methods and formulas.
* SAS: SAS/STAT User's Guide, The LIFEREG Procedure, Supported Distributions.
* lifelines: documentation of ``ExponentialFitter``, ``WeibullFitter``,
  ``LogNormalFitter`` and ``LogLogisticFitter``.

Coefficients for another unit of time.

A curve in a unit that is f months long is S(t / f) for t in months. Families are
closed under this change (see `families.stretch`); a spline's knots move with the unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy

from hemodel.inputs.dictionary import nearest
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, PROPORTIONAL_HAZARDS
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME as AFT
from hemodel.survival.curve_spec import PROPORTIONAL_HAZARDS as PH
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.families.registry import family
from hemodel.survival.families.spline import Spline
from hemodel.survival.families.stretch import is_closed, stretched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.survival.family import Array, Family


Sign = Literal[1, -1]
Scale = Literal["identity", "log", "logit"]


@dataclass(frozen=True)
class Term:
    """How one coefficient of flexsurv comes from one published parameter.

    The coefficient is ``sign`` times the published number (scale ``identity``), its
    logarithm (``log``) or its logit (``logit``).
    """

    coefficient: str
    published: str
    sign: Sign
    scale: Scale


@dataclass(frozen=True)
class Parameterisation:
    """How one program writes one family.

    Attributes
    ----------
    program : str
        Name of the parameterisation.
    names : tuple of str
        What the program, and flexsurv, call the distribution.
    family : str
        Name in flexsurv of the family it becomes.
    formula : str
        Survival in the program's own parameters.
    terms : tuple of Term
        In the order of the family's coefficients.
    effect : str
        What a treatment coefficient acts on: ``proportional_hazards``,
        ``accelerated_failure_time``, or nothing where it cannot be converted.
    effect_sign : int
        Sign that turns it into a log hazard ratio or a log acceleration factor (above 0
        for longer times).
    """

    program: str
    names: tuple[str, ...]
    family: str
    formula: str
    terms: tuple[Term, ...]
    effect: str
    effect_sign: Sign = 1


LOCATION_EFFECTS: dict[str, tuple[str, Sign]] = {
    "exp": (PH, 1),
    "weibull": (AFT, 1),
    "weibullPH": (PH, 1),
    "gompertz": (PH, 1),
    "llogis": (AFT, 1),
    "lnorm": (AFT, 1),
    "gamma": (AFT, -1),
    "gengamma": (AFT, 1),
    "genf": (AFT, 1),
}


def _same(coefficient: str, published: str) -> Term:
    return Term(coefficient, published, 1, "identity")


def _minus(coefficient: str, published: str) -> Term:
    return Term(coefficient, published, -1, "identity")


def _log(coefficient: str, published: str) -> Term:
    return Term(coefficient, published, 1, "log")


def _minus_log(coefficient: str, published: str) -> Term:
    return Term(coefficient, published, -1, "log")


_EXP, _WEIBULL = ("exponential", "exp"), ("weibull",)
_LLOGIS, _LNORM = ("loglogistic", "llogistic", "llogis"), ("lognormal", "lnormal", "lnorm")
PARAMETERISATIONS: tuple[Parameterisation, ...] = (
    Parameterisation("survreg", _EXP, "exp", "exp(-t exp(-Intercept))", (_minus("log(rate)", "(Intercept)"),), AFT),
    Parameterisation(
        "survreg",
        _WEIBULL,
        "weibull",
        "exp(-(t / exp(Intercept))^(1 / scale))",
        (_minus("log(shape)", "Log(scale)"), _same("log(scale)", "(Intercept)")),
        AFT,
    ),
    Parameterisation(
        "survreg",
        _LLOGIS,
        "llogis",
        "1 / (1 + (t / exp(Intercept))^(1 / scale))",
        (_minus("log(shape)", "Log(scale)"), _same("log(scale)", "(Intercept)")),
        AFT,
    ),
    Parameterisation(
        "survreg",
        _LNORM,
        "lnorm",
        "1 - Phi((log t - Intercept) / scale)",
        (_same("meanlog", "(Intercept)"), _same("log(sdlog)", "Log(scale)")),
        AFT,
    ),
    Parameterisation("stata_ph", _EXP, "exp", "exp(-exp(_cons) t)", (_same("log(rate)", "_cons"),), PH),
    Parameterisation(
        "stata_ph",
        ("weibull", "weibullPH"),
        "weibullPH",
        "exp(-exp(_cons) t^p)",
        (_same("log(shape)", "ln_p"), _same("log(scale)", "_cons")),
        PH,
    ),
    Parameterisation(
        "stata_ph",
        ("gompertz",),
        "gompertz",
        "exp(-exp(_cons) (exp(gamma t) - 1) / gamma)",
        (_same("shape", "gamma"), _same("log(rate)", "_cons")),
        PH,
    ),
    Parameterisation("stata_aft", _EXP, "exp", "exp(-exp(-_cons) t)", (_minus("log(rate)", "_cons"),), AFT),
    Parameterisation(
        "stata_aft",
        _WEIBULL,
        "weibull",
        "exp(-exp(-p _cons) t^p)",
        (_same("log(shape)", "ln_p"), _same("log(scale)", "_cons")),
        AFT,
    ),
    Parameterisation(
        "stata_aft",
        _LNORM,
        "lnorm",
        "1 - Phi((log t - _cons) / sigma)",
        (_same("meanlog", "_cons"), _same("log(sdlog)", "lnsigma")),
        AFT,
    ),
    Parameterisation(
        "stata_aft",
        _LLOGIS,
        "llogis",
        "1 / (1 + (exp(-_cons) t)^(1 / gamma))",
        (_minus("log(shape)", "lngamma"), _same("log(scale)", "_cons")),
        AFT,
    ),
    Parameterisation(
        "stata_aft",
        ("ggamma", "gamma", "gengamma"),
        "gengamma",
        "1 - I(g, g exp(|kappa| z)) for kappa > 0, g = kappa^-2, z = (log t - _cons) / sigma",
        (_same("mu", "_cons"), _same("log(sigma)", "lnsigma"), _same("Q", "kappa")),
        AFT,
    ),
    Parameterisation("sas_lifereg", _EXP, "exp", "exp(-t exp(-Intercept))", (_minus("log(rate)", "Intercept"),), AFT),
    Parameterisation(
        "sas_lifereg",
        _WEIBULL,
        "weibull",
        "exp(-(t exp(-Intercept))^(1 / Scale))",
        (_minus_log("log(shape)", "Scale"), _same("log(scale)", "Intercept")),
        AFT,
    ),
    Parameterisation(
        "sas_lifereg",
        _LLOGIS,
        "llogis",
        "1 / (1 + (t exp(-Intercept))^(1 / Scale))",
        (_minus_log("log(shape)", "Scale"), _same("log(scale)", "Intercept")),
        AFT,
    ),
    Parameterisation(
        "sas_lifereg",
        _LNORM,
        "lnorm",
        "1 - Phi((log t - Intercept) / Scale)",
        (_same("meanlog", "Intercept"), _log("log(sdlog)", "Scale")),
        AFT,
    ),
    Parameterisation(
        "sas_lifereg",
        ("gamma", "gengamma"),
        "gengamma",
        "Gamma(d, d exp(Shape w)) / Gamma(d) for Shape > 0, d = Shape^-2, w = (log t - Intercept) / Scale",
        (_same("mu", "Intercept"), _log("log(sigma)", "Scale"), _same("Q", "Shape")),
        AFT,
    ),
    Parameterisation("lifelines", _EXP, "exp", "exp(-t / lambda_)", (_minus_log("log(rate)", "lambda_"),), ""),
    Parameterisation(
        "lifelines",
        _WEIBULL,
        "weibull",
        "exp(-(t / lambda_)^rho_)",
        (_log("log(shape)", "rho_"), _log("log(scale)", "lambda_")),
        "",
    ),
    Parameterisation(
        "lifelines",
        _LNORM,
        "lnorm",
        "1 - Phi((log t - mu_) / sigma_)",
        (_same("meanlog", "mu_"), _log("log(sdlog)", "sigma_")),
        "",
    ),
    Parameterisation(
        "lifelines",
        _LLOGIS,
        "llogis",
        "1 / (1 + (t / alpha_)^beta_)",
        (_log("log(shape)", "beta_"), _log("log(scale)", "alpha_")),
        "",
    ),
)


TREATMENT = "treatment"
FLEXSURV = "flexsurv"
FLEXSURV_NATURAL = "flexsurv_natural"
SYMMETRY = 1e-6
SINGULAR = 1e-10
EFFECT_NAMES = {PROPORTIONAL_HAZARDS: "log(hazard ratio)", ACCELERATED_FAILURE_TIME: "log(acceleration factor)"}


@dataclass(frozen=True, eq=False)
class Published:
    """Coefficients as printed.

    Attributes
    ----------
    parameterisation : str
        ``flexsurv`` (estimation scale, for example ``log(shape)``), ``flexsurv_natural``
        (as in the column est), ``survreg``, ``stata_ph``, ``stata_aft``, ``sas_lifereg`` or
        ``lifelines``.
    family : str
        Name of the distribution in that program or in flexsurv.
    names : tuple of str
        Names of the parameters in any order, with ``treatment`` for a coefficient of
        treatment on the scale of the linear predictor.
    covariance : array (p, p)
        Of ``values``. A variance of 0 says that a number is exact.
    """

    parameterisation: str
    family: str
    names: tuple[str, ...]
    values: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class Converted:
    """Coefficients on the estimation scale of flexsurv.

    Attributes
    ----------
    family : str
        Name of the family in flexsurv.
    names : tuple of str
        Names of the coefficients; the last is ``log(hazard ratio)`` or
        ``log(acceleration factor)`` where a treatment coefficient was given.
    relation : str
        ``proportional_hazards`` or ``accelerated_failure_time`` with a treatment
        coefficient, else empty.
    text : str
        What was converted into what, in words.
    """

    family: str
    names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    relation: str
    text: str


def programs() -> tuple[str, ...]:
    """Return the names of the known parameterisations."""
    return (FLEXSURV, FLEXSURV_NATURAL, *dict.fromkeys(each.program for each in PARAMETERISATIONS))


def parameterisation(program: str, name: str) -> Parameterisation:
    """Return how a program writes a distribution.

    Raises
    ------
    SurvivalError
        If the program or its distribution is not known; the message lists those that are.
    """
    if program not in programs():
        hint = nearest(program, programs())
        raise SurvivalError(f"{program!r} is not a known parameterisation. {hint} Known: {', '.join(programs())}.")
    if program in {FLEXSURV, FLEXSURV_NATURAL}:
        return _own(program, name)
    mine = [each for each in PARAMETERISATIONS if each.program == program]
    for each in mine:
        if name in each.names:
            return each
    names = [other for each in mine for other in each.names]
    raise SurvivalError(
        f"{name!r} is not a distribution of {program} that can be converted. {nearest(name, names)} "
        f"Known: {', '.join(each.names[0] for each in mine)}."
    )


def convert(published: Published) -> Converted:
    """Turn published coefficients into those of flexsurv.

    Times stay in the unit of the publication.

    Raises
    ------
    SurvivalError
        With everything that is wrong: an unknown program or distribution; parameters
        missing, unknown or given twice; a number not finite or outside its range; a
        covariance of the wrong shape, not symmetric, not positive semidefinite, or singular.
    """
    form = parameterisation(published.parameterisation, published.family)
    names = tuple(name.strip().removeprefix("/") for name in published.names)
    wanted = _wanted(form, TREATMENT in names)
    values = np.asarray(published.values, dtype=np.float64)
    covariance = np.asarray(published.covariance, dtype=np.float64)
    what = f"{published.parameterisation} {published.family}"
    raise_together(
        [
            *(SurvivalError(f"{what}: {each}") for each in _name_problems(form, names, wanted)),
            *(SurvivalError(f"{what}: {each}") for each in _value_problems(names, values, wanted)),
            *(SurvivalError(f"{what}: {each}") for each in _covariance_problems(names, covariance)),
        ]
    )
    order = [names.index(term.published) for term in wanted]
    values, covariance = values[order], 0.5 * (covariance + covariance.T)[np.ix_(order, order)]
    slopes = np.array([_slope(term, value) for term, value in zip(wanted, values, strict=True)])
    coefficients = np.array([_coefficient(term, value) for term, value in zip(wanted, values, strict=True)])
    labels = tuple(term.coefficient for term in wanted)
    return Converted(
        family=form.family,
        names=labels,
        coefficients=coefficients,
        covariance=slopes[:, None] * covariance * slopes,
        relation=form.effect if TREATMENT in names else "",
        text=f"{what}, S(t) = {form.formula}, with {_listed([t.published for t in wanted], values)}; "
        f"as {form.family} in flexsurv: {_listed(labels, coefficients)}.",
    )


def printed_back(converted: Converted, t: Sequence[float]) -> str:
    """Return survival at a few times in words, to hold against the publication."""
    shape = family(converted.family)
    times = np.asarray(t, dtype=np.float64)
    base = converted.coefficients[None, : len(shape.parameters)]
    lines = [_survival_line("Survival", times, shape.survival(times, base)[0], float(shape.quantile(0.5, base)[0]))]
    if converted.relation:
        effect = float(np.exp(converted.coefficients[-1]))
        if converted.relation == PROPORTIONAL_HAZARDS:
            with_effect = shape.survival(times, base)[0] ** effect
            median = float(shape.time_at(np.log(2.0) / effect, base)[0])
        else:
            with_effect = shape.survival(times / effect, base)[0]
            median = float(shape.quantile(0.5, base)[0]) * effect
        lines.append(_survival_line("With treatment", times, with_effect, median))
    return " ".join(lines)


def _own(program: str, name: str) -> Parameterisation:
    """Return flexsurv's own parameters, on the estimation scale or as printed."""
    shape = family(name)
    effect, sign = LOCATION_EFFECTS.get(shape.name, ("", 1))
    natural = program == FLEXSURV_NATURAL
    terms = tuple(
        Term(label, parameter if natural else label, 1, link if natural else "identity")
        for label, parameter, link in zip(shape.labels, shape.parameters, shape.links, strict=True)
    )
    return Parameterisation(program, (shape.name,), shape.name, f"that of {shape.name}", terms, effect, sign)


def _wanted(form: Parameterisation, treated: bool) -> tuple[Term, ...]:
    if not treated or not form.effect:
        return form.terms
    return (*form.terms, Term(EFFECT_NAMES[form.effect], TREATMENT, form.effect_sign, "identity"))


def _name_problems(form: Parameterisation, names: tuple[str, ...], wanted: tuple[Term, ...]) -> list[str]:
    expected = [term.published for term in wanted]
    found = [f"{name} is missing; it has {', '.join(expected)}." for name in expected if name not in names]
    for name in dict.fromkeys(names):
        if name == TREATMENT and not form.effect:
            found.append("a coefficient of treatment cannot be converted for this distribution.")
        elif name not in expected:
            found.append(f"{name!r} is not one of its parameters. {nearest(name, expected)}".rstrip())
        if names.count(name) > 1:
            found.append(f"{name} is given {names.count(name)} times.")
    return found


def _value_problems(names: tuple[str, ...], values: Array, wanted: tuple[Term, ...]) -> list[str]:
    if values.shape != (len(names),):
        return [f"there are {len(names)} names and values of shape {values.shape}."]
    found = [
        f"{name} is {value}, not a number." for name, value in zip(names, values, strict=True) if not np.isfinite(value)
    ]
    scales = {term.published: term.scale for term in wanted}
    for name, value in zip(names, values, strict=True):
        if scales.get(name) == "log" and value <= 0.0:
            found.append(f"{name} is {value:g} and must be above 0. Is it already a logarithm?")
        if scales.get(name) == "logit" and not 0.0 < value < 1.0:
            found.append(f"{name} is {value:g} and must lie between 0 and 1.")
    return found


def _covariance_problems(names: tuple[str, ...], covariance: Array) -> list[str]:
    size = len(names)
    if covariance.shape != (size, size):
        return [f"the covariance has shape {covariance.shape} and must have {size} rows and columns."]
    if not np.isfinite(covariance).all():
        return ["the covariance has a cell that is not a number."]
    variance = np.diag(covariance)
    negative = [f"the variance of {names[j]} is {variance[j]:g}, below 0." for j in np.flatnonzero(variance < 0.0)]
    if negative:
        return negative
    free = np.flatnonzero(variance > 0.0)
    sd = np.sqrt(np.where(variance > 0.0, variance, 1.0))
    correlation = covariance / np.outer(sd, sd)
    found = [
        f"{names[j]} has variance 0 but a covariance with another."
        for j in np.flatnonzero((variance == 0.0) & (np.abs(covariance).sum(axis=1) > 0.0))
    ]
    for i, j in np.argwhere(np.abs(np.triu(correlation - correlation.T)) > SYMMETRY):
        found.append(
            f"the covariance is not symmetric: {names[i]} with {names[j]} is {covariance[i, j]:g} and "
            f"{names[j]} with {names[i]} is {covariance[j, i]:g}."
        )
    if found or not free.size:
        return found
    smallest = float(np.linalg.eigvalsh(correlation[np.ix_(free, free)])[0])
    if smallest < -SINGULAR:
        found.append("the covariance is not positive semidefinite: a correlation is beyond -1 to 1, or they clash.")
    elif smallest < SINGULAR:
        found.append("the covariance is singular: one number follows from the others. Give more digits, or check it.")
    return found


def _coefficient(term: Term, value: float) -> float:
    if term.scale == "log":
        return float(term.sign * np.log(value))
    if term.scale == "logit":
        return float(term.sign * scipy.special.logit(value))
    return float(term.sign * value)


def _slope(term: Term, value: float) -> float:
    if term.scale == "log":
        return float(term.sign / value)
    if term.scale == "logit":
        return float(term.sign / (value * (1.0 - value)))
    return float(term.sign)


def _listed(names: Sequence[str], values: Array) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, values, strict=True))


def _survival_line(what: str, times: Array, survival: Array, median: float) -> str:
    points = ", ".join(f"{value:.4f} at {time:g}" for time, value in zip(times, survival, strict=True))
    return f"{what}: {points}; median {median:.4g}." if np.isfinite(median) else f"{what}: {points}; no median."


STEP = 1e-4


def in_other_unit(converted: Converted, factor: float, unit: str) -> Converted:
    """Return coefficients for times in months from those for a unit of ``factor`` months.

    Raises
    ------
    SurvivalError
        For a family that has no rule, or whose knots or weights are not known.
    """
    shape, log_factor = family(converted.family), float(np.log(factor))
    if not shape.is_resolved:
        raise SurvivalError(
            f"coefficients of {shape.name} are no curve without data. Give the knots of a spline or the weights of an "
            "average in the formula, as in spline(hazard, knots at 1 6 24), or choose another source."
        )
    if factor == 1.0:
        return converted
    moved, slopes = _moved(converted, shape, log_factor)
    name = converted.family
    if isinstance(shape, Spline):
        knots = " ".join(repr(float(factor * knot)) for knot in shape.knots)
        name = f"spline({shape.scale}, knots at {knots})"
    return replace(
        converted,
        family=name,
        coefficients=moved,
        covariance=slopes @ converted.covariance @ slopes.T,
        text=f"{converted.text} From {unit} to months.",
    )


def _moved(converted: Converted, shape: Family, log_factor: float) -> tuple[Array, Array]:
    """Return the coefficients and their Jacobian (p, p); the rule is linear, but for the Weibull by hazard."""
    given, slopes = converted.coefficients, np.eye(converted.coefficients.size)
    if isinstance(shape, Spline):
        slopes[0, 1] = -log_factor
        return slopes @ given, slopes
    if not is_closed(shape):
        raise SurvivalError(
            f"coefficients of {shape.name} cannot be turned into months. Give them for times in months."
        )
    points = np.vstack([given, given + STEP * slopes, given - STEP * slopes])
    moved = stretched(shape, points, np.array([[log_factor]]))
    above, below = np.split(moved[1:], 2)
    return moved[0], ((above - below) / (2.0 * STEP)).T
