"""Effects, waning and the population's mortality in a model, against curves written down by hand.

Every curve here is exponential or a Weibull with exact published parameters, so the survival that the model must use
at each boundary is a formula. Life-years are its trapezoidal sum over cycles of a week (`years`), as DESIGN says for
half-cycle correction by life table; asserted to rounding unless a test says otherwise.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import STRATEGIES, base_outcomes, no_discounting, small_model

from hemodel.analyses.dsa.one_way import one_way
from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.draws import probabilistic
from hemodel.distributions import Z975
from hemodel.errors import InputError
from hemodel.model.curve_effects import EffectDraws, acted_survival
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.model.occupancy import cap, states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.inputs.cells import Scalar
    from hemodel.model.occupancy import Adjustment

    Array = NDArray[np.float64]
    Changes = dict[str, Scalar]
    Rows = dict[str, dict[str, Scalar]]

EXACT = 1e-11
MONTH = 30.4375
DAYS = np.append(7.0 * np.arange(522.0), 3652.5)
T = DAYS / MONTH
"""Boundaries of the 521 weeks and 5.5 days in 10 years, in months."""
RATES = {("os", "standard"): 0.06, ("os", "active"): 0.03, ("pfs", "standard"): 0.25, ("pfs", "active"): 0.15}
A, B = RATES["os", "standard"], RATES["os", "active"]
PEOPLE = 0.01
"""Hazard of the population in `people`, a month."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def years(survival: Array) -> float:
    return float(np.trapezoid(survival, DAYS) / 365.25)


def published(endpoint: str, strategy: str, family: str, values: Mapping[str, float]) -> Rows:
    """Rows that give one curve exact parameters as flexsurv prints them, for months."""
    prefix = f"curve.{endpoint}.{strategy}."
    cells: Changes = {"family": family, "source": "coefficients", "relation": "independent", "reference": None}
    cells |= {"parameterisation": "flexsurv_natural", "time_unit": "months"}
    rows: Rows = {prefix + name: {"value": value} for name, value in cells.items()}
    for name, value in values.items():
        rows[f"coefficient.{endpoint}.{strategy}.{name}"] = {"value": value, "distribution": "fixed"}
    return rows


def exponential(changes: Mapping[str, Scalar] | None = None, rows: Rows | None = None) -> Model:
    """The small model without discounting and with exponential curves of the rates `RATES`, or those of the rows."""
    given = dict(rows or {})
    for (endpoint, strategy), rate in RATES.items():
        if f"curve.{endpoint}.{strategy}.family" not in given:
            given |= published(endpoint, strategy, "exp", {"rate": rate})
    return small_model(no_discounting() | dict(changes or {}), given)


def waning(endpoint: str = "os", **fields: Scalar) -> Changes:
    return {f"waning.{endpoint}.active.{name}": value for name, value in ({"reference": "standard"} | fields).items()}


def people(method: str = "floor", rate: float = PEOPLE) -> Changes:
    """Changes for a population with one hazard at all ages."""
    lines = "\n".join(f"{age},{12.0 * rate!r},{12.0 * rate!r}" for age in range(18, 111))
    Path("people.csv").write_text(f"age,mx_male,mx_female\n{lines}\n", encoding="utf-8")
    names: Changes = {"life_table": "people.csv", "mean_age": 60, "sd_age": 8, "youngest_age": 18, "share_male": 0.5}
    return {"background.method": method, **{f"background.{name}": value for name, value in names.items()}}


def life_years(model: Model, strategy: str = "active", state: str | None = None) -> float:
    outcomes = base_outcomes(model)
    table = outcomes.life_years
    place = outcomes.strategies.index(strategy)
    if state is None:
        return float(table.undiscounted[0, place].sum())
    return float(table.undiscounted[0, place, table.components.index(state)])


def adjustment(model: Model, rule: str, strategy: str = "active") -> Adjustment:
    return base_outcomes(model).exposures[strategy].adjustments[rule]


def acted(model: Model, draws: Mapping[str, Array], endpoint: str, strategy: str) -> Array:
    """Survival (draws, points) on the model's grid."""
    block = EffectDraws(
        {name: draws[f"curve.{name}"] for name in model.fits},
        {id_: draws[id_][:, None] for some in model.curve_effects.effects.values() for _, id_ in some},
    )
    curves = {name: fit.curves for name, fit in model.fits.items()}
    return acted_survival(model.time_grid, curves, model.curve_effects, block, endpoint, strategy)[0]


def test_without_anything_acting() -> None:
    """The closed sum w / 2 (1 + q) / (1 - q) (1 - q^n) of an exponential, q = e^(-rate x week), and 5.5 days."""
    model = exponential()
    for (endpoint, strategy), rate in RATES.items():
        q = np.exp(-rate * 7.0 / MONTH)
        expected = 7.0 / 365.25 / 2.0 * (1.0 + q) / (1.0 - q) * (1.0 - q**521)
        expected += 5.5 / 365.25 / 2.0 * q**521 * (1.0 + q ** (5.5 / 7.0))
        state = None if endpoint == "os" else "progression_free"
        assert life_years(model, strategy, state) == pytest.approx(expected, rel=EXACT)
        assert expected == pytest.approx(years(np.exp(-rate * T)), rel=EXACT)
    assert not model.curve_effects.changes("os", "active")


# Waning --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0.0, 9.5, 60.0, 500.0])
def test_immediate_waning_of_the_hazard(start: float) -> None:
    """The treated hazard up to the start, the reference's from there; after the horizon it changes nothing."""
    model = exponential(waning(shape="immediate", scale="hazard", start=start))
    expected = np.where(start >= T, np.exp(-B * T), np.exp(-B * start - A * (T - start)))

    assert life_years(model) == pytest.approx(years(expected), rel=EXACT)
    assert life_years(model, "standard") == pytest.approx(years(np.exp(-A * T)), rel=EXACT)
    assert life_years(model, "active", "progression_free") == pytest.approx(
        years(np.minimum(np.exp(-0.15 * T), expected)), rel=EXACT
    )
    done = adjustment(model, "waned")
    if start == 500.0:
        assert np.isnan(done.first_day[0])
        assert done.years_moved[0] == 0.0
    else:
        assert done.first_day[0] == DAYS[np.argmax(start < T)]
        assert done.years_moved[0] == pytest.approx(years(np.exp(-B * T) - expected), rel=1e-9)
        assert done.max_gap[0] == pytest.approx((np.exp(-B * T) - expected).max(), rel=1e-9)


def test_linear_waning_of_the_hazard() -> None:
    """From 6 to 18 months: H = 6 B + u B + u^2 / 24 (A - B) with u = t - 6, then the reference's hazard."""
    model = exponential(waning(shape="linear", scale="hazard", start=6, end=18))
    u = np.clip(T - 6.0, 0.0, 12.0)
    hazard = B * np.minimum(T, 6.0) + B * u + u**2 / 24.0 * (A - B) + A * np.maximum(T - 18.0, 0.0)

    assert life_years(model) == pytest.approx(years(np.exp(-hazard)), rel=1e-9)
    moved = years(np.exp(-B * T)) - years(np.exp(-hazard))
    assert adjustment(model, "waned").years_moved[0] == pytest.approx(moved, rel=1e-8)
    assert adjustment(model, "waned").first_day[0] == DAYS[np.argmax(T > 6.0)]


@pytest.mark.parametrize(("shape", "end"), [("immediate", None), ("linear", 30)])
def test_waning_of_survival(shape: str, end: float | None) -> None:
    """S = w S1 + (1 - w) S0; the reference's curve itself in the end."""
    model = exponential(waning(shape=shape, scale="survival", start=12, end=end))
    w = np.where(T <= 12.0, 1.0, 0.0) if end is None else np.clip((30.0 - T) / 18.0, 0.0, 1.0)
    expected = w * np.exp(-B * T) + (1.0 - w) * np.exp(-A * T)
    assert life_years(model) == pytest.approx(years(expected), rel=EXACT)
    np.testing.assert_allclose(acted(model, base_draws(model), "os", "active")[0, -1], np.exp(-A * T[-1]), rtol=1e-12)


def test_waning_with_treatment() -> None:
    """w is the share of those alive who are progression-free, as the mean of its values at both ends of an interval."""
    model = exponential(waning(shape="with_treatment", scale="hazard", time_on_treatment="pfs"))
    grid = model.time_grid.timeline.months
    still = np.minimum(np.exp(-0.15 * grid) / np.exp(-B * grid), 1.0)
    total, expected = 0.0, [1.0]
    for k in range(1, grid.size):
        w = 0.5 * (still[k - 1] + still[k])
        total += (w * B + (1.0 - w) * A) * (grid[k] - grid[k - 1])
        expected.append(float(np.exp(-total)))
    np.testing.assert_allclose(acted(model, base_draws(model), "os", "active")[0], expected, rtol=1e-11)
    exact = B * grid + (A - B) * (grid + np.expm1(-0.12 * grid) / 0.12)
    np.testing.assert_allclose(-np.log(expected), exact, rtol=1e-4)


def test_waning_towards_a_worse_curve_is_said() -> None:
    """With the reference better, losing the effect helps; a record says from when, and life-years are gained."""
    rows = published("os", "standard", "exp", {"rate": 0.02})
    model = exponential(waning(shape="immediate", scale="hazard", start=10), rows)
    done = adjustment(model, "waned")

    assert adjustment(model, "waning_towards_lower_hazard").first_day[0] == DAYS[np.argmax(T > 10.0)]
    assert done.years_moved[0] < 0.0
    assert np.isnan(adjustment(model, "waning_kept_falling").first_day[0])


def test_survival_that_would_rise_is_held() -> None:
    """Immediate waning of survival towards a better curve: S stays at S1(start) until S0 is below it."""
    rows = published("os", "standard", "exp", {"rate": 0.02})
    model = exponential(waning(shape="immediate", scale="survival", start=10), rows)
    expected = np.where(T <= 10.0, np.exp(-B * T), np.minimum(np.exp(-0.02 * T), np.exp(-B * 10.0)))

    assert life_years(model) == pytest.approx(years(expected), rel=EXACT)
    assert not np.isnan(adjustment(model, "waning_kept_falling").first_day[0])


def test_waning_of_pfs_has_a_record_of_its_own() -> None:
    model = exponential(waning("pfs", shape="immediate", scale="hazard", start=3))
    expected = np.where(T <= 3.0, np.exp(-0.15 * T), np.exp(-0.45 - 0.25 * (T - 3.0)))
    assert life_years(model, "active", "progression_free") == pytest.approx(years(expected), rel=EXACT)
    assert adjustment(model, "waned: pfs").years_moved[0] == pytest.approx(
        years(np.exp(-0.15 * T) - expected), rel=1e-9
    )
    assert "waned" not in base_outcomes(model).exposures["active"].adjustments


# Further effects -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "mean"),
    [
        ("hazard_ratio", 2.0, 0.5 / B),
        ("hazard_ratio", 0.8, 1.25 / B),
        ("acceleration_factor", 2.0, 2.0 / B),
        ("odds_ratio", 2.0, np.log(2.0) / B),
        ("odds_ratio", 0.5, 2.0 * np.log(2.0) / B),
    ],
)
def test_an_effect_on_the_mean_of_an_exponential(name: str, value: float, mean: float) -> None:
    """Over 100 years; the mean is 1 / (B HR), AF / B or -ln(OR) / (B (1 - OR)). Trapezia add below (week x B)^2 / 3."""
    model = exponential({f"effect.os.active.{name}": value, "settings.time_horizon": 100})
    assert life_years(model) == pytest.approx(mean / 12.0, rel=(B * 2.0 * 7.0 / MONTH) ** 2 / 3.0)
    assert life_years(model, "standard") == pytest.approx(1.0 / A / 12.0, rel=1e-4)


def test_effects_act_in_their_order() -> None:
    """Slower clock, then hazards, then odds: H = ln(1 + OR (exp(HR H0(t / AF)) - 1))."""
    effects: Changes = {
        "effect.os.active.odds_ratio": 0.7,
        "effect.os.active.hazard_ratio": 1.4,
        "effect.os.active.acceleration_factor": 1.3,
    }
    expected = 1.0 / (1.0 + 0.7 * np.expm1(1.4 * B * T / 1.3))
    assert life_years(exponential(effects)) == pytest.approx(years(expected), rel=EXACT)


def test_an_acceleration_factor_on_a_fitted_family() -> None:
    """A Weibull with shape 1.5 and scale 20 at t / 1.6."""
    rows = published("os", "active", "weibull", {"shape": 1.5, "scale": 20.0})
    model = exponential({"effect.os.active.acceleration_factor": 1.6}, rows)
    assert life_years(model) == pytest.approx(years(np.exp(-((T / 32.0) ** 1.5))), rel=EXACT)


def test_an_effect_on_progression_and_on_treatment() -> None:
    """Drugs are given on days 0, 21, ... to those on treatment: the sum of S on those days."""
    rows = published("ttd", "active", "exp", {"rate": 0.1})
    more: Changes = {"effect.ttd.active.hazard_ratio": 1.5, "effect.pfs.active.hazard_ratio": 1.2}
    model = exponential(more | {"regimen.active.newtinib.time_on_treatment": "ttd"}, rows)
    days = 21.0 * np.arange(np.ceil(3652.5 / 21.0))
    given = base_outcomes(model).exposures["active"].administrations["newtinib"].undiscounted[0]

    assert given == pytest.approx(np.exp(-0.15 * days / MONTH).sum(), rel=EXACT)
    assert life_years(model, "active", "progression_free") == pytest.approx(years(np.exp(-0.18 * T)), rel=EXACT)


@pytest.mark.parametrize("name", ["hazard_ratio", "odds_ratio"])
def test_an_effect_of_0_lets_nobody_die(name: str) -> None:
    assert life_years(exponential({f"effect.os.active.{name}": 0})) == pytest.approx(10.0, rel=EXACT)


LOW, HIGH = 0.5, 1.6


def uncertain_effect(name: str = "hazard_ratio") -> Rows:
    cells: dict[str, Scalar] = {"value": 0.9, "low": LOW, "high": HIGH, "distribution": "lognormal"}
    return {f"effect.os.active.{name}": cells}


@pytest.mark.parametrize("name", ["hazard_ratio", "acceleration_factor", "odds_ratio"])
def test_an_uncertain_effect_in_the_probabilistic_analysis(name: str) -> None:
    """ln effect is normal with SD ln(high / low) / (2 x 1.96), and each draw has the life-years of its curve."""
    model = exponential(None, uncertain_effect(name))
    draws = block_draws(model, 5, 0, 2000)
    effect = draws[f"effect.os.active.{name}"]
    sd = np.log(HIGH / LOW) / (2.0 * Z975)
    found = evaluate(model, draws).life_years.undiscounted[:, 1].sum(axis=1)
    hazards = {
        "hazard_ratio": effect[:, None] * B * T,
        "acceleration_factor": B * T / effect[:, None],
        "odds_ratio": np.log1p(effect[:, None] * np.expm1(B * T)),
    }[name]

    assert np.log(effect).mean() == pytest.approx(np.log(0.9), abs=4.0 * sd / np.sqrt(2000))
    assert np.log(effect).std() == pytest.approx(sd, rel=4.0 / np.sqrt(4000))
    np.testing.assert_allclose(found, [years(row) for row in np.exp(-hazards)], rtol=1e-10)
    short, long = probabilistic(model, 30, 5), probabilistic(model, 400, 5)
    np.testing.assert_array_equal(short.life_years, long.life_years[:30])


def test_an_uncertain_effect_in_the_tornado() -> None:
    """At its low and high value; the effect of the reference's curve stays."""
    model = exponential(None, uncertain_effect())
    found = one_way(model)
    i = next(i for i, item in enumerate(found.items) if item.id == "effect.os.active.hazard_ratio")
    rows = found.outcomes.life_years.undiscounted.sum(axis=2)[2 * i : 2 * i + 2]

    assert (found.items[i].low, found.items[i].base, found.items[i].high) == (LOW, 0.9, HIGH)
    expected = [years(np.exp(-ratio * B * T)) for ratio in (LOW, HIGH)]
    np.testing.assert_allclose(rows[:, 1], expected, rtol=1e-10)
    np.testing.assert_allclose(rows[:, 0], years(np.exp(-A * T)), rtol=1e-10)


# Background mortality ------------------------------------------------------------------------------------------------


def floored(hazard: Array, rate: float = PEOPLE) -> Array:
    """Cumulative hazard that grows over each week by the larger of its own growth and the population's."""
    grown = np.maximum(np.diff(hazard), rate * np.diff(T))
    return np.concatenate([[0.0], np.cumsum(grown)])


def test_the_floor_is_the_populations_hazard() -> None:
    """The Weibull hazard 0.5 / 20 (t / 20)^-0.5 is below 0.02 from month 31.25 on."""
    rows = published("os", "active", "weibull", {"shape": 0.5, "scale": 20.0})
    without, with_ = exponential(None, rows), exponential(people(rate=0.02), rows)
    own = np.sqrt(T / 20.0)
    expected = np.exp(-floored(own, 0.02))
    done = adjustment(with_, "os_below_population")

    assert life_years(with_) == pytest.approx(years(expected), rel=1e-10)
    assert life_years(with_) < life_years(without)
    assert done.years_moved[0] == pytest.approx(life_years(without) - life_years(with_), rel=1e-9)
    assert done.max_gap[0] == pytest.approx((np.exp(-own) - expected).max(), rel=1e-9)
    assert done.first_day[0] == DAYS[np.argmax(0.5 * (T[1:] + T[:-1]) > 31.25) + 1]
    none = adjustment(with_, "os_below_population", "standard")
    assert (np.isnan(none.first_day[0]), none.max_gap[0], none.years_moved[0]) == (True, 0.0, 0.0)


def test_pfs_does_not_see_the_life_table() -> None:
    """A PFS curve with a hazard below the population's stays, but for the cap at OS."""
    rows = published("pfs", "active", "exp", {"rate": 0.005})
    model = exponential(people(rate=0.02), rows)
    pfs = acted(model, base_draws(model), "pfs", "active")[0]
    np.testing.assert_allclose(pfs, np.exp(-0.005 * model.time_grid.timeline.months), rtol=1e-14)
    assert life_years(model, "active", "progression_free") == pytest.approx(years(np.exp(-B * T)), rel=EXACT)
    assert not model.curve_effects.changes("pfs", "active")


def test_the_floor_holds_in_every_draw() -> None:
    """Uncertain Weibull curves: each interval's hazard is at least the population's, the states add up to 1."""
    model = small_model(people(rate=0.02), uncertain=True)
    draws = block_draws(model, 5, 0, 300)
    days, months = model.time_grid.timeline.days, model.time_grid.timeline.months
    for strategy in STRATEGIES:
        overall = acted(model, draws, "os", strategy)
        fitted = model.fits["os"].curves.survival(strategy, months, draws["curve.os"])
        grown = -np.diff(np.log(overall), axis=1)
        assert (grown >= 0.02 * np.diff(months) - 1e-12).all()
        assert (overall <= fitted + 1e-15).all()
        assert (overall < fitted - 1e-6).any()
        pfs = acted(model, draws, "pfs", strategy)
        np.testing.assert_allclose(
            pfs, model.fits["pfs"].curves.survival(strategy, months, draws["curve.pfs"]), rtol=1e-12
        )
        free, _ = cap(pfs, overall, days, np.ones(days.size))
        np.testing.assert_allclose(sum(states(free, overall).values()), 1.0, rtol=0.0, atol=4e-16)
        assert (free <= overall).all()


# Days within cycles --------------------------------------------------------------------------------------------------


def life_years_with_days(changes: Changes, rows: Rows, start: float, interval: float) -> tuple[Model, float]:
    days: Changes = {"regimen.active.newtinib.start_day": start, "regimen.active.newtinib.interval": interval}
    model = exponential(changes | days, rows)
    return model, life_years(model)


@pytest.mark.parametrize("rule", ["floor", "with_treatment", "survival", "all"])
def test_a_day_within_a_cycle_changes_no_life_years(rule: str) -> None:
    """The days on which a drug is given change nothing else, whatever accumulates: to the rounding of 523 points.

    The Weibull hazard crosses the population's and the reference's within a cycle.
    """
    rows = published("os", "active", "weibull", {"shape": 0.5, "scale": 20.0})
    rows |= published("os", "standard", "weibull", {"shape": 0.4, "scale": 21.0})
    wane = {"with_treatment": waning(shape="with_treatment", scale="hazard", time_on_treatment="pfs")}
    wane |= {"survival": waning(shape="linear", scale="survival", start=1, end=40), "floor": {}}
    changes = wane.get(rule, wane["with_treatment"]) | (people(rate=0.02) if rule in {"floor", "all"} else {})
    weekly, expected = life_years_with_days(changes, rows, 0.0, 21.0)
    assert weekly.time_grid.timeline.cycles is None
    for start, interval in ((3.0, 10.0), (0.5, 7.0), (2.0, 33.3)):
        within, found = life_years_with_days(changes, rows, start, interval)
        assert within.time_grid.timeline.cycles is not None
        assert found == pytest.approx(expected, rel=1e-13)
        record, before = (
            {name: (done.years_moved[0], done.max_gap[0]) for name, done in adjustments.items() if name in RECORDS}
            for adjustments in (base_outcomes(each).exposures["active"].adjustments for each in (within, weekly))
        )
        assert record.keys() == before.keys() != set()
        for name, (moved, gap) in record.items():
            assert moved == pytest.approx(before[name][0], rel=1e-9)
            assert abs(gap) >= abs(before[name][1]) * (1.0 - 1e-12)


RECORDS = ("os_below_population", "waned")


def test_a_band_of_time_to_death_that_ends_within_cycles() -> None:
    """Those alive who die within 30 days, OS(t) - OS(t + 30), with the floor of a Weibull counted from week to week.

    The last of these days lies 30 days after the horizon, so that weeks go on from it until 28 days after it.
    """
    rows = published("os", "active", "weibull", {"shape": 0.5, "scale": 20.0})
    bands: Changes = {
        "settings.utilities_by": "time_to_death",
        "utility.time_to_death.near": 0.4,
        "utility.time_to_death_within.near": 30,
        "utility.time_to_death.far": 0.7,
    }
    model = exponential(people(rate=0.02) | bands, rows)
    ends = [*DAYS.tolist(), *(3652.5 + 7.0 * k for k in range(1, 5))]

    def own(day: float) -> float:
        return float(np.sqrt(day / MONTH / 20.0))

    def step(start: float, end: float) -> float:
        return max(own(end) - own(start), 0.02 * (end - start) / MONTH)

    hazard = [0.0]
    for start, end in pairwise(ends):
        hazard.append(hazard[-1] + step(start, end))
    alive, later = [], []
    for k, day in enumerate(DAYS):
        before = max(place for place, other in enumerate(ends) if other <= day + 30.0)
        alive.append(np.exp(-hazard[k]))
        later.append(np.exp(-hazard[before] - step(ends[before], day + 30.0)))
    near = base_outcomes(model).exposures["active"].band_years["near"].undiscounted[0]
    cycles = model.time_grid.timeline.cycles

    assert cycles is not None
    np.testing.assert_allclose(model.time_grid.timeline.days[cycles.unweighted], ends[523:], rtol=1e-14)
    assert near == pytest.approx(years(np.array(alive) - np.array(later)), rel=1e-10)
    assert life_years(model) == pytest.approx(years(np.array(alive)), rel=1e-10)


# Order ---------------------------------------------------------------------------------------------------------------


def test_effects_come_before_waning_and_waning_before_the_floor() -> None:
    """HR 0.5 on the active: 0.015 a month, until it wanes towards the reference with its own HR of 0.1: 0.006.

    That is below the population's 0.01, to which the floor raises it in the end.
    """
    effects: Changes = {"effect.os.active.hazard_ratio": 0.5, "effect.os.standard.hazard_ratio": 0.1}
    at = 84.0 / MONTH * 4.0
    wane = waning(shape="immediate", scale="hazard", start=at)
    expected = np.where(at >= T, 0.015 * T, 0.015 * at + 0.01 * (T - at))
    model = exponential(effects | wane | people())

    assert life_years(model) == pytest.approx(years(np.exp(-expected)), rel=1e-10)
    assert life_years(model, "standard") == pytest.approx(years(np.exp(-PEOPLE * T)), rel=1e-10)
    unfloored = np.where(at >= T, 0.015 * T, 0.015 * at + 0.006 * (T - at))
    assert adjustment(model, "waned").years_moved[0] == pytest.approx(
        years(np.exp(-0.015 * T) - np.exp(-unfloored)), rel=1e-8
    )
    assert adjustment(model, "os_below_population").years_moved[0] == pytest.approx(
        years(np.exp(-unfloored) - np.exp(-expected)), rel=1e-8
    )


def test_excess_hazard_adds_the_population_to_a_published_curve() -> None:
    """Rates add up: 0.03 + 0.01, and PFS is left alone."""
    model = exponential(people("excess_hazard"))
    assert life_years(model) == pytest.approx(years(np.exp(-(B + PEOPLE) * T)), rel=1e-10)
    assert life_years(model, "active", "progression_free") == pytest.approx(years(np.exp(-0.15 * T)), rel=EXACT)


def test_a_further_effect_acts_on_the_excess_hazard() -> None:
    """0.03 x 2 + 0.01: the people who die of other causes do so as before."""
    model = exponential(people("excess_hazard") | {"effect.os.active.hazard_ratio": 2.0})
    assert life_years(model) == pytest.approx(years(np.exp(-(2.0 * B + PEOPLE) * T)), rel=1e-10)
    slowed = exponential(people("excess_hazard") | {"effect.os.active.acceleration_factor": 2.0})
    assert life_years(slowed) == pytest.approx(years(np.exp(-(0.5 * B + PEOPLE) * T)), rel=1e-10)


# Problems ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"waning.os.active.shape": "linear", "waning.os.active.scale": "hazard"},
            "waning.os.active.start, waning.os.active.end, waning.os.active.reference is empty",
        ),
        (
            {**waning(shape="immediate", scale="hazard", start=3), "waning.os.active.reference": "active"},
            "waning.os.active.reference is active. It must be another strategy that has a curve of os",
        ),
        (
            waning(shape="linear", scale="hazard", start=9, end=9),
            "waning.os.active.shape: waning towards standard: it ends at month 9 and starts at month 9",
        ),
        (
            waning(shape="with_treatment", scale="survival", time_on_treatment="pfs"),
            "an effect that lasts with treatment is one on the hazard",
        ),
        ({"background.method": "floor"}, "background mortality needs background.life_table, background.mean_age"),
        ({"effect.ttd.active.hazard_ratio": 0.8}, "effect.ttd.active.hazard_ratio has no curve to act on"),
    ],
)
def test_what_cannot_act_is_refused(changes: Changes, text: str) -> None:
    with pytest.raises(InputError) as refused:
        exponential(changes)
    assert text in str(refused.value)
