"""What the sheet Budget impact says: years, the funnel of patients, the mix of treatments, the trigger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.inputs.checks_budget import SIDES, has_budget, share_id
from hemodel.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row


PATIENTS, GROWTH = "budget.patients", "budget.growth"
STEP = "budget.step.{step}"


@dataclass(frozen=True)
class BudgetInputs:
    """Years, funnel, mix and trigger of a budget impact.

    Attributes
    ----------
    first_year, years : int
        Calendar year of the first year; how many there are.
    entry : {"start", "spread"}
        Whether the patients of a year begin at its start, or a twelfth each month.
    strategies : mapping from id to name
        Comparator first.
    steps : tuple of str
        Ids of the steps of the funnel, in the order of the rows.
    parameters : tuple of Parameter
        Patients, growth, steps and shares; the shares of one side and year are a group.
    trigger : float or None
        [currency per year]
    trigger_years : int
        Years in which the trigger is looked at; 0 without one.
    """

    first_year: int
    years: int
    entry: str
    strategies: Mapping[str, str]
    steps: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    trigger: float | None
    trigger_years: int

    @property
    def calendar(self) -> tuple[int, ...]:
        """The calendar years."""
        return tuple(self.first_year + i for i in range(self.years))


def budget_inputs(inputs: ModelInputs) -> BudgetInputs | None:
    """Return what the sheet Budget impact says; None where the workbook has no such values.

    The rows are complete and agree with one another: `inputs.checks_budget` has seen to it.
    """
    rows = inputs.rows
    if not has_budget(rows):
        return None
    first_year, years = (int(rows[f"budget.{name}"].number) for name in ("first_year", "years"))
    strategies = {strategy.id: strategy.name for strategy in inputs.strategies}
    steps = select(rows, STEP)
    funnel = [_parameter(row) for row in (rows[PATIENTS], rows[GROWTH], *steps)]
    shares = [
        _share(rows[share_id(side, strategy, year)], side, name, first_year + year - 1)
        for side in SIDES
        for year in range(1, years + 1)
        for strategy, name in strategies.items()
    ]
    has_trigger = inputs.has("budget.trigger")
    return BudgetInputs(
        first_year=first_year,
        years=years,
        entry=rows["budget.entry"].text,
        strategies=strategies,
        steps=tuple(row.id for row in steps),
        parameters=(*funnel, *shares),
        trigger=rows["budget.trigger"].number if has_trigger else None,
        trigger_years=int(rows["budget.trigger_years"].number) if has_trigger else 0,
    )


def _parameter(row: Row) -> Parameter:
    return Parameter(row.id, row.label, row.number, row.unit, low=row.low, high=row.high)


def _share(row: Row, side: str, name: str, year: int) -> Parameter:
    label = f"{year}: share {SIDES[side]}, {name}"
    group = f"budget.{side}.{year}"
    return Parameter(row.id, label, row.number, row.unit, low=row.low, high=row.high, group=group)
