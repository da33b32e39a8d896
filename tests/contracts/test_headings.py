"""Every heading of a table against the number of results.json that its name means.

The results are those of the model of `by_hand` with every number replaced by one of its own, which tells where it is
from.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import by_hand
import numpy as np
import pytest
from contracts import headings_of_evidence as evidence
from contracts.headings_elsewhere import ELSEWHERE
from contracts.headings_of_parts import PARTS, of, record
from headings import Expected, Record, agree, agree_in_units, each_its_own, heads, units
from support import small_run

from hemodel import views
from hemodel.analyses.fitted_curves import try_families
from hemodel.analyses.gates.judge import FitWarning
from hemodel.analyses.results import Results, results
from hemodel.analyses.scenarios import run_scenarios
from hemodel.inputs.changes import Change
from hemodel.inputs.scenarios import Scenario
from hemodel.views.evidence.tables import EVIDENCE_TABLES
from hemodel.views.registry import BEHIND_CHARTS, TABLES, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.analyses.run import Run
    from hemodel.views.shared.table import Table

NAMES = {"standard": "Standard", "active": "Active", "late": "Late"}
FIRST, *OTHERS = NAMES
ENDPOINTS = {"pfs": "Progression-free survival", "os": "Overall survival"}
BENEFIT = "Net monetary benefit at EUR 50,000 per QALY"
THRESHOLDS = {"20000": "EUR 20,000", "50000": "EUR 50,000", "163500": "EUR 163,500"}
OF_THE_ROWS = {"settings", "regimens", "inputs", "assumptions", "changes"}
"""Tables of the workbook's rows; `unit/views/test_tables_inputs.py` looks at these."""
VIEWS = Path(views.__file__).parent
OF_THE_RUN = {"occupancy", "coefficients"}
OF_ANY_UNIT = {"scenario_changes"}


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
    made = Results.model_validate(each_its_own(found, count(1)))
    assert made.information is not None
    made.information.thresholds[:] = [entry.threshold for entry in made.information.evpi]
    return made


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


def dsa(entries: list[Record]) -> Expected:
    records = [{**e, "range": abs(e["nmb_high"] - e["nmb_low"])} for e in entries]
    records.sort(key=lambda e: (e["intervention"] != "active", -e["range"]))
    columns = {f"{BENEFIT}: Range": "range", **VALUE}
    for end in ("low", "high"):
        columns |= {f"{BENEFIT}: At {end}": f"nmb_{end}", f"ICER: At {end}": f"icer_{end}"}
        columns |= {f"Incremental {name}: At {end}": f"{name.lower()}_{end}" for name in ("QALYs", "costs")}
    return records, columns


def curves_at_ends(entries: list[Record]) -> Expected:
    """The years at which survival is shown stand in its heading."""
    (years,) = {f"{e['survival_years']:g}" for e in entries}
    groups = {"Median": "median", "Hazard ratio": "hazard_ratio", f"Survival at {years} years": "survival"}
    ends = {"Base case": "base", "At low": "low", "At high": "high"}
    return entries, {f"{group}: {word}": f"{key}_{end}" for group, key in groups.items() for word, end in ends.items()}


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
    columns |= {"also at": "crossed.1"} if any(len(record["crossed"]) > 1 for record in records) else {}
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


def psa_against_base(r: Record) -> Expected:
    differences = r["psa"]["differences"]
    return [row for d in differences for row in (d, *d["reasons"][:8], d["rest"])], DIFFERENCE


def psa_totals(r: Record) -> Expected:
    columns = {"Base case": "base", "Mean of the draws": "mean", "Difference": "difference"}
    return r["psa"]["against_base"], {**columns, "Monte Carlo standard error": "mcse"}


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


def beside(r: Record) -> Expected:
    return r["beside"], outcomes("Increment: ", "{}") | {"ICER": "icer"}


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
    "beside": beside,
    "dsa": lambda r: dsa(r["dsa"]),
    "dsa_curves": lambda r: curves_at_ends(r["dsa_curves"]),
    "dsa_statistics": lambda r: dsa(r["dsa_statistics"]),
    "dsa_statistics_curves": lambda r: curves_at_ends(r["dsa_statistics_curves"]),
    "threshold_values": threshold_values,
    "two_way": two_way,
    "two_way_boundary": two_way_boundary,
    "psa_summary": psa_summary,
    "psa_net_benefit": psa_net_benefit,
    "psa_quadrants": psa_quadrants,
    "psa_against_base": psa_against_base,
    "psa_totals": psa_totals,
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


def every_table() -> Iterator[tuple[str, Table]]:
    """Every table of the runs here, with the run."""
    yield from (("run", table) for table in made().values())
    for part in sorted({part for _, parts in PARTS.values() for part in parts}):
        yield from ((part, table) for table in tables(*of(part)))


def test_every_table_of_numbers_is_compared() -> None:
    """All that are declared are made in these runs but for warnings, and those of words have no number."""
    numbers: set[str] = set()
    words = {"warnings"}
    for _, table in every_table():
        found = any(isinstance(v, int | float) for row in table.rows for v in row)
        (numbers if found or any(column.numeric for column in table.columns) else words).add(table.name)
    assert numbers == set(EXPECTED) | set(PARTS) | OF_THE_RUN | OF_THE_ROWS
    assert numbers | words == {entry.name for entry in TABLES}


@pytest.mark.parametrize("name", EXPECTED)
def test_headings(name: str) -> None:
    agree(made()[name], EXPECTED[name](published().model_dump()))


def test_headings_of_what_speaks_against_curves() -> None:
    """A table of words: each stands below its heading, whether a note accepts it or not, with a reason or without."""
    entry: dict[str, Any] = dict.fromkeys(FitWarning.model_fields, "") | {
        "strategies": ["active"],
        "value": 3.0,
        "limit": 2.0,
    }
    words = {name: f"this is {name}" for name, value in entry.items() if value == ""} | {"gate": "external_off"}
    warnings = [FitWarning(**entry | words), FitWarning(**entry | words | {"suspect_reason": "", "accepted": ""})]
    results = published().model_copy(update={"fit_warnings": warnings})
    table = next(table for table in tables(results, run()) if table.name == "fit_warnings")
    suspect = "this is suspect (this is suspect_where)"
    expected = {
        "Kind": "external evidence more than 2 standard errors off",
        "Finding": "this is what. this is why.",
        "Input": "this is id (this is where)",
        "Likeliest mistake": f"{suspect}: this is suspect_reason",
        "What to do": "this is todo",
        "Accepted": "this is accepted",
    }
    second = expected | {"Likeliest mistake": suspect, "Accepted": "no"}
    assert [dict(zip(heads(table), row, strict=True)) for row in table.rows] == [expected, second]


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, (_, parts) in PARTS.items() for part in parts])
def test_headings_of_parts(name: str, part: str) -> None:
    table = next(table for table in tables(*of(part)) if table.name == name)
    agree(table, PARTS[name][0](record(part)))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_headings_of_other_commands(name: str) -> None:
    table, record, expected = ELSEWHERE[name]()
    agree(table, expected)
    agree_in_units(table, dict(units(record)))


@pytest.mark.parametrize("name", evidence.EVIDENCE)
def test_headings_of_the_evidence(name: str) -> None:
    table = evidence.made()[name]
    agree(table, evidence.EVIDENCE[name](evidence.record()))
    agree_in_units(table, dict(evidence.numbers_of()))


def test_no_table_of_the_views_is_left_out() -> None:
    """Also of those that are declared nowhere; those behind charts are held by the tests of the results workbook."""
    made_under = {
        node.args[0].value
        for path in VIEWS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
        if isinstance(node.args[0], ast.Constant)
    }
    known = {entry.name for entry in (*TABLES, *BEHIND_CHARTS)} | set(EVIDENCE_TABLES) | set(ELSEWHERE)
    assert made_under <= known
    assert {"budget_impact", "sweep", "stepped", "ranking"} <= made_under


def test_every_table_of_the_evidence_is_compared() -> None:
    assert set(EVIDENCE_TABLES) == set(evidence.EVIDENCE) | {"concerns"}
    assert not any(column.numeric for column in evidence.made()["concerns"].columns)


@pytest.mark.parametrize("part", ["run", *sorted({part for _, parts in PARTS.values() for part in parts})])
def test_units(part: str) -> None:
    """Of the columns, against those of the fields that the numbers come from."""
    of_numbers = dict(units(published() if part == "run" else of(part)[0]))
    for name, table in every_table():
        if name == part and table.rows and table.name in {**EXPECTED, **PARTS}:
            assert agree_in_units(table, of_numbers) or table.name in OF_ANY_UNIT


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
