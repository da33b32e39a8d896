"""Checks of every draw, why the mean differs from the base case, extreme draws, and draws in a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pyarrow import parquet
from support import base_outcomes, small_model

from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.diagnostics import checks, explained, extreme_draws, input_checks
from hemodel.analyses.psa.draws import probabilistic
from hemodel.distributions import Distribution, distribution
from hemodel.model.evaluate import evaluate
from hemodel.publish.draws import draws_file

if TYPE_CHECKING:
    from pathlib import Path

DRAWS = 5_000
PRICE = "drug.newtinib.price_per_vial"
DECLARED = "Declared means (of ratios, medians) are the values"


def test_all_checks_hold_and_every_input_has_its_moments() -> None:
    model = small_model(uncertain=True)
    psa = probabilistic(model, DRAWS, 4)
    assert [c.name for c in checks(psa, model) if not c.holds] == []
    found = {each.id: each for each in input_checks(psa, model)}
    assert found.keys() == {p.id for p in model.inputs.parameters if p.distribution is not None}
    for id_, each in found.items():
        drawn = psa.inputs[id_]
        assert each.drawn_mean == pytest.approx(drawn.mean(), rel=1e-12)
        assert each.drawn_sd == pytest.approx(drawn.std(ddof=1), rel=1e-9)
        assert (each.lowest, each.highest) == (drawn.min(), drawn.max())


@pytest.mark.parametrize(
    ("name", "value", "spread"),
    [("beta", 0.3, {"se": 0.05}), ("gamma", 20.0, {"se": 6.0}), ("normal", -2.0, {"se": 3.0}),
     ("lognormal", 2.0, {"low": 1.0, "high": 4.0}), ("uniform", 2.0, {"low": 1.0, "high": 4.0})],
)  # fmt: skip
def test_moments_are_those_of_the_quantiles(name: str, value: float, spread: dict[str, Any]) -> None:
    """The middle of a million equal shares of probability; the tails beyond them cost at most 1e-4 of the SD."""
    found = distribution(name, value, **spread)
    assert found is not None
    points = found.quantile((np.arange(1_000_000) + 0.5) / 1_000_000)
    mean, sd = found.moments()
    assert mean == pytest.approx(points.mean(), rel=1e-6)
    assert sd == pytest.approx(points.std(), rel=1e-4)
    low, high = found.support()
    assert low <= points.min()
    assert points.max() <= high


def test_a_mean_that_is_not_the_declared_one_is_found() -> None:
    model = small_model(uncertain=True)
    psa = probabilistic(model, DRAWS, 4)
    moved = psa.sums | {f"input {PRICE}": psa.sums[f"input {PRICE}"] + DRAWS * 20.0}
    failed = [c for c in checks(replace(psa, sums=moved), model) if not c.holds]
    assert [c.name for c in failed] == ["Drawn means are the declared ones"]
    assert failed[0].found.startswith(f"{PRICE} (+")


@pytest.mark.parametrize(
    ("name", "value", "failed"),
    [
        ("lowest years", -0.01, "Time in a state is never negative"),
        ("highest alive", 10.5, "Time alive is within the horizon"),
        ("highest utility", 1.2, "Mean utility over time alive is at most 1"),
        ("loss", np.nan, "Every result is a number"),
        (f"lowest {PRICE}", -5.0, "Every input is within its distribution's range"),
    ],
)
def test_every_check_can_fail(name: str, value: float, failed: str) -> None:
    model = small_model(uncertain=True)
    psa = probabilistic(model, 500, 4)
    broken = replace(psa, sums=psa.sums | {name: np.full_like(psa.sums[name], value)})
    assert [c.name for c in checks(broken, model) if not c.holds] == [failed]


def test_correlations_and_orders_are_checked_in_the_draws() -> None:
    rows: dict[str, dict[str, str | float | int | bool | None]] = {
        "correlation.a": {"value": 0.6, "first": PRICE, "second": "end_of_life.cost"},
        "order.b": {"value": "not_below", "first": "utility.progression_free", "second": "utility.progressed"},
    }
    model = small_model(rows=rows, uncertain=True)
    psa = probabilistic(model, DRAWS, 4)
    assert all(c.holds for c in checks(psa, model))
    alone = probabilistic(small_model(uncertain=True), DRAWS, 4)
    failed = [c.name for c in checks(replace(psa, inputs=alone.inputs), model) if not c.holds]
    assert failed == [
        "Rank correlations are the ones asked for",
        "utility.progression_free is never below utility.progressed",
    ]


def test_a_base_value_that_is_no_mean_explains_the_difference() -> None:
    """A price of 1,200, uniform from 800 to 2,200, has the mean 1,500; costs are linear in it and rise by a quarter."""
    rows: dict[str, dict[str, str | float | int | bool | None]] = {
        PRICE: {"value": 1200, "low": 800, "high": 2200, "distribution": "uniform"}
    }
    fixed = {f"survival.{e}.{s}.median.distribution": "fit" for e in ("pfs", "os") for s in ("standard", "active")}
    model = small_model(fixed, rows=rows)
    psa = probabilistic(model, DRAWS, 4)
    (why,) = explained(psa, model)
    price = next(reason for reason in why.reasons if reason.id == PRICE)
    base = base_outcomes(model)
    at = base.drug_costs.components.index("newtinib")
    cost = float(base.drug_costs.discounted[0, 1, at] - base.drug_costs.discounted[0, 0, at])
    assert price.costs == pytest.approx(cost / 4, rel=1e-9)
    assert price.qalys == pytest.approx(0.0, abs=1e-12)
    assert why.reasons[0].id in {PRICE, "curve.os", "curve.pfs"}
    (failed,) = (c for c in checks(psa, model) if not c.holds)
    assert (failed.name, failed.found) == (DECLARED, f"{PRICE} (mean 1500 for 1200)")


AMOUNTS = {
    "end_of_life.cost": (20_000.0, 16_000.0),
    "adverse_event.rash.duration": (10.0, 8.0),
    "adverse_event.rash.unit_cost": (900.0, 700.0),
    "resource.visit.progressed": (2.0, 1.5),
    "subsequent.chemo.cycles": (4.0, 3.0),
    PRICE: (2_000.0, 1_500.0),
}
"""Value and standard error, each so wide that a median of the same value would have a mean far above it."""


@pytest.mark.parametrize("given", ["se", "interval"])
def test_a_lognormal_amount_keeps_the_value_as_its_mean(given: str) -> None:
    """Declared and drawn: random draws of a log-normal are within 4.5 standard errors of mean and SD."""

    def cells(value: float, se: float) -> dict[str, str | float | int | bool | None]:
        low = max(value - 1.959964 * se, 0.0)
        spread = {"se": se} if given == "se" else {"low": low, "high": low + 2 * 1.959964 * se}
        return {"value": value, "distribution": "lognormal", "note": "wide on purpose", **spread}

    model = small_model(rows={id_: cells(*numbers) for id_, numbers in AMOUNTS.items()})
    psa = probabilistic(model, DRAWS, 4)
    found = {each.id: each for each in input_checks(psa, model)}
    for id_, (value, se) in AMOUNTS.items():
        assert found[id_].base == value
        assert found[id_].mean == pytest.approx(value, rel=1e-12)
        assert found[id_].sd == pytest.approx(se, rel=1e-6)  # 1.959964 has seven digits
        assert found[id_].drawn_mean == pytest.approx(value, abs=4.5 * se / DRAWS**0.5)
    assert all(c.holds for c in checks(psa, model))


def test_a_further_hazard_ratio_keeps_the_value_as_its_median() -> None:
    id_ = "effect.os.active.hazard_ratio"
    model = small_model(rows={id_: {"value": 0.8, "low": 0.4, "high": 1.6, "distribution": "lognormal"}})
    (found,) = (p.distribution for p in model.inputs.parameters if p.id == id_)
    assert found is not None
    assert found.interval() == pytest.approx((0.4, 1.6), rel=1e-6)  # 1.959964 has seven digits
    psa = probabilistic(model, DRAWS, 4)
    assert np.median(psa.inputs[id_]) == pytest.approx(
        0.8, rel=0.03
    )  # 0.35 x 1.25 / sqrt(5,000) on the log scale: 5 SE
    assert all(c.holds for c in checks(psa, model))


def test_a_distribution_made_for_another_value_is_found() -> None:
    """A median in place of a mean, as a log-normal of a ratio would give it: exp(0.4947 / 2) = 1.281 times 20,000."""
    model = small_model(rows={"end_of_life.cost": {"value": 20_000, "se": 16_000, "distribution": "lognormal"}})
    wrong = Distribution("lognormal", (float(np.log(20_000.0)), float(np.sqrt(np.log(1.64)))))
    parameters = tuple(
        replace(p, distribution=wrong) if p.id == "end_of_life.cost" else p for p in model.inputs.parameters
    )
    broken = replace(model, inputs=replace(model.inputs, parameters=parameters))
    (failed,) = (c for c in checks(probabilistic(broken, 600, 4), broken) if not c.holds)
    assert (failed.name, failed.found) == (DECLARED, "end_of_life.cost (mean 25612.5 for 20000)")


def test_half_an_event_added_to_counts_is_said() -> None:
    rows: dict[str, dict[str, str | float | int | bool | None]] = {
        f"adverse_event.rash.incidence.{s}": {"value": 0.0, "n": 50, "distribution": "beta_counts"}
        for s in ("standard", "active")
    }
    model = small_model(rows=rows)
    (found,) = (c for c in checks(probabilistic(model, 600, 4), model) if c.name == DECLARED)
    assert (found.holds, found.found) == (True, "all are; half an event is added to 2 counts")


def test_chance_is_not_taken_for_an_effect_of_a_curve() -> None:
    """Costs per year in a state differ little, so they are nearly linear in small moves of the coefficients of PFS."""
    spread = {f"survival.pfs.{s}.median.{end}": m * f for s, m in (("standard", 4.0), ("active", 6.0))
              for end, f in (("low", 0.98), ("high", 1.02))}  # fmt: skip
    model = small_model({**spread, "survival.pfs.standard.survival_later.n": 1e6,
                         "survival.pfs.active.survival_later.n": 1e6})  # fmt: skip
    psa = probabilistic(model, DRAWS, 4)
    found = next(reason for reason in explained(psa, model)[0].reasons if reason.id == "curve.pfs")
    alone = probabilistic(model, DRAWS, 9)
    costs = alone.costs[:, 1] - alone.costs[:, 0]
    assert abs(found.costs) < 0.2 * costs.std() / np.sqrt(256)  # what 256 draws without mirror images would show


def test_extreme_draws_are_the_ends_and_name_what_put_them_there() -> None:
    model = small_model({f"{PRICE}.high": 6000, f"{PRICE}.low": 100}, uncertain=True)
    psa = probabilistic(model, DRAWS, 4)
    found = extreme_draws(psa, model)
    benefit = [each.nmb for each in found]
    assert benefit == sorted(benefit)
    assert len(found) == 10
    worst = found[0]
    costs = psa.costs[:, 1] - psa.costs[:, 0]
    assert worst.costs == costs[worst.draw - 1]
    first = worst.reasons[0]
    assert (first.id, first.label) == (PRICE, next(p.label for p in model.inputs.parameters if p.id == PRICE))
    assert first.share > 0.5


def test_the_file_of_draws_holds_every_draw(tmp_path: Path) -> None:
    model = small_model(uncertain=True)
    with draws_file(tmp_path / "draws.parquet") as each:
        psa = probabilistic(model, DRAWS, 4, each=each)
    table = parquet.read_table(tmp_path / "draws.parquet")
    assert table.num_rows == DRAWS
    assert table["draw"].to_pylist() == list(range(DRAWS))
    np.testing.assert_array_equal(table["costs.active"].to_numpy(), psa.costs[:, 1])
    np.testing.assert_array_equal(table[PRICE].to_numpy(), psa.inputs[PRICE])
    names = [name for name in table.column_names if name.startswith("curve.os.")]
    np.testing.assert_array_equal(np.column_stack([table[n].to_numpy() for n in names]), psa.inputs["curve.os"])
    again = evaluate(model, block_draws(model, 4, 1, DRAWS - 4096)).costs.total[:, 1]
    np.testing.assert_array_equal(table["costs.active"].to_numpy()[4096:], again)
