"""One family of curves tried on an endpoint, as a part of the evidence pack (see `evidence`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analysis.evidence_observed import Interval
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array

CRITERION = "criterion"
AIC = "AIC"
MIXED = "criterion + AIC"


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """One strategy's curve in one family, as fitted: before further effects, waning, a floor or a cap.

    Intervals are percentiles of 1,000 multivariate normal draws of the coefficients.

    Attributes
    ----------
    strategy : str
    family : str
        Its own family, or that of the curve it is relative to.
    relation : str
    median, restricted_mean : Interval
        Months; the mean is within the time horizon.
    mean : float
        Unrestricted mean, ``inf`` where infinite.
    survival : mapping from years to Interval
        At 1, 2, 3, 5 and 10 years within the horizon.
    at_horizon : float
        Survival at the time horizon.
    beyond_follow_up : float or None
        Share of the restricted mean that lies beyond follow-up.
    on_grid, hazard : array (months of the grid,)
        Survival and hazard at `EndpointEvidence.months`; a hazard that is not finite is nan.
    """

    strategy: str
    family: str
    relation: str
    median: Interval
    restricted_mean: Interval
    mean: float
    survival: Mapping[int, Interval]
    at_horizon: float
    beyond_follow_up: float | None
    on_grid: Array
    hazard: Array


@dataclass(frozen=True, eq=False)
class FamilyEvidence:
    """One family on one endpoint, with the workbook's relations and evidence.

    Attributes
    ----------
    family : str
        Name or formula; where strategies have different families, all of them joined.
    in_use : bool
        Whether it is what the workbook uses.
    fit : EndpointFit or None
        None where the evidence does not identify it; `reason` then says why.
    reason : str
    criterion_name : str
        ``criterion`` (sum of squared z + 2 p, reported statistics), ``AIC`` (patients),
        or ``criterion + AIC`` where strategies have different sources.
    criterion : float or None
        Lower is better. None for averages of families and published coefficients,
        which have none.
    aic, bic, aicc, bic_events : float or None
        Of patients and digitised curves only, for all curves together.
    weight : float or None
        exp(-criterion / 2) as a share of its sum over the fitted families.
    largest_z : float or None
        Largest absolute difference of a used statistic from the curves, in standard errors.
    names : tuple of str
        Of the p coefficients.
    coefficients, errors : array (p,)
        On the estimation scale, with standard errors.
    covariance : array (p, p)
    curves : mapping from strategy to FittedCurve
    concerns : tuple of str
        Plausibility rules that it breaks, one sentence each, with the number.
    notes : tuple of str
        What the fit itself says of its data and coefficients.
    criterion_rank : int or None
        1 is the lowest criterion.
    place : int
        Place in `EndpointEvidence.order`, from 1.
    """

    family: str
    in_use: bool
    fit: EndpointFit | None
    reason: str
    criterion_name: str
    criterion: float | None
    aic: float | None
    bic: float | None
    aicc: float | None
    bic_events: float | None
    weight: float | None
    largest_z: float | None
    names: tuple[str, ...]
    coefficients: Array
    errors: Array
    covariance: Array
    curves: Mapping[str, FittedCurve]
    concerns: tuple[str, ...]
    notes: tuple[str, ...]
    criterion_rank: int | None
    place: int
