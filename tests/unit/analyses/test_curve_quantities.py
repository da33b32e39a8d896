"""Bars of curves in the one-way analysis: the level of a curve, the effect on it and its tail.

Exponential and Weibull curves have the gradients in closed form, so that the move S g / sqrt(g' S g) is a hand
calculation; slopes by differences of 1e-3 standard errors are right to 1e-6 of themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import STRATEGIES, base_outcomes, no_discounting, small_model

from hemodel.analyses.curve_draws import square_root
from hemodel.analyses.dsa.curve_quantities import (
    EFFECT,
    LEVEL,
    TAIL,
    CurveQuantity,
    at_ends,
    bars_of_curves,
    direction,
    moves_to,
    scaled,
    shifted,
)
from hemodel.analyses.dsa.curves_at_ends import curves_at_ends
from hemodel.analyses.dsa.one_way import moves, one_way, statistic_moves
from hemodel.analyses.psa.blocks import block_draws
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from hemodel.analyses.dsa.curve_quantities import Direction
    from hemodel.analyses.dsa.one_way import OneWay, OneWayInput
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Array = NDArray[np.float64]
    Rows = dict[str, dict[str, Scalar]]

HORIZON = 120.0
"""Of the small model, in months."""
Z = 1.959964
CLOSE = 1e-6
RATES = {"standard": (0.08, 0.16), "active": (0.05, 0.2)}
"""Monthly rate of OS and the standard error of its logarithm."""
SHAPE, SCALE = 1.3, 20.0
COVARIANCE = np.array([[0.06**2, 0.002], [0.002, 0.08**2]])
"""Of the logarithms of shape and scale."""


def published(endpoint: str, strategy: str, family: str, values: Mapping[str, tuple[float, float]]) -> Rows:
    """Rows that give a curve coefficients with standard errors, on the scale of estimation."""
    prefix = f"curve.{endpoint}.{strategy}."
    rows: Rows = {prefix + "family": {"value": family}, prefix + "source": {"value": "coefficients"}}
    rows |= {prefix + "parameterisation": {"value": "flexsurv"}, prefix + "time_unit": {"value": "months"}}
    rows |= {prefix + "relation": {"value": "independent"}, prefix + "reference": {"value": None}}
    for name, (value, error) in values.items():
        cells: dict[str, Scalar] = {"value": value, "se": error, "distribution": "fit"}
        if error == 0:
            cells = {"value": value, "distribution": "fixed"}
        rows[f"coefficient.{endpoint}.{strategy}.{name}"] = cells
    return rows


def exponential(changes: Mapping[str, Scalar] | None = None) -> Model:
    """The small model without discounting and with exponential OS of `RATES`."""
    rows: Rows = {}
    for strategy, (rate, error) in RATES.items():
        rows |= published("os", strategy, "exp", {"log_rate": (float(np.log(rate)), error)})
    return small_model(no_discounting() | dict(changes or {}), rows)


def weibull() -> Model:
    """The small model with a Weibull OS of known covariance for the second strategy, the first one certain."""
    rows = published(
        "os", "active", "weibull", {"log_shape": (np.log(SHAPE), 0.06), "log_scale": (np.log(SCALE), 0.08)}
    )
    rows |= {"covariance.os.active.log_shape.log_scale": {"value": 0.002}}
    rows |= published("os", "standard", "exp", {"log_rate": (np.log(0.08), 0.0)})
    return small_model({}, rows)


def area(rate: float) -> float:
    return float(-np.expm1(-rate * HORIZON) / rate)


def slope(rate: float) -> float:
    """Of the logarithm of the area by the logarithm of the rate."""
    return rate * HORIZON / float(np.expm1(rate * HORIZON)) - 1.0


def along(model: Model, quantity: CurveQuantity) -> Direction:
    found = direction(model, quantity)
    assert found is not None
    return found


def by_id(found: OneWay) -> dict[str, tuple[int, OneWayInput]]:
    return {item.id: (i, item) for i, item in enumerate(found.items)}


def distance(model: Model, endpoint: str, move: Array) -> float:
    """Mahalanobis distance of a move of the coefficients, over those that are uncertain."""
    return float(np.sqrt(move @ np.linalg.pinv(model.fits[endpoint].covariance) @ move))


# Level, effect and tail in closed form -------------------------------------------------------------------------------


def test_the_level_of_an_exponential() -> None:
    """One coefficient: 1.96 standard errors of the log rate, the other strategy's curve as it is."""
    model = exponential()
    found = one_way(model)
    i, item = by_id(found)["curve.os.standard"]
    rate, error = RATES["standard"]
    low, high = rate * np.exp(Z * error), rate * np.exp(-Z * error)

    assert (item.label, item.unit) == ("Level of OS, Standard", "months")
    np.testing.assert_allclose([item.base, item.low, item.high], [area(x) for x in (rate, low, high)], rtol=1e-6)
    np.testing.assert_allclose(
        found.draws["curve.os"][2 * i : 2 * i + 2], np.log([[low, RATES["active"][0]], [high, RATES["active"][0]]])
    )


def test_the_effect_between_exponentials() -> None:
    """phi = ln of the ratio of areas, S diagonal: each log rate moves by S_i g_i / sqrt(sum of S_j g_j^2)."""
    model = exponential()
    found = one_way(model)
    i, item = by_id(found)["curve.os.active.effect"]
    variance = np.array([RATES[s][1] ** 2 for s in STRATEGIES])
    gradient = np.array([-slope(RATES["standard"][0]), slope(RATES["active"][0])])
    move = variance * gradient / np.sqrt(gradient @ (variance * gradient))
    base = np.log([RATES[s][0] for s in STRATEGIES])
    ends = base + np.outer([-Z, Z], move)
    ratios = [area(np.exp(second)) / area(np.exp(first)) for first, second in (base, *ends)]

    assert (item.label, item.unit) == ("Treatment effect on OS, Active", "ratio")
    np.testing.assert_allclose(found.draws["curve.os"][2 * i : 2 * i + 2], ends, rtol=CLOSE)
    np.testing.assert_allclose([item.base, item.low, item.high], ratios, rtol=CLOSE)


def test_the_tail_of_a_weibull() -> None:
    """phi = ln of S(60) / S(12) = H(12) - H(60) with H = (t / b)^a: a' H ln(t / b) by ln a, -a H by ln b."""
    model = weibull()
    quantity = CurveQuantity(TAIL, "os", "active")
    t = np.array([12.0, 60.0])
    hazard = (t / SCALE) ** SHAPE
    slopes = np.array([hazard * SHAPE * np.log(t / SCALE), -SHAPE * hazard])
    gradient = slopes[:, 0] - slopes[:, 1]
    move = COVARIANCE @ gradient / np.sqrt(gradient @ COVARIANCE @ gradient)
    found = along(model, quantity).moves["os"]
    ends = [0.0, -Z, Z]
    shapes, scales = (np.exp(np.log(x) + np.array(ends) * step) for x, step in zip((SHAPE, SCALE), move, strict=True))
    shares = np.exp((12.0 / scales) ** shapes - (60.0 / scales) ** shapes)

    np.testing.assert_allclose(found[model.fits["os"].curves.columns["active"]], move, rtol=CLOSE)
    np.testing.assert_allclose(at_ends(model, quantity, along(model, quantity)), shares, rtol=1e-5)


def test_the_level_of_a_weibull_has_the_slopes_of_its_area() -> None:
    """Sums over a fine grid of dS = -S H (ln(t / b) da', -a db'), a' and b' the logarithms of shape and scale."""
    model = weibull()
    t = np.linspace(1e-9, HORIZON, 200_001)
    hazard = (t / SCALE) ** SHAPE
    fall = np.exp(-hazard) * hazard * SHAPE
    slopes = np.array([np.trapezoid(-fall * np.log(t / SCALE), t), np.trapezoid(fall, t)])
    move = COVARIANCE @ slopes / np.sqrt(slopes @ COVARIANCE @ slopes)
    own = along(model, CurveQuantity(LEVEL, "os", "active")).moves["os"][model.fits["os"].curves.columns["active"]]

    np.testing.assert_allclose(own, move, rtol=1e-5)


MODELS: dict[str, Callable[[], Model]] = {
    "exponential": exponential,
    "weibull": weibull,
    "fitted": small_model,
    "correlated statistics": lambda: small_model({"curves.statistics": "correlated"}),
    "hazard ratio": lambda: small_model(
        {
            "curve.os.active.relation": "proportional_hazards",
            "curve.os.active.reference": "standard",
            "survival.os.active.survival_later.use_in_fit": "no",
        }
    ),
    "waning": lambda: exponential(
        {
            "waning.os.active.shape": "linear",
            "waning.os.active.scale": "hazard",
            "waning.os.active.start": 6,
            "waning.os.active.end": 18,
            "waning.os.active.reference": "standard",
        }
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_ends_are_at_a_distance_of_1_96(name: str) -> None:
    """And of all moves as likely these change the quantity most: their slope is that of the whole gradient."""
    model = MODELS[name]()
    bars = bars_of_curves(model)
    assert {quantity.kind for quantity, _ in bars} >= {EFFECT}
    for quantity, found in bars:
        fit = model.fits[quantity.endpoint]
        ends = shifted(model, found, np.array([Z]))[quantity.endpoint][0]
        assert distance(model, quantity.endpoint, ends - fit.coefficients) == pytest.approx(Z, rel=1e-6)
        step = 1e-3 * square_root(fit.covariance)
        up, down = (scaled(model, quantity, fit.coefficients + side * step) for side in (1.0, -1.0))
        steepest = float(np.linalg.norm(up - down)) / 2e-3
        one = 1e-3 * found.moves[quantity.endpoint]
        up, down = (scaled(model, quantity, fit.coefficients + side * one[None, :]) for side in (1.0, -1.0))
        assert float(up[0] - down[0]) / 2e-3 == pytest.approx(steepest, rel=1e-4)


def test_the_level_is_the_time_lived() -> None:
    """With waning and without: years alive in the model are the level of the curve as it is used, to a week's rule."""
    for name in ("exponential", "waning", "fitted"):
        model = MODELS[name]()
        lived = base_outcomes(model).life_years.undiscounted.sum(axis=2)[0]
        for place, strategy in enumerate(STRATEGIES):
            quantity = CurveQuantity(LEVEL, "os", strategy)
            months = np.exp(scaled(model, quantity, model.fits["os"].coefficients[None, :]))[0]
            assert months / 12.0 == pytest.approx(lived[place], rel=2e-3)


def test_waning_takes_a_part_of_the_effect_away() -> None:
    whole, waned = exponential(), MODELS["waning"]()
    quantity = CurveQuantity(EFFECT, "os", "active", "standard")
    ratios = [at_ends(model, quantity, along(model, quantity)) for model in (whole, waned)]

    assert ratios[0][0] == pytest.approx(area(0.05) / area(0.08), rel=1e-6)
    assert 1.0 < ratios[1][0] < ratios[0][0]
    assert ratios[1][2] - ratios[1][1] < ratios[0][2] - ratios[0][1]


# Which bars there are ------------------------------------------------------------------------------------------------


def test_bars_of_the_small_model() -> None:
    """Two-parameter curves of their own have a tail; PFS of the first strategy has nobody left at 5 years."""
    model = small_model()
    late = {
        (e, s): model.fits[e].curves.survival(s, np.array([60.0]), model.fits[e].coefficients[None, :])[0, 0]
        for e in ("pfs", "os")
        for s in STRATEGIES
    }
    expected = [
        ids
        for e in ("pfs", "os")
        for ids in (
            f"curve.{e}.standard",
            f"curve.{e}.active.effect",
            *(f"curve.{e}.{s}.tail" for s in STRATEGIES if late[e, s] >= 1e-3),
        )
    ]
    assert [item.id for item in one_way(model).items] == expected
    assert any(id_.endswith("tail") for id_ in expected)


def test_a_curve_of_one_coefficient_has_no_bar_of_its_tail() -> None:
    ids = {item.id for item in one_way(exponential()).items if item.id.startswith("curve.os")}
    assert ids == {"curve.os.standard", "curve.os.active.effect"}


def test_a_relative_curve_has_no_tail_of_its_own() -> None:
    ids = {item.id for item in one_way(MODELS["hazard ratio"]()).items if item.id.startswith("curve.os")}
    assert ids == {"curve.os.standard", "curve.os.active.effect", "curve.os.standard.tail"}


def test_exact_coefficients_have_no_bars() -> None:
    """Where one strategy is certain the effect rests on the other alone, where both are there is nothing to move."""
    ids = {item.id for item in one_way(weibull()).items}
    assert "curve.os.standard" not in ids
    assert "curve.os.active.effect" in ids
    rows = published("os", "active", "exp", {"log_rate": (-3.0, 0.0)})
    rows |= published("os", "standard", "exp", {"log_rate": (-2.5, 0.0)})
    assert not [item.id for item in one_way(small_model({}, rows)).items if item.id.startswith("curve.os")]


def test_time_on_treatment_has_one_bar_a_curve() -> None:
    rows: Rows = {}
    for strategy in STRATEGIES:
        rows |= published("tot_drug", strategy, "exp", {"log_rate": (-1.5, 0.1)})
    items = {item.id: item for item in one_way(small_model({}, rows)).items if "tot_drug" in item.id}

    assert set(items) == {"curve.tot_drug.standard", "curve.tot_drug.active"}
    assert items["curve.tot_drug.active"].label == "Time on treatment (drug), Active"


def test_one_statistic_fewer_is_one_tail_fewer() -> None:
    """An exponential is fitted to the median alone; the other curve keeps its shape."""
    model = small_model({"survival.os.active.survival_later.use_in_fit": "no", "curve.os.active.family": "exp"})
    ids = [item.id for item in one_way(model).items if item.id.startswith("curve.os")]
    assert ids == ["curve.os.standard", "curve.os.active.effect", "curve.os.standard.tail"]


# Averages, bootstrap, correlation ------------------------------------------------------------------------------------


def test_each_member_of_an_average_moves_by_its_own_interval() -> None:
    """Within the coefficients of a member the distance is 1.96; weights stay; the average goes the same way."""
    changes: dict[str, Scalar] = {f"curve.os.{s}.family": "average(weibull, llogis)" for s in STRATEGIES}
    model = small_model(changes)
    fit = model.fits["os"]
    quantity = CurveQuantity(LEVEL, "os", "standard")
    move = Z * along(model, quantity).moves["os"]
    first = fit.curves.columns["standard"].start

    assert not move[first : first + 2].any()
    for member in (slice(first + 2, first + 4), slice(first + 4, first + 6)):
        own = fit.covariance[member, member]
        assert float(np.sqrt(move[member] @ np.linalg.solve(own, move[member]))) == pytest.approx(Z, rel=1e-6)
    base, low, high = at_ends(model, quantity, along(model, quantity))
    assert low < base < high


def test_the_bootstrap_of_draws_leaves_the_bars_as_they_are() -> None:
    """The covariance of the fit moves them; no replicate is made for them."""
    plain = one_way(small_model())
    drawn = one_way(small_model({"curves.draws": "bootstrap", "curves.replicates": 50}))
    assert drawn.items == plain.items


def test_where_pfs_and_os_are_correlated_the_other_one_follows() -> None:
    """By what is expected of it: its covariance with the quantity over draws, a standard error of the quantity away.

    4,096 draws have an error of the standard error of a coefficient / 64 in this; asserted to 4.5 of them.
    """
    model = small_model({"curves.correlation_pfs_os": 0.6})
    quantity = CurveQuantity(LEVEL, "os", "active")
    found = along(model, quantity).moves
    drawn = block_draws(model, 3, 0, 4096)
    values = scaled(model, quantity, drawn["curve.os"])
    standard = (values - values.mean()) / values.std()
    expected = standard @ (drawn["curve.pfs"] - drawn["curve.pfs"].mean(axis=0)) / values.size

    assert set(found) == {"os", "pfs"}
    errors = model.fits["pfs"].standard_errors
    assert (np.abs(found["pfs"] - expected) < 4.5 * errors / 64.0).all()
    assert (np.abs(found["pfs"]) / errors).max() > 0.2
    assert set(along(small_model(), quantity).moves) == {"os"}


# Values between the ends, and several at once ------------------------------------------------------------------------


def test_several_quantities_are_held_at_once() -> None:
    """Each has its value, and the move is a combination of both directions: nothing less likely is needed."""
    model = small_model()
    quantities = [CurveQuantity(LEVEL, "os", "standard"), CurveQuantity(EFFECT, "os", "active", "standard")]
    values = np.array([[15.0, 1.2], [14.0, 1.5], [16.0, 1.0]])
    moves_, failed = moves_to(model, quantities, values)
    there = model.fits["os"].coefficients + moves_["os"]

    assert failed == {}
    for j, quantity in enumerate(quantities):
        np.testing.assert_allclose(np.exp(scaled(model, quantity, there)), values[:, j], rtol=1e-9)
    directions = np.column_stack([along(model, quantity).moves["os"] for quantity in quantities])
    rest = np.linalg.lstsq(directions, moves_["os"].T, rcond=None)[1]
    assert (rest < 1e-20).all()


def test_values_that_cannot_be_are_said() -> None:
    model = exponential()
    level = CurveQuantity(LEVEL, "os", "standard")
    both = [level, CurveQuantity(TAIL, "os", "standard")]
    _, failed = moves_to(model, [level], np.array([[14.0], [119.0]]))
    assert failed == {1: "curve.os.standard has no such value within 8 standard errors"}
    _, failed = moves_to(model, both, np.array([[14.0, 0.5]]))
    assert failed == {
        0: "curve.os.standard and curve.os.standard.tail have no such values together within 8 standard errors"
    }


def test_an_end_that_gives_no_curve_is_said() -> None:
    """A spline whose second coefficient may be far below 0, where its curve rises."""
    family = "spline(hazard, knots at 1 6 24)"
    rows = published("os", "active", family, {"gamma0": (-3.0, 0.3), "gamma1": (1.0, 0.9), "gamma2": (0.0, 0.001)})
    model = small_model({}, rows)
    found = moves(model)
    words = [text for text in found.left_out if "curve.os.active" in text]

    assert words
    assert all(
        text.endswith("is not in the one-way analysis: at one of its bounds, the os curve of active does not fall")
        for text in words
    )
    assert {text.split(" ", 1)[0] for text in words}.isdisjoint(item.id for item in found.items)
    assert any(item.id == "curve.pfs.standard" for item in found.items)


def test_an_end_at_which_pfs_exceeds_os_is_said_where_it_is_an_error() -> None:
    """The level of OS may be as low as PFS; the other bars stay, and the budget impact has the same ones."""
    changes: dict[str, Scalar] = {"settings.pfs_above_os": "error", "survival.os.active.median": 9}
    changes |= {"survival.os.active.median.low": 6, "survival.os.active.median.high": 13}
    changes |= {"survival.os.active.survival_later": 0.12}
    model = small_model(changes)
    found = one_way(model)

    assert any(": at one of its bounds, PFS exceeds OS for active from month " in text for text in found.left_out)
    assert {text.split(" ", 1)[0] for text in found.left_out}.isdisjoint(item.id for item in found.items)
    assert "curve.pfs.standard" in {item.id for item in found.items}


# What is evaluated, and what it is called ----------------------------------------------------------------------------


def test_every_item_is_evaluated_with_the_draws_it_names() -> None:
    model = exponential()
    found = one_way(model)
    i, _ = by_id(found)["curve.os.active.effect"]
    ends = found.draws["curve.os"][2 * i : 2 * i + 2]
    expected = evaluate(model, base_draws(model) | {"curve.os": ends})

    np.testing.assert_allclose(found.outcomes.costs.total[2 * i : 2 * i + 2], expected.costs.total, rtol=1e-12)


def test_curves_at_the_ends_of_bars() -> None:
    """Exponentials: medians ln 2 / rate, the ratio of the rates, and survival exp(-60 rate)."""
    model = exponential()
    found = one_way(model)
    i, _ = by_id(found)["curve.os.active.effect"]
    rates = np.exp(np.vstack([model.fits["os"].coefficients, found.draws["curve.os"][2 * i : 2 * i + 2]]))
    entries = {e.strategy: e for e in curves_at_ends(model, found) if e.id == "curve.os.active.effect"}
    active, standard = entries["active"], entries["standard"]

    medians = [active.median_base, active.median_low, active.median_high]
    np.testing.assert_allclose(np.array(medians, dtype=float), np.log(2.0) / rates[:, 1], rtol=1e-9)
    ratios = [active.hazard_ratio_base, active.hazard_ratio_low, active.hazard_ratio_high]
    np.testing.assert_allclose(np.array(ratios, dtype=float), rates[:, 1] / rates[:, 0], rtol=1e-9)
    left = [standard.survival_base, standard.survival_low, standard.survival_high]
    np.testing.assert_allclose(left, np.exp(-60.0 * rates[:, 0]), rtol=1e-9)
    assert (active.versus, standard.versus, standard.hazard_ratio_base) == ("standard", None, None)


def test_statistics_with_a_bound_are_not_moved() -> None:
    """A bound has no interval to move over; the statistics beside it have. It is fitted: it pulls the curve up."""

    def survival(model: Model) -> float:
        fit = model.fits["os"]
        return float(fit.curves.survival("active", np.array([60.0]), fit.coefficients[None, :])[0, 0])

    late: dict[str, Scalar] = {"value": 0.05, "n": 150, "time": 60, "use_in_fit": "yes", "distribution": "fit"}
    model = small_model({}, {"survival.os.active.survival_late": late | {"bound": "at_least"}})
    ids = {item.id for item in statistic_moves(model).items}

    assert survival(model) > survival(small_model())
    assert "survival.os.active.survival_late" not in ids
    assert {"survival.os.active.median", "survival.os.active.survival_later"} <= ids
