"""Evidence pack: whether the effect of a strategy against the comparator is constant over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.analysis.evidence import Comparison, Interval
from hemodel.analysis.evidence_data import patients_of
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.acceleration import constant_acceleration, quantile_points
from hemodel.survival.patients.proportionality import cox, proportionality, schoenfeld

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate

    Pair = tuple[PatientData, PatientData]

Result = TypeVar("Result")


def comparisons(fit: EndpointFit, comparator: str) -> tuple[tuple[Comparison, ...], str]:
    """Compare each strategy with the comparator by their patients.

    Returns
    -------
    comparisons : tuple of Comparison
    note : str
        Why there are none; empty where there are.
    """
    data = patients_of(fit)
    others = [strategy for strategy in data if strategy != comparator]
    if comparator not in data or not others:
        return (), (
            "Tests of proportional hazards and of constant acceleration need patients or a digitised curve of "
            f"{comparator} and of another strategy; reported statistics do not show them."
        )
    return tuple(_comparison(comparator, each, (data[comparator], data[each])) for each in others), ""


def _comparison(reference: str, strategy: str, pair: Pair) -> Comparison:
    notes: list[str] = []
    ratio = tried(cox, pair, notes)
    return Comparison(
        reference=reference,
        strategy=strategy,
        hazard_ratio=None if ratio is None else _exponentiated(ratio.log_hazard_ratio),
        schoenfeld=tried(schoenfeld, pair, notes),
        proportionality=tried(proportionality, pair, notes),
        quantiles=tried(quantile_points, pair, notes),
        acceleration=tried(constant_acceleration, pair, notes),
        notes=tuple(dict.fromkeys(notes)),
    )


def _exponentiated(estimate: Estimate) -> Interval:
    return Interval(*(float(np.exp(each)) for each in (estimate.value, estimate.low, estimate.high)))


def tried(test: Callable[[PatientData, PatientData], Result], pair: Pair, notes: list[str]) -> Result | None:
    """Return the result of a test, or None with the reason added to the notes."""
    try:
        return test(*pair)
    except SurvivalError as error:
        notes.append(str(error))
        return None
