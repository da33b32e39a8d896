"""Functions of the engine, called with formulas: the text of the equation, and its value by hand."""

from __future__ import annotations

import pytest

from hemodel.economics import break_even_costs, differences, icer, net_monetary_benefit
from hemodel.inputs.structure import Treatment
from hemodel.live_model.formula import Formula
from hemodel.model.costs.categories import (
    end_of_life_cost,
    event_cost,
    resource_cost,
    share_progressing,
    treatment_cost,
)
from hemodel.model.occupancy import states
from hemodel.model.timeline import discount_factor
from hemodel.model.utilities import band_utility, event_loss, state_utility

DRAWS = {
    "adverse_event.rash.incidence.new": Formula("A1", 0.25),
    "adverse_event.rash.unit_cost": Formula("A2", 400.0),
    "adverse_event.rash.disutility": Formula("A3", 0.5),
    "adverse_event.rash.duration": Formula("A4", 29.22),
    "resource.visit.unit_cost": Formula("B1", 100.0),
    "resource.visit.progressed": Formula("B2", 2.0),
    "resource.scan.unit_cost": Formula("B3", 300.0),
    "resource.scan.progressed": Formula("B4", 1.0),
    "resource.scan.progressed.new": Formula("B5", 0.5),
    "administration.infusion.cost": Formula("C1", 150.0),
    "subsequent.chemo.drug_cost_per_cycle": Formula("C2", 1000.0),
    "subsequent.chemo.administrations_per_cycle": Formula("C3", 2.0),
    "subsequent.chemo.share.new": Formula("C4", 0.5),
    "subsequent.chemo.cycles": Formula("C5", 4.0),
    "pfs_events.share_deaths.new": Formula("D1", 0.125),
    "end_of_life.cost": Formula("D2", 9000.0),
    "utility.progressed": Formula("E1", 0.75),
    "utility.progressed.new": Formula("E2", 0.625),
    "utility.time_to_death.near": Formula("E3", 0.5),
}
COSTS, QALYS, THRESHOLD = Formula("F1", 3000.0), Formula("F2", 0.25), Formula("F3", 20000.0)
CASES = {
    "adverse event": (event_cost(DRAWS, "rash", "new"), "A1*A2", 100.0),
    "loss from an adverse event": (event_loss(DRAWS, "rash", "new"), "A1*A3*A4/365.25", 0.01),
    "common uses": (resource_cost(DRAWS, "visit", "new", "progressed"), "B1*B2*12", 2400.0),
    "uses of the strategy": (resource_cost(DRAWS, "scan", "new", "progressed"), "B3*B5*12", 1800.0),
    "subsequent treatment": (treatment_cost(DRAWS, Treatment("chemo", "infusion"), "new"), "C4*C5*(C2+C3*C1)", 2600.0),
    "progressions": (share_progressing(DRAWS, "new"), "1-D1", 0.875),
    "end of life": (end_of_life_cost(DRAWS), "D2", 9000.0),
    "utility of the strategy": (state_utility(DRAWS, "new", "progressed"), "E2", 0.625),
    "common utility": (state_utility(DRAWS, "old", "progressed"), "E1", 0.75),
    "utility by time to death": (band_utility(DRAWS, "near"), "E3", 0.5),
    "progressed": (states(Formula("G1", 0.25), Formula("G2", 0.75))["progressed"], "G2-G1", 0.5),
    "dead": (states(Formula("G1", 0.25), Formula("G2", 0.75))["dead"], "1-G2", 0.25),
    "discounting": (discount_factor(Formula("H1", 0.25), Formula("H2", 2.0)), "(1+H1)^(-H2)", 0.64),
    "discounting at a fixed rate": (discount_factor(0.25, Formula("H2", 2.0)), "1.25^(-H2)", 0.64),
    "increment": (differences({"costs": COSTS}, {"costs": Formula("I1", 1000.0)})["costs"], "F1-I1", 2000.0),
    "icer": (icer(COSTS, QALYS), "F1/F2", 12000.0),
    "net benefit": (net_monetary_benefit(QALYS, COSTS, THRESHOLD), "F3*F2-F1", 2000.0),
    "line of the threshold": (break_even_costs(QALYS, THRESHOLD), "F3*F2", 5000.0),
}


@pytest.mark.parametrize("name", CASES)
def test_text_and_value(name: str) -> None:
    found, text, value = CASES[name]

    assert found.text == text
    assert found.value == pytest.approx(value, rel=1e-15)
