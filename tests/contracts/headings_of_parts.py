"""What the headings of payer, studies and budget impact mean: the path of each number in results.json."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from budget_support import budget_model, small_budget_run
from headings import Expected, Record, at, each_its_own
from reference import published_payer
from research_support import research_run
from support import STRATEGIES

from hemodel.analyses.results import Results, results

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.run import Run

NAMES = {"standard": "Standard", "active": "Active", "late": "Late"}


@cache
def of(part: str) -> tuple[Results, Run]:
    """Results with every number replaced, and the run that they are of."""
    made = _run(part)
    return Results.model_validate(each_its_own(results(made).model_dump(), count(1))), made


def _run(part: str) -> Run:
    if part == "budget":
        return small_budget_run(budget_model({}, {"budget.step.stage": {"value": 0.5, "low": 0.4, "high": 0.6}}))
    if part == "research":
        return research_run(120)
    run, payer = published_payer.made(part)
    return replace(run, payer=payer)


# Budget impact -------------------------------------------------------------------------------------------------------


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
    columns = {f"Value: {end}": end.split()[0].lower() for end in ("Base case", "Low", "High")}
    for name, key in (("over 3 years", "total"), ("largest year", "peak")):
        group = f"Net budget impact{',' if key == 'peak' else ''} {name}"
        columns |= {f"{group}: At {end}": f"{key}_{end}" for end in ("low", "high")}
    columns["Net budget impact over 3 years: Range"] = "range"
    return [{**item, "range": abs(item["total_high"] - item["total_low"])} for item in r["one_way"]], columns


def by_calendar_year(path: str, r: Record) -> dict[str, str]:
    return {str(year): f"{path}{i}" for i, year in enumerate(r["years"])}


def budget_population(r: Record) -> Expected:
    records = [{"share": step["share"], "years": step["patients"]} for step in r["funnel"]]
    for side in ("without_new", "with_new"):
        for what in ("starting", "alive", "died"):
            records += [{"years": r[side][what][s]} for s in STRATEGIES]
    return records, {"Share": "share", **by_calendar_year("years.", r)}


def budget_uptake(r: Record) -> Expected:
    return [r[side]["shares"][s] for side in ("without_new", "with_new") for s in STRATEGIES], by_calendar_year("", r)


def budget_cost_per_patient(r: Record) -> Expected:
    """The total last."""
    records = []
    for own in (r["cost_per_patient"][s] for s in STRATEGIES):
        records += [own[name] for name in [*(name for name in own if name != "total"), "total"]]
    return records, {"Year of entry": "0", "Year 2": "1", "Year 3": "2"}


# Payer ---------------------------------------------------------------------------------------------------------------


def severity(r: Record) -> Expected:
    found = r["severity"]
    what = "Weight" if found["kind"] == "weight" else "Threshold"
    columns = {
        "General population": "general_population",
        "Current care": "current_care",
        "Absolute shortfall": "absolute_shortfall",
        "Proportional shortfall": "proportional_shortfall",
        what: what.lower(),
    }
    for place, entry in enumerate(found["classes"]):
        columns[f"Share of draws: {what} {entry['value']:,.10g}"] = f"classes.{place}.share_of_draws"
    return [found], columns | {"Share of draws: Below the first band": "below_first_band"}


def severity_net_benefit(r: Record) -> Expected:
    found = r["severity"]
    records = [entry | own for entry in found["increments"] for own in entry["at"]]
    if found["kind"] == "weight":
        groups = {"Without weight: ": "", f"With weight {found['weight']:g}: ": "_weighted"}
        each, icers = "Weight of each draw", {"": "icer", "_weighted": "weighted_icer"}
    else:
        groups, each, icers = {"": ""}, "Threshold of each draw", {"": "icer"}
    columns = {"Threshold": "threshold"}
    for group, ending in groups.items():
        columns |= {f"{group}ICER": icers[ending], f"{group}NMB": f"nmb{ending}", f"{group}NHB": f"nhb{ending}"}
        columns[f"{group}Probability cost-effective"] = f"probability{ending}"
    return records, columns | {f"{each}: Probability cost-effective": "probability_by_draw"}


def evlyg(r: Record) -> Expected:
    columns = {"evLYG": "evlys", "Incremental costs": "costs", "Cost per evLYG": "cost_per_evly"}
    return r["evlyg"], columns


# Studies -------------------------------------------------------------------------------------------------------------


def study_designs(r: Record) -> Expected:
    columns = {"Arms": "arms", "Follow-up: From": "follow_up_from", "Follow-up: To": "follow_up"}
    columns |= {"Dropout": "yearly_dropout", "SD": "standard_deviation", "Costs: Fixed": "fixed_cost"}
    columns |= {"Costs: Per patient": "cost_per_patient", "Reports": "reports_after"}
    return r["studies"], columns | {"Recruited share": "recruited_share", "Draws": "draws"}


def study_values(r: Record) -> Expected:
    lists = {
        "Per person: EVSI": "evsi",
        "Per person: SE": "evsi_standard_error",
        "All patients: EVSI": "population_evsi",
        "All patients: SE": "population_standard_error",
        "All patients: ENBS": "enbs",
    }
    of_study = {"Patients per arm": "sizes", "Results after": "reports", "Who profit": "patients"}
    of_study["All patients: Costs"] = "costs"
    single = {"Threshold": "threshold", "Per person: EVPPI": "evppi", "Per person: SE of EVPPI": "evppi_standard_error"}
    records = []
    for study in r["studies"]:
        for own in study["at"]:
            for i in range(len(study["sizes"])):
                each = {path: own[path][i] for path in lists.values()} | {p: study[p][i] for p in of_study.values()}
                records.append(each | {path: own[path] for path in single.values()})
    return records, {**single, **of_study, **lists}


PARTS: dict[str, tuple[Callable[[Record], Expected], tuple[str, ...]]] = {
    "budget_impact": (budget_impact, ("budget",)),
    "budget_by_category": (budget_by_category, ("budget",)),
    "budget_population": (budget_population, ("budget",)),
    "budget_uptake": (budget_uptake, ("budget",)),
    "budget_cost_per_patient": (budget_cost_per_patient, ("budget",)),
    "budget_one_way": (budget_one_way, ("budget",)),
    "severity": (severity, ("weight", "bands")),
    "severity_net_benefit": (severity_net_benefit, ("weight", "bands")),
    "evlyg": (evlyg, ("weight",)),
    "study_designs": (study_designs, ("research",)),
    "study_values": (study_values, ("research",)),
}
"""By table: what its headings mean, and the runs that have it."""


def record(part: str) -> Record:
    """The part of results.json that a run is for."""
    found: dict[str, Any] = of(part)[0].model_dump()
    return dict(found["payer" if part in published_payer.RATES else part])
