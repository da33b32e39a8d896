"""Every number of results.json against plain sums over cycles, administrations and draws.

The model is that of `by_hand`. A part is compared whole: a number that has no sum here fails. Tolerances: rounding over
some hundred cycles leaves 1e-13 of a total, and increments are a hundredth of the totals.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import by_hand
import numpy as np
import pytest
from by_hand import (
    CURVES,
    DECISION,
    FIRST,
    HORIZON,
    MEDIANS,
    OTHERS,
    OUTCOMES,
    STRATEGIES,
    THRESHOLDS,
    VIALS,
    base_values,
    benefits,
    drawn,
    increments,
    key,
    moved,
    outcomes,
    ratio,
    word,
)
from curves_by_hand import curve_ends, directions, quantity, with_steps
from published import agree, by, unseen
from reference import published_budget, published_draws, published_gates, published_payer, published_research
from scipy import optimize
from support import SOURCE, small_run

from hemodel.analyses.fitted_curves import try_families
from hemodel.analyses.psa.result import psa_result
from hemodel.analyses.results import Results, results
from hemodel.analyses.scenarios import run_scenarios
from hemodel.inputs.changes import Change
from hemodel.inputs.scenarios import Scenario

if TYPE_CHECKING:
    from hemodel.analyses.run import Run

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

DRAWS = 60
HERE = {"base_case", "incremental", "frontier", "fit", "fit_quality", "curves", "adjustments", "dsa", "two_way"}
HERE |= {
    "dsa_curves",
    "dsa_statistics",
    "dsa_statistics_curves",
    "threshold_values",
    "psa",
    "information",
    "prices",
    "scenarios",
    "external",
    "families",
    "beside",
    "headline",
}
ELSEWHERE: dict[str, Any] = {"payer": published_payer, "budget": published_budget, "research": published_research}
ELSEWHERE |= {"fit_warnings": published_gates, "use_draws": published_draws}
"""Parts that this model does not have: modules with their records and what compares a record with its sums."""
SETTINGS = {"schema_version", "title", "population", "perspective", "clock_start", "currency", "price_year"}
SETTINGS |= {"time_horizon_years", "thresholds", "decision_threshold", "strategies", "strategy_names", "drug_names"}
SETTINGS |= {"under_scenarios", "changes", "warnings"}
PRICE = "drug.lateximab.price_per_vial"
SCENARIOS = [
    Scenario(name, "question", "why", "source", (Change(PRICE, 420.0, "scenario", expected=old),), "", "costs", "p")
    for name, old in (("cheaper", 440.0), ("stale", 441.0))
]
"""The third strategy at a price at which it is worth it, and a scenario made for another price."""


@cache
def run() -> Run:
    model = by_hand.model()
    made = small_run(model, DRAWS)
    return replace(made, scenarios=run_scenarios(model, (), SCENARIOS), families=try_families(model))


@cache
def published() -> Results:
    return results(run())


@cache
def base() -> dict[str, float]:
    return base_values(run().model)


@cache
def distributions() -> dict[str, Any]:
    return by_hand.distributions(run().model)


@cache
def bounds() -> dict[str, tuple[float, float]]:
    """Of every input but the curves those given or of its distribution, of curves what their ends are called by."""
    found = dict(by_hand.bounds(run().model))
    for id_, (low, high) in curve_ends(base()).items():
        found[id_] = quantity(id_, low), quantity(id_, high)
    return found


def test_every_part_is_compared() -> None:
    assert set(Results.model_fields) == HERE | set(ELSEWHERE) | SETTINGS
    assert all(getattr(published(), part) for part in HERE)


def test_settings() -> None:
    """Numbers and ids of the workbook, and every value that was changed."""
    words = {"title": "A small model", "population": "Adults", "perspective": "Payer", "currency": "EUR"}
    words |= {"clock_start": "Start of treatment"}
    expected: dict[str, Any] = {"schema_version": 1, "price_year": 2025, "time_horizon_years": HORIZON, **words}
    expected |= {"thresholds": list(THRESHOLDS), "decision_threshold": DECISION, "strategies": list(STRATEGIES)}
    expected["strategy_names"] = {"standard": "Standard", "active": "Active", "late": "Late"}
    expected["drug_names"] = {
        "oldamab": "Oldamab",
        "newtinib": "Newtinib (newtinib)",
        "lateximab": "Newtinib (lateximab)",
    }
    made = run().model.inputs.changes
    changes = [{"id": c.id, "old": c.expected, "new": c.value, "origin": c.origin} for c in made]
    assert {"id": PRICE, "old": 1200, "new": 440, "origin": SOURCE} in changes
    expected |= {"under_scenarios": [], "changes": changes, "warnings": []}
    agree({name: getattr(published(), name) for name in SETTINGS}, expected, words=None)


@pytest.mark.parametrize("part", ELSEWHERE)
def test_part_of_another_model(part: str) -> None:
    for record in ELSEWHERE[part].records():
        assert isinstance(record, get_args(Results.model_fields[part].annotation))
        ELSEWHERE[part].compare(record)


@pytest.mark.parametrize("part", ELSEWHERE)
def test_a_wrong_value_of_any_field_of_the_part_is_noticed(part: str) -> None:
    assert not unseen(ELSEWHERE[part].records(), ELSEWHERE[part].compare)


# Base case -----------------------------------------------------------------------------------------------------------


def test_base_case() -> None:
    """The median PFS is no later than the median OS; the mean is the time lived within the horizon."""
    expected: dict[str, Any] = {}
    for strategy, found in outcomes(base()).items():
        years = found["life_years"]["undiscounted"]
        means = {"pfs": years["progression_free"], "os": years["total"]}
        medians = dict(zip(("pfs", "os"), MEDIANS[strategy], strict=True))
        survival = {e: {"median_months": medians[e], "mean_months": 12 * means[e]} for e in means}
        expected[strategy] = {**found, "survival": survival}
    agree(published().base_case, expected)


def test_increments() -> None:
    expected = []
    for found in increments(base()).values():
        qalys, costs = found["qalys"], found["costs"]
        net = {"nmb": benefits(found), "nhb": {key(t): qalys - costs / t for t in THRESHOLDS}}
        expected.append({**found, **net, "icer": ratio(costs, qalys), "verdict": word(costs, qalys)})
    agree(published().incremental, expected)


def test_fully_incremental_analysis() -> None:
    """The third is cheapest and better than the first, so that the second is compared with it."""
    totals = {s: {o: found[o]["discounted"]["total"] for o in OUTCOMES} for s, found in outcomes(base()).items()}
    late, standard, active = (totals[s] for s in ("late", "standard", "active"))
    assert late["costs"] < standard["costs"] < active["costs"]
    assert standard["qalys"] < late["qalys"] < active["qalys"]
    costs, qalys = active["costs"] - late["costs"], active["qalys"] - late["qalys"]
    blank = {"costs": None, "qalys": None, "icer": None}
    last = {"strategy": "active", "status": "on the frontier", "against": "late", "costs": costs, "qalys": qalys}
    expected = [
        {"strategy": "late", "status": "reference", **blank},
        {"strategy": "standard", "status": "dominated", **blank},
        {**last, "icer": costs / qalys},
    ]
    agree(published().frontier, expected)


def test_curves() -> None:
    expected = []
    for endpoint, strategy in CURVES:
        rate = base()[f"rate.{endpoint}.{strategy}"]
        expected.append(
            {
                "strategy": strategy,
                "coefficients": {f"{strategy}: log(rate)": math.log(rate)},
                "median_months": math.log(2) / rate,
                "mean_months": 1 / rate,
                "restricted_mean_months": (1 - math.exp(-12 * HORIZON * rate)) / rate,
                "survival_by_year": {year: math.exp(-12 * year * rate) for year in (1, 2, 3, 5)},
            }
        )
    agree(published().curves, expected)


def test_fits() -> None:
    """A median is met exactly. A rate that is not fitted is off by ln(-ln S), its error by the delta method."""
    quality = {"targets": 3, "parameters": 3, "objective": 0, "criterion": 6, "gradient_norm": 0, "condition": 1}
    agree(published().fit_quality, dict.fromkeys(("pfs", "os"), quality))
    expected: dict[str, list[Any]] = {"pfs": [], "os": []}
    for endpoint, strategy in CURVES:
        start, rate = f"survival.{endpoint}.{strategy}.", base()[f"rate.{endpoint}.{strategy}"]
        median = {"id": f"{start}median", "reported": math.log(2) / rate, "fitted": math.log(2) / rate, "z": 0}
        ends = {"low": 0.8 * math.log(2) / rate, "high": 1.25 * math.log(2) / rate}
        common = {"strategy": strategy, "versus": None}
        expected[endpoint].append({**median, **ends, **common, "time": None, "used": True})
        time, reported = {"pfs": 12, "os": 24}[endpoint], base()[f"{start}survival_later"]
        error = math.sqrt((1 - reported) / (150 * reported)) / -math.log(reported)
        apart = math.log(rate * time) - math.log(-math.log(reported))
        later = {"id": f"{start}survival_later", "reported": reported, "fitted": math.exp(-rate * time)}
        later |= {"z": apart / error, "low": None, "high": None, "time": time, "used": False}
        expected[endpoint].append({**later, **common})
    rate, loglog = base()["rate.os.standard"], [math.log(-math.log(share)) for share in (0.2, 0.4)]
    study = {"reported": 0.3, "low": 0.2, "high": 0.4, "fitted": math.exp(-24 * rate), "time": 24, "used": False}
    z = 3.919928 * (math.log(24 * rate) - math.log(-math.log(0.3))) / (loglog[0] - loglog[1])
    expected["os"].append({**study, "id": by_hand.EXTERNAL, "strategy": FIRST, "versus": None, "z": z})
    agree(published().fit, expected)


def test_families() -> None:
    """One statistic of each curve identifies the exponential, which is the base case, and no other family."""
    assert Counter(trial.family for trial in published().families if trial.identified) == {"exp": 2}
    blank = {"base_case": False, "identified": False, **dict.fromkeys(("objective", "criterion", "largest_z"))}
    exponential = {"base_case": True, "identified": True, "objective": 0, "criterion": 6, "largest_z": 0}
    for trial in published().families:
        rates = {s: base()[f"rate.{trial.endpoint}.{s}"] for s in STRATEGIES} if trial.identified else {}
        means = {s: (1 - math.exp(-12 * HORIZON * rate)) / rate for s, rate in rates.items()}
        by_year = {s: {y: math.exp(-12 * y * rate) for y in (1, 2, 3, 5)} for s, rate in rates.items()}
        expected = {"restricted_mean_months": means, "survival_by_year": by_year}
        agree(trial, {**expected, **(exponential if trial.identified else blank)})


def test_external_evidence() -> None:
    """24 months of the model are 30 of the study."""
    fitted = math.exp(-24 * base()["rate.os.standard"])
    expected = {"id": by_hand.EXTERNAL, "strategy": FIRST, "reported": 0.3, "low": 0.2, "high": 0.4, "fitted": fitted}
    agree(published().external, [{**expected, "time_months": 30, "origin_months": 6}])


def test_scenarios() -> None:
    before, after = increments(base()), increments(base() | {PRICE: 420.0})
    expected: list[Any] = []
    stopped: list[Any] = []
    for strategy, found in after.items():
        was, net = before[strategy], benefits(found)
        change = {"changes": [{"id": PRICE, "old": 440, "new": 420}], "verdict": word(found["costs"], found["qalys"])}
        icers = [ratio(each["costs"], each["qalys"]) for each in (was, found)]
        moved_by: dict[str, Any] = {f"change_in_{o}": found[o] - was[o] for o in ("qalys", "costs")}
        moved_by["change_in_icer"] = None if icers[0] is None or icers[1] is None else icers[1] - icers[0]
        decided = {"cost_effective": {t: x >= 0 for t, x in net.items()}}
        decided["changes_decision"] = {t: (x >= 0) != (benefits(was)[t] >= 0) for t, x in net.items()}
        expected.append({**found, **change, **moved_by, **decided, "icer": icers[1], "nmb": net})
        blank = dict.fromkeys((*found, *moved_by, "icer"))
        old = {"changes": [{"id": PRICE, "old": 441, "new": 420}]}
        stopped.append({**blank, **old, "verdict": "stopped", "nmb": {}, "cost_effective": {}, "changes_decision": {}})
    agree(published().scenarios, [*expected, *stopped])


def test_beside_one_another() -> None:
    """The base case, then for each intervention the scenarios that the workbook names and what others published.

    A scenario that stopped has nothing to stand there, nor has a field that a study does not give.
    """
    expected = [_beside(s, "base case", "base_case", "Base case", base()) for s in OTHERS]
    for s in OTHERS:
        expected.append(_beside(s, "scenario", "cheaper", "question", base() | {PRICE: 420.0}))
        numbers = dict.fromkeys((*OUTCOMES, "icer")) | by_hand.PUBLISHED[s]
        study = {"kind": "published", "name": "study", "label": "An earlier study", "source": "a journal"}
        expected.append({**numbers, **study, "intervention": s, "verdict": ""})
    agree(published().beside, expected, words=None)


def _beside(strategy: str, kind: str, name: str, label: str, values: dict[str, float]) -> dict[str, Any]:
    found = increments(values)[strategy]
    words = {"kind": kind, "name": name, "label": label, "source": "", "intervention": strategy}
    pair = found["costs"], found["qalys"]
    return {**found, **words, "icer": ratio(*pair), "verdict": word(*pair)}


# One input at a time -------------------------------------------------------------------------------------------------


def moved_to(wanted: dict[str, float]) -> dict[str, float]:
    """The values with some inputs elsewhere, those of curves along their directions, all at once."""
    along = directions(base())
    curves = [id_ for id_ in wanted if id_ in along]

    def missing(steps: Array) -> list[float]:
        there = with_steps(base(), dict(zip(curves, steps.tolist(), strict=True)))
        return [math.log(quantity(id_, there) / wanted[id_]) for id_ in curves]

    found = dict(base())
    if curves:
        solved = optimize.root(missing, np.zeros(len(curves)), tol=1e-14)
        found = with_steps(base(), dict(zip(curves, solved.x.tolist(), strict=True)))
    for id_, value in wanted.items():
        if id_ not in along:
            found = moved(found, id_, value)
    return found


def test_one_way() -> None:
    entries = published().dsa or []
    ranges = [abs(entry.nmb_high - entry.nmb_low) for entry in entries]
    assert ranges == sorted(ranges, reverse=True)
    ends = {id_: tuple(moved(base(), id_, end) for end in bounds()[id_]) for id_ in distributions()}
    ends |= curve_ends(base())
    expected = at_both({id_: (bounds()[id_], *values) for id_, values in ends.items()})
    agree(by(entries, "id", "intervention"), expected, close=1e-7)


def at_both(ends: dict[str, Any]) -> dict[str, Any]:
    """Every entry of a one-way analysis, from bounds and the values there."""
    expected = {}
    for id_, (limits, *values) in ends.items():
        low, high = (increments(each) for each in values)
        for strategy in OTHERS:
            entry: dict[str, Any] = {"id": id_, "base": middle(id_), "low": limits[0], "high": limits[1]}
            for end, found in (("low", low[strategy]), ("high", high[strategy])):
                qalys, costs = found["qalys"], found["costs"]
                entry |= {f"qalys_{end}": qalys, f"costs_{end}": costs, f"nmb_{end}": DECISION * qalys - costs}
                entry |= {f"icer_{end}": ratio(costs, qalys), f"verdict_{end}": word(costs, qalys)}
            expected[f"{id_}/{strategy}"] = entry
    return expected


def medians() -> dict[str, tuple[float, float]]:
    """The reported medians with their bounds."""
    found = {f"survival.{e}.{s}.median": m for s in STRATEGIES for e, m in zip(("pfs", "os"), MEDIANS[s], strict=True)}
    return {id_: (0.8 * median, 1.25 * median) for id_, median in found.items()}


def test_reported_numbers_alone() -> None:
    """Each is the one statistic of its curve, so that the rate is ln 2 over it."""
    ends = {id_: (both, *(moved(base(), id_, end) for end in both)) for id_, both in medians().items()}
    expected = at_both(ends)
    for name, entry in expected.items():
        _, endpoint, strategy, _ = name.partition("/")[0].split(".")
        entry["base"] = dict(zip(("pfs", "os"), MEDIANS[strategy], strict=True))[endpoint]
    agree(by(published().dsa_statistics or [], "id", "intervention"), expected)


def curves_there(id_: str, values: tuple[dict[str, float], ...]) -> dict[str, Any]:
    """Medians, hazard ratios and survival after 5 years with the rates of the base case and of both ends.

    The ratio of two constant hazards is that of the rates.
    """
    endpoint = id_.split(".")[1]
    found: dict[str, Any] = {}
    for strategy in STRATEGIES:
        entry: dict[str, Any] = {"id": id_, "strategy": strategy, "survival_years": 5.0, "versus": None}
        for end, there in zip(("base", "low", "high"), values, strict=True):
            rate, reference = there[f"rate.{endpoint}.{strategy}"], there[f"rate.{endpoint}.{FIRST}"]
            entry |= {f"median_{end}": math.log(2) / rate, f"survival_{end}": math.exp(-60.0 * rate)}
            entry[f"hazard_ratio_{end}"] = None if strategy == FIRST else rate / reference
        found[f"{id_}/{strategy}"] = {name: x for name, x in entry.items() if name != "versus" or strategy == FIRST}
    return found


def test_curves_at_the_ends_of_bars() -> None:
    expected: dict[str, Any] = {}
    for id_, ends in curve_ends(base()).items():
        expected |= curves_there(id_, (base(), *ends))
    agree(by(published().dsa_curves or [], "id", "strategy"), expected, close=1e-7)
    expected = {}
    for id_, limits in medians().items():
        expected |= curves_there(id_, (base(), *(moved(base(), id_, end) for end in limits)))
    agree(by(published().dsa_statistics_curves or [], "id", "strategy"), expected)


def benefit(id_: str, value: float, strategy: str) -> float:
    found = increments(moved_to({id_: value}))[strategy]
    return DECISION * found["qalys"] - found["costs"]


def middle(id_: str) -> float:
    """The value of the base case."""
    return quantity(id_, base()) if id_.startswith("curve.") else base()[id_]


def test_values_that_change_the_decision() -> None:
    entries = published().threshold_values or []
    assert set(by(entries, "id", "intervention")) == {f"{id_}/{s}" for id_ in bounds() for s in OTHERS}
    changed = 0
    for entry in entries:
        low, high = bounds()[entry.id]
        sides = {"nmb_low": low, "nmb_base": middle(entry.id), "nmb_high": high}
        there = {name: benefit(entry.id, x, entry.intervention) for name, x in sides.items()}
        there |= {"base": middle(entry.id)}
        fixed = {name: value for name, value in entry.model_dump().items() if name != "values"}
        agree(fixed, {**there, "id": entry.id, "low": low, "high": high}, close=1e-7)
        assert len(entry.values) == (there["nmb_low"] * there["nmb_high"] < 0)
        for value in entry.values:
            left = benefit(entry.id, value, entry.intervention) / (there["nmb_high"] - there["nmb_low"])
            assert left == pytest.approx(0.0, abs=1e-7 if entry.id.startswith("curve") else 1e-9)
            changed += 1
    assert changed > 5


def of_price(id_: str) -> str:
    """The row of the only vial, of an axis that moves all vials of a drug."""
    return f"{id_}_per_vial" if id_.startswith("drug.") else id_


def test_two_way() -> None:
    """Of the third strategy the price from 0 on, of the second, whose drug the comparator has too, the largest bars."""
    assert [found.x.id for found in published().two_way or []] == ["curve.os.active.effect", "drug.lateximab.price"]
    for found in published().two_way or []:
        expected: dict[str, Any] = {"decision_threshold": DECISION, "failed": []}
        for name, axis in (("x", found.x), ("y", found.y)):
            own = of_price(axis.id)
            low, high = bounds()[own]
            first = low if own == axis.id else 0.0
            assert (axis.values[0], axis.values[-1]) == pytest.approx((first, high), rel=1e-7)
            assert len(axis.values) == 11
            assert (np.diff(axis.values) > 0).all()
            assert middle(own) == pytest.approx(next(v for v in axis.values if abs(v / middle(own) - 1) < 1e-9))
            ends = {"base": middle(own), "low": low, "high": high}
            expected[name] = {"id": axis.id, "values": axis.values, **ends}
        grid = [
            [increments(moved_to({of_price(found.x.id): x, found.y.id: y}))[found.intervention] for x in found.x.values]
            for y in found.y.values
        ]
        pairs = [[(cell["costs"], cell["qalys"]) for cell in row] for row in grid]
        expected |= {name: [[cell[name] for cell in row] for row in grid] for name in ("qalys", "costs")}
        expected |= {"icer": [[ratio(*pair) for pair in row] for row in pairs]}
        expected["nmb"] = [[DECISION * q - c for c, q in row] for row in pairs]
        expected["boundaries"] = [
            {"threshold": t, "x": [zeros(found.x.values, [t * q - c for c, q in row]) for row in pairs]}
            for t in dict.fromkeys((DECISION, *THRESHOLDS))
        ]
        agree(found, expected, close=1e-6)
        assert found.verdict == [[word(*pair) for pair in row] for row in pairs]


def zeros(x: list[float], y: list[float]) -> list[float]:
    """Where straight lines from point to point pass 0."""
    ends = zip(x[:-1], x[1:], y[:-1], y[1:], strict=True)
    return [a + (b - a) * c / (c - d) for a, b, c, d in ends if c * d < 0]


# Draws ---------------------------------------------------------------------------------------------------------------


@cache
def draws() -> list[by_hand.Outcomes]:
    inputs = run().psa.inputs  # type: ignore[union-attr]
    return [outcomes(drawn(base(), inputs, draw)) for draw in range(DRAWS)]


def totals(outcome: str) -> Array:
    """Discounted totals, (draws, strategies)."""
    return np.array([[found[s][outcome]["discounted"]["total"] for s in STRATEGIES] for found in draws()])


def gains(outcome: str, strategy: str) -> Array:
    found = totals(outcome)
    return np.asarray(found[:, STRATEGIES.index(strategy)] - found[:, 0])


def interval(values: Array) -> list[float]:
    return [float(np.quantile(values, p)) for p in (0.025, 0.975)]


def error(values: Array) -> float:
    return float(values.std(ddof=1) / math.sqrt(DRAWS))


def test_every_draw_was_made_of_its_inputs() -> None:
    agree(run().psa.costs.tolist(), totals("costs").tolist())  # type: ignore[union-attr]
    agree(run().psa.qalys.tolist(), totals("qalys").tolist())  # type: ignore[union-attr]


def test_probabilistic_results() -> None:
    found = published().psa
    assert found is not None
    parts = found.model_dump(exclude={"inputs", "against_base", "differences", "extremes", "checks"})
    by_strategy = {s: {o: totals(o)[:, i] for o in OUTCOMES} for i, s in enumerate(STRATEGIES)}
    wtp = grid([ratio(g["costs"], g["qalys"]) for g in increments(base()).values()])
    best = {t: np.argmax(t * totals("qalys") - totals("costs"), axis=1) for t in [*wtp, *THRESHOLDS]}
    curve = {s: [float((best[t] == i).mean()) for t in wtp] for i, s in enumerate(STRATEGIES)}
    on_average = [int(np.argmax(t * totals("qalys").mean(axis=0) - totals("costs").mean(axis=0))) for t in wtp]
    losses = [loss(t) for t in wtp]
    expected = {
        "draws": DRAWS,
        "kept": DRAWS,
        "seed": 1,
        "mean": {s: {o: x.mean() for o, x in own.items()} for s, own in by_strategy.items()},
        "interval": {s: {o: interval(x) for o, x in own.items()} for s, own in by_strategy.items()},
        "component_mean": {s: {o: components(s, o) for o in (*OUTCOMES, "drug_costs")} for s in STRATEGIES},
        "increments": [increment(s) for s in OTHERS],
        "probability_cost_effective": {
            key(t): {s: float((best[t] == i).mean()) for i, s in enumerate(STRATEGIES)} for t in THRESHOLDS
        },
        "ceac": {"wtp": wtp, "probability": curve},
        "ceaf": {"wtp": wtp, "probability": [curve[STRATEGIES[i]][k] for k, i in enumerate(on_average)]},
        "expected_loss": {
            "wtp": wtp,
            "loss": {s: [x[:, i].mean() for x in losses] for i, s in enumerate(STRATEGIES)},
            "evpi": [x[:, i].mean() for i, x in zip(on_average, losses, strict=True)],
            "evpi_standard_error": [error(x[:, i]) for i, x in zip(on_average, losses, strict=True)],
        },
        "mcse_inmb": error(DECISION * gains("qalys", "active") - gains("costs", "active")),
    }
    agree(parts, expected)
    assert found.ceaf.strategy == [STRATEGIES[i] for i in on_average]
    most_often = [int(np.argmax(np.bincount(best[t], minlength=3))) for t in wtp]
    assert most_often[wtp.index(THRESHOLDS[-1])] != on_average[wtp.index(THRESHOLDS[-1])]


def grid(icers: list[float | None]) -> list[float]:
    """81 thresholds to one and a half times the highest threshold or ICER, and those of the settings."""
    top = 1.5 * max(*THRESHOLDS, *(icer for icer in icers if icer is not None))
    return sorted({*np.linspace(0.0, top, 81).tolist(), *THRESHOLDS})


def loss(threshold: float) -> Array:
    """What each strategy falls short of the best of the draw, (draws, strategies)."""
    net = threshold * totals("qalys") - totals("costs")
    return np.asarray(net.max(axis=1, keepdims=True) - net)


def components(strategy: str, outcome: str) -> dict[str, float]:
    parts = [found[strategy][outcome]["discounted"] for found in draws()]
    return {name: math.fsum(part[name] for part in parts) / DRAWS for name in parts[0]}


def increment(strategy: str) -> dict[str, Any]:
    """Increments over the draws of one intervention."""
    own = {o: gains(o, strategy) for o in OUTCOMES}
    net = {key(t): t * own["qalys"] - own["costs"] for t in THRESHOLDS}
    shares = Counter(word(c, q) for c, q in zip(own["costs"], own["qalys"], strict=True))
    assert strategy == "active" or len(set(shares.values())) == 4
    words = ("more effective and more costly", "dominant", "dominated", "less costly and less effective")
    mean = {o: x.mean() for o, x in own.items()}
    return {
        "mean": mean,
        "interval": {o: interval(x) for o, x in own.items()},
        "icer_of_means": ratio(mean["costs"], mean["qalys"]),
        "verdict_of_means": word(mean["costs"], mean["qalys"]),
        "nmb_mean": {t: x.mean() for t, x in net.items()},
        "nmb_interval": {t: interval(x) for t, x in net.items()},
        "nmb_mcse": {t: error(x) for t, x in net.items()},
        "quadrants": {**{w: shares[w] / DRAWS for w in words}, "no difference": 0},
        "mcse_inmb": error(net[key(DECISION)]),
    }


def test_inputs_of_the_draws() -> None:
    psa = published().psa
    assert psa is not None
    expected = {}
    for id_, distribution in distributions().items():
        values = run().psa.inputs[id_]  # type: ignore[union-attr]
        mean, sd = distribution.mean(), distribution.std()
        moments = {"mean": mean, "sd": sd, "drawn_mean": values.mean(), "drawn_sd": values.std(ddof=1)}
        ends = {"lowest": values.min(), "highest": values.max(), "base": base()[id_]}
        apart = (values.mean() - mean) / (sd / math.sqrt(DRAWS))
        expected[id_] = {"id": id_, **moments, **ends, "standard_errors": apart, "given": False}
    agree(by(psa.inputs, "id"), expected)


def test_inputs_whose_draws_a_file_gives() -> None:
    """Those of the file are said to be, with its mean, SD and ends; no other is."""
    model, _ = published_draws.made()
    inputs = by(psa_result(published_draws.drawn(), model).inputs, "id")
    assert {id_ for id_, entry in inputs.items() if entry.given} == set(published_draws.VALUES)
    for id_, values in published_draws.VALUES.items():
        expected = {"drawn_mean": np.mean(values), "drawn_sd": np.std(values, ddof=1), "lowest": min(values)}
        agree({name: getattr(inputs[id_], name) for name in expected}, expected)
        assert inputs[id_].highest == max(values)


def test_mean_of_the_draws_beside_the_base_case() -> None:
    """Of every strategy; 2% are said to be apart, which one of the costs is here."""
    psa = published().psa
    assert psa is not None
    expected = {}
    for place, (strategy, found) in enumerate(outcomes(base()).items()):
        for outcome in OUTCOMES:
            values, own = totals(outcome)[:, place], found[outcome]["discounted"]["total"]
            difference = values.mean() / own - 1
            entry = {"strategy": strategy, "base": own, "mean": values.mean(), "difference": difference}
            entry |= {"mcse": error(values) / own, "apart": bool(abs(difference) > 0.02)}
            expected[f"{strategy}/{outcome}"] = entry
    agree(by(psa.against_base, "strategy", "outcome"), expected)
    assert {entry["apart"] for entry in expected.values()} == {True, False}


def test_mean_of_the_draws_less_the_base_case() -> None:
    """Each input alone at 16 equally likely points that have its mean; curves at draws and their mirror images."""
    psa = published().psa
    assert psa is not None
    alone: dict[str, dict[str, dict[str, float]]] = {}
    for id_, distribution in distributions().items():
        if ".share." not in id_:
            points = distribution.ppf((np.arange(16) + 0.5) / 16)
            alone[id_] = _moved_mean([base() | {id_: x} for x in points + distribution.mean() - points.mean()])
    for endpoint in ("pfs", "os"):
        logs = run().psa.inputs[f"curve.{endpoint}"]  # type: ignore[union-attr]
        centre = np.log([base()[f"rate.{endpoint}.{s}"] for s in STRATEGIES])
        both = np.concatenate([logs, 2 * centre - logs])
        every = [drawn(base(), {f"curve.{endpoint}": both}, i) for i in range(len(both))]
        alone[f"curve.{endpoint}"] = _moved_mean(every)
    for place, strategy in enumerate(OTHERS):
        found = psa.differences[place]
        gap = {o: gains(o, strategy).mean() - increments(base())[strategy][o] for o in ("qalys", "costs")}
        reasons = {id_: with_benefit(own[strategy]) | {"id": id_} for id_, own in alone.items()}
        listed = [reasons[reason.id] for reason in found.reasons]
        rest = {o: gap[o] - sum(float(str(reason[o])) for reason in listed[:8]) for o in gap}
        net = DECISION * gains("qalys", strategy) - gains("costs", strategy)
        expected = {**with_benefit(gap), "mcse_nmb": error(net), "reasons": listed}
        agree(found, {**expected, "rest": {"id": "", **with_benefit(rest)}})
        assert len(listed) == len(reasons)
        if place == 0:
            sizes = [abs(reason.nmb) for reason in found.reasons]
            assert sizes == pytest.approx(sorted(sizes, reverse=True), rel=1e-9)


def _moved_mean(every: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean increments over some values less those of the base case."""
    found, centre = [increments(values) for values in every], increments(base())
    return {
        s: {o: math.fsum(each[s][o] - centre[s][o] for each in found) / len(found) for o in ("qalys", "costs")}
        for s in OTHERS
    }


def with_benefit(found: dict[str, float]) -> dict[str, float | str]:
    return {**found, "nmb": DECISION * found["qalys"] - found["costs"]}


def test_extreme_draws() -> None:
    """Shares of the distance to the mean, by least squares on one input alone."""
    psa = published().psa
    assert psa is not None
    qalys, costs = gains("qalys", "active"), gains("costs", "active")
    net = DECISION * qalys - costs
    apart, order = net - net.mean(), np.argsort(net)
    fitted = {}
    for id_, values in run().psa.inputs.items():  # type: ignore[union-attr]
        design = np.column_stack([np.ones(DRAWS), values])
        fitted[id_] = design @ np.linalg.pinv(design) @ apart
    expected = []
    for draw in [*order[:5], *order[-5:]]:
        shares = {id_: own[draw] / apart[draw] for id_, own in fitted.items()}
        largest = sorted(shares, key=lambda id_: -shares[id_])[:3]
        entry = {"draw": draw + 1, "qalys": qalys[draw], "costs": costs[draw], "nmb": net[draw]}
        expected.append({**entry, "reasons": [{"id": id_, "share": shares[id_]} for id_ in largest]})
    agree(psa.extremes, expected)


def test_value_of_information() -> None:
    """Of everything; `tests/reference/test_voi_package.py` has that of some inputs, which need more draws."""
    found = published().information
    assert found is not None
    means = {o: totals(o).mean(axis=0) for o in ("qalys", "costs")}
    icers = [ratio(means["costs"][i] - means["costs"][0], means["qalys"][i] - means["qalys"][0]) for i in (1, 2)]
    wtp = sorted({*grid(icers), *(icer for icer in icers if icer is not None)})
    assert len(found.curves.optimal) == len(wtp)
    perfect = [known(t) for t in wtp]
    peak = wtp[int(np.argmax([each["value"] for each in perfect]))]
    expected = {
        "draws": DRAWS,
        "thresholds": sorted({*THRESHOLDS, peak}),
        "most_uncertain": peak,
        "ranked_at": peak,
        "evpi": [known(t) for t in sorted({*THRESHOLDS, peak})],
        "curves": {
            "wtp": wtp,
            "evpi": [each["value"] for each in perfect],
            "standard_error": [each["standard_error"] for each in perfect],
            "expected_loss": {s: [each["expected_loss"][s] for each in perfect] for s in STRATEGIES},
        },
    }
    agree(found, expected)
    assert found.curves.optimal == [each["optimal"] for each in perfect]


def known(threshold: float) -> dict[str, Any]:
    """Mean of the best less the best mean.

    At a threshold that is an ICER two strategies are the best but for rounding, 1e-7 of 1e5, and the first is named.
    """
    net = threshold * totals("qalys") - totals("costs")
    means = net.mean(axis=0)
    best = next(i for i, mean in enumerate(means) if mean > means.max() - 1e-7)
    lost = {s: float(loss(threshold)[:, i].mean()) for i, s in enumerate(STRATEGIES)}
    found = {"threshold": threshold, "optimal": STRATEGIES[best], "expected_loss": lost}
    value = float(net.max(axis=1).mean() - net.mean(axis=0).max())
    return {**found, "value": value, "standard_error": error(loss(threshold)[:, best])}


def test_caps() -> None:
    """No PFS is above OS in the base case; in some draws the rate of PFS is the lower one."""
    assert {entry.rule for entry in published().adjustments} == {"pfs_capped_at_os"}
    inputs = run().psa.inputs  # type: ignore[union-attr]
    above = (inputs["curve.pfs"] < inputs["curve.os"]).mean(axis=0)
    blank = {"first_month": None, "max_gap": 0, "life_years_moved": 0}
    expected = [{"strategy": s, **blank, "share_of_draws": above[i]} for i, s in enumerate(STRATEGIES)]
    agree(published().adjustments, expected)


# Headline ------------------------------------------------------------------------------------------------------------


def test_headline() -> None:
    """The third strategy is the best and the cheapest on the frontier: the question is the second against it."""
    found, gain = published().headline, increments(base())
    best = max(OTHERS, key=lambda s: DECISION * gain[s]["qalys"] - gain[s]["costs"])
    assert (found.best, found.question, found.against) == (best, "active", "late")
    more = {name: gain["active"][name] - gain["late"][name] for name in ("life_years", "qalys", "costs")}
    over = {name: gains(name, "active") - gains(name, "late") for name in ("qalys", "costs")}
    of_means = float(over["costs"].mean() / over["qalys"].mean())
    benefit = DECISION * totals("qalys") - totals("costs")
    shares = (benefit == benefit.max(axis=1, keepdims=True)).mean(axis=0)
    id_ = "drug.newtinib.price_per_vial"
    free = increments(base() | {id_: 0.0})
    without = free["active"]["costs"] - free["late"]["costs"]
    scale = (DECISION * more["qalys"] - without) / (more["costs"] - without)
    price = {
        "met": "met at this price or less",
        "prices": {id_: scale * base()[id_]},
        "share": scale,
        "discount": 1 - scale,
        "cost_saved": (1 - scale) * (more["costs"] - without),
        "size_mg": VIALS["newtinib"],
        "price": base()[id_],
        "assumed": True,
        "icer_at_price_0": ratio(without, more["qalys"]),
        "verdict_at_price_0": word(without, more["qalys"]),
    }
    drawn_ = {
        "draws": DRAWS,
        "icer_of_means": of_means,
        "verdict_of_means": word(over["costs"].mean(), over["qalys"].mean()),
        "icer_mcse": error(over["costs"] - of_means * over["qalys"]) / float(over["qalys"].mean()),
        "probability": dict(zip(STRATEGIES, shares.tolist(), strict=True)),
    }
    icer = ratio(more["costs"], more["qalys"])
    words = {"verdict": word(more["costs"], more["qalys"]), "against": "late"}
    numbers = {"threshold": DECISION, "weight": 1.0, "icer": icer, "weighted_icer": icer}
    agree(found, {**more, **words, **numbers, "draws": drawn_, "price": price})


# Prices --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drug", ["newtinib", "lateximab"])
def test_prices(drug: str) -> None:
    """Costs are a line in the price: what is left at a price of 0, and what the workbook's price adds, net of the
    comparator's use; of the draws, the means of both."""
    entry = next(e for e in published().prices or [] if e.drug == drug)
    strategy = {"newtinib": "active", "lateximab": "late"}[drug]
    id_, now = f"drug.{drug}.price_per_vial", increments(base())[strategy]
    price, without = base()[id_], increments(base() | {id_: 0.0})[strategy]["costs"]
    adds, qalys = now["costs"] - without, now["qalys"]
    spent = np.array([[each[s]["drug_costs"]["discounted"][drug] for s in (FIRST, strategy)] for each in draws()])
    drawn_adds = float((spent[:, 1] - spent[:, 0]).mean())
    drawn_qalys, drawn_now = (float(gains(o, strategy).mean()) for o in ("qalys", "costs"))

    def at(scale: float | None, met: str) -> dict[str, Any]:
        if scale is None:
            return {"met": met, **dict.fromkeys(("prices", "share", "discount", "cost_saved"))}
        saved = {"share": scale, "discount": 1 - scale, "cost_saved": (1 - scale) * adds}
        return {"met": met, "prices": {id_: scale * price}, **saved}

    less = "met at this price or less"
    thresholds = [
        {
            "threshold": t,
            **at((t * qalys - without) / adds, less),
            "probabilistic": at((t * drawn_qalys - drawn_now + drawn_adds) / drawn_adds, less),
        }
        for t in THRESHOLDS
    ]
    scales = np.linspace(0.0, 1.25 * max(1.0, (DECISION * qalys - without) / adds), 51)
    expected: dict[str, Any] = {
        "given_in_comparator": drug == "newtinib",
        "assumed": True,
        "decisive": abs(adds) >= 0.1 * abs(now["costs"]),
        "vials": [{"id": id_, "size_mg": VIALS[drug], "price": price}],
        "qalys": qalys,
        "costs_at_price_0": without,
        "icer_at_price_0": ratio(without, qalys),
        "verdict_at_price_0": word(without, qalys),
        "icer": ratio(now["costs"], qalys),
        "verdict": word(now["costs"], qalys),
        "thresholds": thresholds,
        "frontier": frontier_price(drug, at),
        "curve": {"price": scales * price, "icer": [ratio(without + x * adds, qalys) for x in scales]},
    }
    expected["curve"] = {name: list(values) for name, values in expected["curve"].items()}
    agree(entry, expected)


def frontier_price(drug: str, at: Any) -> dict[str, Any]:
    """Of the second, the others have no frontier of two. The third lies between the first and the second: on the line
    that joins them at the price at which its costs are those of the line."""
    if drug == "newtinib":
        word_ = "the other strategies have no frontier to extend: there are fewer than two on it"
        return {"slope": None, **at(None, word_)}
    gain, id_ = increments(base()), "drug.lateximab.price_per_vial"
    slope = gain["active"]["costs"] / gain["active"]["qalys"]
    without = increments(base() | {id_: 0.0})["late"]["costs"]
    scale = (slope * gain["late"]["qalys"] - without) / (gain["late"]["costs"] - without)
    return {"slope": slope, **at(scale, "on the efficiency frontier of the other strategies")}
