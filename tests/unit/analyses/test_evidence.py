"""The evidence pack of models fitted to reported statistics, against closed forms of exponential curves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import exponential_curves, small_model

from hemodel.analyses.evidence.data import in_ranges
from hemodel.analyses.evidence.families import ranked
from hemodel.analyses.evidence.pack import evidence_pack, grid

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analyses.evidence.records import Evidence, EvidencePack, FamilyEvidence
    from hemodel.inputs.cells import Scalar
    from hemodel.survival.family import Array

HORIZON, FOLLOW_UP = 120.0, 20.0
LANDMARK = "external.os.standard.survival_3y"


def exponential_pack() -> Evidence:
    return exponential().evidence


@cache
def exponential() -> EvidencePack:
    """Exponential curves, a landmark of another study at 36 months whose clock starts 3 months earlier."""
    landmark: dict[str, dict[str, Scalar]] = {
        LANDMARK: {"value": 0.3, "low": 0.25, "high": 0.35, "time": 36, "time_origin": 3, "use_in_fit": "no"}
    }
    return evidence_pack(small_model(exponential_curves(), landmark), seed=1)


def changed_pack(changes: dict[str, Scalar]) -> Evidence:
    return evidence_pack(small_model(exponential_curves() | changes), seed=1).evidence


def in_use(pack: Evidence, endpoint: str) -> FamilyEvidence:
    return pack.endpoints[endpoint].in_use


def rate(pack: Evidence, endpoint: str, strategy: str) -> float:
    family = in_use(pack, endpoint)
    return float(np.exp(family.coefficients[family.names.index(f"{strategy}: log(rate)")]))


def restricted_mean(hazard: float | Array, horizon: float) -> Array:
    """Area under exp(-hazard t)."""
    return np.asarray((1.0 - np.exp(-hazard * horizon)) / hazard)


def test_numbers_of_exponential_curves() -> None:
    """Quadrature is good to 1e-8; the rest is exact up to rounding."""
    pack = exponential_pack()
    for endpoint in ("pfs", "os"):
        for strategy in ("standard", "active"):
            curve, hazard = in_use(pack, endpoint).curves[strategy], rate(pack, endpoint, strategy)
            mean = restricted_mean(hazard, HORIZON)

            assert curve.median.value == pytest.approx(np.log(2.0) / hazard, rel=1e-12)
            assert curve.mean == pytest.approx(1.0 / hazard, rel=1e-12)
            assert curve.restricted_mean.value == pytest.approx(mean, rel=1e-8)
            assert curve.beyond_follow_up == pytest.approx(1.0 - restricted_mean(hazard, FOLLOW_UP) / mean, rel=1e-7)
            assert list(curve.survival_by_year) == [1, 2, 3, 5, 10]
            assert curve.survival_by_year[3].value == pytest.approx(np.exp(-36.0 * hazard), rel=1e-12)
            np.testing.assert_allclose(curve.hazard, hazard, rtol=1e-12)
            np.testing.assert_allclose(curve.survival, np.exp(-hazard * pack.endpoints[endpoint].months), rtol=1e-12)


def test_intervals_are_those_of_the_drawn_rates() -> None:
    """Everything falls as the rate rises, so every interval comes from the same two rates.

    Those are the 2.5% and 97.5% points of 1,000 normal draws of the log rate. The standard deviation of such a
    point is sqrt(0.025 x 0.975 / 1000) / 0.0584 = 0.085 standard errors; 4 of these are allowed.
    """
    family = in_use(exponential_pack(), "os")
    for j, strategy in enumerate(("standard", "active")):
        curve, error = family.curves[strategy], float(family.errors[j])
        assert curve.median.low is not None
        assert curve.median.high is not None
        ends = np.log(2.0) / np.array([curve.median.low, curve.median.high])

        shift = (np.log(ends) - family.coefficients[j]) / error
        np.testing.assert_allclose(shift, [1.959964, -1.959964], atol=0.34)
        mean, later = curve.restricted_mean, curve.survival_by_year[5]
        assert (mean.low, mean.high) == pytest.approx(tuple(restricted_mean(ends, HORIZON)), rel=1e-9)
        assert (later.low, later.high) == pytest.approx(tuple(np.exp(-60.0 * ends)), rel=1e-9)


def test_the_same_seed_gives_the_same_intervals() -> None:
    model = small_model(exponential_curves())
    first, again, other = (
        in_use(evidence_pack(model, seed=seed).evidence, "os").curves["active"].median for seed in (1, 1, 2)
    )

    assert first == again
    assert first.value == other.value
    assert first.low != other.low


def test_weights_and_order_of_families() -> None:
    families = exponential_pack().endpoints["os"].families
    fits = exponential().fits["os"]
    fitted = [family for family in families if family.fitted]
    terms = {family.family: np.exp(-0.5 * (family.criterion or np.nan)) for family in fitted}

    assert {"exp", "weibull", "gompertz", "llogis", "lnorm", "gamma"} == set(terms)
    assert [family.family for family in families if family.in_use] == ["exp"]
    for family in fitted:
        assert family.weight == pytest.approx(terms[family.family] / sum(terms.values()), rel=1e-10)
        targets = [target for target in fits[family.family].targets if target.statistic.used]
        objective = sum(target.z**2 for target in targets)
        assert family.criterion == pytest.approx(objective + 2 * len(family.names), rel=1e-9)
        assert family.criterion_name == "criterion"
        assert family.largest_z == max(abs(target.z) for target in targets)
        assert (family.aic, family.bic, family.aicc) == (None, None, None)
    unfitted = [family for family in families if not family.fitted]
    assert {family.family for family in unfitted} == {"gengamma", "genf"}
    assert all("4 usable statistics for" in family.reason for family in unfitted)
    assert [family.place for family in families] == list(range(1, len(families) + 1))


def test_concerns_order_only_families_that_fit_about_as_well() -> None:
    """Within 4 of the lowest criterion the one with a concern is last; 9 above it none helps."""
    found = {family.family: family for family in exponential_pack().endpoints["os"].families}
    some = [
        found["exp"].model_copy(update={"criterion": 1.0, "concerns": ["one"]}),
        found["genf"].model_copy(update={"concerns": []}),
        found["weibull"].model_copy(update={"criterion": 3.0, "concerns": []}),
        found["lnorm"].model_copy(update={"criterion": 2.0, "concerns": []}),
        found["llogis"].model_copy(update={"criterion": 10.0, "concerns": []}),
        found["gamma"].model_copy(update={"criterion": None, "concerns": []}),
    ]
    placed = ranked(some)

    assert [family.family for family in placed] == ["lnorm", "weibull", "exp", "llogis", "gamma", "genf"]
    assert [family.criterion_rank for family in placed] == [2, 3, 1, 4, None, None]
    total = np.exp(-0.5) + np.exp(-1.0) + np.exp(-1.5) + np.exp(-5.0)
    assert placed[0].weight == pytest.approx(np.exp(-1.0) / total, rel=1e-12)


def test_an_external_landmark_stands_on_the_models_clock() -> None:
    pack = exponential_pack()
    (landmark,) = pack.endpoints["os"].external
    survival = float(np.exp(-33.0 * rate(pack, "os", "standard")))

    assert (landmark.time, landmark.reported_time, landmark.origin) == (33.0, 36.0, 3.0)
    assert (landmark.survival.value, landmark.survival.low, landmark.survival.high) == (0.3, 0.25, 0.35)
    assert landmark.by_family["exp"] == pytest.approx(survival, rel=1e-12)
    (concern,) = (words for words in in_use(pack, "os").concerns if LANDMARK in words)
    assert concern == (
        f"standard: survival of {survival:.1%} at month 33 is below the 95% interval of {LANDMARK}, 25.0% to 35.0%."
    )


def test_reported_points_and_their_log_cumulative_hazard() -> None:
    """ln(-ln 0.5) at ln 12 and ln(-ln 0.2) at ln 24; the binomial SE of ln(-ln S) at n = 150 by the delta method."""
    evidence = exponential_pack().endpoints["os"]
    points = {point.id: point for point in evidence.points}
    median, later = points["survival.os.standard.median"], points["survival.os.standard.survival_later"]

    assert (median.time, median.survival) == (12.0, 0.5)
    assert (median.low, median.high) == pytest.approx((9.6, 15.0))
    error = np.sqrt(0.2 * 0.8 / 150) / (0.2 * -np.log(0.2))
    ends = np.exp(-np.exp(np.log(-np.log(0.2)) + 1.959964 * error * np.array([1.0, -1.0])))
    assert (later.low, later.high) == pytest.approx(tuple(ends), rel=1e-12)
    found = evidence.log_cumulative_hazard["standard"]
    np.testing.assert_allclose(found.log_time, np.log([12.0, 24.0]), rtol=1e-14)
    np.testing.assert_allclose(found.log_hazard, np.log(-np.log([0.5, 0.2])), rtol=1e-14)
    assert evidence.comparisons == []
    assert "need patients or a digitised curve" in evidence.comparisons_note
    assert evidence.sources == {"standard": "reported", "active": "reported"}


def test_survival_at_the_horizon_and_crossing_are_said() -> None:
    """OS of 12 months' median at 2 years; a PFS with a median of 20 months is above it from the first week."""
    start = "survival.pfs.standard."
    changes: dict[str, Scalar] = {"settings.time_horizon": 2, start + "median": 20, start + "median.low": 16}
    changes |= {start + "median.high": 25, start + "survival_later": 0.66}
    pack = changed_pack(changes)
    progression, overall = rate(pack, "pfs", "standard"), rate(pack, "os", "standard")
    weeks = np.arange(0.0, 105.0) * 7.0 / 30.4375
    gap = np.exp(-progression * weeks) - np.exp(-overall * weeks)
    first, largest = weeks[gap > 0.001][0], 100.0 * gap.max()

    left = f"standard: {np.exp(-24.0 * overall):.1%} are left at the horizon of 24 months, more than 5%."
    assert left in in_use(pack, "os").concerns
    words = f"by more than 0.1 percentage points from month {first:.1f}, by up to {largest:.2g}."
    assert f"standard: PFS is above the OS in use {words}" in in_use(pack, "pfs").concerns
    assert f"standard: the PFS in use is above OS {words}" in in_use(pack, "os").concerns
    assert list(in_use(pack, "os").curves["standard"].survival_by_year) == [1, 2]


def test_an_infinite_mean_is_said() -> None:
    """A log-logistic curve has an infinite mean where its shape is 1 or less, as with 50% at 12 and 40% at 24 months.

    The shape is the slope of the log odds of the event by log time: ln(1.5) / ln(2) = 0.58.
    """
    changes: dict[str, Scalar] = {f"curve.os.{s}.family": "llogis" for s in ("standard", "active")}
    family = in_use(changed_pack(changes | {"survival.os.standard.survival_later": 0.4}), "os")

    assert np.exp(family.coefficients[0]) == pytest.approx(np.log(1.5) / np.log(2.0), rel=1e-6)
    assert np.isinf(family.curves["standard"].mean)
    assert [words for words in family.concerns if "standard: the unrestricted mean is infinite" in words]
    assert not [words for words in family.concerns if "active: the unrestricted mean" in words]


def test_the_populations_hazard(tmp_path: Path) -> None:
    """Everybody dies at 1.2 a year, 0.1 a month, whatever the age: more than either exponential OS."""
    file = tmp_path / "table.csv"
    file.write_text("age,mx_male,mx_female\n" + "".join(f"{age},1.2,1.2\n" for age in range(111)), encoding="utf-8")
    background: dict[str, Scalar] = {"method": "floor", "life_table": str(file), "mean_age": 60}
    background |= {"sd_age": 5, "youngest_age": 18, "share_male": 0.5}
    pack = changed_pack({f"background.{name}": value for name, value in background.items()})
    evidence = pack.endpoints["os"]

    assert evidence.background_hazard is not None
    np.testing.assert_allclose(evidence.background_hazard, 0.1, rtol=1e-9)
    assert rate(pack, "os", "standard") < 0.1 < rate(pack, "pfs", "standard")
    words = "the hazard is below the population's from month 1, at 120 of 120 whole months within the horizon"
    assert f"standard: {words}; the floor will bind there." in evidence.in_use.concerns
    assert not [each for each in in_use(pack, "pfs").concerns if "standard: the hazard is below" in each]
    after = pack.death_after_progression["standard"]
    assert after.background is not None
    np.testing.assert_allclose(after.background, 0.1, rtol=1e-9)
    overall, free, share = 0.1, rate(pack, "pfs", "standard"), after.share_deaths
    alive, progression_free = np.exp(-overall * after.months), np.exp(-free * after.months)
    expected = (overall * alive - share * free * progression_free) / (alive - progression_free)
    np.testing.assert_allclose(after.hazard[52:200], expected[52:200], rtol=1e-3)


def test_medians_with_the_populations_mortality_in_the_curves(tmp_path: Path) -> None:
    """Excess and population hazards are constant, e and 0.01 a month: the median is ln 2 / (e + 0.01).

    The ends of the interval of the median and of survival at 5 years belong to the same two draws of e; the median is
    interpolated between straight lines of log time and log cumulative hazard, which is exact for constant hazards.
    """
    file = tmp_path / "table.csv"
    file.write_text("age,mx_male,mx_female\n" + "".join(f"{age},0.12,0.12\n" for age in range(111)), encoding="utf-8")
    background: dict[str, Scalar] = {"method": "excess_hazard", "life_table": str(file), "mean_age": 60}
    background |= {"sd_age": 5, "youngest_age": 18, "share_male": 0.5}
    changes: dict[str, Scalar] = {f"background.{name}": value for name, value in background.items()}
    pack = changed_pack(changes | {"trial.median_follow_up": None})
    curve = in_use(pack, "os").curves["active"]
    excess, later = rate(pack, "os", "active"), curve.survival_by_year[5]

    assert curve.median.value == pytest.approx(np.log(2.0) / (excess + 0.01), rel=1e-9)
    assert later.low is not None
    assert later.high is not None
    hazards = -np.log([later.low, later.high]) / 60.0
    assert (curve.median.low, curve.median.high) == pytest.approx(tuple(np.log(2.0) / hazards), rel=1e-9)
    assert not [words for words in in_use(pack, "os").concerns if "below the population's" in words]


def test_hazard_after_progression() -> None:
    """Deaths (OS) less those among patients who leave PFS, over those progressed; differences are good to 1e-3.

    With a share of deaths of 0.9 the numerator is below 0 until t = ln(0.9 a / b) / (a - b), for hazards a of PFS
    and b of OS.
    """
    pack = changed_pack({"pfs_events.share_deaths.standard": 0.9})
    a, b = rate(pack, "pfs", "standard"), rate(pack, "os", "standard")
    found = pack.death_after_progression["standard"]
    free, alive = np.exp(-a * found.months), np.exp(-b * found.months)
    late = slice(52, 260)
    expected = (b * alive - 0.9 * a * free) / (alive - free)

    np.testing.assert_allclose(found.hazard[late], expected[late], rtol=1e-3)
    middles = (np.arange(521) + 0.5) * 7.0 / 30.4375
    last = int(middles[middles < np.log(0.9 * a / b) / (a - b)][-1]) + 1
    assert found.months_negative == found.months_below == list(range(1, last + 1))
    assert f"is below 0 in {last} months (1-{last})" in found.finding
    assert pack.death_after_progression["active"].finding.endswith("is never below 0.")


def test_ranges_of_months() -> None:
    assert in_ranges((1, 2, 3, 7, 9, 10)) == "1-3, 7, 9-10"


def test_life_years_beyond_follow_up() -> None:
    """Trapezoids of exponential survival in cycles of 7 days, each discounted at its middle with 2% a year.

    20 months are 86 weeks and 6.75 days, ten years 521 weeks and 5.5 days.
    """
    pack = exponential_pack()
    found = pack.beyond_follow_up
    assert found is not None
    assert (pack.follow_up, pack.horizon, found.follow_up) == (FOLLOW_UP, HORIZON, FOLLOW_UP)
    years = {}
    for strategy in ("standard", "active"):
        hazard = rate(pack, "os", strategy)
        lived = []
        for days in (np.append(7.0 * np.arange(87.0), 608.75), np.append(7.0 * np.arange(522.0), 3652.5)):
            alive = np.exp(-hazard * days / 30.4375)
            factors = 1.02 ** (-(days[1:] + days[:-1]) / 2.0 / 365.25)
            lived.append(float((alive[1:] + alive[:-1]) / 2.0 * np.diff(days) @ factors))
        years[strategy] = np.array(lived)
        assert found.life_years[strategy] == pytest.approx(1.0 - years[strategy][0] / years[strategy][1], rel=1e-9)
    increment = years["active"] - years["standard"]
    assert found.incremental_life_years == pytest.approx({"active": 1.0 - increment[0] / increment[1]}, rel=1e-9)
    assert 0.0 < found.qalys["standard"] < 1.0


def test_without_a_follow_up() -> None:
    pack = changed_pack({"trial.median_follow_up": None})

    assert pack.follow_up is None
    assert pack.beyond_follow_up is None
    assert in_use(pack, "os").curves["active"].beyond_follow_up is None
    assert pack.endpoints["os"].follow_up.basis.startswith("The follow-up is not known")
    assert pack.endpoints["os"].statistics is None
    assert pack.endpoints["os"].statistics_note.startswith("No trials could be simulated.")


def test_spread_of_the_means() -> None:
    """The delta method by hand: d mean / d ln rate = H exp(-rate H) - mean; the arms are independent."""
    pack = exponential_pack()
    found = pack.endpoints["os"].statistics
    assert found is not None
    errors = []
    for j, strategy in enumerate(("standard", "active")):
        hazard = rate(pack, "os", strategy)
        slope = HORIZON * np.exp(-hazard * HORIZON) - restricted_mean(hazard, HORIZON)
        errors.append(abs(slope) * in_use(pack, "os").errors[j])
    spread = found.spread

    assert [each.label for each in spread] == ["standard", "active", "active - standard"]
    assert [each.independent for each in spread] == pytest.approx([*errors, np.hypot(*errors)], rel=1e-6)
    assert [e.ratio for e in spread] == pytest.approx([e.correlated / e.independent for e in spread], rel=1e-12)
    assert spread[2].mean == pytest.approx(spread[1].mean - spread[0].mean, rel=1e-12)
    assert found.ids[:2] == ["survival.os.standard.median", "survival.os.standard.survival_later"]
    assert found.used == "independent"
    np.testing.assert_allclose(found.patients, 150.0)
    np.testing.assert_allclose(np.diag(found.correlation), 1.0)
    assert found.correlation[0, 1] < -0.3
    assert found.trials == 200
    assert np.abs(found.correlation[:2, 2:]).max() < 4.0 / np.sqrt(200)


def test_families_that_differ_between_strategies_are_one_entry() -> None:
    pack = evidence_pack(small_model({"curve.os.active.family": "lnorm"}), seed=1).evidence
    family = in_use(pack, "os")

    assert family.family == "weibull / lnorm"
    assert [family.curves[s].family for s in ("standard", "active")] == ["weibull", "lnorm"]
    assert len(pack.endpoints["os"].families) == 9


def test_an_average_in_use_has_no_criterion_to_compare() -> None:
    formula = "average(weibull, llogis)"
    pack = evidence_pack(
        small_model({f"curve.os.{s}.family": formula for s in ("standard", "active")}), seed=1
    ).evidence
    family = in_use(pack, "os")

    assert family.family == formula
    assert (family.criterion, family.weight, family.criterion_rank) == (None, None, None)
    assert family.curves["active"].median.low is not None
    assert "average of families" in pack.endpoints["os"].statistics_note


@pytest.mark.parametrize("horizon", [24.0, 30.1, 120.0])
def test_the_grid_has_every_whole_month(horizon: float) -> None:
    months = grid(horizon)

    assert months[0] == 0.25
    assert months[-1] == horizon
    assert (np.diff(months) > 0.0).all()
    assert set(np.arange(1.0, np.floor(horizon) + 1.0)) <= set(months)
