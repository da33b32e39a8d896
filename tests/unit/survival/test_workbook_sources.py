"""Curves from every kind of source, from the rows of a workbook to the fitted curve of a model.

Patients are those of `survival::lung` of R in days, whose coefficients by flexsurv 2.3 stand in
tests/reference/data, or patients for whom the estimate has a closed form (exponential: events over time at risk).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import FILE, STRATEGIES, base_outcomes, no_discounting, small_model, small_rows, workbook

from hemodel.analyses.load import load_rows
from hemodel.analyses.psa.blocks import block_draws
from hemodel.errors import InputError
from hemodel.inputs.cells import DataTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Array = NDArray[np.float64]

DATA = Path(__file__).parents[2] / "reference" / "data"
MONTH = 30.4375
LN_MONTH = float(np.log(MONTH))
REPRODUCED = 1e-9
"""Newton's method ends far below this, and the reference is polished to a gradient near 1e-7 or less."""


def lung() -> tuple[Array, Array]:
    """Times in days and events."""
    with (DATA / "flexsurv_lung_data.csv").open(encoding="utf-8", newline="") as file:
        found = np.array([(float(row["time"]), float(row["event"])) for row in csv.DictReader(file)])
    return found[:, 0], found[:, 1]


def flexsurv(model: str) -> dict[str, tuple[float, float]]:
    """Coefficients on the estimation scale and their standard errors, for times in days."""
    with (DATA / "flexsurv_lung_polished_parameters.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["dataset"], row["model"]) == ("lung", model)]
    return {row["parameter"]: (float(row["est_estscale"]), float(row["se_estscale"])) for row in rows}


def write(name: str, header: str, rows: Iterable[Sequence[object]]) -> str:
    """Write a CSV file into the current folder, and return its name."""
    text = "\n".join([header, *(",".join(str(cell) for cell in row) for row in rows)])
    Path(name).write_text(text + "\n", encoding="utf-8")
    return name


def curve(endpoint: str, strategy: str, **fields: Scalar) -> dict[str, Scalar]:
    """Changes to the rows of one curve."""
    return {f"curve.{endpoint}.{strategy}.{name}": value for name, value in fields.items()}


def from_lung(family: str, strategies: Sequence[str] = STRATEGIES) -> dict[str, Scalar]:
    """Changes that make OS of some strategies that of the patients of lung."""
    file = write("lung.csv", "time,event", zip(*lung(), strict=True))
    changes: dict[str, Scalar] = {}
    for strategy in strategies:
        changes |= curve("os", strategy, family=family, source="patients", data=file, time_unit="days")
    return changes


def coefficients(strategy: str, values: Mapping[str, tuple[float, float | None]]) -> dict[str, dict[str, Scalar]]:
    """Rows of published coefficients of OS: value and standard error, or none for an exact number."""
    return {
        f"coefficient.os.{strategy}.{name}": {
            "value": value,
            "se": se,
            "distribution": "fixed" if se is None else "fit",
        }
        for name, (value, se) in values.items()
    }


def own(model: Model, strategy: str, endpoint: str = "os") -> tuple[Array, Array]:
    """Coefficients and covariance of one curve."""
    fit = model.fits[endpoint]
    columns = fit.curves.columns[strategy]
    return fit.coefficients[columns], fit.covariance[columns, columns]


def survival(model: Model, strategy: str, months: Sequence[float] | Array, endpoint: str = "os") -> Array:
    fit = model.fits[endpoint]
    t = np.asarray(months, dtype=np.float64)
    return np.asarray(fit.curves.survival(strategy, t, fit.coefficients[None, :])[0])


def message(changes: Mapping[str, Scalar], rows: Mapping[str, Mapping[str, Scalar]] | None = None) -> str:
    """All problems of a model that is refused."""
    with pytest.raises(InputError) as refused:
        small_model(changes, rows)
    return str(refused.value)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models have the path small.xlsx, so that files are looked for in the current folder."""
    monkeypatch.chdir(tmp_path)


# Patients ------------------------------------------------------------------------------------------------------------

DAYS_TO_MONTHS = {
    "exp": {"rate": LN_MONTH},
    "weibull": {"shape": 0.0, "scale": -LN_MONTH},
    "llogis": {"shape": 0.0, "scale": -LN_MONTH},
    "lnorm": {"meanlog": -LN_MONTH, "sdlog": 0.0},
    "gamma": {"shape": 0.0, "rate": LN_MONTH},
    "gengamma": {"mu": -LN_MONTH, "sigma": 0.0, "Q": 0.0},
}
"""What months add to flexsurv's coefficients for days: location and scale are times, rates 1 / time."""


@pytest.mark.parametrize("family", DAYS_TO_MONTHS)
def test_patients_in_days_give_the_coefficients_of_flexsurv_in_months(family: str) -> None:
    model = small_model(from_lung(family))
    found, covariance = own(model, "active")
    reference = flexsurv(family)
    moved = [value + DAYS_TO_MONTHS[family][name] for name, (value, _) in reference.items()]

    np.testing.assert_allclose(found, moved, rtol=0.0, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [se for _, se in reference.values()], rtol=1e-6)
    np.testing.assert_array_equal(own(model, "standard")[0], found)
    fit = model.fits["os"]
    half = found.size
    np.testing.assert_array_equal(fit.covariance[:half, half:], 0.0)


@pytest.mark.parametrize(("unit", "days"), [("days", 1.0), ("weeks", 7.0), ("months", MONTH), ("years", 365.25)])
def test_units_of_patients(unit: str, days: float) -> None:
    """Exponential: the rate per month is events over months at risk."""
    time, event = lung()
    file = write("own.csv", "time,event", zip(time / days, event, strict=True))
    changes = curve("os", "active", family="exp", source="patients", data=file, time_unit=unit)
    found, covariance = own(small_model(changes), "active")

    assert found[0] == pytest.approx(np.log(event.sum() / (time.sum() / MONTH)), rel=REPRODUCED)
    assert covariance[0, 0] == pytest.approx(1.0 / event.sum(), rel=1e-7)


def test_a_sheet_of_the_workbook_is_read_like_a_file() -> None:
    """Two strategies in one sheet, empty rows between, weights: rates are weighted events over weighted months."""
    table = DataTable(
        FILE,
        "Data OS",
        (
            (None, None, None, None),
            ("strategy", "time", "event", "weight"),
            *[("standard", t, 1, 1) for t in (2, 4, 6, 8)],
            (None, None, None, None),
            *[("active", t, 1, 2) for t in (5, 10)],
            ("active", 20, 0, 3),
        ),
    )
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    for strategy in STRATEGIES:
        given = curve("os", strategy, family="exp", source="patients", data="Data OS", time_unit="months")
        rows |= {id_: {**rows.get(id_, {}), "value": value} for id_, value in given.items()}
    raw = workbook(rows)
    raw.tables = {"Data OS": table}
    model = load_rows(Path(FILE), raw)

    assert own(model, "standard")[0][0] == pytest.approx(np.log(4.0 / 20.0), rel=REPRODUCED)
    assert own(model, "active")[0][0] == pytest.approx(np.log(4.0 / (2.0 * 15.0 + 3.0 * 20.0)), rel=REPRODUCED)

    doubled = (*table.rows[:1], ("strategy", "time", "event", "time"), *table.rows[2:])
    raw.tables = {"Data OS": DataTable(FILE, "Data OS", doubled)}
    with pytest.raises(InputError, match=r"small.xlsx, Data OS: column 'time' is there more than once"):
        load_rows(Path(FILE), raw)


def test_a_hazard_ratio_from_patients_of_both_strategies() -> None:
    """Exponential curves under proportional hazards: HR is the ratio of the rates, var(ln HR) = 1/d0 + 1/d1."""
    old, new = (np.array([1.0, 3.0, 4.0, 9.0, 13.0]), np.array([5.0, 8.0, 8.0, 20.0, 21.0, 40.0]))
    events = {"standard": np.array([1, 1, 1, 1, 0]), "active": np.array([1, 1, 0, 1, 1, 0])}
    file = write(
        "both.csv",
        "time,event,strategy",
        [(t, e, s) for s, times in (("standard", old), ("active", new)) for t, e in zip(times, events[s], strict=True)],
    )
    source: dict[str, Scalar] = {"source": "patients", "data": file, "time_unit": "months"}
    changes = curve("os", "standard", family="exp", **source)
    changes |= curve("os", "active", relation="proportional_hazards", reference="standard", **source)
    fit = small_model(changes).fits["os"]
    rates = {s: e.sum() / t.sum() for (s, e), t in zip(events.items(), (old, new), strict=True)}

    assert fit.curves.names == ("standard: log(rate)", "active: log(hazard ratio)")
    expected = [np.log(rates["standard"]), np.log(rates["active"] / rates["standard"])]
    np.testing.assert_allclose(fit.coefficients, expected, rtol=REPRODUCED)
    np.testing.assert_allclose(fit.covariance, [[1 / 4, -1 / 4], [-1 / 4, 1 / 4 + 1 / 4]], rtol=1e-7)


# Digitised curves ----------------------------------------------------------------------------------------------------


def product_limit(time: Array, event: Array) -> tuple[Array, Array]:
    """Times of events and survival after them, by the product of (n - d) / n."""
    steps = np.unique(time[event == 1])
    factors = [1.0 - ((time == t) & (event == 1)).sum() / (time >= t).sum() for t in steps]
    return steps, np.cumprod(factors)


def read_off(time: Array, event: Array) -> dict[str, Scalar]:
    """Write a curve as it is read off a figure, every second day to three digits, and its numbers at risk."""
    steps, left = product_limit(time, event)
    grid = np.arange(0.0, time.max(), 2.0)
    read = np.concatenate([[1.0], left])[np.searchsorted(steps, grid, side="right")]
    at = np.arange(0.0, time.max(), 182.0)
    return {
        "source": "digitised",
        "data": write("read.csv", "time,survival", zip(grid, read.round(3), strict=True)),
        "at_risk": write("risk.csv", "time,at_risk", [(t, int((time >= t).sum())) for t in at]),
        "total_events": int(event.sum()),
        "time_unit": "days",
    }


@pytest.mark.parametrize("family", ["weibull", "llogis"])
def test_a_digitised_curve_is_near_that_of_its_patients(family: str) -> None:
    """Restricted means over 24 months within 3%, medians within 3%; the patients' own coefficients are flexsurv's."""
    shape, scale = (value for value, _ in flexsurv(family).values())
    shape, scale = np.exp(shape), np.exp(scale) / MONTH
    t = np.linspace(0.0, 24.0, 4801)
    powers = (t / scale) ** shape
    true = np.exp(-powers) if family == "weibull" else 1.0 / (1.0 + powers)
    model = small_model(curve("os", "active", family=family, **read_off(*lung())))
    found = survival(model, "active", t)

    assert np.trapezoid(found, t) == pytest.approx(np.trapezoid(true, t), rel=0.03)
    assert np.interp(0.5, found[::-1], t[::-1]) == pytest.approx(np.interp(0.5, true[::-1], t[::-1]), rel=0.03)
    source = model.fits["os"].sources["active"]
    assert source.data is not None
    assert (source.data.time.size, source.data.event.sum()) == (228, 165)


def test_the_parts_of_a_digitised_curve_are_asked_for_together() -> None:
    text = message(curve("os", "active", source="digitised"))
    for name in ("data", "at_risk", "time_unit"):
        assert f"the source digitised needs curve.os.active.{name}. Fill in curve.os.active.{name}" in text


# Published coefficients ----------------------------------------------------------------------------------------------

WEIBULL = {"intercept": (6.2, 0.06), "log_scale": (-0.28, 0.05)}
"""As `survreg` prints a Weibull curve: S(t) = exp(-(t / exp(Intercept))^(1 / scale)), t in days."""


def published(
    strategy: str, program: str = "survreg", unit: str = "days", family: str = "weibull"
) -> dict[str, Scalar]:
    return curve("os", strategy, family=family, source="coefficients", parameterisation=program, time_unit=unit)


def test_a_weibull_of_survreg_in_days() -> None:
    covariance: dict[str, dict[str, Scalar]] = {"covariance.os.active.intercept.log_scale": {"value": -0.0009}}
    model = small_model(published("active"), coefficients("active", WEIBULL) | covariance)
    months = np.array([0.0, 1.0, 12.0, 60.0])
    expected = np.exp(-((months * MONTH / np.exp(6.2)) ** np.exp(0.28)))
    found, spread = own(model, "active")

    np.testing.assert_allclose(survival(model, "active", months), expected, rtol=1e-12)
    np.testing.assert_allclose(found, [0.28, 6.2 - LN_MONTH], rtol=1e-13)
    np.testing.assert_allclose(spread, [[0.05**2, 0.0009], [0.0009, 0.06**2]], rtol=1e-9)


@pytest.mark.parametrize(
    ("family", "values", "formula"),
    [
        ("exp", {"rate": 0.002}, lambda d: np.exp(-0.002 * d)),
        ("gompertz", {"shape": 0.001, "rate": 0.002}, lambda d: np.exp(-2.0 * np.expm1(0.001 * d))),
        ("weibullPH", {"shape": 1.4, "scale": 0.0003}, lambda d: np.exp(-0.0003 * d**1.4)),
        ("llogis", {"shape": 1.7, "scale": 300.0}, lambda d: 1.0 / (1.0 + (d / 300.0) ** 1.7)),
    ],
)
@pytest.mark.parametrize(("unit", "days"), [("days", 1.0), ("weeks", 7.0), ("months", MONTH), ("years", 365.25)])
def test_parameters_as_flexsurv_prints_them_in_any_unit(
    family: str, values: dict[str, float], formula: object, unit: str, days: float
) -> None:
    """The numbers are those of the unit named, so t months are t x 30.4375 / days of them."""
    rows = coefficients("active", {name: (value, None) for name, value in values.items()})
    model = small_model(published("active", "flexsurv_natural", unit, family), rows)
    months = np.array([0.0, 0.5, 3.0, 20.0]) * days / MONTH * 100.0 / np.sqrt(days)
    assert callable(formula)
    np.testing.assert_allclose(survival(model, "active", months), formula(months * MONTH / days), rtol=1e-11)
    np.testing.assert_array_equal(own(model, "active")[1], 0.0)


def test_a_published_spline_in_days() -> None:
    """flexsurv's spline of lung with one knot: log H(t) = g0 + g1 x + g2 v(x), x = ln days; knots in days."""
    with (DATA / "flexsurv_lung_spline_knots.csv").open(encoding="utf-8", newline="") as file:
        logs = [float(row["knot_log_time"]) for row in csv.DictReader(file) if row["model"] == "spline_h_k1"]
    reference = flexsurv("spline_h_k1")
    family = f"spline(hazard, knots at {' '.join(repr(float(np.exp(x))) for x in logs)})"
    model = small_model(published("active", "flexsurv", "days", family), coefficients("active", reference))
    months = np.array([1.0, 6.0, 12.0, 30.0])
    a, k, b = logs
    x = np.log(months * MONTH)
    share = (b - k) / (b - a)
    cubes = [np.maximum(x - knot, 0.0) ** 3 for knot in (a, k, b)]
    v = cubes[1] - share * cubes[0] - (1.0 - share) * cubes[2]
    g = [value for value, _ in reference.values()]

    np.testing.assert_allclose(
        survival(model, "active", months), np.exp(-np.exp(g[0] + g[1] * x + g[2] * v)), rtol=1e-11
    )


def test_what_is_wrong_with_published_coefficients() -> None:
    assert "coefficient.os.active.intercept has no standard error. Enter its standard error" in message(
        published("active"), {"coefficient.os.active.intercept": {"value": 6.0, "distribution": "fit"}}
    )
    assert "there are no published coefficients of active" in message(published("active"))
    assert "'survregg' is not a known parameterisation" in message(
        published("active", "survregg"), coefficients("active", WEIBULL)
    )
    stray: dict[str, dict[str, Scalar]] = {"covariance.os.active.intercept.shape": {"value": 0.1}}
    assert "It must be of two different coefficients: intercept, log_scale" in message(
        published("active"), coefficients("active", WEIBULL) | stray
    )
    piecewise = published("active", "flexsurv_natural", "days", "piecewise(90)")
    values = coefficients("active", {"rate_1": (0.001, None), "rate_2": (0.002, None)})
    assert "coefficients of piecewise(90) cannot be turned into months. Give them for times in months" in message(
        piecewise, values
    )


@pytest.mark.parametrize("family", ["spline(hazard, 1 knot)", "average(exp, weibull)"])
def test_published_coefficients_of_an_incomplete_family_are_refused(family: str) -> None:
    """Neither knots nor weights can be known without data."""
    names = {
        "spline(hazard, 1 knot)": ("gamma0", "gamma1", "gamma2"),
        "average(exp, weibull)": (
            "weight_exp",
            "weight_weibull",
            "log_exp_rate",
            "log_weibull_shape",
            "log_weibull_scale",
        ),
    }[family]
    rows = coefficients("active", dict.fromkeys(names, (0.5, None)))
    for unit in ("months", "days"):
        text = message(published("active", "flexsurv", unit, family), rows)
        assert f"coefficients of {family} are no curve without data" in text


# Several sources -----------------------------------------------------------------------------------------------------


def test_each_strategy_from_its_own_source() -> None:
    """Patients beside published coefficients beside reported statistics: each curve is what it is alone."""
    changes = from_lung("weibull", ["standard"]) | published("active")
    model = small_model(changes, coefficients("active", WEIBULL))
    alone = small_model(published("active"), coefficients("active", WEIBULL))
    reference = flexsurv("weibull")

    np.testing.assert_allclose(
        own(model, "standard")[0], [reference["shape"][0], reference["scale"][0] - LN_MONTH], atol=1e-8
    )
    np.testing.assert_allclose(own(model, "active")[0], [0.28, 6.2 - LN_MONTH], rtol=1e-12)
    np.testing.assert_array_equal(model.fits["os"].covariance[:2, 2:], 0.0)
    np.testing.assert_allclose(own(alone, "standard")[0], own(small_model(), "standard")[0], rtol=1e-12)
    np.testing.assert_array_equal(model.fits["pfs"].coefficients, small_model().fits["pfs"].coefficients)
    assert {s: source.kind for s, source in model.fits["os"].sources.items()} == {
        "standard": "patients",
        "active": "coefficients",
    }


def test_mixtures_that_are_refused() -> None:
    relative = curve("os", "active", relation="proportional_hazards", reference="standard")
    assert (
        "the curve of active is from reported and that of its reference from patients. Make it independent, or give "
        "both the same source"
    ) in message(from_lung("weibull", ["standard"]) | relative)
    both = published("active") | published("standard") | relative
    given = coefficients("active", WEIBULL) | coefficients("standard", WEIBULL)
    assert "published coefficients are those of an independent curve" in message(both, given)
    assert "km(6, exp) of active needs patients or a digitised curve, and the source is reported" in message(
        curve("os", "active", family="km(6, exp)")
    )
    tied = from_lung("km(6, exp)") | relative
    assert "km(6, exp) of standard cannot have relative curves (active)" in message(tied)


def test_data_that_are_not_there() -> None:
    text = message(curve("os", "active", source="patients", data="os.csv", time_unit="days"))
    assert "there is no sheet and no file 'os.csv'" in text
    file = write("others.csv", "time,event,strategy", [(1, 1, "other"), (2, 1, "other"), (3, 0, "other")])
    text = message(curve("os", "active", source="patients", data=file, time_unit="days"))
    assert "there are no patients of strategy active. There are: other" in text


# Averages, Kaplan-Meier curves, splines ------------------------------------------------------------------------------


def life_years(model: Model, strategy: str) -> float:
    """Undiscounted life-years of the base case."""
    outcomes = base_outcomes(model)
    place = outcomes.strategies.index(strategy)
    return float(outcomes.life_years.undiscounted[0, place].sum())


def test_an_average_is_the_weighted_mean_of_its_members() -> None:
    """Survival is averaged, so undiscounted life-years are, in the base case."""
    weights = {"weibull": 0.5, "llogis": 0.3, "lnorm": 0.2}
    formula = f"average({', '.join(f'{name} {weight}' for name, weight in weights.items())})"
    members = {name: life_years(small_model(from_lung(name) | no_discounting()), "active") for name in weights}
    found = life_years(small_model(from_lung(formula) | no_discounting()), "active")

    assert found == pytest.approx(sum(weights[name] * years for name, years in members.items()), rel=1e-9)
    assert max(members.values()) - min(members.values()) > 0.05


def test_weights_by_the_criterion_of_akaike() -> None:
    """exp(-AIC / 2) as shares of their sum, with the AIC that flexsurv gives; a change of unit adds the same to all."""
    with (DATA / "flexsurv_lung_polished_summary.csv").open(encoding="utf-8", newline="") as file:
        aic = {row["model"]: float(row["AIC"]) for row in csv.DictReader(file) if row["dataset"] == "lung"}
    names = ("weibull", "gamma", "gompertz")
    scores = np.exp(-0.5 * (np.array([aic[name] for name in names]) - aic["weibull"]))
    found, covariance = own(small_model(from_lung(f"average({', '.join(names)})")), "active")

    np.testing.assert_allclose(found[:3], scores / scores.sum(), rtol=1e-7)
    np.testing.assert_array_equal(covariance[:3], 0.0)
    assert found[3] == pytest.approx(flexsurv("weibull")["shape"][0], abs=1e-8)


def test_each_draw_of_an_average_has_one_member() -> None:
    """Shares of the members are binomial: within 4 standard errors of the weights in 4,000 draws."""
    weights = np.array([0.5, 0.3, 0.2])
    model = small_model(from_lung("average(weibull 0.5, llogis 0.3, lnorm 0.2)"))
    draws = block_draws(model, 5, 0, 4000)["curve.os"]
    columns = model.fits["os"].curves.columns
    chosen = draws[:, columns["active"]][:, :3]

    np.testing.assert_array_equal(np.sort(chosen, axis=1), np.tile([0.0, 0.0, 1.0], (4000, 1)))
    assert (np.abs(chosen.mean(axis=0) - weights) < 4.0 * np.sqrt(weights * (1.0 - weights) / 4000)).all()
    np.testing.assert_array_equal(chosen, draws[:, columns["standard"]][:, :3])
    reference = flexsurv("weibull")["shape"]
    spread = draws[:, columns["active"]][:, 3]
    assert spread.mean() == pytest.approx(reference[0], abs=4.0 * reference[1] / np.sqrt(4000))
    assert spread.std() == pytest.approx(reference[1], rel=4.0 / np.sqrt(2 * 4000))


def test_a_kaplan_meier_curve_and_then_a_family() -> None:
    """Up to month 12 the product-limit curve, then the exponential of those at risk later: d / sum(t - 12).

    The multiplier has the standard error of ln H at the last step: sqrt(sum d / (n (n - d))) / H.
    """
    time, event = lung()
    model = small_model(from_lung("km(12, exp)"))
    steps, left = product_limit(time, event)
    months = np.linspace(0.01, 11.99, 97)
    expected = np.concatenate([[1.0], left])[np.searchsorted(steps, months * MONTH, side="right")]
    found, covariance = own(model, "active")
    cut = 12.0 * MONTH
    late = time > cut
    rate = event[late].sum() / (time[late] - cut).sum() * MONTH
    before = steps <= cut
    died = np.array([((time == t) & (event == 1)).sum() for t in steps[before]])
    at_risk = np.array([(time >= t).sum() for t in steps[before]])
    se = np.sqrt((died / (at_risk * (at_risk - died))).sum()) / -np.log(left[before][-1])

    np.testing.assert_allclose(survival(model, "active", months), expected, rtol=1e-12)
    np.testing.assert_allclose(found, [0.0, np.log(rate)], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [se, 1.0 / np.sqrt(event[late].sum())], rtol=1e-8)
    later = survival(model, "active", [12.0, 20.0])
    assert later[1] / later[0] == pytest.approx(np.exp(-8.0 * rate), rel=1e-10)
    assert later[0] == pytest.approx(left[before][-1], rel=1e-12)


def test_a_spline_with_knots_through_three_statistics() -> None:
    """Three coefficients and three statistics of each strategy: the curve goes through all of them."""
    rows: dict[str, dict[str, Scalar]] = {
        f"survival.os.{strategy}.survival_early": {
            "value": early,
            "n": 150,
            "time": 6,
            "use_in_fit": "yes",
            "distribution": "fit",
        }
        for strategy, early in (("standard", 0.72), ("active", 0.8))
    }
    changes: dict[str, Scalar] = {f"curve.os.{s}.family": "spline(hazard, knots at 2 10 30)" for s in STRATEGIES}
    model = small_model(changes, rows)

    np.testing.assert_allclose(survival(model, "standard", [6.0, 12.0, 24.0]), [0.72, 0.5, 0.2], rtol=1e-7)
    np.testing.assert_allclose(survival(model, "active", [6.0, 16.0, 24.0]), [0.8, 0.5, 0.3], rtol=1e-7)
    assert np.diff(survival(model, "active", np.linspace(0.0, 120.0, 500))).max() < 0.0


# Excess hazard -------------------------------------------------------------------------------------------------------

PEOPLE = 0.12
"""Yearly death rate of the population at all ages, so that its hazard is 0.01 a month whoever is alive."""


def people(method: str) -> dict[str, Scalar]:
    """Changes for a population with one death rate, and a life table to match."""
    write("people.csv", "age,mx_male,mx_female", [(age, PEOPLE, PEOPLE) for age in range(18, 111)])
    return {
        "background.method": method,
        "background.life_table": "people.csv",
        "background.mean_age": 60,
        "background.sd_age": 8,
        "background.youngest_age": 18,
        "background.share_male": 0.5,
    }


def test_excess_hazard_of_an_exponential() -> None:
    """With both hazards constant their sum is what is estimated: the excess is d / T - 0.01, with SE sqrt(d) / T."""
    time, event = lung()
    months = time / MONTH
    model = small_model(from_lung("exp") | people("excess_hazard"))
    found, covariance = own(model, "active")
    total = event.sum() / months.sum()

    assert found[0] == pytest.approx(np.log(total - 0.01), rel=1e-9)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(np.sqrt(event.sum()) / months.sum() / (total - 0.01), rel=1e-7)
    np.testing.assert_allclose(
        survival(model, "active", [5.0, 50.0]), np.exp(-total * np.array([5.0, 50.0])), rtol=1e-9
    )
    assert model.fits["pfs"].curves.background is None


def test_excess_hazard_is_recovered_from_simulated_patients() -> None:
    """20,000 deaths at the minimum of a Weibull time (shape 1.5, scale 30 months) and one from the population.

    Each estimate is within 4 of its standard errors of the truth, and these are below 0.02.
    """
    rng = np.random.default_rng(11)
    disease = 30.0 * rng.weibull(1.5, 20_000)
    time = np.minimum(disease, rng.exponential(100.0, 20_000))
    event = (time < 60.0).astype(int)
    file = write("many.csv", "time,event", zip(np.minimum(time, 60.0), event, strict=True))
    changes = curve("os", "active", family="weibull", source="patients", data=file, time_unit="months")
    found, covariance = own(small_model(changes | people("excess_hazard")), "active")
    se = np.sqrt(np.diag(covariance))

    assert (np.abs(found - np.log([1.5, 30.0])) < 4.0 * se).all()
    assert se.max() < 0.02


def test_a_kaplan_meier_curve_is_not_one_of_the_excess_hazard() -> None:
    """It holds all deaths: the population's would count twice."""
    text = message(from_lung("km(12, exp)") | people("excess_hazard"))
    assert "counts the population's deaths already" in text


def test_weights_in_a_workbook_are_robust_and_said() -> None:
    """Of exponential times: the sum of w^2 (event - rate x time)^2 over (sum of w x event)^2."""
    time, event = np.array([2.0, 3.0, 5.0, 9.0, 14.0, 20.0]), np.array([1, 1, 0, 1, 1, 0])
    w = np.array([1.0, 4.0, 0.5, 1.0, 2.0, 8.0])
    file = write("weights.csv", "time,event,weight", list(zip(time, event, w, strict=True)))
    changes = curve("os", "active", family="exp", source="patients", data=file, time_unit="months")
    model = small_model(changes)
    found, covariance = own(model, "active")
    rate = (w * event).sum() / (w * time).sum()

    assert found[0] == pytest.approx(np.log(rate), rel=REPRODUCED)
    variance = (w**2 * (event - rate * time) ** 2).sum() / (w * event).sum() ** 2
    assert covariance[0, 0] == pytest.approx(variance, rel=1e-6)
    size = w.sum() ** 2 / (w**2).sum()
    said = f"active: 6 patients with weights count as {size:.1f} (effective sample size); standard errors are robust"
    assert any(note.startswith(said) for note in model.fits["os"].notes)


def test_one_strategy_with_weights_leaves_the_other_as_it_is() -> None:
    """Two strategies of one table, apart: the one whose weights are all 1 has the errors that it has alone."""
    rng = np.random.default_rng(4)
    time, names = rng.exponential(10.0, 40), ["standard"] * 20 + ["active"] * 20
    weight = np.concatenate([np.ones(20), rng.lognormal(0.0, 1.0, 20)])
    rows = list(zip(time, np.ones(40, dtype=int), names, weight, strict=True))
    both, alone = (
        write("mixed.csv", "time,event,strategy,weight", rows),
        write("plain.csv", "time,event", [r[:2] for r in rows[:20]]),
    )
    covariances = []
    for file, strategies in ((both, STRATEGIES), (alone, ("standard",))):
        changes: dict[str, Scalar] = {}
        for strategy in strategies:
            changes |= curve("os", strategy, family="weibull", source="patients", data=file, time_unit="months")
        covariances.append(own(small_model(changes), "standard")[1])
    np.testing.assert_allclose(covariances[0], covariances[1], rtol=1e-12)
