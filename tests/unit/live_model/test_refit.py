"""Curves that follow reported statistics by formula, and the cells that fits depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model
from unit.live_model.curve_models import ageing, small

from hemodel.live_model.coefficients import add_curves, curves_sheet
from hemodel.live_model.formula import as_formula
from hemodel.live_model.parameters import add_parameters
from hemodel.live_model.psa import PsaSheet, stored_draws
from hemodel.live_model.refit import exact_refit, fit_inputs, followed

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.cells import Scalar
    from hemodel.live_model.formula import Formula
    from hemodel.live_model.parameters import Parameters
    from hemodel.model.evaluate import Model

    Changes = dict[str, Scalar]

NEAR = 1e-12
"""Absolute, of coefficients: the engine polishes its fit to rounding where statistics are met exactly."""
LINES = ("weibull", "weibullPH", "llogis", "lnorm")
RATIOS = {
    "proportional_hazards": ("hazard_ratio", 0.7),
    "accelerated_failure_time": ("acceleration_factor", 1.5),
    "proportional_odds": ("odds_ratio", 0.7),
}
NO_LANDMARKS: Changes = {f"survival.os.{s}.survival_later.use_in_fit": "no" for s in ("standard", "active")}


def refitted(model: Model) -> dict[int, Formula] | None:
    return exact_refit(model, "os", parameters_of(model))


def parameters_of(model: Model) -> Parameters:
    return add_parameters(model.inputs, PsaSheet(model, stored_draws(model, 1, 1)), as_formula(0))


def assert_all(model: Model) -> None:
    """Every coefficient of OS by formula is the engine's."""
    found = refitted(model)
    assert found is not None
    values = [found[j].value for j in range(model.fits["os"].coefficients.size)]
    np.testing.assert_allclose(values, model.fits["os"].coefficients, rtol=0.0, atol=NEAR)


def relation(name: str, family: str) -> Changes:
    return {
        "curve.os.standard.family": family,
        "curve.os.active.relation": name,
        "curve.os.active.reference": "standard",
    }


def ratio(kind: str, value: float, **cells: Scalar) -> dict[str, Changes]:
    used: Changes = {"versus": "standard", "use_in_fit": "yes", "distribution": "fit", **cells}
    return {f"survival.os.active.{kind}": {"value": value, "low": 0.6 * value, "high": 1.5 * value, **used}}


@pytest.mark.parametrize("family", LINES)
def test_two_statistics_determine_a_curve(family: str) -> None:
    """A median and a survival of each strategy."""
    assert_all(small_model({f"curve.os.{s}.family": family for s in ("standard", "active")}))


def test_a_median_determines_an_exponential() -> None:
    """rate = ln 2 / median."""
    model = small_model({f"curve.os.{s}.family": "exp" for s in ("standard", "active")} | NO_LANDMARKS)
    found = refitted(model)
    assert found is not None
    assert [found[j].value for j in (0, 1)] == pytest.approx(np.log(np.log(2.0) / np.array([12.0, 16.0])), rel=1e-15)
    assert_all(model)


@pytest.mark.parametrize("family", LINES)
@pytest.mark.parametrize("name", ["proportional_hazards", "proportional_odds"])
def test_two_medians_and_a_ratio_determine_both_curves(name: str, family: str) -> None:
    model = small_model(relation(name, family) | NO_LANDMARKS, ratio(*RATIOS[name]))
    assert followed(model, "os") == {
        "survival.os.standard.median",
        "survival.os.active.median",
        f"survival.os.active.{RATIOS[name][0]}",
    }
    assert_all(model)


def test_the_shape_of_proportional_weibull_curves() -> None:
    """-ln HR / ln(median / median of the reference)."""
    model = small_model(relation("proportional_hazards", "weibullPH") | NO_LANDMARKS, ratio("hazard_ratio", 0.7))
    found = refitted(model)
    assert found is not None
    assert np.exp(found[0].value) == pytest.approx(-np.log(0.7) / np.log(16.0 / 12.0), rel=1e-14)
    assert found[2].value == pytest.approx(np.log(0.7), rel=1e-15)


@pytest.mark.parametrize("family", ["exp", *LINES])
@pytest.mark.parametrize("name", RATIOS)
def test_a_reference_and_one_point_determine_an_effect(name: str, family: str) -> None:
    """The reference by its own statistics, the other curve by its median."""
    unused = ["active"] if family in LINES else ["standard", "active"]
    changes: Changes = {f"survival.os.{s}.survival_later.use_in_fit": "no" for s in unused}
    assert_all(small_model(relation(name, family) | changes))


@pytest.mark.parametrize("name", RATIOS)
def test_a_ratio_is_the_effect_itself(name: str) -> None:
    """An exponential by its median, the other curve by a ratio alone."""
    changes: Changes = {**relation(name, "exp"), **NO_LANDMARKS, "survival.os.active.median.use_in_fit": "no"}
    assert_all(small_model(changes, ratio(*RATIOS[name])))


def test_no_formula_where_statistics_do_not_determine_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many, a family that is no straight line, a hazard ratio of unrelated curves, a bound, or excess hazard."""
    monkeypatch.chdir(tmp_path)
    more: dict[str, Changes] = {
        f"survival.os.{s}.survival_early": {
            "value": 0.75,
            "n": 150,
            "time": 6,
            "use_in_fit": "yes",
            "distribution": "fit",
        }
        for s in ("standard", "active")
    }
    gompertz: Changes = {f"curve.os.{s}.family": "gompertz" for s in ("standard", "active")}
    bound: Changes = {f"survival.os.{s}.median.bound": "at_least" for s in ("standard", "active")} | {
        f"survival.os.{s}.median.n": 150 for s in ("standard", "active")
    }
    for model in (
        small_model(None, more),
        small_model(gompertz),
        small_model(None, ratio("hazard_ratio", 0.7)),
        small_model(bound, more),
        small(ageing("excess_hazard")),
    ):
        assert refitted(model) is None
        assert followed(model, "os") == frozenset()


def test_one_curve_may_be_determined_and_another_not() -> None:
    model = small_model({"curve.os.active.family": "gompertz"})
    found = refitted(model)
    assert found is not None
    assert set(found) == {0, 1}
    assert followed(model, "os") == {"survival.os.standard.median", "survival.os.standard.survival_later"}


def test_coefficients_in_use_are_those_that_were_fitted() -> None:
    """On the natural scale, while no statistic has changed: formulas of coefficients are used after a change only.

    Links of every kind: logarithms, a mean of logs as it is, and the logit of a cured share.
    """
    cure: Changes = {"curve.os.standard.family": "mixture_cure(exp)", "curve.os.active.family": "lnorm"}
    model = small_model(cure | {"survival.os.standard.survival_later": 0.35})
    naturals = add_curves(curves_sheet(), model, parameters_of(model))
    for endpoint, fit in model.fits.items():
        expected = np.concatenate(
            [
                fit.curves.family(spec.strategy).natural(fit.coefficients[fit.curves.columns[spec.strategy]])
                for spec in fit.curves.specs
            ]
        )
        np.testing.assert_allclose([cell.value for cell in naturals[endpoint]], expected, rtol=1e-15)


# Cells of fits -------------------------------------------------------------------------------------------------------


def test_the_cells_that_a_fit_depends_on() -> None:
    """All cells of the statistics used, of others whether they are; families, patients, follow-up; of one endpoint."""
    model = small_model(relation("proportional_hazards", "weibull") | {"survival.os.active.median.use_in_fit": "no"})
    found = fit_inputs(model, "os")
    of_id = {id_: {column for other, column in found if other == id_} for id_, _ in found}

    assert of_id["survival.os.active.median"] == {"use_in_fit"}
    assert of_id["survival.os.standard.median"] >= {
        "value",
        "low",
        "high",
        "n",
        "time",
        "bound",
        "weight",
        "use_in_fit",
    }
    assert of_id["curve.os.active.family"] == {"value"}
    assert of_id["trial.median_follow_up"] == {"value"}
    assert not any(".pfs." in id_ or id_.startswith(("background.", "settings.")) for id_ in of_id)


def test_excess_hazard_makes_os_depend_on_the_population(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = small(ageing("excess_hazard"))
    assert ("background.mean_age", "value") in fit_inputs(model, "os")
    assert ("background.mean_age", "value") not in fit_inputs(model, "pfs")
