"""The base case against an independent straight-line calculation of the same workbook.

Both follow the same written conventions but share no code. They agree to 1e-9 relative: rounding over a thousand
cycles is near 1e-13, and the fitted coefficients of both are good to about 1e-11.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference.straight_line import Result, base_case

from hemodel.analyses.load import load
from hemodel.analyses.prices import price_thresholds
from hemodel.economics import net_monetary_benefit, verdict
from hemodel.inputs.changes import Change
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.model.outcomes import Outcomes, OutcomeTable

WORKBOOK = Path(__file__).parents[2] / "inputs" / "imforte_us.xlsx"
TOLERANCE = 1e-9


@cache
def reference() -> Result:
    return base_case(WORKBOOK)


@cache
def package() -> tuple[Model, Outcomes]:
    model = load(WORKBOOK)
    return model, evaluate(model, base_draws(model))


def increment(table: OutcomeTable, discounted: bool) -> float:
    totals = table.total if discounted else table.undiscounted_total
    return float(totals[0, 1] - totals[0, 0])


def test_strategies_stand_in_the_same_order() -> None:
    assert package()[1].strategies == (reference().comparator, reference().intervention)


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_fitted_curves(endpoint: str) -> None:
    model, _ = package()
    curves, coefficients = model.fits[endpoint].curves, model.fits[endpoint].coefficients[None, :]
    months = np.array([0.5, 3.0, 10.0, 36.0, 120.0])
    for strategy, (shape, scale) in reference().curves[endpoint].items():
        expected = 1.0 / (1.0 + (months / scale) ** shape)
        np.testing.assert_allclose(curves.survival(strategy, months, coefficients)[0], expected, rtol=TOLERANCE)


@pytest.mark.parametrize("discounted", [False, True], ids=["undiscounted", "discounted"])
@pytest.mark.parametrize("outcome", ["life_years", "qalys", "costs"])
@pytest.mark.parametrize("place", [0, 1], ids=["comparator", "intervention"])
def test_every_component_and_the_total(place: int, outcome: str, discounted: bool) -> None:
    _, outcomes = package()
    table: OutcomeTable = getattr(outcomes, outcome)
    amounts = (table.discounted if discounted else table.undiscounted)[0, place]
    expected: dict[str, float] = getattr(reference().totals[outcomes.strategies[place], discounted], outcome)
    assert dict(zip(table.components, amounts.tolist(), strict=True)) == pytest.approx(expected, rel=TOLERANCE)
    total = table.total if discounted else table.undiscounted_total
    assert total[0, place] == pytest.approx(sum(expected.values()), rel=TOLERANCE)


@pytest.mark.parametrize("discounted", [False, True], ids=["undiscounted", "discounted"])
def test_increments(discounted: bool) -> None:
    _, outcomes = package()
    expected = reference()
    assert increment(outcomes.costs, discounted) == pytest.approx(expected.incremental_costs[discounted], rel=TOLERANCE)
    assert increment(outcomes.qalys, discounted) == pytest.approx(expected.incremental_qalys[discounted], rel=TOLERANCE)
    life_years = expected.incremental_life_years[discounted]
    assert increment(outcomes.life_years, discounted) == pytest.approx(life_years, rel=TOLERANCE)


@pytest.mark.parametrize("discounted", [False, True], ids=["undiscounted", "discounted"])
def test_icer(discounted: bool) -> None:
    _, outcomes = package()
    result = verdict(increment(outcomes.costs, discounted), increment(outcomes.qalys, discounted))
    assert result.icer == pytest.approx(reference().icer[discounted], rel=TOLERANCE)


def test_net_monetary_benefit() -> None:
    _, outcomes = package()
    for (strategy, threshold), expected in reference().net_monetary_benefit.items():
        benefit = net_monetary_benefit(outcomes.qalys.total, outcomes.costs.total, threshold)
        assert benefit[0, outcomes.strategies.index(strategy)] == pytest.approx(expected, rel=TOLERANCE)


def test_drugs_given_within_cycles() -> None:
    """Every 10 days from day 3: the population's hazard is a floor there too, and life-years stay what they were.

    Those on treatment are never more than those alive, who here follow the floor on days that end no cycle.
    """
    changes: dict[str, float] = {}
    for strategy in package()[1].strategies:
        regimen = f"regimen.{strategy}.atezolizumab."
        changes |= {regimen + "start_day": 3.0, regimen + "interval": 10.0}
        changes[f"survival.tot_atezolizumab.{strategy}.median"] = 300.0
    model = load(WORKBOOK, [Change(id_, value, "test") for id_, value in changes.items()])
    outcomes, expected = evaluate(model, base_draws(model)), base_case(WORKBOOK, changes)

    assert model.time_grid.timeline.cycles is not None
    for place, strategy in enumerate(outcomes.strategies):
        totals = expected.totals[strategy, True]
        assert totals.life_years == reference().totals[strategy, True].life_years
        for table, components in ((outcomes.life_years, totals.life_years), (outcomes.costs, totals.costs)):
            amounts = dict(zip(table.components, table.discounted[0, place].tolist(), strict=True))
            assert amounts == pytest.approx(components, rel=TOLERANCE)


@pytest.mark.parametrize("drug", ["lurbinectedin", "pegfilgrastim", "atezolizumab"])
def test_the_price_at_a_threshold_put_back(drug: str) -> None:
    """The straight line comes to the threshold at the price that the package found, as near as two ICERs agree."""
    threshold = 1_020_000.0
    entry = next(e for e in price_thresholds(package()[0], (threshold,)) if e.drug == drug)
    prices = next(at.prices for at in entry.thresholds if at.threshold == threshold)
    assert prices is not None
    assert base_case(WORKBOOK, prices).icer[True] == pytest.approx(threshold, rel=1e-8)
