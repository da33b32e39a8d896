"""Everything between the curves' coefficients and the results of the live model, put together in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.results import ResultCells, add_results
from hemodel.live_model.strategy import Shared, StrategySheets, add_strategy
from hemodel.live_model.time import Time, add_time
from hemodel.live_model.unit_costs import UnitCosts, add_unit_costs
from hemodel.live_model.vials import Vials, add_vials

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.live_model.ageing import AgeingCells
    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.formula import Formula
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import Sheet
    from hemodel.live_model.status import Check
    from hemodel.model import Model


@dataclass(frozen=True)
class Calculation:
    """The sheets that calculate.

    Attributes
    ----------
    time : Time
    costs : UnitCosts
    vials : Vials
    strategies : tuple of StrategySheets
        The comparator first.
    results : ResultCells
    """

    time: Time
    costs: UnitCosts
    vials: Vials
    strategies: tuple[StrategySheets, ...]
    results: ResultCells

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets in reading order, without that of the results."""
        traces = [each.trace.sheet for each in self.strategies]
        doses = [each.doses.sheet for each in self.strategies]
        return [self.time.sheet, *traces, *doses, self.vials.sheet, self.costs.sheet]

    @property
    def checks(self) -> list[Check]:
        """What must hold, in the order of the sheets."""
        by_strategy = [check for each in self.strategies for check in each.checks]
        return [*by_strategy, *self.time.checks, *self.vials.checks, *self.costs.checks]


def add_calculation(
    model: Model,
    parameters: Parameters,
    naturals: Naturals,
    population_hazard: Callable[[Formula], Formula] | None,
    results: Sheet,
    taken: set[str],
    ageing: AgeingCells | None = None,
) -> Calculation:
    """Return the sheets from time to results.

    Parameters
    ----------
    model : Model
    parameters : Parameters
    naturals : Naturals
        Coefficients of the curves, from `coefficients.add_curves`.
    population_hazard : callable or None
        From a formula of months to the cumulative hazard of the population.
    results : Sheet
        Where the results go, below its first six rows.
    taken : set of str
        Names of sheets, in lower case; those of the new sheets are added.
    ageing : AgeingCells or None
        How utilities change with age.
    """
    time = add_time(model.inputs, parameters, population_hazard, ageing)
    costs = add_unit_costs(model.inputs, parameters, time)
    vials = add_vials(model, parameters, costs)
    shared = Shared(model, parameters, naturals, time, costs, vials, population_hazard)
    strategies = tuple(
        add_strategy(number, strategy, shared, taken) for number, strategy in enumerate(model.strategies, start=1)
    )
    return Calculation(time, costs, vials, strategies, add_results(results, model, parameters, strategies))
