"""How other programs write survival curves, beside flexsurv.

In each case a coefficient of flexsurv is plus or minus a published number or its
logarithm, so that one table holds all of them. Sources of the formulas:

* flexsurv: Jackson CH (2016), Journal of Statistical Software 70(8), table 1.
* survreg: Therneau T, R package survival, help of ``survreg.distributions``:
  (log T - Intercept) / scale is extreme value, logistic or normal.
* Stata: Stata Survival Analysis Reference Manual, ``streg``, Methods and formulas.
* SAS: SAS/STAT User's Guide, The LIFEREG Procedure, Supported Distributions.
* lifelines: documentation of ``ExponentialFitter``, ``WeibullFitter``,
  ``LogNormalFitter`` and ``LogLogisticFitter``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME as AFT
from hemodel.survival.curve_spec import PROPORTIONAL_HAZARDS as PH

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
