"""The sheets of one strategy in the live model, and what other parts refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.curves import StrategyCurves
from hemodel.live_model.doses import DosePlaces, Doses, add_doses
from hemodel.live_model.formula import Formula, absolute, call, either, larger, sum_of_products, total
from hemodel.live_model.sheet import LiveCheck, at_most
from hemodel.live_model.trace import (
    States,
    Trace,
    add_band_years,
    add_costs,
    add_flows,
    add_qalys,
    add_states,
    begin_trace,
)
from hemodel.live_model.unit_costs import UnitCosts, band_words
from hemodel.model.costs.categories import DRUG_CATEGORIES
from hemodel.model.occupancy import GAP_TOLERANCE
from hemodel.model.person_time import STATES
from hemodel.views.shared.words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import SheetColumn
    from hemodel.live_model.time import Time
    from hemodel.live_model.unit_costs import Vials
    from hemodel.model.evaluate import Model


SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class StrategyContext:
    """What the sheets of every strategy refer to.

    Attributes
    ----------
    naturals : Naturals
        Coefficients of the curves.
    """

    model: Model
    parameters: Parameters
    naturals: Naturals
    time: Time
    costs: UnitCosts
    vials: Vials


@dataclass(frozen=True)
class StrategySheets:
    """One strategy.

    Attributes
    ----------
    trace : Trace
        With the totals by (outcome, component).
    spending : SheetColumn
        Discounted costs so far.
    labels : mapping from component of QALYs to its words
    """

    id: str
    trace: Trace
    doses: Doses
    curves: StrategyCurves
    states: States
    spending: SheetColumn
    labels: Mapping[str, str]
    checks: tuple[LiveCheck, ...]

    def words(self, component: str) -> str:
        """Return what a component of an outcome is called."""
        return self.labels.get(component, COMPONENTS.get(component, component))


def add_strategy(number: int, strategy: str, shared: StrategyContext, taken: set[str]) -> StrategySheets:
    """Return the trace and the administrations of one strategy.

    Parameters
    ----------
    number : int
        Its place among the strategies, from 1.
    taken : set of str
        Names of sheets, in lower case; those of the new sheets are added.
    """
    model, parameters, time = shared.model, shared.parameters, shared.time
    trace = begin_trace(number, strategy, parameters, time, taken)
    curves = StrategyCurves(model, strategy, parameters, shared.naturals, trace.bounds)
    further = tuple(endpoint for endpoint in curves.endpoints if endpoint not in {"os", "pfs"})
    states = add_states(trace, curves, further)
    flows = add_flows(trace, states)
    bands = model.inputs.bands if model.inputs.settings.utilities_by == "time_to_death" else ()
    years = add_band_years(trace, states, bands, curves) if bands else flows.years
    names = {band.id: band_words(model.inputs, band.id) for band in bands}
    labels = names if bands else {state: COMPONENTS[state] for state in STATES}
    add_qalys(trace, years, labels, shared.costs)
    regimens = tuple(regimen for regimen in model.inputs.regimens if regimen.strategy == strategy)
    own = {drug: cost for (given, drug), cost in shared.vials.costs.items() if given == strategy}
    doses = add_doses(number, strategy, regimens, DosePlaces(time, curves, own), taken)
    spending = add_costs(trace, flows, doses, shared.costs)
    checks = (
        *_checks(strategy, states, parameters),
        *_complete(strategy, trace, doses),
        *_parts(strategy, trace, states, spending),
        *(regimen.check for regimen in doses.regimens),
    )
    return StrategySheets(strategy, trace, doses, curves, states, spending, labels, checks)


def _checks(strategy: str, states: States, parameters: Parameters) -> tuple[LiveCheck, ...]:
    gap = _largest(states.cut_off)
    allowed = parameters.text("settings.pfs_above_os").differs("error")
    return (
        at_most(
            f"States add up to 1: {strategy}",
            larger(_largest(states.added) - 1, 1 - call("MIN", np.min, states.added.range)),
            SUM_TOLERANCE,
            "Progression-free, progressed and dead do not add up: a formula of the trace was changed.",
        ),
        LiveCheck(
            f"PFS is not above OS: {strategy}",
            gap,
            either(allowed, gap <= GAP_TOLERANCE),
            "The setting says that this is an error: choose other curves, or set it to cap_pfs or lift_os.",
        ),
        *(_falls(strategy, name, column) for name, column in (("OS", states.overall), ("PFS", states.free))),
    )


def _falls(strategy: str, name: str, column: SheetColumn) -> LiveCheck:
    """Return a check that a curve never rises: what leaves it in each cycle is not negative."""
    above, below = column.part(0, column.rows - 1), column.part(1, column.rows)
    rises = Formula(
        f"SUMPRODUCT(({below.text}>{above.text}+{GAP_TOLERANCE:.0E})*1)",
        int(np.sum(below.value > above.value + GAP_TOLERANCE)),
    )
    return LiveCheck(
        f"{name} never rises: {strategy}",
        rises,
        rises.equals(0),
        "Survival rises: look at the curve and what acts on it.",
    )


def _parts(strategy: str, trace: Trace, states: States, spending: SheetColumn) -> tuple[LiveCheck, ...]:
    """Return checks that parts add up to totals found in another way: years alive from OS, costs cycle by cycle."""
    years = total([plain for (outcome, _), (plain, _) in trace.totals.items() if outcome == "life_years"])
    costs = total([discounted for (outcome, _), (_, discounted) in trace.totals.items() if outcome == "costs"])
    spent = spending.cell(spending.rows - 1)
    meaning = "The parts do not add up: a formula of the trace was changed."
    return (
        at_most(
            f"Years in the states add up to the years alive: {strategy}",
            years - _alive(trace, states),
            SUM_TOLERANCE,
            meaning,
        ),
        at_most(
            f"Costs by category add up to the costs of all cycles: {strategy}",
            absolute(costs - spent) / (1 + absolute(spent)),
            SUM_TOLERANCE,
            meaning,
        ),
    )


def _alive(trace: Trace, states: States) -> Formula:
    """Return the undiscounted years alive within the horizon, straight from overall survival."""
    time, alive = trace.time, states.overall
    above, below = alive.part(0, alive.rows - 1), alive.part(1, alive.rows)
    return sum_of_products(time.years.part(1, alive.rows), time.at_start * above + time.at_end * below)


def _largest(column: SheetColumn) -> Formula:
    return call("MAX", np.max, column.range)


def _complete(strategy: str, trace: Trace, doses: Doses) -> tuple[LiveCheck, ...]:
    """Return checks that every administration falls in a cycle of the trace."""
    found = []
    for part in DRUG_CATEGORIES:
        dated = [regimen.totals[part][1] for regimen in doses.regimens]
        if dated:
            summed = total(dated)
            difference = absolute(trace.totals["costs", part][1] - summed) / (1 + absolute(summed))
            what = f"Cost of {part} by cycle and by day agree: {strategy}"
            found.append(
                at_most(what, difference, SUM_TOLERANCE, "Administrations fall outside the cycles of the trace.")
            )
    return tuple(found)
