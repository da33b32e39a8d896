"""Rows of a made-up budget impact for the small model of `support`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from support import STRATEGIES, small_model, small_run

from hemodel.analyses.budget import (
    BudgetImpact,
    BudgetOneWay,
    BudgetResult,
    budget_impact,
    budget_one_way,
    budget_result,
)
from hemodel.analyses.dsa.one_way import moves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analyses.run import Run
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

UPTAKE = (0.2, 0.4, 0.6)
"""Share of the active strategy in each year with the new treatment."""


def budget_values(uptake: Sequence[float] = UPTAKE) -> dict[str, Scalar]:
    """Return values by id: 1,000 patients in 2027, 2% more each year, of whom 50% x 80% are eligible."""
    found: dict[str, Scalar] = {
        "budget.first_year": 2027,
        "budget.years": len(uptake),
        "budget.entry": "start",
        "budget.patients": 1000,
        "budget.growth": 0.02,
        "budget.step.stage": 0.5,
        "budget.step.treated": 0.8,
    }
    for year, share in enumerate(uptake, start=1):
        for side, active in (("without", 0.0), ("with", share)):
            for strategy, value in zip(STRATEGIES, (1.0 - active, active), strict=True):
                found[f"budget.share_{side}.{strategy}.year_{year}"] = value
    return found


def budget_model(
    changes: Mapping[str, Scalar] | None = None,
    rows: Mapping[str, Mapping[str, Scalar]] | None = None,
    *,
    uptake: Sequence[float] = UPTAKE,
    uncertain: bool = False,
) -> Model:
    """Return the small model with a budget impact; `rows` are rows with ranges."""
    values = {id_: value for id_, value in budget_values(uptake).items() if id_ not in (rows or {})}
    return small_model(values | dict(changes or {}), rows, uncertain=uncertain)


def budget_of(model: Model) -> BudgetImpact:
    """Return the arrays of the budget impact of a model that has one."""
    found = budget_impact(model)
    assert found is not None
    return found


def result_of(model: Model) -> BudgetResult:
    """Return the budget impact of a model that has one, without its one-way analysis."""
    found = budget_result(model)
    assert found is not None
    return found


def one_way_of(model: Model) -> BudgetOneWay:
    """Return the one-way analysis of the budget impact."""
    return budget_one_way(model, budget_of(model), moves(model))


def small_budget_run(model: Model) -> Run:
    """Return a run with the base case and the budget impact, and nothing else."""
    return replace(
        small_run(model, 2),
        one_way=None,
        statistics=None,
        two_way=None,
        threshold_values=None,
        psa=None,
        information=None,
        budget=budget_result(model, moves(model)),
    )
