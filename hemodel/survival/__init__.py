"""Survival curves: parametric families, and fitting them to reported statistics."""

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    RELATIONS,
    CurveSpec,
)
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.family import Family, log_time
from hemodel.survival.reported.fitting import EndpointFit, TargetFit, fit
from hemodel.survival.reported.predicted import model_values
from hemodel.survival.reported.problem import FitProblem, fit_problem
from hemodel.survival.reported.statistics import (
    EXACT_SE,
    KINDS,
    Statistic,
    Target,
    bounds,
    from_scale,
    target,
    to_scale,
)

__all__ = [
    "ACCELERATED_FAILURE_TIME",
    "EXACT_SE",
    "FAMILIES",
    "INDEPENDENT",
    "KINDS",
    "PROPORTIONAL_HAZARDS",
    "RELATIONS",
    "CurveSpec",
    "EndpointCurves",
    "EndpointFit",
    "Family",
    "FitProblem",
    "Statistic",
    "SurvivalError",
    "Target",
    "TargetFit",
    "bounds",
    "family",
    "fit",
    "fit_problem",
    "from_scale",
    "log_time",
    "model_values",
    "target",
    "to_scale",
]
