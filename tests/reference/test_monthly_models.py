"""Models of textbook form, month by month, rebuilt: a loop written out, and a published model in R.

With `settings.half_cycle_correction` and `settings.discount_timing` of start a month counts with those who are in a
state at its beginning, times (1 + r)^-(month / 12), as a trace in Excel or R does. 1e-12 relative is the rounding of
sums over a few hundred months.

The published model compares gumarontinib with savolitinib in METex14 lung cancer in China (GitHub,
R-model-using-Partition-survival-structure): OS exponential, PFS log-normal, progression-free = min(PFS, OS), 5% a year,
months 0 to 108. Its own code gives drug costs of 41,592.4160 and 43,763.5399 (41,575.4847 and 43,747.2244 over months
0 to 107 alone) and QALYs of 1.0726 and 1.1554 with losses from adverse events.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from support import small_model, with_coefficients

from hemodel.model.evaluate import evaluate

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.model.outcomes import Outcomes, OutcomeTable

EXACT = 1e-12
MONTH = 30.4375
RATE_COSTS, RATE_EFFECTS = 0.05, 0.015
PFS, OS = 0.12, 0.045
"""Rates a month of exponential curves."""
UTILITY = {"progression_free": 0.75, "progressed": 0.6}
CARE = {"progression_free": 80.0, "progressed": 160.0}
"""Costs of a month in each state of the small model: one and two visits of 80."""
DYING, FOLLOWING, VIAL = 10_000.0, 0.9 * 0.4 * 4 * 500, 1200.0
"""Costs of a death, of a PFS event by subsequent treatment, and of an administration of one vial."""
NONE_OF_THESE: dict[str, Scalar] = {
    "administration.infusion.cost": 0,
    "adverse_event.rash.incidence.standard": 0,
    "adverse_event.rash.incidence.active": 0,
}


def settings(timing: str, counted: str, years: float, days: float = MONTH) -> dict[str, Scalar]:
    return {
        "settings.cycle_length": days,
        "settings.time_horizon": years,
        "settings.half_cycle_correction": counted,
        "settings.discount_timing": timing,
        "settings.discount_rate_costs": RATE_COSTS,
        "settings.discount_rate_effects": RATE_EFFECTS,
        "regimen.active.newtinib.interval": MONTH,
        "regimen.active.newtinib.dose_basis": "mg",
        "regimen.active.newtinib.dose": 50,
    }


def exponential(changes: dict[str, Scalar], pfs: float = PFS, os: float = OS) -> Outcomes:
    curves = [f"curve.{endpoint}.{strategy}" for endpoint in ("pfs", "os") for strategy in STRATEGIES]
    families: dict[str, Scalar] = {f"{curve}.family": "exp" for curve in curves}
    model = small_model(NONE_OF_THESE | families | changes)
    return evaluate(model, with_coefficients(model, {"pfs": [math.log(pfs)] * 2, "os": [math.log(os)] * 2}))


def of(table: OutcomeTable, component: str) -> float:
    """Discounted, of the intervention."""
    return float(table.discounted[0, 1, table.components.index(component)])


def test_a_monthly_model_that_counts_and_discounts_at_the_start() -> None:
    outcomes = exponential(settings("start", "start", 9))
    years, qalys, care, drug, dying, following = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for month in range(108):
        free, alive = math.exp(-PFS * month), math.exp(-OS * month)
        costs, effects = (1 + RATE_COSTS) ** -(month / 12), (1 + RATE_EFFECTS) ** -(month / 12)
        years += alive / 12 * effects
        qalys += (free * UTILITY["progression_free"] + (alive - free) * UTILITY["progressed"]) / 12 * effects
        care += (free * CARE["progression_free"] + (alive - free) * CARE["progressed"]) * costs
        drug += free * VIAL * costs
        dying += (alive - math.exp(-OS * (month + 1))) * DYING * costs
        following += (free - math.exp(-PFS * (month + 1))) * FOLLOWING * costs
    assert outcomes.life_years.total[0, 1] == pytest.approx(years, rel=EXACT)
    assert outcomes.qalys.total[0, 1] == pytest.approx(qalys, rel=EXACT)
    assert of(outcomes.costs, "acquisition") == pytest.approx(drug, rel=EXACT)
    assert of(outcomes.costs, "end_of_life") == pytest.approx(dying, rel=EXACT)
    assert of(outcomes.costs, "subsequent_treatment") == pytest.approx(following, rel=EXACT)
    assert outcomes.costs.total[0, 1] == pytest.approx(care + drug + dying + following, rel=EXACT)


@pytest.mark.parametrize(
    ("counted", "timing"),
    [
        *((counted, timing) for counted in ("life_table", "start", "end") for timing in ("middle", "start", "end")),
        ("life_table", "boundaries"),
    ],
)
@pytest.mark.parametrize(("horizon", "length"), [(2.5, 365.25), (0.01, MONTH), (1.0, 28.0), (5.0, 28.0), (4.0, MONTH)])
def test_every_way_to_count_and_discount_with_the_last_cycle_a_part(
    counted: str, timing: str, horizon: float, length: float
) -> None:
    """Cycle by cycle from its two ends; the last one ends at the horizon, with the length and middle that it has."""
    outcomes = exponential(settings(timing, counted, horizon, length))
    years, care, dying, start = 0.0, 0.0, 0.0, 0.0
    while start < horizon * 365.25 - 1e-6:
        end = min(start + length, horizon * 365.25)
        spent, middle = (end - start) / 365.25, (start + end) / 2
        first = {"middle": middle, "start": start, "end": end, "boundaries": start}[timing] / 365.25
        last = {"middle": middle, "start": start, "end": end, "boundaries": end}[timing] / 365.25
        weights = {"life_table": (0.5, 0.5), "start": (1.0, 0.0), "end": (0.0, 1.0)}[counted]
        for day, years_later, weight in ((start, first, weights[0]), (end, last, weights[1])):
            alive, free = math.exp(-OS * day / MONTH), math.exp(-PFS * day / MONTH)
            years += weight * spent * alive * (1 + RATE_EFFECTS) ** -years_later
            month = free * CARE["progression_free"] + (alive - free) * CARE["progressed"]
            care += weight * 12 * spent * month * (1 + RATE_COSTS) ** -years_later
        died = math.exp(-OS * start / MONTH) - math.exp(-OS * end / MONTH)
        dying += died * DYING * ((1 + RATE_COSTS) ** -first + (1 + RATE_COSTS) ** -last) / 2
        start = end
    assert outcomes.life_years.total[0, 1] == pytest.approx(years, rel=EXACT)
    states = (f"disease_management_{state}" for state in ("progression_free", "progressed"))
    assert sum(of(outcomes.costs, state) for state in states) == pytest.approx(care, rel=EXACT)
    assert of(outcomes.costs, "end_of_life") == pytest.approx(dying, rel=EXACT)
    assert outcomes.life_years.undiscounted_total[0].max() <= horizon


def test_drugs_are_discounted_on_their_day_with_every_timing() -> None:
    found = {
        timing: of(exponential(settings(timing, "life_table", 3)).costs, "acquisition")
        for timing in ("middle", "start", "end", "boundaries")
    }
    assert len(set(found.values())) == 1


def test_without_discounting_the_timing_changes_nothing() -> None:
    free: dict[str, Scalar] = {"settings.discount_rate_costs": 0, "settings.discount_rate_effects": 0}
    found = {
        timing: exponential(settings(timing, "life_table", 3) | free).costs.total[0, 1]
        for timing in ("middle", "start", "end", "boundaries")
    }
    assert len(set(found.values())) == 1


def test_whole_years_elapsed_are_those_at_the_time_of_discounting() -> None:
    """Three cycles of a year, everybody alive for so long: years 0, 1, 2 from the start, and 1, 2, 3 from the end."""
    for timing, years in (("start", (0, 1, 2)), ("end", (1, 2, 3)), ("middle", (0, 1, 2))):
        changes = settings(timing, "life_table", 3, 365.25) | {"settings.discounting": "annual"}
        total = exponential(changes, pfs=1e-14, os=1e-14).life_years.total[0, 1]
        assert total == pytest.approx(sum((1 + RATE_EFFECTS) ** -year for year in years), rel=EXACT)


# A published model ---------------------------------------------------------------------------------------------------

STRATEGIES = ("standard", "active")
"""Savolitinib and gumarontinib."""
OS_RATES = (0.04427, 0.04397)
"""A month."""
PFS_LOGNORMAL = ((1.945, 1.222), (2.029, 1.321))
"""meanlog and sdlog, in months."""
DRUG_COSTS = (3132.03, 2921.9)
"""A month."""
LOST = (0.02588, 0.01476)
"""QALYs lost to adverse events, the sum of incidence x disutility."""


def metex14(months: int) -> Outcomes:
    changes: dict[str, Scalar] = settings("start", "start", months / 12) | {
        "settings.discount_rate_costs": 0.05,
        "settings.discount_rate_effects": 0.05,
        "utility.progression_free": 0.804,
        "utility.progressed": 0.321,
        "resource.visit.unit_cost": 1,
    }
    for strategy, cost in zip(STRATEGIES, DRUG_COSTS, strict=True):
        changes |= {f"curve.pfs.{strategy}.family": "lnorm", f"curve.os.{strategy}.family": "exp"}
        changes[f"resource.visit.progression_free.{strategy}"] = cost
    model = small_model(NONE_OF_THESE | changes)
    pfs = [part for meanlog, sdlog in PFS_LOGNORMAL for part in (meanlog, math.log(sdlog))]
    return evaluate(model, with_coefficients(model, {"pfs": pfs, "os": [math.log(rate) for rate in OS_RATES]}))


@pytest.mark.parametrize(("months", "costs"), [(109, (41_592.4160, 43_763.5399)), (108, (41_575.4847, 43_747.2244))])
def test_drug_costs_of_a_published_model(months: int, costs: tuple[float, float]) -> None:
    table = metex14(months).costs
    found = table.discounted[0, :, table.components.index("disease_management_progression_free")]
    assert found.tolist() == pytest.approx(costs, abs=5e-5)  # as printed, to four decimals


def test_qalys_of_a_published_model() -> None:
    found = metex14(109).qalys.total[0] - LOST
    assert found.tolist() == pytest.approx([1.0726, 1.1554], abs=5e-5)  # as printed, to four decimals
