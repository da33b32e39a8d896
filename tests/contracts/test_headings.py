"""Every heading of a table against the number of results.json that its name means.

The results are those of the model of `by_hand` with every number replaced by one of its own, which tells where it is
from.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import by_hand
import numpy as np
import pytest
from budget_support import budget_model, small_budget_run
from support import STRATEGIES, small_run

from hemodel.analyses.fitted_curves import try_families
from hemodel.analyses.results import Results, results
from hemodel.analyses.scenarios import run_scenarios
from hemodel.inputs.changes import Change
from hemodel.inputs.scenarios import Scenario
from hemodel.views.tables import Table, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.analyses.run import Run

NAMES = {"standard": "Standard", "active": "Active", "late": "Late"}
FIRST, *OTHERS = NAMES
ENDPOINTS = {"pfs": "Progression-free survival", "os": "Overall survival"}
KEPT = {"schema_version", "price_year", "thresholds", "decision_threshold", "years"}
"""Numbers by which others are looked up."""
BENEFIT = "Net monetary benefit at EUR 50,000 per QALY"
THRESHOLDS = {"20000": "EUR 20,000", "50000": "EUR 50,000", "163500": "EUR 163,500"}
OF_THE_ROWS = {"settings", "regimens", "inputs", "assumptions", "changes"}
"""Tables of the workbook's rows; `unit/views/test_tables_inputs.py` looks at these."""
OF_THE_RUN = {"occupancy", "coefficients"}

Record = dict[str, Any]
Expected = tuple[list[Record], dict[str, str]]
"""Records of the rows, and the path in a record by column."""


@cache
def run() -> Run:
    model = by_hand.model()
    change = Change("end_of_life.cost", 5000.0, "scenario")
    scenario = Scenario("cheaper", "question", "why", "source", (change,), "", "costs", "p")
    return replace(small_run(model, 60), scenarios=run_scenarios(model, (), [scenario]), families=try_families(model))


@cache
def published() -> Results:
    """Results whose every number is another one."""
    found = results(run()).model_dump()
    at = dict.fromkeys(("value", "standard_error", "bias", "by_chance"), 1.0) | {"threshold": 0.0, "capped": False}
    entry = {"id": "x", "label": "X", "group": False}
    places = len(found["information"]["thresholds"])
    found["information"]["evppi"] = [entry | {"inputs": ["x"], "method": "spline", "at": [at] * places}]
    found["information"]["curves"]["evppi"] = [entry | {"value": [1.0] * len(found["information"]["curves"]["wtp"])}]
    found["adjustments"][0]["first_month"] = 1.0
    made = Results.model_validate(_each_its_own(found, count(1)))
    assert made.information is not None
    made.information.thresholds[:] = [entry.threshold for entry in made.information.evpi]
    return made


def _each_its_own(found: Any, numbers: Iterator[int]) -> Any:
    if isinstance(found, dict):
        return {k: v if k in KEPT else _each_its_own(v, numbers) for k, v in found.items()}
    if isinstance(found, list | tuple):
        return [_each_its_own(each, numbers) for each in found]
    if isinstance(found, bool) or not isinstance(found, int | float):
        return found
    return next(numbers) if isinstance(found, int) else next(numbers) + 0.5


@cache
def made() -> dict[str, Table]:
    return {table.name: table for table in tables(published(), run())}


def outcomes(group: str, path: str, *, life_years: bool = True) -> dict[str, str]:
    keys = {"Life-years": "life_years", "QALYs": "qalys", "Costs": "costs"}
    return {f"{group}{name}": path.format(key) for name, key in keys.items() if life_years or key != "life_years"}


def by_component(r: Record, outcome: str) -> Expected:
    parts = [name for name in r["base_case"][FIRST][outcome]["discounted"] if name != "total"]
    records = []
    for part in [*parts, "total"]:
        both = {
            s: {how: r["base_case"][s][outcome][how][part] for how in ("discounted", "undiscounted")} for s in NAMES
        }
        gain = {f"over {s}": {how: x - both[FIRST][how] for how, x in both[s].items()} for s in OTHERS}
        records.append(both | gain)
    groups = NAMES | {f"over {s}": f"Increment, {NAMES[s]} versus Standard" for s in OTHERS}
    hows = ("Discounted", "Undiscounted")
    return records, {f"{group}: {how}": f"{key}.{how.lower()}" for key, group in groups.items() for how in hows}


def base_case(r: Record) -> Expected:
    gains = {gain["intervention"]: gain for gain in r["incremental"]}
    records = [{**r["base_case"][s], "gain": gains.get(s)} for s in NAMES]
    columns = outcomes("Total: ", "{}.discounted.total") | outcomes("Increment over Standard: ", "gain.{}")
    return records, columns | {"Increment over Standard: ICER": "gain.icer"}


def fully_incremental(r: Record) -> Expected:
    records = [{**r["base_case"][entry["strategy"]], "own": entry} for entry in r["frontier"]]
    columns = {f"Incremental {name}": f"own.{key}" for name, key in (("costs", "costs"), ("QALYs", "qalys"))}
    return records, {**outcomes("", "{}.discounted.total", life_years=False), **columns, "ICER": "own.icer"}


def drug_use(r: Record) -> Expected:
    records: list[Record] = []
    columns: dict[str, str] = {}
    for drug in [*r["drug_names"], "total"]:
        records.append({})
        for s, name in NAMES.items():
            own = r["base_case"][s]
            costs = {how: own["drug_costs"][how][drug] for how in ("discounted", "undiscounted")}
            records[-1][s] = {**costs, "given": own["administrations"]["undiscounted"][drug]}
            columns |= {f"{name}: Administrations": f"{s}.given", f"{name}: Acquisition cost": f"{s}.discounted"}
            columns[f"{name}: Acquisition cost, undiscounted"] = f"{s}.undiscounted"
    return records, columns


def by_threshold(entries: list[Record], columns: dict[str, str]) -> Expected:
    """A record for every entry and threshold: what an entry has at the threshold stands beside it."""
    records = [
        {k: v.get(t) if isinstance(v, dict) else v for k, v in entry.items()} | {"threshold": float(t)}
        for entry in entries
        for t in THRESHOLDS
    ]
    return records, {"Threshold": "threshold", **columns}


def survival_fit(r: Record) -> Expected:
    ends = {f"95% interval: {end}": end.lower() for end in ("Low", "High")}
    columns = {"Reported": "reported", **ends, "Fitted": "fitted", "Difference": "z"}
    return [entry for entries in r["fit"].values() for entry in entries], columns


def modelled_survival(r: Record) -> Expected:
    columns = {
        f"{name}: {word}": f"survival.{e}.{word.lower()}_months"
        for e, name in ENDPOINTS.items()
        for word in ("Median", "Mean")
    }
    return list(r["base_case"].values()), columns


def by_year(path: str) -> dict[str, str]:
    return {f"Survival at: {y} year{'s' * (y > 1)}": f"{path}.{y}" for y in (1, 2, 3, 5)}


def curves(r: Record) -> Expected:
    means = {"Mean without a limit": "mean_months", "Mean within the horizon": "restricted_mean_months"}
    return r["curves"], {"Median": "median_months", **means, **by_year("survival_by_year")}


def fit_quality(r: Record) -> Expected:
    columns = {"Statistics": "targets", "Coefficients": "parameters", "Gradient": "gradient_norm"}
    columns |= {name.capitalize(): name for name in ("objective", "criterion", "condition")}
    return list(r["fit_quality"].values()), columns


def families(r: Record) -> Expected:
    records = [
        {**trial, "mean": trial["restricted_mean_months"].get(s), "at": trial["survival_by_year"].get(s)}
        for trial in r["families"]
        for s in NAMES
    ]
    columns = {"Criterion": "criterion", "Largest difference": "largest_z", "Mean within the horizon": "mean"}
    return records, columns | by_year("at")


def external(r: Record) -> Expected:
    records = [{**entry, "own": entry["time_months"] - entry["origin_months"]} for entry in r["external"]]
    columns = {"Time: In the study": "time_months", "Time: In the model": "own", "Reported": "reported"}
    ends = {f"95% interval: {end}": end.lower() for end in ("Low", "High")}
    return records, {**columns, **ends, "Modelled": "fitted"}


def adjustments(r: Record) -> Expected:
    columns = {"From month": "first_month", "Largest gap": "max_gap", "Time moved": "life_years_moved"}
    return r["adjustments"], {**columns, "Draws in which it bound": "share_of_draws"}


VALUE = {"Value: Base case": "base", "Value: Low": "low", "Value: High": "high"}


def dsa(r: Record) -> Expected:
    records = [{**e, "range": abs(e["nmb_high"] - e["nmb_low"])} for e in r["dsa"]]
    records.sort(key=lambda e: (e["intervention"] != "active", -e["range"]))
    columns = {f"{BENEFIT}: Range": "range", **VALUE}
    for end in ("low", "high"):
        columns |= {f"{BENEFIT}: At {end}": f"nmb_{end}", f"ICER: At {end}": f"icer_{end}"}
        columns |= {f"Incremental {name}: At {end}": f"{name.lower()}_{end}" for name in ("QALYs", "costs")}
    return records, columns


def threshold_values(r: Record) -> Expected:
    ends = {"At low": "low", "Base case": "base", "At high": "high"}
    columns = {f"{BENEFIT}: {word}": f"nmb_{end}" for word, end in ends.items()}
    return r["threshold_values"], {**VALUE, "Decision changes at": "values.0", **columns}


def two_way(r: Record) -> Expected:
    records = [
        {"x": x, "y": y, **{name: grid[name][i][j] for name in ("qalys", "costs", "icer", "verdict", "nmb")}}
        for grid in r["two_way"]
        for i, y in enumerate(grid["y"]["values"])
        for j, x in enumerate(grid["x"]["values"])
    ]
    columns = {"Value: First": "x", "Value: Second": "y", "ICER": "icer", "Net monetary benefit": "nmb"}
    return records, {**columns, **outcomes("Increment: ", "{}", life_years=False)}


def two_way_boundary(r: Record) -> Expected:
    records = []
    for grid in r["two_way"]:
        for boundary in (b for b in grid["boundaries"] if any(b["x"])):
            for i, (y, crossed) in enumerate(zip(grid["y"]["values"], boundary["x"], strict=True)):
                t, qalys, costs = boundary["threshold"], grid["qalys"][i], grid["costs"][i]
                ends = {"low": t * qalys[0] - costs[0], "high": t * qalys[-1] - costs[-1]}
                records.append({"threshold": t, "y": y, "crossed": crossed, **ends})
    columns = {"Threshold": "threshold", "Value: Second input": "y", "First input at the boundary": "crossed.0"}
    group = "Net monetary benefit: "
    return records, {**columns, f"{group}First input at its lower end": "low", f"{group}at its upper end": "high"}


INTERVAL = {"Mean": "mean.{}", "2.5%": "interval.{}.0", "97.5%": "interval.{}.1"}


def psa_summary(r: Record) -> Expected:
    psa = r["psa"]
    records = [{name: psa[name][s] for name in ("mean", "interval")} for s in NAMES] + psa["increments"]
    names = {"Life-years": "life_years", "QALYs": "qalys", "Costs": "costs"}
    columns = {f"{n}: {word}": path.format(key) for n, key in names.items() for word, path in INTERVAL.items()}
    return records, {**columns, "ICER": "icer_of_means"}


def psa_net_benefit(r: Record) -> Expected:
    ends = {"2.5%": "nmb_interval.0", "97.5%": "nmb_interval.1"}
    records, columns = by_threshold(r["psa"]["increments"], {"Monte Carlo error": "nmb_mcse"})
    return records, columns | {f"Net monetary benefit: {n}": path for n, path in ({"Mean": "nmb_mean"} | ends).items()}


def psa_quadrants(r: Record) -> Expected:
    words = ("more effective and more costly", "dominant", "dominated", "less costly and less effective")
    return r["psa"]["increments"], {w.capitalize(): f"quadrants.{w}" for w in (*words, "no difference")}


DIFFERENCE = {"Incremental QALYs": "qalys", "Incremental costs": "costs", "Net monetary benefit": "nmb"}


def psa_totals(r: Record) -> Expected:
    columns = {"Base case": "base", "Mean of the draws": "mean", "Difference": "difference"}
    return r["psa"]["against_base"], {**columns, "Monte Carlo standard error": "mcse"}


def psa_against_base(r: Record) -> Expected:
    differences = r["psa"]["differences"]
    return [row for d in differences for row in (d, *d["reasons"][:8], d["rest"])], DIFFERENCE


def psa_inputs(r: Record) -> Expected:
    columns = {"Base case": "base", "Mean: Declared": "mean", "Mean: Drawn": "drawn_mean"}
    columns |= {"Standard deviation: Declared": "sd", "Standard deviation: Drawn": "drawn_sd"}
    ends = {"Drawn: Lowest": "lowest", "Drawn: Highest": "highest", "Distance": "standard_errors"}
    return r["psa"]["inputs"], columns | ends


def probability_cost_effective(r: Record) -> Expected:
    records = [{"threshold": float(t), **own} for t, own in r["psa"]["probability_cost_effective"].items()]
    return records, {"Threshold": "threshold", **{name: s for s, name in NAMES.items()}}


def ceac(r: Record) -> Expected:
    psa, columns = r["psa"], {f"Probability: {name}": s for s, name in NAMES.items()}
    records = [
        {"wtp": wtp, "best": psa["ceaf"]["probability"][i], **{s: psa["ceac"]["probability"][s][i] for s in NAMES}}
        for i, wtp in enumerate(psa["ceac"]["wtp"])
    ]
    return records, {"Threshold": "wtp", **columns, "Acceptability frontier: Probability": "best"}


def scenarios(r: Record) -> Expected:
    columns = outcomes("Increment: ", "{}") | outcomes("Change: ", "change_in_{}", life_years=False)
    columns |= {f"Net monetary benefit at: {words}": f"nmb.{t}" for t, words in THRESHOLDS.items()}
    return r["incremental"] + r["scenarios"], {**columns, "ICER": "icer", "Change in ICER": "change_in_icer"}


LOSSES = {f"Expected loss: {name}": f"expected_loss.{s}" for s, name in NAMES.items()}


def evpi(r: Record) -> Expected:
    columns = {"Willingness to pay": "threshold", "EVPI": "value", "Standard error": "standard_error"}
    return r["information"]["evpi"], columns | LOSSES


def evppi(r: Record) -> Expected:
    found = r["information"]
    (entry,) = found["evppi"]
    pairs = zip(entry["at"], found["evpi"], strict=True)
    columns = {name: name.lower().replace(" ", "_") for name in ("Standard error", "Bias", "By chance")}
    return [{**at, "share": at["value"] / whole["value"]} for at, whole in pairs], {
        **columns,
        "EVPPI": "value",
        "Share of the EVPI": "share",
    }


def voi_curves(r: Record) -> Expected:
    own = r["information"]["curves"]
    records = [
        {
            **{name: own[name][i] for name in ("wtp", "evpi", "standard_error")},
            "expected_loss": {s: own["expected_loss"][s][i] for s in NAMES},
            "x": own["evppi"][0]["value"][i],
        }
        for i in range(len(own["wtp"]))
    ]
    columns = {"Willingness to pay": "wtp", "EVPI": "evpi", "Standard error": "standard_error", "EVPPI: X": "x"}
    return records, columns | LOSSES


VIAL = {"Vial": "vials.0.size_mg", "Price per vial: Workbook": "vials.0.price"}


def price_threshold(r: Record) -> Expected:
    records = [{**entry, **at, "price": _only(at), "drawn": _only(at["probabilistic"])} for entry, at in _at(r)]
    columns = {"Threshold": "threshold", "Price per vial: At the threshold": "price", "Discount": "discount"}
    drawn = {"Price per vial: Probabilistic": "drawn", "Saved": "cost_saved", "ICER at price 0": "icer_at_price_0"}
    return records, {**VIAL, **columns, **drawn}


def _at(r: Record) -> Iterator[tuple[Record, Record]]:
    for entry in r["prices"]:
        yield from ((entry, at) for at in entry["thresholds"])


def _only(at: Record) -> float | None:
    return None if at["prices"] is None else float(*at["prices"].values())


def frontier_price(r: Record) -> Expected:
    records = [{**entry, "price": _only(entry["frontier"])} for entry in r["prices"]]
    columns = {"Slope": "frontier.slope", "Price per vial: On the frontier": "price", "Discount": "frontier.discount"}
    return records, VIAL | columns


EXPECTED: dict[str, Callable[[Record], Expected]] = {
    "base_case": base_case,
    "fully_incremental": fully_incremental,
    "net_benefit": lambda r: by_threshold(
        r["incremental"], {"Net monetary benefit": "nmb", "Net health benefit": "nhb"}
    ),
    "disaggregated_costs": lambda r: by_component(r, "costs"),
    "drug_use": drug_use,
    "disaggregated_life_years": lambda r: by_component(r, "life_years"),
    "disaggregated_qalys": lambda r: by_component(r, "qalys"),
    "survival_fit": survival_fit,
    "modelled_survival": modelled_survival,
    "curves": curves,
    "fit_quality": fit_quality,
    "families": families,
    "external": external,
    "adjustments": adjustments,
    "dsa": dsa,
    "threshold_values": threshold_values,
    "two_way": two_way,
    "two_way_boundary": two_way_boundary,
    "psa_summary": psa_summary,
    "psa_net_benefit": psa_net_benefit,
    "psa_quadrants": psa_quadrants,
    "psa_totals": psa_totals,
    "psa_against_base": psa_against_base,
    "psa_inputs": psa_inputs,
    "psa_extremes": lambda r: (r["psa"]["extremes"], {"Draw": "draw", **DIFFERENCE}),
    "probability_cost_effective": probability_cost_effective,
    "ceac": ceac,
    "scenarios": scenarios,
    "scenario_changes": lambda r: (r["scenarios"][-1]["changes"], {"From": "old", "To": "new"}),
    "evpi": evpi,
    "evppi": evppi,
    "voi_curves": voi_curves,
    "price_threshold": price_threshold,
    "frontier_price": frontier_price,
}


def test_every_table_of_numbers_is_compared() -> None:
    numbers = {t.name for t in made().values() if any(isinstance(v, int | float) for row in t.rows for v in row)}
    assert numbers == set(EXPECTED) | OF_THE_RUN | OF_THE_ROWS


@pytest.mark.parametrize("name", EXPECTED)
def test_headings(name: str) -> None:
    agree(made()[name], EXPECTED[name](published().model_dump()))


def agree(table: Table, expected: Expected) -> None:
    """Every number stands below the heading of its path, and every path has its number."""
    records, columns = expected
    assert len(table.rows) == len(records)
    for row, record in zip(table.rows, records, strict=True):
        cells = {c: v for c, v in zip(heads(table), row, strict=True) if not isinstance(v, str)}
        known = {name: value for name, path in columns.items() if (value := at(record, path)) is not None}
        assert {n: v for n, v in cells.items() if v is not None} == pytest.approx(known, rel=1e-12)
    assert set(columns) <= set(heads(table))


def heads(table: Table) -> list[str]:
    return [column.name.replace("\N{NO-BREAK SPACE}", " ") for column in table.columns]


def at(record: Any, path: str) -> float | None:
    """What is at the end of a path of keys and places; nothing where it ends before."""
    for name in path.split("."):
        if isinstance(record, list | tuple):
            record = dict(enumerate(record)).get(int(name))
        elif record is not None:
            record = record.get(name)
    return None if record is None else float(record)


def budget_impact(r: Record) -> Expected:
    sides = {"Costs: Without": "without_new.total", "Costs: With": "with_new.total", "Eligible patients": "eligible"}
    sides |= {f"Net, by strategy: {NAMES[s]}": f"net.by_strategy.{s}" for s in STRATEGIES}
    sides["Net budget impact: Total"] = "net.total"
    records = []
    for i in range(len(r["years"])):
        own = {name: at(r, f"{path}.by_year.{i}") for name, path in sides.items()}
        records.append(own | {"Net budget impact: Cumulative": r["net"]["cumulative"][i]})
    records.append({name: at(r, f"{path}.all_years") for name, path in sides.items()})
    return records, {name: name for name in records[0]}


def budget_by_category(r: Record) -> Expected:
    records = []
    for side in ("without_new", "with_new", "net"):
        records += [*r[side]["by_category"].values(), r[side]["total"]]
    years = {str(year): f"by_year.{i}" for i, year in enumerate(r["years"])}
    return [*records, *r["net"]["by_drug"].values()], {**years, "All years": "all_years"}


def budget_one_way(r: Record) -> Expected:
    columns = dict(VALUE)
    for name, key in (("over 3 years", "total"), ("largest year", "peak")):
        group = f"Net budget impact{',' if key == 'peak' else ''} {name}"
        columns |= {f"{group}: At {end}": f"{key}_{end}" for end in ("low", "high")}
    columns["Net budget impact over 3 years: Range"] = "range"
    return [{**item, "range": abs(item["total_high"] - item["total_low"])} for item in r["one_way"]], columns


@pytest.mark.parametrize("expected", [budget_impact, budget_by_category, budget_one_way])
def test_headings_of_the_budget_impact(expected: Callable[[Record], Expected]) -> None:
    made = small_budget_run(budget_model({}, {"budget.step.stage": {"value": 0.5, "low": 0.4, "high": 0.6}}))
    found = Results.model_validate(_each_its_own(results(made).model_dump(), count(1)))
    table = next(table for table in tables(found, made) if table.name == expected.__name__)
    agree(table, expected(found.model_dump()["budget"]))


def test_occupancy() -> None:
    """Exponential curves, as a share by month."""
    table, values = made()["occupancy"], by_hand.base_values(run().model)
    months = np.arange(121.0)
    expected = {"Month": months}
    for s, name in NAMES.items():
        pfs, alive = (np.exp(-values[f"rate.{e}.{s}"] * months) for e in ENDPOINTS)
        free = np.minimum(pfs, alive)
        states = {"Progression-free": free, "Progressed": alive - free, "Dead": 1 - alive}
        expected |= {f"{name}: {state}": share for state, share in states.items()}
    assert heads(table) == list(expected)
    np.testing.assert_allclose(np.array(table.rows, dtype=float).T, list(expected.values()), atol=1e-12)


def test_coefficients() -> None:
    """The standard error of a log rate is that of the log median: ln(high / low) / 3.919928."""
    rates = [by_hand.base_values(run().model)[f"rate.{e}.{s}"] for e in ENDPOINTS for s in NAMES]
    table = made()["coefficients"]
    rows = [dict(zip(heads(table), row, strict=True)) for row in table.rows]
    assert [row["Estimate"] for row in rows] == pytest.approx(np.log(rates).tolist(), rel=1e-9)
    assert [row["SE"] for row in rows] == pytest.approx([np.log(1.25 / 0.8) / 3.919928] * 6, rel=1e-6)
