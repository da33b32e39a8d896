"""What must hold whatever acts on the curves: effects, waning and the floor over ranges of inputs and coefficients.

Examples are drawn by Hypothesis without luck (derandomised). Models are built once for each kind of waning; curves are
Weibulls whose coefficients, and effects whose values, are given as draws.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import STRATEGIES, no_discounting, small_model, with_coefficients

from hemodel.model.curve_effects import EffectDraws, acted_survival
from hemodel.model.evaluate import Model, evaluate
from hemodel.model.occupancy import cap, states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.inputs.cells import Scalar

    Array = NDArray[np.float64]

modest = settings(deadline=None, derandomize=True, max_examples=8)
PEOPLE = 0.012
"""Hazard of the population, a month."""
WANINGS = (
    ("immediate", "hazard"),
    ("linear", "hazard"),
    ("immediate", "survival"),
    ("linear", "survival"),
    ("with_treatment", "hazard"),
    ("none", "hazard"),
)
EFFECTS = ("hazard_ratio", "acceleration_factor", "odds_ratio")

weibull = st.tuples(st.floats(-0.7, 0.8), st.floats(0.5, 5.0))
coefficients = st.lists(st.tuples(weibull, weibull), min_size=3, max_size=3).map(
    lambda rows: np.array([[*first, *second] for first, second in rows])
)
ratios = st.lists(st.floats(0.2, 4.0), min_size=3, max_size=3).map(np.array)


@cache
def model(shape: str, scale: str, *, floor: bool) -> Model:
    """The small model with waning of OS, further effects of OS, and the floor or not."""
    changes: dict[str, Scalar] = {f"waning.os.active.{name}": value for name, value in _waning(shape, scale).items()}
    changes |= {f"effect.os.active.{name}": 1.0 for name in EFFECTS}
    changes |= no_discounting() | {"settings.time_horizon": 8}
    if not floor:
        return small_model(changes)
    names: dict[str, Scalar] = {"mean_age": 60, "sd_age": 8, "youngest_age": 18, "share_male": 0.5}
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        lines = "\n".join(f"{age},{12.0 * PEOPLE!r},{12.0 * PEOPLE!r}" for age in range(18, 111))
        (Path(folder) / "people.csv").write_text(f"age,mx_male,mx_female\n{lines}\n", encoding="utf-8")
        changes |= {"background.method": "floor", "background.life_table": "people.csv"}
        os.chdir(folder)
        try:
            return small_model(changes | {f"background.{name}": value for name, value in names.items()})
        finally:
            os.chdir(here)


def _waning(shape: str, scale: str) -> dict[str, Scalar]:
    return {
        "shape": shape,
        "scale": scale,
        "start": 8.0,
        "end": 30.0,
        "reference": "standard",
        "time_on_treatment": "pfs",
    }


def drawn(of: Model, pfs: Array, os_: Array, ratio: Array, effect: str) -> dict[str, Array]:
    return with_coefficients(of, {"pfs": pfs, "os": os_}) | {f"effect.os.active.{effect}": ratio}


def survival(of: Model, draws: Mapping[str, Array], endpoint: str, strategy: str) -> Array:
    """Survival (3, points) with everything that acts."""
    block = EffectDraws(
        {name: draws[f"curve.{name}"] for name in of.fits},
        {id_: draws[id_][:, None] for some in of.curve_effects.effects.values() for _, id_ in some},
    )
    curves = {name: fit.curves for name, fit in of.fits.items()}
    found = acted_survival(of.time_grid, curves, of.curve_effects, block, endpoint, strategy)[0]
    return np.broadcast_to(found, (3, found.shape[1]))


@pytest.mark.parametrize(("shape", "scale"), WANINGS)
@pytest.mark.parametrize("floor", [False, True])
@modest
@given(pfs=coefficients, os_=coefficients, ratio=ratios, effect=st.sampled_from(EFFECTS))
def test_states_add_up_and_nobody_comes_back(
    shape: str, scale: str, floor: bool, pfs: Array, os_: Array, ratio: Array, effect: str
) -> None:
    of = model(shape, scale, floor=floor)
    draws = drawn(of, pfs, os_, ratio, effect)
    days = of.time_grid.timeline.days
    outcomes = evaluate(of, draws)
    for place, strategy in enumerate(STRATEGIES):
        overall = survival(of, draws, "os", strategy)
        assert (overall[:, 0] == 1.0).all()
        assert (overall >= 0.0).all()
        assert (np.diff(overall, axis=1) <= 1e-15).all()
        free, _ = cap(survival(of, draws, "pfs", strategy), overall, days, np.ones(days.size))
        occupancy = states(free, overall)
        np.testing.assert_allclose(sum(occupancy.values()), 1.0, rtol=0.0, atol=4e-16)
        assert min(share.min() for share in occupancy.values()) >= 0.0
        total = outcomes.life_years.undiscounted[:, place].sum(axis=1)
        np.testing.assert_allclose(total, overall @ of.time_grid.weights[:, 0], rtol=1e-12)


@pytest.mark.parametrize(("shape", "scale"), WANINGS)
@modest
@given(pfs=coefficients, os_=coefficients, ratio=ratios, effect=st.sampled_from(EFFECTS))
def test_the_floor_never_gives_life_years(
    shape: str, scale: str, pfs: Array, os_: Array, ratio: Array, effect: str
) -> None:
    """And takes away what its record says; the hazard of each interval is the population's at least."""
    free, floored = model(shape, scale, floor=False), model(shape, scale, floor=True)
    found = [evaluate(of, drawn(of, pfs, os_, ratio, effect)) for of in (free, floored)]
    without, with_ = (each.life_years.undiscounted.sum(axis=2) for each in found)
    months = floored.time_grid.timeline.months

    assert (with_ <= without + 1e-12).all()
    for place, strategy in enumerate(STRATEGIES):
        moved = found[1].exposures[strategy].adjustments["os_below_population"].years_moved
        np.testing.assert_allclose(np.broadcast_to(moved, 3), (without - with_)[:, place], rtol=1e-7, atol=1e-11)
        overall = survival(floored, drawn(floored, pfs, os_, ratio, effect), "os", strategy)
        alive = overall[:, 1:] > 1e-290
        grown = -np.diff(np.log(np.maximum(overall, 1e-300)), axis=1)
        assert (
            grown - PEOPLE * np.diff(months) > -1e-11 * np.maximum(1.0, -np.log(np.maximum(overall[:, 1:], 1e-300)))
        )[alive].all()
        pfs_free, pfs_floored = (
            survival(of, drawn(of, pfs, os_, ratio, effect), "pfs", strategy) for of in (free, floored)
        )
        np.testing.assert_array_equal(pfs_free, pfs_floored)


@pytest.mark.parametrize(("shape", "scale"), WANINGS[:-1])
@modest
@given(pfs=coefficients, os_=coefficients)
def test_waning_lies_between_the_two_curves(shape: str, scale: str, pfs: Array, os_: Array) -> None:
    """The hazard of each interval is between those of the two curves; on the scale of survival, survival is.

    Of survival only where the reference is never better, since else it is held.
    """
    of = model(shape, scale, floor=False)
    draws = drawn(of, pfs, os_, np.ones(3), "hazard_ratio")
    t = of.time_grid.timeline.months
    standard, active = (((t / np.exp(os_[:, [j + 1]])) ** np.exp(os_[:, [j]])) for j in (0, 2))
    waned = survival(of, draws, "os", "active")
    if scale == "survival":
        worse = (standard >= active).all(axis=1)
        low, high = np.exp(-standard)[worse], np.exp(-active)[worse]
        assert (waned[worse] >= low - 1e-12).all()
        assert (waned[worse] <= high + 1e-12).all()
        return
    hazard = -np.log(np.maximum(waned, 1e-300))
    alive = hazard[:, 1:] < 600.0
    steps = [np.diff(each, axis=1) for each in (standard, active, hazard)]
    slack = 1e-10 * (1.0 + hazard[:, 1:])
    assert (steps[2] >= np.minimum(steps[0], steps[1]) - slack)[alive].all()
    assert (steps[2] <= np.maximum(steps[0], steps[1]) + slack)[alive].all()


@modest
@given(pfs=coefficients, os_=coefficients, ratio=ratios, effect=st.sampled_from(EFFECTS))
def test_a_benefit_prolongs_life(pfs: Array, os_: Array, ratio: Array, effect: str) -> None:
    """A hazard or odds ratio below 1, or an acceleration factor above 1, never costs life-years, and the reverse."""
    of = model("none", "hazard", floor=False)
    with_, without = (
        evaluate(of, drawn(of, pfs, os_, each, effect)).life_years.undiscounted.sum(axis=2)
        for each in (ratio, np.ones(3))
    )
    benefit = np.log(ratio) * (1.0 if effect == "acceleration_factor" else -1.0)
    change = with_[:, 1] - without[:, 1]
    assert (change[benefit > 0.0] >= -1e-12).all()
    assert (change[benefit < 0.0] <= 1e-12).all()
    np.testing.assert_array_equal(with_[:, 0], without[:, 0])
