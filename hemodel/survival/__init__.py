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
from hemodel.survival.family import Family, log_time
from hemodel.survival.fitting import EndpointFit, TargetFit, fit
from hemodel.survival.predicted import model_values
from hemodel.survival.problem import FitProblem, fit_problem
from hemodel.survival.registry import FAMILIES, family
from hemodel.survival.reported import (
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
