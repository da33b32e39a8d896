"""The base case of the shipped workbook, calculated a second time in a straight line.

Nothing here is imported from the package: the workbook is opened with openpyxl, the curves are fitted here, and costs
and outcomes are added up in plain loops, one cycle and one administration at a time. It covers only what that workbook
uses: log-logistic PFS fitted to each strategy, log-logistic OS with an acceleration factor for the intervention and
never less mortality than the population, exponential time on treatment through its median, one vial size per drug, no
vial sharing, utilities by state.
Anything else stops the calculation, so that a changed workbook is not answered with a stale number.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from openpyxl import load_workbook
from scipy.integrate import quad
from scipy.optimize import least_squares

Cell = str | float | None
Row = dict[str, Cell]
Rows = dict[str, Row]
Array = NDArray[np.float64]
Curve = Callable[[float], float]
Rates = tuple[list[float], list[float], list[float]]  # ages, rates per year of men, of women

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = 30.4375
MONTHS_PER_YEAR = 12.0
WIDTH_OF_95_INTERVAL = 3.919928  # in standard errors: 2 x 1.959964


# Reading the workbook ------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> Rows:
    """Every row below a header row whose first cell is `id`, by id."""
    rows: Rows = {}
    workbook = load_workbook(path, data_only=True)
    for sheet in workbook.worksheets:
        header: list[str] = []
        for line in sheet.iter_rows(values_only=True):
            cells = [to_cell(value) for value in line]
            if cells and cells[0] == "id":
                header = [str(cell) for cell in cells]
            elif header and cells[0] is not None:
                rows[str(cells[0])] = dict(zip(header, cells, strict=True))
    workbook.close()
    return rows


def to_cell(value: object) -> Cell:
    """A cell as text, number or blank."""
    if value is None or value == "":
        return None
    return float(value) if isinstance(value, int | float) else str(value)


def number(rows: Rows, row_id: str, column: str = "value") -> float:
    """The number in one column of a row."""
    value = rows[row_id][column]
    if not isinstance(value, float):
        raise TypeError(f"{row_id}, {column}: {value!r} is not a number")
    return value


def text(rows: Rows, row_id: str) -> str:
    """The text in the value column of a row; empty where it is blank."""
    value = rows[row_id]["value"]
    return "" if value is None else str(value)


def names(rows: Rows, start: str, end: str) -> list[str]:
    """What stands between `start` and `end` in the ids, in the order of the workbook."""
    return [
        row_id[len(start) : len(row_id) - len(end)]
        for row_id in rows
        if row_id.startswith(start) and row_id.endswith(end)
    ]


def require(rows: Rows, expected: dict[str, str]) -> None:
    """Stop unless the workbook still uses what is calculated here."""
    for row_id, value in expected.items():
        if text(rows, row_id) != value:
            raise ValueError(f"{row_id} is {text(rows, row_id)!r}; the straight-line calculation is for {value!r}")


# Curves --------------------------------------------------------------------------------------------------------------


def loglogistic(shape: float, scale: float) -> Curve:
    """S(t) = 1 / (1 + (t / scale)^shape), t in months."""
    return lambda t: 1.0 / (1.0 + (t / scale) ** shape)


def exponential(median: float) -> Curve:
    """S(t) = exp(-ln 2 x t / median), t in months."""
    return lambda t: math.exp(-math.log(2.0) * t / median)


def average_log_hazard_ratio(
    treated: tuple[float, float], control: tuple[float, float], patients: tuple[float, float], follow_up: float
) -> float:
    """Mean of ln(h1 / h0) over [0, follow_up], weighted by n1 f1 + n0 f0; curves are (shape, scale).

    The integral is taken in x = ln t, where the integrand is smooth and dies out exponentially towards t = 0.
    """

    def hazard_and_density(curve: tuple[float, float], t: float) -> tuple[float, float]:
        shape, scale = curve
        power = (t / scale) ** shape
        hazard = shape / t * power / (1.0 + power)
        return hazard, hazard / (1.0 + power)

    def parts(x: float) -> tuple[float, float]:
        t = math.exp(x)
        hazard_1, density_1 = hazard_and_density(treated, t)
        hazard_0, density_0 = hazard_and_density(control, t)
        weight = (patients[0] * density_1 + patients[1] * density_0) * t
        return math.log(hazard_1 / hazard_0) * weight, weight

    end = math.log(follow_up)
    total = weight = 0.0
    for start in np.arange(end - 60.0, end, 4.0):  # e^-60 of the follow-up: nothing happens before
        total += float(quad(lambda x: parts(x)[0], start, start + 4.0, epsabs=0.0, epsrel=1e-13)[0])
        weight += float(quad(lambda x: parts(x)[1], start, start + 4.0, epsabs=0.0, epsrel=1e-13)[0])
    return total / weight


@dataclass(frozen=True)
class Target:
    """One reported statistic on its fitting scale: ln median, ln(-ln S(t)) or ln hazard ratio."""

    kind: str
    arm: int
    y: float
    se: float
    time: float


def targets_of(rows: Rows, endpoint: str, arms: tuple[str, str]) -> list[Target]:
    """The reported statistics of an endpoint that are used in the fit, external ones too; arm 0 is the comparator."""
    targets = []
    for arm, strategy in enumerate(arms):
        starts = (f"survival.{endpoint}.{strategy}.", f"external.{endpoint}.{strategy}.")
        used = [row_id for row_id in rows if row_id.startswith(starts) and rows[row_id]["use in fit"] == "yes"]
        targets += [target_of(rows, row_id, arm) for row_id in used]
    return targets


def target_of(rows: Rows, row_id: str, arm: int) -> Target:
    """A statistic with its standard error, from the reported interval or, for S(t) without one, binomial from n."""
    value = number(rows, row_id)
    name = row_id.rsplit(".", maxsplit=1)[-1]
    if row_id.startswith("external."):
        low, high = (math.log(-math.log(number(rows, row_id, column))) for column in ("high", "low"))
        se = (high - low) / WIDTH_OF_95_INTERVAL / math.sqrt(number(rows, row_id, "weight"))
        month = number(rows, row_id, "time (months)") - number(rows, row_id, "time origin (months)")
        return Target("survival", arm, math.log(-math.log(value)), se, month)
    if name.startswith("survival_"):
        if rows[row_id]["low"] is not None:
            raise ValueError(f"{row_id} has an interval; the straight-line calculation is for binomial ones")
        binomial = math.sqrt(value * (1.0 - value) / number(rows, row_id, "n"))
        se = binomial / (value * abs(math.log(value)))
        return Target("survival", arm, math.log(-math.log(value)), se, number(rows, row_id, "time (months)"))
    if name not in ("median", "hazard_ratio"):
        raise ValueError(f"{row_id}: a statistic that the straight-line calculation does not know")
    se = math.log(number(rows, row_id, "high") / number(rows, row_id, "low")) / WIDTH_OF_95_INTERVAL
    return Target(name, arm, math.log(value), se, 0.0)


def residuals(
    curves: list[tuple[float, float]], targets: list[Target], patients: tuple[float, float], follow_up: float
) -> Array:
    """(g - y) / s of every target, for log-logistic curves (shape, scale) of the two arms."""
    result = []
    for target in targets:
        shape, scale = curves[target.arm]
        if target.kind == "median":
            fitted = math.log(scale)  # the median of a log-logistic is its scale
        elif target.kind == "survival":
            fitted = math.log(math.log1p((target.time / scale) ** shape))
        else:
            fitted = average_log_hazard_ratio(curves[1], curves[0], patients, follow_up)
        result.append((fitted - target.y) / target.se)
    return np.array(result)


def jacobian(function: Callable[[Array], Array], at: Array) -> Array:
    """First derivatives by central differences of eighth order; step 0.01 leaves errors near 1e-13."""
    weights = {1: 4.0 / 5.0, 2: -1.0 / 5.0, 3: 4.0 / 105.0, 4: -1.0 / 280.0}
    columns = []
    for index in range(len(at)):
        step = np.zeros(len(at))
        step[index] = 0.01
        slope = sum(w * (function(at + k * step) - function(at - k * step)) for k, w in weights.items())
        columns.append(np.asarray(slope) / 0.01)
    return np.column_stack(columns)


def least_squares_fit(function: Callable[[Array], Array], start: Array) -> Array:
    """The coefficients with the smallest sum of squares.

    A library search comes near; Gauss-Newton steps with accurate derivatives then run until they are below 1e-13.
    """
    coefficients = np.asarray(least_squares(function, start, xtol=1e-12, ftol=1e-12, gtol=1e-12).x, dtype=np.float64)
    for _ in range(60):
        slopes = jacobian(function, coefficients)
        step = np.linalg.solve(slopes.T @ slopes, slopes.T @ function(coefficients))
        coefficients = coefficients - step
        if float(np.max(np.abs(step))) < 1e-13:
            return coefficients
    raise ArithmeticError("the fit did not settle")


def fit_independent(rows: Rows, endpoint: str, arms: tuple[str, str]) -> dict[str, tuple[float, float]]:
    """(shape, scale) of each strategy, with its own coefficients ln shape and ln scale."""
    for strategy in arms:
        require(rows, {f"curve.{endpoint}.{strategy}.family": "llogis"})
        require(rows, {f"curve.{endpoint}.{strategy}.relation": "independent"})
    targets, patients, follow_up = fit_data(rows, endpoint, arms)

    def curves(x: Array) -> list[tuple[float, float]]:
        return [(math.exp(x[0]), math.exp(x[1])), (math.exp(x[2]), math.exp(x[3]))]

    medians = [target.y for target in targets if target.kind == "median"]
    start = np.array([0.3, medians[0], 0.3, medians[1]])
    fitted = least_squares_fit(lambda x: residuals(curves(x), targets, patients, follow_up), start)
    return dict(zip(arms, curves(fitted), strict=True))


def fit_accelerated(rows: Rows, endpoint: str, arms: tuple[str, str]) -> dict[str, tuple[float, float]]:
    """(shape, scale) of each strategy where S1(t) = S0(t / AF): coefficients ln shape, ln scale and ln AF."""
    require(rows, {f"curve.{endpoint}.{arms[0]}.family": "llogis"})
    require(rows, {f"curve.{endpoint}.{arms[0]}.relation": "independent"})
    require(rows, {f"curve.{endpoint}.{arms[1]}.relation": "accelerated_failure_time"})
    require(rows, {f"curve.{endpoint}.{arms[1]}.reference": arms[0]})
    targets, patients, follow_up = fit_data(rows, endpoint, arms)

    def curves(x: Array) -> list[tuple[float, float]]:
        return [(math.exp(x[0]), math.exp(x[1])), (math.exp(x[0]), math.exp(x[1] + x[2]))]

    medians = [target.y for target in targets if target.kind == "median"]
    start = np.array([0.3, medians[0], medians[1] - medians[0]])
    fitted = least_squares_fit(lambda x: residuals(curves(x), targets, patients, follow_up), start)
    return dict(zip(arms, curves(fitted), strict=True))


def fit_data(rows: Rows, endpoint: str, arms: tuple[str, str]) -> tuple[list[Target], tuple[float, float], float]:
    """Targets, patients (treated, control) and median follow-up in months."""
    patients = (number(rows, f"trial.patients.{arms[1]}"), number(rows, f"trial.patients.{arms[0]}"))
    return targets_of(rows, endpoint, arms), patients, number(rows, "trial.median_follow_up")


# Doses ---------------------------------------------------------------------------------------------------------------


def mean_vials(rows: Rows, dose: float, basis: str, vial: float) -> float:
    """E[ceil(dose / vial)]: flat doses need no expectation; per m2 the BSA is log-normal over patients."""
    if basis == "mg":
        return float(math.ceil(dose / vial))
    if basis != "mg/m2":
        raise ValueError(f"dose basis {basis!r} is not in the straight-line calculation")
    mean, sd = number(rows, "patients.bsa_mean"), number(rows, "patients.bsa_sd")
    sdlog = math.sqrt(math.log(1.0 + (sd / mean) ** 2))
    meanlog = math.log(mean) - sdlog**2 / 2.0
    expected = 1.0  # the first vial is always opened; vial j + 1 is opened where the dose is above j vials
    for j in range(1, 200):
        above = (math.log(j * vial / dose) - meanlog) / sdlog
        expected += 0.5 * math.erfc(above / math.sqrt(2.0))
    return expected


# The model -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """Components of one strategy, with or without discounting."""

    life_years: dict[str, float]
    qalys: dict[str, float]
    costs: dict[str, float]


@dataclass(frozen=True)
class Result:
    """What the base case comes to."""

    comparator: str
    intervention: str
    curves: dict[str, dict[str, tuple[float, float]]]
    totals: dict[tuple[str, bool], Totals]  # by strategy and whether discounted
    incremental_costs: dict[bool, float]
    incremental_life_years: dict[bool, float]
    incremental_qalys: dict[bool, float]
    icer: dict[bool, float]
    net_monetary_benefit: dict[tuple[str, float], float]  # by strategy and threshold, discounted


def base_case(path: Path, changes: dict[str, float] | None = None) -> Result:
    """The base case of the workbook at `path`, with some values changed."""
    rows = read_rows(path)
    for row_id, value in (changes or {}).items():
        rows[row_id]["value"] = value
    require(rows, {"settings.half_cycle_correction": "life_table", "settings.discounting": "per_cycle"})
    require(rows, {"settings.pfs_above_os": "cap_pfs", "settings.utilities_by": "state"})
    require(rows, {"background.method": "floor", "curves.statistics": "correlated"})
    for shape in (row_id for row_id in rows if row_id.startswith("waning.") and row_id.endswith(".shape")):
        require(rows, {shape: "none"})
    people = population_survival(rows, life_table(path.parents[1] / text(rows, "background.life_table")))
    roles = {text(rows, f"strategy.{name}.role"): name for name in names(rows, "strategy.", ".role")}
    arms = (roles["comparator"], roles["intervention"])
    curves = {"pfs": fit_independent(rows, "pfs", arms), "os": fit_accelerated(rows, "os", arms)}
    totals = {}
    for strategy in arms:
        for discounted in (False, True):
            totals[strategy, discounted] = strategy_totals(rows, strategy, curves, people, discounted)

    def increment(part: str, discounted: bool) -> float:
        after, before = (getattr(totals[strategy, discounted], part) for strategy in (arms[1], arms[0]))
        return math.fsum(after.values()) - math.fsum(before.values())

    costs = {discounted: increment("costs", discounted) for discounted in (False, True)}
    qalys = {discounted: increment("qalys", discounted) for discounted in (False, True)}
    benefit = {}
    for threshold in [number(rows, row_id) for row_id in rows if row_id.startswith("settings.threshold.")]:
        for strategy in arms:
            total = totals[strategy, True]
            benefit[strategy, threshold] = threshold * sum(total.qalys.values()) - sum(total.costs.values())
    return Result(
        comparator=arms[0],
        intervention=arms[1],
        curves=curves,
        totals=totals,
        incremental_costs=costs,
        incremental_life_years={discounted: increment("life_years", discounted) for discounted in (False, True)},
        incremental_qalys=qalys,
        icer={discounted: costs[discounted] / qalys[discounted] for discounted in (False, True)},
        net_monetary_benefit=benefit,
    )


def strategy_totals(
    rows: Rows, strategy: str, curves: dict[str, dict[str, tuple[float, float]]], people: Curve, discounted: bool
) -> Totals:
    """Life-years, QALYs and costs of one strategy, with the workbook's discount rates or none."""
    rate_costs = number(rows, "settings.discount_rate_costs") if discounted else 0.0
    rate_effects = number(rows, "settings.discount_rate_effects") if discounted else 0.0
    pfs, os = loglogistic(*curves["pfs"][strategy]), floored(rows, loglogistic(*curves["os"][strategy]), people)
    effects = walk_through_cycles(rows, pfs, os, rate_effects)
    flows = walk_through_cycles(rows, pfs, os, rate_costs)
    event_cost, event_loss = adverse_events(rows, strategy)
    qalys = {state: effects[state] * number(rows, f"utility.{state}") for state in ("progression_free", "progressed")}
    qalys["adverse_events"] = -event_loss
    acquisition, administration = drug_costs(rows, strategy, os, rate_costs)
    progressions = flows["pfs_events"] * (1.0 - number(rows, f"pfs_events.share_deaths.{strategy}"))
    costs = {
        "acquisition": acquisition,
        "administration": administration,
        "disease_management_progression_free": flows["progression_free"] * yearly_cost(rows, "progression_free"),
        "disease_management_progressed": flows["progressed"] * yearly_cost(rows, "progressed"),
        "adverse_events": event_cost,
        "subsequent_treatment": progressions * subsequent_cost(rows, strategy),
        "end_of_life": flows["deaths"] * number(rows, "end_of_life.cost"),
    }
    life_years = {state: effects[state] for state in ("progression_free", "progressed")}
    return Totals(life_years, qalys, costs)


def life_table(path: Path) -> Rates:
    """Death rates per year of men and women by age, from a file of central death rates."""
    lines = path.read_text(encoding="utf-8").split()
    header, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
    columns = {name: [float(row[header.index(name)]) for row in rows] for name in ("age", "mx_male", "mx_female")}
    return columns["age"], columns["mx_male"], columns["mx_female"]


def floored(rows: Rows, os: Curve, people: Curve) -> Curve:
    """The curve with at least the population's hazard in every cycle; a day within a cycle counts from its start."""
    length = number(rows, "settings.cycle_length")
    cycles = math.ceil(number(rows, "settings.time_horizon") * DAYS_PER_YEAR / length)

    def larger(start: float, end: float) -> float:
        own = math.log(os(start / DAYS_PER_MONTH) / os(end / DAYS_PER_MONTH))
        return max(own, math.log(people(start) / people(end)))

    hazard = [0.0]
    for cycle in range(1, cycles + 1):
        hazard.append(hazard[-1] + larger((cycle - 1) * length, cycle * length))

    def curve(month: float) -> float:
        day = month * DAYS_PER_MONTH
        cycle = math.floor(day / length + 1e-9)
        since = day - cycle * length
        return math.exp(-hazard[cycle] - (larger(cycle * length, day) if since > 1e-6 else 0.0))

    return curve


def population_survival(rows: Rows, rates: Rates) -> Curve:
    """Share alive, by day, of people with the cohort's ages and sexes, age by age."""
    mean, spread = number(rows, "background.mean_age"), number(rows, "background.sd_age")
    first, male = int(number(rows, "background.youngest_age")), number(rows, "background.share_male")
    ages = list(range(first, int(rates[0][-1]) + 1))

    def weights(centre: float) -> list[float]:
        density = [math.exp(-((age - centre) ** 2) / (2.0 * spread**2)) for age in ages]
        return [value / math.fsum(density) for value in density]

    low, high = mean - spread, mean + spread
    for _ in range(200):
        centre = 0.5 * (low + high)
        reached = math.fsum(age * weight for age, weight in zip(ages, weights(centre), strict=True))
        low, high = (centre, high) if reached < mean else (low, centre)
    share_of_age = list(zip(ages, weights(centre), strict=True))

    @cache
    def alive(day: float) -> float:
        years = day / DAYS_PER_YEAR
        whole, total = int(years), 0.0
        for column, share in ((rates[1], male), (rates[2], 1.0 - male)):
            for age, weight in share_of_age:
                lived = math.fsum(column[min(age + k, len(column) - 1)] for k in range(whole))
                lived += (years - whole) * column[min(age + whole, len(column) - 1)]
                total += share * weight * math.exp(-lived)
        return total

    return alive


def walk_through_cycles(rows: Rows, pfs: Curve, os: Curve, rate: float) -> dict[str, float]:
    """Years in each state and the flows of PFS events and deaths, all discounted at the middle of the cycle.

    The last cycle ends at the horizon.
    """
    days, horizon = number(rows, "settings.cycle_length"), number(rows, "settings.time_horizon") * DAYS_PER_YEAR
    total = {"progression_free": 0.0, "progressed": 0.0, "pfs_events": 0.0, "deaths": 0.0}
    alive_before, free_before = 1.0, 1.0
    start = 0.0
    while start < horizon:
        end = min(start + days, horizon)
        month = end / DAYS_PER_MONTH
        alive = os(month)
        free = min(pfs(month), alive)
        factor = (1.0 + rate) ** (-(start + end) / 2.0 / DAYS_PER_YEAR)
        years = (end - start) / DAYS_PER_YEAR
        total["progression_free"] += factor * years * (free_before + free) / 2.0
        total["progressed"] += factor * years * ((alive_before - free_before) + (alive - free)) / 2.0
        total["pfs_events"] += factor * (free_before - free)
        total["deaths"] += factor * (alive_before - alive)
        alive_before, free_before, start = alive, free, end
    return total


def drug_costs(rows: Rows, strategy: str, os: Curve, rate: float) -> tuple[float, float]:
    """Acquisition and administration: one administration after another until the horizon."""
    horizon = number(rows, "settings.time_horizon") * DAYS_PER_YEAR
    acquisition = administration = 0.0
    for drug in names(rows, f"regimen.{strategy}.", ".dose"):
        regimen = f"regimen.{strategy}.{drug}."
        require(rows, {regimen + "stop_day": "", regimen + "max_administrations": ""})
        require(rows, {regimen + "stops_at_progression": "no", regimen + "vial_sharing": "no"})
        endpoint = text(rows, regimen + "time_on_treatment")
        require(rows, {f"curve.{endpoint}.{strategy}.family": "exp"})
        on_treatment = exponential(number(rows, f"survival.{endpoint}.{strategy}.median"))
        vial = number(rows, f"drug.{drug}.vial_size")
        vials = mean_vials(rows, number(rows, regimen + "dose"), text(rows, regimen + "dose_basis"), vial)
        share = number(rows, regimen + "share_of_patients")
        price = vials * number(rows, f"drug.{drug}.price_per_vial")
        price_given = price * number(rows, regimen + "relative_dose_intensity") * share
        visit = number(rows, f"administration.{text(rows, regimen + 'administration')}.cost")
        if regimen + "premedication_cost" in rows:
            visit += number(rows, regimen + "premedication_cost")
        visit *= share
        day = number(rows, regimen + "start_day")
        while day < horizon:
            month = day / DAYS_PER_MONTH
            treated = min(on_treatment(month), os(month)) * (1.0 + rate) ** (-day / DAYS_PER_YEAR)
            acquisition += treated * price_given
            administration += treated * visit
            day += number(rows, regimen + "interval")
    return acquisition, administration


def adverse_events(rows: Rows, strategy: str) -> tuple[float, float]:
    """Cost and QALY loss per patient, both at model start."""
    cost = loss = 0.0
    for event in names(rows, "adverse_event.", ".unit_cost"):
        start = f"adverse_event.{event}."
        incidence = number(rows, f"{start}incidence.{strategy}")
        cost += incidence * number(rows, start + "unit_cost")
        loss += incidence * number(rows, start + "disutility") * number(rows, start + "duration") / DAYS_PER_YEAR
    return cost, loss


def yearly_cost(rows: Rows, state: str) -> float:
    """Resource use in a state, per year in it: uses per month x unit cost x 12."""
    cost = 0.0
    for resource in names(rows, "resource.", ".unit_cost"):
        cost += number(rows, f"resource.{resource}.{state}") * number(rows, f"resource.{resource}.unit_cost")
    return cost * MONTHS_PER_YEAR


def subsequent_cost(rows: Rows, strategy: str) -> float:
    """Cost per progressing patient; a treatment without a cost per cycle is no treatment."""
    cost = 0.0
    for treatment in names(rows, "subsequent.", ".drug_cost_per_cycle"):
        start = f"subsequent.{treatment}."
        visit = number(rows, f"administration.{text(rows, start + 'administration')}.cost")
        per_cycle = number(rows, start + "drug_cost_per_cycle")
        per_cycle += number(rows, start + "administrations_per_cycle") * visit
        cost += number(rows, f"{start}share.{strategy}") * number(rows, start + "cycles") * per_cycle
    return cost
