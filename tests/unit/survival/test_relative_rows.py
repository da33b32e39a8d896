"""Curves relative to others, and coefficients of several families side by side, from the rows of a workbook."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import pytest
from support import base_outcomes, small_model

from hemodel.errors import InputError
from hemodel.survival.families.registry import FAMILIES
from hemodel.survival.published import PARAMETERISATIONS
from hemodel.survival.workbook.curves import plain

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

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


def test_a_chain_of_references_and_a_ratio_on_coefficients_say_the_way_out() -> None:
    with pytest.raises(InputError) as circle:
        small_model(
            RELATIVE | {"curve.os.standard.relation": "proportional_hazards", "curve.os.standard.reference": "active"},
            RATIO,
        )
    assert "Make one of the two independent." in str(circle.value)
    with pytest.raises(InputError) as mixed:
        small_model(RELATIVE | PUBLISHED | {"curve.os.standard.family": "exp"}, RATIO | BESIDE)
    assert "A ratio is not fitted on published coefficients. Make active independent" in str(mixed.value)
