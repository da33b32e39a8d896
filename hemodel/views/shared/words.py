"""Names and sentences of tables and reports: what the ids of results.json are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hemodel.formats import display
from hemodel.model.costs.categories import CATEGORIES, DRUG_CATEGORIES
from hemodel.model.curve_effects import FLOOR_RULE, KEPT_FALLING, TOWARDS_LOWER, WANED
from hemodel.model.occupancy import (
    OS_LIFTED,
    PFS_CAPPED,
    TREATMENT_AT_OS,
    TREATMENT_AT_PFS,
    UTILITY_CAPPED,
    rule_parts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.base_case import AdjustmentEntry
    from hemodel.analyses.results import Results


COMPONENTS = {
    "progression_free": "Progression-free",
    "progressed": "Progressed",
    **DRUG_CATEGORIES,
    **{category.name: category.label for category in CATEGORIES},
    "total": "Total",
}
FAMILIES = {
    "exp": "Exponential",
    "weibull": "Weibull",
    "weibullPH": "Weibull (proportional hazards)",
    "gompertz": "Gompertz",
    "llogis": "Log-logistic",
    "lnorm": "Log-normal",
    "gamma": "Gamma",
    "gengamma": "Generalised gamma",
    "genf": "Generalised F",
}
CURES = {"mixture_cure": "Mixture cure", "nonmixture_cure": "Non-mixture cure"}
JOINED = " / "
"""Stands between the families of the strategies where these differ."""
CALL = re.compile(r"(\w+)\((.*)\)")
RELATIONS = {
    "independent": "Own curve",
    "proportional_hazards": "Proportional hazards",
    "accelerated_failure_time": "Accelerated failure time",
    "proportional_odds": "Proportional odds",
    "hazard_ratio_by_period": "Hazard ratio by period",
}
ENDPOINTS = {"pfs": "Progression-free survival", "os": "Overall survival"}
OUTCOME_WORDS = {"life_years": "life-years", "qalys": "QALYs", "costs": "costs"}
"""Outcomes as they are called in a sentence."""
SCENARIO_GROUPS = {
    "survival": "Survival",
    "costs": "Costs",
    "utilities": "Utilities",
    "structure": "Structure and treatment",
    "settings": "Settings",
}
PARTS = {
    "base": "base case",
    "dsa": "one-way sensitivity analysis",
    "psa": "probabilistic sensitivity analysis",
    "scenarios": "scenarios",
}
TIME_ON_TREATMENT = "tot_"


def endpoint_name(id_: str, drugs: Mapping[str, str]) -> str:
    """Return the name of an endpoint, with that of the drug where it is the time on one."""
    if id_.startswith(TIME_ON_TREATMENT):
        what = id_.removeprefix(TIME_ON_TREATMENT)
        return f"Time on {drugs.get(what, what.replace('_', ' '))}"
    return ENDPOINTS.get(id_, id_.replace("_", " "))


class Names:
    """Printed names of strategies, drugs, endpoints and components."""

    def __init__(self, results: Results, bands: Mapping[str, str] | None = None) -> None:
        """Take the names from the results, and those of bands of time to death from their rows."""
        self._strategies = results.strategy_names
        self._drugs = results.drug_names
        self._bands = dict(bands or {})

    def strategy(self, id_: str) -> str:
        """Return the name of a strategy."""
        return self._strategies.get(id_, id_)

    def drug(self, id_: str) -> str:
        """Return the name of a drug; total is the total."""
        return self._drugs.get(id_) or COMPONENTS.get(id_, id_)

    def endpoint(self, id_: str) -> str:
        """Return the name of an endpoint."""
        return endpoint_name(id_, self._drugs)

    def component(self, id_: str) -> str:
        """Return the name of a component of life-years, QALYs or costs."""
        return COMPONENTS.get(id_) or self._bands.get(id_) or id_.replace("_", " ")

    def comparison(self, intervention: str, comparator: str) -> str:
        """Return how a comparison is called."""
        return f"{self.strategy(intervention)} versus {self.strategy(comparator)}"


def family_name(family: str) -> str:
    """Return a family's name in words.

    Parameters
    ----------
    family : str
        A name as in flexsurv, a formula, or several of them joined with a slash.
    """
    if JOINED in family:
        return JOINED.join(family_name(part) for part in family.split(JOINED))
    if family in FAMILIES:
        return FAMILIES[family]
    call = CALL.fullmatch(family)
    if call is not None and call[1] in CURES:
        return f"{CURES[call[1]]}, {family_name(call[2])}"
    if call is not None and call[1] == "spline":
        scale, _, knots = call[2].partition(", ")
        return f"Spline on the {scale} scale, {knots}"
    return family


def family_in_text(family: str) -> str:
    """Return a family's name as it stands within a sentence: only names of people keep their capital."""
    name = family_name(family)
    return name if name.startswith(("Weibull", "Gompertz")) else f"{name[:1].lower()}{name[1:]}"


def rule_words(rule: str, names: Names) -> str:
    """Return what a cap says, such as: time on a drug capped at overall survival."""
    what, drug = rule_parts(rule)
    endpoint = names.endpoint(drug or "os")
    fixed = {
        PFS_CAPPED: "Progression-free survival capped at overall survival",
        OS_LIFTED: "Overall survival lifted to progression-free survival",
        TREATMENT_AT_OS: f"Time on {names.drug(drug)} capped at overall survival",
        TREATMENT_AT_PFS: f"Time on {names.drug(drug)} capped at progression-free survival",
        UTILITY_CAPPED: f"Utility ({names.component(drug).lower()}) capped at the norm of the general population",
        FLOOR_RULE: "Overall survival kept at or below what the population's mortality allows",
        WANED: f"Treatment effect on {endpoint.lower()} wanes",
        TOWARDS_LOWER: f"Effect on {endpoint.lower()} wanes towards the lower hazard",
        KEPT_FALLING: f"{endpoint} kept falling while the effect wanes",
    }
    return fixed.get(what, rule.replace("_", " "))


def adjustment_sentence(entry: AdjustmentEntry, names: Names) -> str:
    """Return in plain words what a cap did in the base case and in the draws."""
    rule, strategy = rule_words(entry.rule, names), names.strategy(entry.strategy)
    if entry.rule == OS_LIFTED:
        return _lifted_sentence(entry, strategy)
    if " capped at " not in rule:
        return _acted_sentence(entry, rule, strategy)
    head, _, ceiling = rule.partition(" capped at ")
    draws = "" if entry.share_of_draws is None else f"{display(entry.share_of_draws, 'share')} of the draws"
    if rule_parts(entry.rule)[0] == UTILITY_CAPPED:
        return _utility_sentence(entry, f"{head} for {strategy}", ceiling, draws)
    if entry.first_month is None:
        return f"{head} for {strategy} was below {ceiling} in the base case; the cap bound in {draws}."
    unit = "life-years" if entry.rule == PFS_CAPPED else "treatment-years"
    moved = (
        f"{head} was capped at {ceiling} for {strategy} from month {display(entry.first_month, 'months')};"
        f" largest gap {display(entry.max_gap, 'share').removesuffix('%')} percentage points;"
        f" {display(entry.life_years_moved, 'years')} {unit} per patient moved"
    )
    return f"{moved}; it also bound in {draws}." if draws else f"{moved}."


def _lifted_sentence(entry: AdjustmentEntry, strategy: str) -> str:
    """Say where and by how much overall survival is lifted, and in which draws."""
    what, other = f"Overall survival for {strategy}", "progression-free survival"
    draws = "" if entry.share_of_draws is None else f"{display(entry.share_of_draws, 'share')} of the draws"
    if entry.first_month is None:
        return f"{what} was not below {other} in the base case; it was lifted in {draws}."
    moved = (
        f"{what} was lifted to {other} from month {display(entry.first_month, 'months')};"
        f" largest gap {display(entry.max_gap, 'share').removesuffix('%')} percentage points;"
        f" {display(entry.life_years_moved, 'years')} life-years per patient added"
    )
    return f"{moved}; it was also lifted in {draws}." if draws else f"{moved}."


def _utility_sentence(entry: AdjustmentEntry, subject: str, norm: str, draws: str) -> str:
    """Say by how much a utility was above that of the general population, and what the cap takes away."""
    if entry.first_month is None:
        return f"{subject} was not above {norm} in the base case; the cap bound in {draws}."
    moved = (
        f"{subject} was capped at {norm}; it was {display(entry.max_gap, 'ratio')} above it at the start;"
        f" {display(entry.life_years_moved, 'qaly')} QALYs per patient taken away"
    )
    return f"{moved}; it also bound in {draws}." if draws else f"{moved}."


def _acted_sentence(entry: AdjustmentEntry, rule: str, strategy: str) -> str:
    """Say from when the population's mortality or waning acts, and what it moves."""
    draws = "" if entry.share_of_draws is None else f"; in {display(entry.share_of_draws, 'share')} of the draws"
    if entry.first_month is None:
        return f"{rule} for {strategy}: not in the base case{draws}."
    said = f"{rule} for {strategy} from month {display(entry.first_month, 'months')}"
    if entry.max_gap or entry.life_years_moved:
        said += f"; largest change {display(entry.max_gap, 'share').removesuffix('%')} percentage points"
        said += f", {display(entry.life_years_moved, 'years')} years per patient taken away"
    return f"{said}{draws}."
