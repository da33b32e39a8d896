"""The evidence pack of curves fitted to patients: `survival::lung` of R, by sex.

Facts with which it is compared are those that R (survival 3.5) prints for ``lung``: ``survfit(Surv(time, status) ~
sex)``: 138 men, 112 events, median 270 days; 90 women, 53 events, median 426. ``coxph(Surv(time, status) ~ sex)``:
coefficient -0.5310, SE 0.1672, hazard ratio 0.588 (0.4237 to 0.816); ``cox.zph``: 2.86 on 1 degree of freedom,
P = 0.091.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model

from hemodel.analyses.evidence.data import follow_up, reverse_median, round_times
from hemodel.analyses.evidence.families import NEED_PATIENTS, mean_rule, percentiles
from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.survival.patients.data import patients

if TYPE_CHECKING:
    from hemodel.analyses.evidence.records import Evidence
    from hemodel.inputs.cells import Scalar

LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"
MONTH = 30.4375
SEX = {"1": "standard", "2": "active"}


def lung() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times in days and events, by strategy."""
    with LUNG.open(encoding="utf-8", newline="") as file:
        rows = [(SEX[row["sex"]], float(row["time"]), float(row["event"])) for row in csv.DictReader(file)]
    found = {}
    for strategy in ("standard", "active"):
        mine = np.array([(time, event) for each, time, event in rows if each == strategy])
        found[strategy] = (mine[:, 0], mine[:, 1])
    return found


def pack_of_lung(folder: Path) -> Evidence:
    file = folder / "lung.csv"
    lines = [
        f"{time:g},{event:g},{s}"
        for s, (times, events) in lung().items()
        for time, event in zip(times, events, strict=True)
    ]
    file.write_text("time,event,strategy\n" + "\n".join(lines), encoding="utf-8")
    changes: dict[str, Scalar] = {"trial.median_follow_up": None}
    for strategy in ("standard", "active"):
        prefix = f"curve.os.{strategy}."
        changes |= {prefix + "source": "patients", prefix + "data": str(file), prefix + "time_unit": "days"}
    return evidence_pack(small_model(changes), seed=1).evidence


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return pack_of_lung(tmp_path_factory.mktemp("lung"))


def test_observed_curves(pack: Evidence) -> None:
    observed = pack.endpoints["os"].observed
    for strategy, (patients_, events, median) in {"standard": (138, 112, 270), "active": (90, 53, 426)}.items():
        found, (times, died) = observed[strategy], lung()[strategy]

        assert (found.patients, found.events, found.censored) == (patients_, events, patients_ - events)
        assert found.median.value == pytest.approx(median / MONTH, rel=1e-12)
        assert not found.digitised
        assert (found.times[0], found.survival[0], found.low[0], found.high[0]) == (0.0, 1.0, 1.0, 1.0)
        counted = [(times >= MONTH * each - 1e-9).sum() for each in found.at_risk_times]
        np.testing.assert_array_equal(found.at_risk, counted)
        deaths, at_risk = (died[times == times.min()].sum(), times.size)
        assert found.survival[1] == pytest.approx(1.0 - deaths / at_risk, rel=1e-12)


def test_follow_up_is_the_reverse_median(pack: Evidence) -> None:
    """The reverse median of all, from its product over censoring times by hand."""
    times = np.concatenate([each[0] for each in lung().values()])
    censored = np.concatenate([1.0 - each[1] for each in lung().values()])
    level = 1.0
    for time in np.unique(times):
        level *= 1.0 - censored[times == time].sum() / (times >= time).sum()
        if level <= 0.5:
            break

    assert pack.follow_up == pytest.approx(time / MONTH, rel=1e-12)
    followed = pack.endpoints["os"].follow_up
    assert followed.reported is None
    assert followed.last == pytest.approx({s: each[0].max() / MONTH for s, each in lung().items()})
    assert pack.endpoints["pfs"].follow_up.months is None


def test_no_follow_up_where_nobody_is_censored_in_time() -> None:
    """Three events and no censoring: the reverse curve stays at 1."""
    assert np.isinf(reverse_median(patients([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])))
    assert follow_up([], {}).months is None


def test_comparison_with_the_comparator(pack: Evidence) -> None:
    """R prints 3 or 4 digits."""
    (found,) = pack.endpoints["os"].comparisons

    assert (found.reference, found.strategy, found.notes) == ("standard", "active", [])
    assert found.hazard_ratio is not None
    assert found.hazard_ratio.value == pytest.approx(np.exp(-0.5310), abs=5e-5)
    assert found.hazard_ratio.low == pytest.approx(0.4237, abs=5e-5)
    assert found.hazard_ratio.high == pytest.approx(0.816, abs=5e-4)
    assert found.proportional_hazards is not None
    assert found.proportional_hazards.statistic == pytest.approx(2.86, abs=5e-3)
    assert found.proportional_hazards.p_value == pytest.approx(0.091, abs=5e-4)
    assert found.schoenfeld is not None
    assert found.schoenfeld.time.size == 165
    assert found.quantiles is not None
    x, y = found.quantiles.reference, found.quantiles.strategy
    assert found.quantiles.slope == pytest.approx(np.linalg.lstsq(x[:, None], y, rcond=None)[0][0], rel=1e-12)
    assert found.constant_acceleration is not None
    assert found.constant_acceleration.degrees_of_freedom == 2
    assert pack.endpoints["os"].comparisons_note == ""


def test_criteria_of_the_exponential(pack: Evidence) -> None:
    """log L = sum over strategies of d ln(d / T) - d, with p = 2 and n = 228."""
    (found,) = (each for each in pack.endpoints["os"].families if each.family == "exp")
    events = {strategy: (died.sum(), times.sum() / MONTH) for strategy, (times, died) in lung().items()}
    log_likelihood = sum(d * np.log(d / total) - d for d, total in events.values())

    assert found.criterion_name == "AIC"
    assert found.aic == found.criterion
    assert found.aic == pytest.approx(4.0 - 2.0 * log_likelihood, rel=1e-12)
    assert found.bic == pytest.approx(2.0 * np.log(228.0) - 2.0 * log_likelihood, rel=1e-12)
    assert found.aicc == pytest.approx(4.0 - 2.0 * log_likelihood + 12.0 / 225.0, rel=1e-12)
    assert found.bic_events == pytest.approx(2.0 * np.log(165.0) - 2.0 * log_likelihood, rel=1e-12)
    assert found.largest_z is None
    np.testing.assert_allclose(np.exp(found.coefficients), [d / total for d, total in events.values()], rtol=1e-9)
    np.testing.assert_allclose(found.errors, [d**-0.5 for d, _ in events.values()], rtol=1e-7)


def test_families_that_need_patients(pack: Evidence) -> None:
    """A family with all others inside it is at least as likely: a spline with one knot more than the Weibull."""
    found = {family.family: family for family in pack.endpoints["os"].families}

    assert set(NEED_PATIENTS) <= set(found)
    assert not set(NEED_PATIENTS) & {family.family for family in pack.endpoints["pfs"].families}
    weibull, spline = found["weibull"], found["spline(hazard, 1 knot)"]
    assert weibull.in_use
    assert weibull.aic is not None
    assert spline.aic is not None
    assert spline.aic - 2.0 * 6 <= weibull.aic - 2.0 * 4
    assert sum(each.weight or 0.0 for each in found.values()) == pytest.approx(1.0, rel=1e-12)


def test_points_of_the_log_cumulative_hazard_are_those_of_the_observed_curve(pack: Evidence) -> None:
    evidence = pack.endpoints["os"]
    points, curve = evidence.log_cumulative_hazard["active"], evidence.observed["active"]
    at = np.searchsorted(curve.times, np.exp(points.log_time) * (1.0 + 1e-12), side="right") - 1

    np.testing.assert_allclose(np.exp(-np.exp(points.log_hazard)), curve.survival[at], rtol=1e-12)
    assert evidence.smoothed["active"].times[-1] == curve.times[-1]
    assert evidence.statistics is None
    assert evidence.statistics_note == "No curve of os is fitted to reported statistics."


@pytest.mark.parametrize(("last", "step"), [(10.0, 1.5), (33.6, 6.0), (60.0, 9.0), (0.9, 0.25), (2000.0, 2000.0 / 7.0)])
def test_round_times(last: float, step: float) -> None:
    times = round_times(last)

    np.testing.assert_allclose(np.diff(times), step, rtol=1e-12)
    assert times[0] == 0.0
    assert last - step < times[-1] <= last
    assert times.size <= 8


def test_quadrature_of_the_draws() -> None:
    """Weibull curves exp(-(t / 20)^k): the area up to 120 is 20 gamma(1 + 1 / k) P(1 / k, 6^k)."""
    from scipy.special import gamma, gammainc

    nodes, weights = mean_rule(120.0)
    for shape in (0.7, 1.0, 2.5):
        area = 20.0 * gamma(1.0 + 1.0 / shape) * gammainc(1.0 / shape, 6.0**shape)
        assert np.exp(-((nodes / 20.0) ** shape)) @ weights == pytest.approx(area, rel=1e-6)


def test_percentiles_keep_what_is_infinite() -> None:
    """Of 1 to 1,000 the 25th and the 975th; with 50 of them infinite the upper end is."""
    values = np.arange(1.0, 1001.0)
    assert percentiles(values) == (25.0, 975.0)
    values[-50:] = np.inf
    assert percentiles(values) == (25.0, float("inf"))
    assert percentiles(np.array([np.nan])) == (None, None)
