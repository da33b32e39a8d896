"""Curves relative to others, and coefficients of several families side by side, from the rows of a workbook."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import base_outcomes, small_model
from unit.live_model.calculated_models import third_strategy

from hemodel.analyses.psa.blocks import block_draws
from hemodel.errors import InputError
from hemodel.survival.families.registry import FAMILIES
from hemodel.survival.published import PARAMETERISATIONS
from hemodel.survival.workbook.curves import plain

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Rows = dict[str, dict[str, Scalar]]

FIT: dict[str, Scalar] = {"use_in_fit": "yes", "distribution": "fit"}
RATIO: Rows = {"survival.os.active.hazard_ratio": {"value": 0.8, "low": 0.6, "high": 1.0, "versus": "standard", **FIT}}
RELATIVE: dict[str, Scalar] = {
    "curve.os.active.relation": "proportional_hazards",
    "curve.os.active.reference": "standard",
}
PUBLISHED: dict[str, Scalar] = {
    "curve.os.standard.source": "coefficients",
    "curve.os.standard.parameterisation": "flexsurv_natural",
    "curve.os.standard.time_unit": "months",
}
BESIDE: Rows = {
    "coefficient.os.standard.exp_rate": {"value": 0.05, "se": 0.005, "distribution": "fit"},
    "coefficient.os.standard.weibull_shape": {"value": 1.2, "se": 0.12, "distribution": "fit"},
    "coefficient.os.standard.weibull_scale": {"value": 20, "se": 1, "distribution": "fit"},
    "covariance.os.standard.weibull_shape.weibull_scale": {"value": 0.06},
}


def test_a_relative_curve_with_a_blank_family_has_that_of_its_reference() -> None:
    blank, named = (
        base_outcomes(small_model(RELATIVE | {"curve.os.active.family": family}, RATIO)).life_years.total.tolist()
        for family in (None, "weibull")
    )
    assert blank == named
    with pytest.raises(InputError, match=r"curve\.os\.active\.family is empty"):
        small_model({"curve.os.active.family": None})


CHAIN: dict[str, Scalar] = RELATIVE | {
    "curve.os.late.relation": "proportional_hazards",
    "curve.os.late.reference": "active",
}
"""Late on active, active on standard."""


def chained(statistic: str, relation: str, ratios: tuple[float, float], **late: Scalar) -> Model:
    """Return the model of three strategies in which only a ratio is known of each intervention's survival."""
    rows = third_strategy()
    for arm, versus, ratio in (("active", "standard", ratios[0]), ("late", "active", ratios[1])):
        given: dict[str, Scalar] = {"value": ratio, "low": ratio / 1.3, "high": ratio * 1.3, "versus": versus}
        rows[f"survival.os.{arm}.{statistic}"] = given | FIT
    names = product(("active", "late"), ("median", "survival_later"))
    compared: dict[str, Scalar] = {f"survival.os.{arm}.{name}.use_in_fit": "no" for arm, name in names}
    relations: dict[str, Scalar] = {f"curve.os.{arm}.relation": relation for arm in ("active", "late")}
    return small_model(CHAIN | relations | compared | late, rows)


@pytest.mark.parametrize("family", ["weibull", None])
def test_hazard_ratios_in_a_chain_multiply(family: str | None) -> None:
    """0.7 on standard and 0.8 on that: ln S of late is 0.56 times that of standard, and Var(ln HR) the sum of both."""
    model = chained("hazard_ratio", "proportional_hazards", (0.7, 0.8), **{"curve.os.late.family": family})
    fit, months = model.fits["os"], np.array([3.0, 12.0, 60.0])
    logs = {s: np.log(fit.curves.survival(s, months, fit.coefficients[None, :])[0]) for s in fit.curves.columns}
    np.testing.assert_allclose(logs["active"] / logs["standard"], 0.7, rtol=1e-9)
    np.testing.assert_allclose(logs["late"] / logs["standard"], 0.56, rtol=1e-9)
    place = fit.curves.columns["late"].start
    se = 2.0 * math.log(1.3) / 3.919928
    assert fit.spread()[place, place] == pytest.approx(2.0 * se**2, rel=1e-6)


@pytest.mark.parametrize(
    ("statistic", "relation"),
    [("acceleration_factor", "accelerated_failure_time"), ("odds_ratio", "proportional_odds")],
)
def test_so_do_factors_and_odds_ratios(statistic: str, relation: str) -> None:
    fit = chained(statistic, relation, (1.2, 1.5)).fits["os"]
    effects = [fit.coefficients[fit.curves.columns[s]][0] for s in ("active", "late")]
    assert effects == pytest.approx([math.log(1.2), math.log(1.8)], abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"curve.os.late.relation": "proportional_odds"}, "the reference 'active' is itself proportional_hazards"),
        ({"curve.os.active.reference": "late"}, "Make one of the two independent"),
    ],
)
def test_a_chain_of_two_relations_and_a_circle_are_refused(changes: dict[str, Scalar], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small_model(CHAIN | changes, third_strategy())


@pytest.mark.parametrize(
    ("family", "names", "expected"),
    [
        ("exp", ["log(rate)"], [math.log(0.05)]),
        ("weibull", ["log(shape)", "log(scale)"], [math.log(1.2), math.log(20.0)]),
    ],
)
def test_the_chosen_family_has_its_own_of_the_coefficients_side_by_side(
    family: str, names: list[str], expected: list[float]
) -> None:
    """On the log scale; the delta method's covariance is that of the values over their product: 0.06 / (1.2 x 20)."""
    fit = small_model(PUBLISHED | {"curve.os.standard.family": family}, BESIDE).fits["os"]
    columns = [fit.curves.names.index(f"standard: {name}") for name in names]
    assert fit.coefficients[columns].tolist() == pytest.approx(expected, abs=1e-12)
    if len(columns) == 2:
        assert fit.spread()[columns[0], columns[1]] == pytest.approx(0.06 / (1.2 * 20.0), rel=1e-9)


def test_no_program_names_a_coefficient_as_that_of_a_family_is_named() -> None:
    names = [plain(term.published) for each in PARAMETERISATIONS for term in each.terms]
    assert names
    assert not [name for name, family in product(names, FAMILIES) if name.startswith(f"{family.lower()}_")]


def test_a_chain_of_references_says_the_way_out() -> None:
    with pytest.raises(InputError) as circle:
        small_model(
            RELATIVE | {"curve.os.standard.relation": "proportional_hazards", "curve.os.standard.reference": "active"},
            RATIO,
        )
    assert "Make one of the two independent." in str(circle.value)


COMPARED: dict[str, Scalar] = {f"survival.os.active.{name}.use_in_fit": "no" for name in ("median", "survival_later")}
ON_PUBLISHED = RELATIVE | PUBLISHED | COMPARED | {"curve.os.standard.family": "weibull"}


def test_a_hazard_ratio_on_published_coefficients() -> None:
    """S(t)^0.8 of S(t) = exp(-(t / 20)^1.2), and ln(1.0 / 0.6) / (2 x 1.959964) as the standard error of ln 0.8."""
    fit = small_model(ON_PUBLISHED, RATIO | BESIDE).fits["os"]
    t, base = np.array([1.0, 12.0, 60.0]), fit.coefficients[None, :]
    expected = np.exp(-0.8 * (t / 20.0) ** 1.2)
    assert fit.curves.survival("active", t, base)[0] == pytest.approx(expected, rel=1e-12)
    own = fit.curves.columns["active"]
    assert fit.standard_errors[own] == pytest.approx([math.log(1.0 / 0.6) / (2.0 * 1.959964)], rel=1e-6)
    assert not fit.covariance[own, fit.curves.columns["standard"]].any()


def test_draws_of_both_arms_share_the_draw_of_the_reference() -> None:
    """With a ratio without uncertainty ln S of one arm is 0.8 times that of the other in every draw."""
    exact: Rows = {
        "survival.os.active.hazard_ratio": {"value": 0.8, "versus": "standard", **FIT, "distribution": "fixed"}
    }
    model = small_model(ON_PUBLISHED, exact | BESIDE)
    drawn = block_draws(model, 1, 0, 20)["curve.os"]
    assert np.ptp(drawn[:, 0]) > 0.1
    one, other = (
        np.log(model.fits["os"].curves.survival(name, np.array([6.0, 24.0]), drawn)) for name in ("active", "standard")
    )
    assert one == pytest.approx(0.8 * other, rel=1e-12)


@pytest.mark.parametrize(
    ("relation", "ratio", "expected"),
    [
        # An acceleration factor of 1.25 is a scale of 25; odds of the event of 0.8 are those of death times 0.8.
        ("accelerated_failure_time", {"acceleration_factor": (1.25, None)}, math.exp(-((12.0 / 25.0) ** 1.2))),
        (
            "proportional_odds",
            {"odds_ratio": (0.8, None)},
            1.0 / (1.0 + 0.8 * (math.exp((12.0 / 20.0) ** 1.2) - 1.0)),
        ),
        # 0.8 up to month 6, then 0.5.
        (
            "hazard_ratio_by_period",
            {"hazard_ratio_early": (0.8, 0), "hazard_ratio_late": (0.5, 6)},
            math.exp(-0.8 * 0.3**1.2 - 0.5 * (0.6**1.2 - 0.3**1.2)),
        ),
    ],
)
def test_other_ratios_on_published_coefficients(
    relation: str, ratio: dict[str, tuple[float, float | None]], expected: float
) -> None:
    rows: Rows = {
        f"survival.os.active.{name}": {"value": value, "low": 0.8 * value, "high": 1.2 * value, "time": start, **FIT}
        | {"versus": "standard"}
        for name, (value, start) in ratio.items()
    }
    cuts: dict[str, Scalar] = {"curve.os.active.cuts": "6"} if "period" in relation else {}
    fit = small_model(ON_PUBLISHED | {"curve.os.active.relation": relation} | cuts, rows | BESIDE).fits["os"]
    survival = fit.curves.survival("active", np.array([12.0]), fit.coefficients[None, :])
    assert survival[0, 0] == pytest.approx(expected, rel=1e-12)


def test_what_else_would_be_fitted_on_published_coefficients_is_refused() -> None:
    with pytest.raises(InputError) as without:
        small_model(ON_PUBLISHED, BESIDE)
    assert "needs one hazard ratio. Add survival.os.active.hazard_ratio with versus standard" in str(without.value)
    with pytest.raises(InputError) as beside:
        small_model(ON_PUBLISHED | {"survival.os.active.median.use_in_fit": "yes"}, RATIO | BESIDE)
    assert "survival.os.active.median cannot be fitted" in str(beside.value)
    other_way = {id_.replace("standard", "active"): value for id_, value in PUBLISHED.items()}
    coefficients = {id_.replace("standard", "active"): cells for id_, cells in BESIDE.items()}
    with pytest.raises(InputError) as mixed:
        small_model(RELATIVE | other_way, RATIO | coefficients)
    assert "Make it independent, or give both the same source." in str(mixed.value)
