"""Fit curves to times to event of patients by maximum likelihood.

The curves that share coefficients (an independent curve and those relative to it) are
fitted together; groups that share none are fitted one by one, which gives the same
maximum. Every start is evaluated, the best few are followed by Newton's method, and the
best of those is polished.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.patients.group_fit import fit_group
from hemodel.survival.patients.groups import columns_of, groups, resolved
from hemodel.survival.patients.identification import condition_number, fit_warnings
from hemodel.survival.patients.likelihood import likelihood
from hemodel.survival.patients.requirements import check_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.group_fit import GroupFit
    from hemodel.survival.patients.newton import Indices


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
        Inverse of the observed information; 0 for coefficients that were held.
    log_likelihood : float
    n_patients, n_events : float
        Sums of weights.
    n_parameters : int
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
    """

    curves: EndpointCurves
    coefficients: Array
    covariance: Array
    log_likelihood: float
    n_patients: float
    n_events: float
    n_parameters: int
    gradient_norm: float
    condition: float
    n_starts: int
    held: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 p - 2 log L."""
        return 2.0 * self.n_parameters - 2.0 * self.log_likelihood

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for n patients; infinite if n is p + 1 or less."""
        left = self.n_patients - self.n_parameters - 1.0
        extra = 2.0 * self.n_parameters * (self.n_parameters + 1.0)
        return self.aic + extra / left if left > 0.0 else float("inf")

    @property
    def bic(self) -> float:
        """Schwarz's criterion by patients, p log(n) - 2 log L."""
        return float(self.n_parameters * np.log(self.n_patients)) - 2.0 * self.log_likelihood

    @property
    def bic_events(self) -> float:
        """Schwarz's criterion by events, p log(d) - 2 log L; Volinsky CT, Raftery AE (2000)."""
        return float(self.n_parameters * np.log(self.n_events)) - 2.0 * self.log_likelihood


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

    Returns
    -------
    LikelihoodFit

    Raises
    ------
    SurvivalError
        If strategies and curves do not match, there are too few events, or the patients
        leave coefficients undetermined; of all groups of curves at once.
    """
    check_data(curves, data, expected_hazard)
    whole = resolved(curves, data)
    parts = []
    for group in groups(whole).values():
        own = columns_of(whole, group)
        some = {spec.strategy: data[spec.strategy] for spec in group}
        target = likelihood(replace(whole, specs=group), some, expected_hazard)
        first = None if start is None else np.asarray(start, dtype=np.float64)[own]
        parts.append((own, fit_group(target, some, first)))
    return _joined(whole, data, parts)


def _joined(
    curves: EndpointCurves, data: Mapping[str, PatientData], parts: list[tuple[Indices, GroupFit]]
) -> LikelihoodFit:
    """Put the fits of all groups into one; coefficients of different groups are independent."""
    size = len(curves.names)
    coefficients, covariance, held = np.empty(size), np.zeros((size, size)), np.zeros(size, dtype=np.bool_)
    for own, part in parts:
        coefficients[own] = part.coefficients
        covariance[np.ix_(own, own)] = part.covariance
        held[own] = part.held
    free = np.flatnonzero(~held)
    return LikelihoodFit(
        curves=curves,
        coefficients=coefficients,
        covariance=covariance,
        log_likelihood=sum(part.log_likelihood for _, part in parts),
        n_patients=sum(some.n_patients for some in data.values()),
        n_events=sum(some.n_events for some in data.values()),
        n_parameters=size,
        gradient_norm=float(np.linalg.norm([part.gradient_norm for _, part in parts])),
        condition=condition_number(covariance[np.ix_(free, free)]),
        n_starts=sum(part.n_starts for _, part in parts),
        held=tuple(curves.names[j] for j in np.flatnonzero(held)),
        warnings=fit_warnings(curves, data, groups(curves), coefficients, covariance, held),
    )
