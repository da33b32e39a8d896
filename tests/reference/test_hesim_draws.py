"""Twenty draws of a two-strategy Weibull model against hesim, draw by draw.

`data/hesim_psa_20.csv` has the draws and, as its last six columns, what hesim made of them. Curves
S(t) = exp(-ln 2 (t / m)^k), t in months, with medians m and shapes k; PFS lowered to OS before hesim saw it; 520 steps
of 12/52 months to 120 months; life-years, QALYs and costs as trapezoids in which each boundary is discounted at its own
time, at 3% a year. In R, not run by this test:

    library(hesim); library(data.table)
    S <- function(t, m, k) exp(-log(2) * (t / m)^k)
    p <- fread("hesim_psa_20.csv")
    d <- CJ(sample = p$sample, strategy_id = 1:2, patient_id = 1, grp_id = 1, curve = 1:2, t = (0:520) * 12 / 52)
    d <- p[d, on = "sample"]
    d[, os := S(t, ifelse(strategy_id == 1, m_os_c, m_os_i), k_os)]
    d[, pfs := pmin(S(t, ifelse(strategy_id == 1, m_pfs_c, m_pfs_i), k_pfs), os)]
    d[, survival := ifelse(curve == 1, pfs, os)]
    probs <- sim_stateprobs(survival(d[, .(sample, strategy_id, patient_id, grp_id, curve, t, survival)]))
    trapezoid <- function(t, y) sum(diff(t) * (head(y, -1) + tail(y, -1)) / 2)
    probs[, trapezoid(t / 12, prob * 1.03^(-t / 12)), by = .(sample, strategy_id, state_id)]

These years times utilities are the QALYs, and times 12 times the costs of a month the costs. hesim discounts by
exp(-r t), with r = ln 1.03. Its numbers have 15 digits; 1e-9 is asked for, relative, which is four orders of magnitude
above the rounding of a sum of 520 steps.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model, with_coefficients

from hemodel.model.evaluate import evaluate

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray

DRAWS = Path(__file__).parent / "data" / "hesim_psa_20.csv"
STRATEGIES = {"standard": ("control", "c"), "active": ("intervention", "i")}
"""Of the model here: the words of hesim's outcomes and the letter of its draws."""
SETTINGS: dict[str, Scalar] = {
    "settings.cycle_length": 12 / 52 * 30.4375,
    "settings.time_horizon": 10,
    "settings.discount_rate_costs": 0.03,
    "settings.discount_rate_effects": 0.03,
    "settings.discount_timing": "boundaries",
    "drug.oldamab.price_per_vial": 0,
    "drug.newtinib.price_per_vial": 0,
    "administration.infusion.cost": 0,
    "adverse_event.rash.incidence.standard": 0,
    "adverse_event.rash.incidence.active": 0,
    "subsequent.chemo.drug_cost_per_cycle": 0,
    "end_of_life.cost": 0,
    "resource.visit.unit_cost": 1,
    "resource.visit.progression_free.standard": 1,
    "resource.visit.progression_free.active": 1,
}
RELATIVE = 1e-9


def columns() -> dict[str, FloatArray]:
    with DRAWS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def weibull(medians: tuple[FloatArray, FloatArray], shape: FloatArray) -> FloatArray:
    """Coefficients (draws, 4): ln shape and ln scale of each strategy, with scale = m / ln(2)^(1 / k)."""
    scale = -np.log(np.log(2.0)) / shape
    return np.column_stack([part for m in medians for part in (np.log(shape), np.log(m) + scale)])


def evaluated(model: Model) -> tuple[Outcomes, dict[str, FloatArray]]:
    found = columns()
    curves = {e: weibull((found[f"m_{e}_c"], found[f"m_{e}_i"]), found[f"k_{e}"]) for e in ("pfs", "os")}
    draws = with_coefficients(model, curves) | {
        "utility.progression_free": found["u_pf"],
        "utility.progressed": found["u_pd"],
        "resource.visit.progression_free.standard": found["c_pf_c"],
        "resource.visit.progression_free.active": found["c_pf_i"],
        "resource.visit.progressed": found["c_pd"],
    }
    return evaluate(model, draws), found


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_every_draw_has_the_outcomes_of_hesim(strategy: str) -> None:
    outcomes, found = evaluated(small_model(SETTINGS))
    place, word = outcomes.strategies.index(strategy), STRATEGIES[strategy][0]
    assert outcomes.draws == 20
    for table, name in ((outcomes.life_years, "ly"), (outcomes.qalys, "qaly"), (outcomes.costs, "cost")):
        np.testing.assert_allclose(table.total[:, place], found[f"{name}_{word}"], rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("timing", ["middle", "start", "end"])
def test_no_other_timing_has_them(timing: str) -> None:
    """What the test above can tell apart: the middle of a cycle of a week is off by 1e-6, its ends by 3e-4."""
    outcomes, found = evaluated(small_model(SETTINGS | {"settings.discount_timing": timing}))
    apart = np.abs(outcomes.life_years.total[:, 0] / found["ly_control"] - 1.0)
    assert (apart > 100 * RELATIVE).all()
