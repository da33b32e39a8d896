"""A two-strategy Weibull partitioned-survival model against hesim.

Curves S(t) = exp(-ln 2 (t / m)^k), t in months; 520 steps of 12/52 months to 120 months; trapezoid rule; no
discounting. hesim would raise OS where PFS exceeds it, whereas the rule here lowers PFS, so that hesim has to be given
the lowered PFS. In R, not run by this test:

    library(hesim); library(data.table)
    S <- function(t, m, k) exp(-log(2) * (t / m)^k)
    d <- CJ(sample = 1, strategy_id = 1:2, patient_id = 1, grp_id = 1, curve = 1:2, t = (0:520) * 12 / 52)
    d[, os := S(t, c(10.6, 13.2)[strategy_id], 1.434)]
    d[, survival := ifelse(curve == 1, pmin(S(t, c(2.1, 5.4)[strategy_id], 0.653), os), os)]
    probs <- sim_stateprobs(survival(d[, !"os"]))
    probs[, sum(diff(t) * (head(prob, -1) + tail(prob, -1)) / 2), by = .(strategy_id, state_id)]

The last line is the trapezoid rule (`integrate_method = "trapz"` in hesim's `sim_qalys` and `sim_costs`). The numbers
are given to eight decimals; 1e-6 is asked for.
"""

import math
from functools import cache

import numpy as np
import pytest
from support import small_model, with_coefficients

from hemodel.inputs.cells import Scalar
from hemodel.model.evaluate import evaluate
from hemodel.model.outcomes import Outcomes, OutcomeTable

MONTHS = {"standard": (4.94006667, 7.48959770), "active": (10.60354833, 4.87489077)}
"""hesim: months progression-free and progressed."""
UTILITIES = (0.73, 0.60)
COSTS_PER_MONTH = {"standard": (8_000.0, 6_000.0), "active": (12_000.0, 6_000.0)}
TOLERANCE_MONTHS = 1e-6

NO_OTHER_COSTS: dict[str, Scalar] = {
    "drug.oldamab.price_per_vial": 0,
    "drug.newtinib.price_per_vial": 0,
    "administration.infusion.cost": 0,
    "adverse_event.rash.incidence.standard": 0,
    "adverse_event.rash.incidence.active": 0,
    "subsequent.chemo.drug_cost_per_cycle": 0,
    "end_of_life.cost": 0,
}


def weibull(median: float, shape: float) -> list[float]:
    """Coefficients: ln shape and ln scale, with scale = m / ln(2)^(1 / k)."""
    return [math.log(shape), math.log(median) - math.log(math.log(2.0)) / shape]


@cache
def outcomes() -> Outcomes:
    settings: dict[str, Scalar] = {
        "settings.cycle_length": 12 / 52 * 30.4375,
        "settings.time_horizon": 10,
        "settings.discount_rate_costs": 0,
        "settings.discount_rate_effects": 0,
        "utility.progression_free": UTILITIES[0],
        "utility.progressed": UTILITIES[1],
        "resource.visit.unit_cost": 1,
        "resource.visit.progression_free.standard": COSTS_PER_MONTH["standard"][0],
        "resource.visit.progression_free.active": COSTS_PER_MONTH["active"][0],
        "resource.visit.progressed": COSTS_PER_MONTH["standard"][1],
    }
    model = small_model(settings | NO_OTHER_COSTS)
    pfs = weibull(2.1, 0.653) + weibull(5.4, 0.653)
    os = weibull(10.6, 1.434) + weibull(13.2, 1.434)
    return evaluate(model, with_coefficients(model, {"pfs": pfs, "os": os}))


def by_state(table: OutcomeTable, strategy: str, prefix: str = "") -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    places = [table.components.index(f"{prefix}{state}") for state in ("progression_free", "progressed")]
    return table.undiscounted[0, outcomes().strategies.index(strategy), places]


@pytest.mark.parametrize("strategy", list(MONTHS))
def test_months_in_each_state(strategy: str) -> None:
    months = 12 * by_state(outcomes().life_years, strategy)
    np.testing.assert_allclose(months, MONTHS[strategy], rtol=0, atol=TOLERANCE_MONTHS)


@pytest.mark.parametrize("strategy", list(MONTHS))
def test_qalys(strategy: str) -> None:
    expected = np.array(UTILITIES) * MONTHS[strategy] / 12
    np.testing.assert_allclose(by_state(outcomes().qalys, strategy), expected, rtol=0, atol=TOLERANCE_MONTHS / 12)
    total = outcomes().qalys.total[0, outcomes().strategies.index(strategy)]
    assert total == pytest.approx(expected.sum(), abs=2 * TOLERANCE_MONTHS / 12)


@pytest.mark.parametrize("strategy", list(MONTHS))
def test_costs(strategy: str) -> None:
    expected = np.array(COSTS_PER_MONTH[strategy]) * MONTHS[strategy]
    costs = by_state(outcomes().costs, strategy, "disease_management_")
    per_month = max(COSTS_PER_MONTH[strategy])
    np.testing.assert_allclose(costs, expected, rtol=0, atol=per_month * TOLERANCE_MONTHS)
    total = outcomes().costs.total[0, outcomes().strategies.index(strategy)]
    assert total == pytest.approx(expected.sum(), abs=2 * per_month * TOLERANCE_MONTHS)


def test_increments() -> None:
    qalys = outcomes().qalys.total[0]
    expected = [np.dot(UTILITIES, MONTHS[s]) / 12 for s in outcomes().strategies]
    assert qalys[1] - qalys[0] == pytest.approx(expected[1] - expected[0], abs=4 * TOLERANCE_MONTHS / 12)
    costs = outcomes().costs.total[0]
    spent = [np.dot(COSTS_PER_MONTH[s], MONTHS[s]) for s in outcomes().strategies]
    assert costs[1] - costs[0] == pytest.approx(spent[1] - spent[0], abs=4 * 12_000 * TOLERANCE_MONTHS)
