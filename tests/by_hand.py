"""A model of three strategies with exponential curves, and the same model in plain sums.

Nothing of the package is used in the sums: `outcomes` takes the values of the inputs by id and the monthly rates of the
curves, and adds up one cycle and one administration after the other. Between them the strategies have what a published
number can get wrong: a drug that the comparator is given too, a share that is fixed among those that vary, costs and
QALYs that lie on both sides of the comparator's, PFS above OS in some draws.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from support import Rows, small_model, small_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Array = NDArray[np.float64]

INPUTS = Path(__file__).parents[1] / "inputs"
YEAR, MONTH, WEEK = 365.25, 30.4375, 7.0
HORIZON = 10.0
RATES = {"costs": 0.04, "effects": 0.02}
STRATEGIES = ("standard", "active", "late")
MEDIANS = {"standard": (10.0, 12.0), "active": (12.0, 16.0), "late": (9.7, 12.4)}
"""PFS and OS, in months; each is the one statistic of its curve, so that the rate is ln 2 over it."""
VIALS = {"oldamab": 100.0, "newtinib": 50.0, "lateximab": 50.0}
REGIMENS = {
    "standard": {"oldamab": (100.0, "mg", 1.0, 1.0), "newtinib": (60.0, "mg", 0.9, 0.3)},
    "active": {"newtinib": (60.0, "mg/m2", 0.8, 1.0)},
    "late": {"lateximab": (60.0, "mg/m2", 1.0, 0.9)},
}
"""Dose, its basis, relative dose intensity and share of patients, by drug; every 21 days until PFS ends."""
PUBLISHED = {
    "active": {"life_years": 0.4, "qalys": 0.3, "costs": 48_000.0, "icer": 160_000.0},
    "late": {"costs": 1_500.0},
}
"""Increments of a made-up earlier study, which says less of the third strategy."""
EXTERNAL = "external.os.standard.survival_30m"
"""Of a study whose patients are followed from 6 months before the start of the model."""
FIXED_SHARE = "subsequent.radio.share."
THRESHOLDS = (20_000.0, 50_000.0, 163_500.0)
"""At the last, the strategy that is best most often is not the one that is best on average."""
DECISION = 50_000.0
STATES = ("progression_free", "progressed")
CATEGORIES = ["acquisition", "administration", *(f"disease_management_{state}" for state in STATES)]
CATEGORIES += ["adverse_events", "subsequent_treatment", "end_of_life"]
OUTCOMES = ("life_years", "qalys", "costs")
FIRST, *OTHERS = STRATEGIES
CURVES = [(endpoint, strategy) for endpoint in ("pfs", "os") for strategy in STRATEGIES]

Values = dict[str, float]
Outcomes = dict[str, dict[str, dict[str, dict[str, float]]]]
"""By strategy, outcome, discounted or undiscounted, and component."""


def model(changes: Mapping[str, Scalar] | None = None, rows: Rows | None = None) -> Model:
    """The model, by the package, with other values and further rows."""
    own: Rows = {
        **_third(),
        **_radiotherapy(),
        **_beside(),
        EXTERNAL: {"value": 0.3, "time": 30, "time_origin": 6, "low": 0.2, "high": 0.4},
    }
    for field in (row.id.rpartition(".")[2] for row in small_rows().rows if "regimen.standard" in row.id):
        own[f"regimen.standard.newtinib.{field}"] = {"value": _cell(f"regimen.standard.oldamab.{field}", "value")}
    given: dict[str, Scalar] = {f"settings.threshold.{t:.0f}": t for t in THRESHOLDS}
    price = "drug.lateximab.price_per_vial"
    given |= {price: 440, f"{price}.low": 350, f"{price}.high": 530}
    for strategy, medians in MEDIANS.items():
        for endpoint, median in zip(("pfs", "os"), medians, strict=True):
            start = f"survival.{endpoint}.{strategy}."
            given |= {f"curve.{endpoint}.{strategy}.family": "exp", f"{start}survival_later.use_in_fit": "no"}
            given |= {f"{start}median": median, f"{start}median.low": 0.8 * median}
            given[f"{start}median.high"] = 1.25 * median
        given[f"subsequent.none.share.{strategy}"] = 0.5
        for drug, (dose, basis, intensity, share) in REGIMENS[strategy].items():
            start = f"regimen.{strategy}.{drug}."
            given |= {f"{start}dose": dose, f"{start}dose_basis": basis, f"{start}share_of_patients": share}
            given[f"{start}relative_dose_intensity"] = intensity
    return small_model(given | dict(changes or {}), own | (rows or {}), uncertain=True)


def _cell(id_: str, column: str) -> Scalar:
    return next(row.cells[column].value for row in small_rows().rows if row.id == id_)


def _third() -> Rows:
    """Rows of a third strategy with a drug of its own, otherwise as the second."""
    rows: Rows = {}
    for row in small_rows().rows:
        if {"active", "newtinib"} & set(row.id.split(".")):
            id_ = row.id.replace("active", "late").replace("newtinib", "lateximab")
            rows[id_] = {name: cell.value for name, cell in row.cells.items()} | {"id": id_}
    rows["strategy.late.name"]["value"] = "Late"
    return rows


def _radiotherapy() -> Rows:
    """Rows of a further treatment after progression, of which a tenth is certain."""
    fields: dict[str, Scalar] = {"drug_cost_per_cycle": 2000, "cycles": 1, "administrations_per_cycle": 5}
    rows: Rows = {f"subsequent.radio.{field}": {"value": value} for field, value in fields.items()}
    rows["subsequent.radio.administration"] = {"value": "infusion"}
    return rows | {FIXED_SHARE + strategy: {"value": 0.1} for strategy in STRATEGIES}


def _beside() -> Rows:
    """Rows of what stands beside the base case: scenarios by name, and the earlier study."""
    rows: Rows = {"settings.beside": {"value": "cheaper; stale"}}
    rows["published.study.name"] = {"value": "An earlier study", "source": "a journal"}
    for strategy, numbers in PUBLISHED.items():
        rows |= {f"published.study.{strategy}.{field}": {"value": number} for field, number in numbers.items()}
    return rows


def outcomes(values: Mapping[str, float], rates: Mapping[str, float] = RATES) -> Outcomes:
    """Every outcome of every strategy; the monthly rate of a curve has the id ``rate.<endpoint>.<strategy>``."""
    found: Outcomes = {}
    for strategy in STRATEGIES:
        none = dict.fromkeys(rates, 0.0)
        ways = {how: _strategy(values, strategy, own) for how, own in (("discounted", rates), ("undiscounted", none))}
        found[strategy] = {
            outcome: {how: {"total": sum(parts[outcome].values())} | parts[outcome] for how, parts in ways.items()}
            for outcome in ways["discounted"]
        }
    return found


def _strategy(
    v: Mapping[str, float], s: str, rate: Mapping[str, float], horizon: float = HORIZON
) -> dict[str, dict[str, float]]:
    """Components of every outcome of one strategy; the last cycle ends at the horizon."""
    days = boundaries(horizon)
    months = days / MONTH
    alive = np.exp(-v[f"rate.os.{s}"] * months)
    free = np.minimum(np.exp(-v[f"rate.pfs.{s}"] * months), alive)

    def factor(stream: str) -> Array:
        return np.asarray((1 + rate[stream]) ** (-(days[1:] + days[:-1]) / 2 / YEAR), dtype=np.float64)

    def years(stream: str) -> dict[str, float]:
        occupied = {"progression_free": free, "progressed": alive - free}
        return {n: float(factor(stream) * np.diff(days) @ (x[1:] + x[:-1]) / 2 / YEAR) for n, x in occupied.items()}

    lived, paid = years("effects"), years("costs")
    progressing = float(factor("costs") @ (free[:-1] - free[1:])) * (1 - v[f"pfs_events.share_deaths.{s}"])
    rash = v[f"adverse_event.rash.incidence.{s}"]
    loss = rash * v["adverse_event.rash.disutility"] * v["adverse_event.rash.duration"] / YEAR
    given, drugs = _drugs(v, s, rate["costs"], horizon)
    visits = sum(given[d] * share for d, (*_, share) in REGIMENS[s].items()) * v["administration.infusion.cost"]
    costs = {"acquisition": sum(drugs.values()), "administration": visits}
    for state, time in paid.items():
        costs[f"disease_management_{state}"] = 12 * time * v["resource.visit.unit_cost"] * v[f"resource.visit.{state}"]
    costs |= {
        "adverse_events": rash * v["adverse_event.rash.unit_cost"],
        "subsequent_treatment": progressing * _subsequent(v, s),
        "end_of_life": float(factor("costs") @ (alive[:-1] - alive[1:])) * v["end_of_life.cost"],
    }
    qalys = {state: time * v[f"utility.{state}"] for state, time in lived.items()} | {"adverse_events": -loss}
    return {"life_years": lived, "qalys": qalys, "costs": costs, "drug_costs": drugs, "administrations": given}


def boundaries(horizon: float) -> Array:
    """Days at which cycles begin, and the end of the last, which is a part of one."""
    return np.append(np.arange(0.0, horizon * YEAR, WEEK), horizon * YEAR)


def until(values: Mapping[str, float], strategy: str, years: float) -> dict[str, float]:
    """Undiscounted costs by category and by drug up to a time, and the share alive then."""
    found = _strategy(values, strategy, dict.fromkeys(RATES, 0.0), years)
    end = years * YEAR / MONTH
    return {**found["costs"], **found["drug_costs"], "alive": math.exp(-values[f"rate.os.{strategy}"] * end)}


def _drugs(v: Mapping[str, float], s: str, rate: float, horizon: float) -> tuple[dict[str, float], dict[str, float]]:
    """Administrations and acquisition cost by drug; 0 of those that the strategy does not give."""
    days = np.arange(0.0, horizon * YEAR, 21.0)
    treated = np.exp(-max(v[f"rate.pfs.{s}"], v[f"rate.os.{s}"]) * days / MONTH) * (1 + rate) ** (-days / YEAR)
    given, costs = dict.fromkeys(VIALS, 0.0), dict.fromkeys(VIALS, 0.0)
    for drug, (dose, basis, intensity, share) in REGIMENS[s].items():
        vials = math.ceil(dose / VIALS[drug]) if basis == "mg" else _vials(dose, v["patients.bsa_mean"], VIALS[drug])
        given[drug] = float(treated.sum())
        costs[drug] = given[drug] * vials * v[f"drug.{drug}.price_per_vial"] * intensity * share
    return given, costs


@cache
def _vials(dose: float, mean: float, vial: float) -> float:
    """Whole vials over patients whose body surface area is log-normal with an SD of 0.2.

    A dose that is a billionth of a vial above whole vials needs no further one.
    """
    variance = math.log(1 + (0.2 / mean) ** 2)
    over = np.log((np.arange(20) + 1e-9) * vial / (dose * mean)) + variance / 2
    return float(stats.norm.sf(over / math.sqrt(variance)).sum())


def _subsequent(v: Mapping[str, float], s: str) -> float:
    cost = 0.0
    for treatment in ("chemo", "radio"):
        start = f"subsequent.{treatment}."
        visits = v[f"{start}administrations_per_cycle"] * v["administration.infusion.cost"]
        cost += v[f"{start}share.{s}"] * v[f"{start}cycles"] * (v[f"{start}drug_cost_per_cycle"] + visits)
    return cost


def base_values(of: Model) -> Values:
    """Values of the base case: those of the rows, and the rates of the medians."""
    values = {row.id: float(row.value) for row in of.inputs.rows.values() if isinstance(row.value, int | float)}
    for strategy, medians in MEDIANS.items():
        for endpoint, median in zip(("pfs", "os"), medians, strict=True):
            values[f"rate.{endpoint}.{strategy}"] = math.log(2) / median
    return values


def moved(values: Mapping[str, float], id_: str, value: float) -> Values:
    """The values with one of them elsewhere: a median moves its rate, a share the other shares of its strategy."""
    kind, endpoint, *rest = id_.split(".")
    if kind == "survival":
        return {**values, f"rate.{endpoint}.{rest[0]}": math.log(2) / value}
    if "share" in rest:
        others = [f"subsequent.{t}.share.{rest[-1]}" for t in ("none", "chemo", "radio") if t != endpoint]
        factor = (1 - value) / sum(values[other] for other in others)
        return {**values, id_: value, **{other: factor * values[other] for other in others}}
    return {**values, id_: value}


def drawn(values: Mapping[str, float], inputs: Mapping[str, Array], draw: int) -> Values:
    """The values of one draw; the coefficients of an exponential curve are the logarithms of its rates."""
    found = dict(values)
    for id_, array in inputs.items():
        kind, _, endpoint = id_.partition(".")
        if kind == "curve":
            found |= {f"rate.{endpoint}.{s}": math.exp(array[draw, i]) for i, s in enumerate(STRATEGIES)}
        else:
            found[id_] = float(array[draw])
    return found


def increments(values: Mapping[str, float], rates: Mapping[str, float] = RATES) -> dict[str, dict[str, float]]:
    """Discounted totals of each intervention less those of the comparator."""
    found = outcomes(values, rates)
    totals = {s: {o: found[s][o]["discounted"]["total"] for o in OUTCOMES} for s in STRATEGIES}
    return {s: {o: totals[s][o] - totals[FIRST][o] for o in OUTCOMES} for s in OTHERS}


def word(costs: float, qalys: float) -> str:
    return {
        (1, 1): "more effective and more costly",
        (1, -1): "dominated",
        (-1, 1): "dominant",
        (-1, -1): "less costly and less effective",
    }[int(np.sign(costs)), int(np.sign(qalys))]


def ratio(costs: float, qalys: float) -> float | None:
    return costs / qalys if costs > 0 and qalys > 0 else None


def key(threshold: float) -> str:
    return f"{threshold:.0f}"


def benefits(found: dict[str, float]) -> dict[str, float]:
    return {key(t): t * found["qalys"] - found["costs"] for t in THRESHOLDS}


def distributions(of: Model) -> dict[str, Any]:
    """The distribution of every input but the curves, as scipy has it, from value, interval and number of patients."""
    found, values = {}, base_values(of)
    for id_, row in of.inputs.rows.items():
        name, value = row.distribution, values.get(id_)
        if value is None or name in {None, "", "fit", "fixed"}:
            continue
        width = math.nan if row.low is None or row.high is None else (row.high - row.low) / 3.919928
        found[id_] = _distribution(str(name), value, row.se or width, row.n or math.nan)
    return found


def _distribution(name: str, value: float, error: float, n: float) -> Any:
    """By moments; a tenth of the patients after progression has a fixed share, the others vary over the rest."""
    if name == "beta":
        weight = value * (1 - value) / error**2 - 1
        return stats.beta(value * weight, (1 - value) * weight)
    if name == "dirichlet":
        return stats.beta(value * n, 0.9 * n - value * n, scale=0.9)
    return {
        "gamma": stats.gamma((value / error) ** 2, scale=error**2 / value),
        "normal": stats.norm(value, error),
        "beta_counts": stats.beta(value * n + 0.5, (1 - value) * n + 0.5),
    }[name]


def bounds(of: Model) -> dict[str, tuple[float, float]]:
    """Low and high as given, else the points that 2.5% lie beyond, of every input but the curves."""
    rows = of.inputs.rows
    found = {}
    for id_, distribution in distributions(of).items():
        given = rows[id_].low, rows[id_].high
        low, high = given if None not in given else distribution.ppf([0.025, 0.975]).tolist()
        found[id_] = float(str(low)), float(str(high))
    return found


def qale(age: int, sex: str, rates: Sequence[float]) -> float:
    """Quality-adjusted life expectancy in England by the sums of McNamara 2023 (and Sullivan 1971), with plain lists.

    From the probabilities of dying and the norms that the files hold; the last of the yearly rates goes on.
    """
    lives = (INPUTS / "life_tables" / "england_2018_2020.csv").read_text().splitlines()[1:]
    health = (INPUTS / "utility_norms" / "england_hse2014.csv").read_text().splitlines()[1:]
    column = {"male": 1, "female": 2}[sex]
    alive, factor, total = 1.0, 1.0, 0.0
    for year, now in enumerate(range(age, 101)):
        dying = alive * float(lives[now].split(",")[column])
        total += factor * (alive - dying / 2.0) * float(health[now].split(",")[column])
        alive -= dying
        factor /= 1.0 + rates[min(year, len(rates) - 1)]
    return total
