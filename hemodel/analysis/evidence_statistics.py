"""Evidence pack: how the reported statistics of an endpoint vary together, and what that does to the means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.evidence import MeanSpread, StatisticsEvidence
from hemodel.analysis.evidence_data import label
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.trial_bootstrap import bootstrap_trial, correlated_covariance, rmst_spread
from hemodel.survival.reported.trial_statistics import arms_of
from hemodel.survival.workbook.fits import endpoint_problem
from hemodel.survival.workbook.specs import options

if TYPE_CHECKING:
    from hemodel.model import Model
    from hemodel.survival.reported.fitting import ReportedFit
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.trial_bootstrap import RestrictedMeanSpread, TrialBootstrap

TRIALS = 1000


def statistics_evidence(
    model: Model, endpoint: str, seed: int, horizon: float
) -> tuple[StatisticsEvidence | None, str]:
    """Simulate 1,000 trials from the curves in use and correlate the statistics that they report.

    Returns
    -------
    evidence : StatisticsEvidence or None
    note : str
        Why there is none; empty where there is.
    """
    fit = model.fits[endpoint]
    if not fit.reported:
        return None, f"No curve of {endpoint} is fitted to reported statistics."
    if fit.weights:
        return None, f"The curves of {endpoint} are an average of families; trials are simulated from one family."
    try:
        problem = endpoint_problem(model.inputs, endpoint)
        bootstrap = bootstrap_trial(problem, fit.reported[0].coefficients, TRIALS, seed)
    except SurvivalError as error:
        return None, f"No trials could be simulated. {error}"
    rows = model.inputs.rows
    return StatisticsEvidence(
        ids=bootstrap.ids,
        labels=tuple(label(rows, id_) for id_ in bootstrap.ids),
        correlation=bootstrap.correlation,
        simulated=bootstrap.simulated,
        effective_sizes=bootstrap.effective_sizes,
        patients=_patients(problem),
        missing=bootstrap.missing,
        trials=bootstrap.trials,
        complete=bootstrap.complete,
        spread=_spread(problem, fit.reported[0], bootstrap, horizon, model.strategies[0]),
        used="correlated" if options(rows).correlated else "independent",
    ), ""


def _patients(problem: FitProblem) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the patients (J,) of the arms that each statistic is about."""
    arms = [arms_of(each.statistic) for each in problem.targets]
    return np.array([sum(problem.patients.get(arm, np.nan) for arm in some) for some in arms], dtype=np.float64)


def _spread(
    problem: FitProblem, fitted: ReportedFit, bootstrap: TrialBootstrap, horizon: float, comparator: str
) -> MeanSpread:
    """Restricted means and standard errors by the delta method, with either covariance."""
    correlated = correlated_covariance(problem, fitted.coefficients, bootstrap)
    first, second = (
        rmst_spread(problem.curves, fitted.coefficients, covariance, horizon)
        for covariance in (fitted.covariance, correlated)
    )
    strategies = first.strategies
    base = strategies.index(comparator) if comparator in strategies else None
    others = [] if base is None else [i for i in range(len(strategies)) if i != base]
    independent, together = _errors(first, base, others), _errors(second, base, others)
    differences = [float(first.means[i] - first.means[base or 0]) for i in others]
    return MeanSpread(
        labels=(*strategies, *(f"{strategies[i]} - {comparator}" for i in others)),
        means=np.array([*first.means, *differences]),
        independent=independent,
        correlated=together,
        ratio=np.divide(together, independent, out=np.full(independent.size, np.nan), where=independent > 0.0),
    )


def _errors(
    spread: RestrictedMeanSpread, base: int | None, others: list[int]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    differences = [] if base is None else [float(spread.errors_of_differences[i, base]) for i in others]
    return np.array([*spread.errors, *differences], dtype=np.float64)
