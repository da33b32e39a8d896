"""Tables of the evidence pack, of a record made up here with every number one of its own."""

from __future__ import annotations

from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from headings import Expected, Record, each_its_own, units
from support import small_model

from hemodel.analyses.evidence.records import (
    BeyondFollowUp,
    ChiSquared,
    Comparison,
    EndpointEvidence,
    ExternalLandmark,
    FamilyEvidence,
    FittedCurve,
    FollowUp,
    Interval,
    ObservedCurve,
    PostProgression,
    Quantiles,
    Spread,
    StatisticsEvidence,
)
from hemodel.views.evidence.tables import evidence_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.views.shared.table import Table

NAMES = ("standard", "active")
ENDS = {"Value": "value", "Low": "low", "High": "high"}
INTERVAL = Interval(value=1, low=1, high=1)
MANY, PAIR = np.ones(2), np.ones((2, 2))


def _curve() -> FittedCurve:
    years = dict.fromkeys((1, 5), INTERVAL)
    of_time: dict[str, Any] = {"survival_by_year": years, "at_horizon": 1, "beyond_follow_up": 1}
    means: dict[str, Any] = {"median": INTERVAL, "restricted_mean": INTERVAL, "mean": 1}
    return FittedCurve(family="exp", relation="independent", **means, **of_time, survival=MANY, hazard=MANY)


def _family(name: str, place: int) -> FamilyEvidence:
    scores: dict[str, Any] = dict.fromkeys(
        ("criterion", "weight", "aic", "aicc", "bic", "bic_events", "largest_z"), 1.0
    )
    scores |= {"coefficients": MANY, "errors": MANY, "covariance": PAIR, "criterion_rank": 1, "place": place}
    curves = dict.fromkeys(NAMES, _curve())
    words: dict[str, Any] = {"criterion_name": "AIC", "names": ["a", "b"], "concerns": ["one"] * place}
    return FamilyEvidence(family=name, in_use=place == 1, fitted=True, curves=curves, **scores, **words)


def _endpoint() -> EndpointEvidence:
    counts: dict[str, Any] = {"patients": 1.0, "events": 1.0, "censored": 1.0, "median": INTERVAL, "digitised": False}
    counts["effective_size"] = 1.0
    arrays: dict[str, Any] = dict.fromkeys(("times", "survival", "low", "high", "at_risk_times", "at_risk"), MANY)
    observed = dict.fromkeys(NAMES, ObservedCurve(**counts, **arrays))
    study: dict[str, Any] = {"time": 1.0, "reported_time": 1.0, "origin": 1.0, "survival": INTERVAL, "weight": 1.0}
    study |= {"id": "x", "label": "X", "strategy": "standard", "used": True, "by_family": {"exp": 1.0, "weibull": 1.0}}
    test = ChiSquared(statistic=1, degrees_of_freedom=1, p_value=1)
    comparison = Comparison(
        reference="standard",
        strategy="active",
        hazard_ratio=INTERVAL,
        proportional_hazards=test,
        schoenfeld=None,
        quantiles=Quantiles(share=MANY, reference=MANY, strategy=MANY, slope=1),
        acceleration_factor=INTERVAL,
        constant_acceleration=test,
        notes=[],
    )
    means = [Spread(label=name, mean=1, independent=1, correlated=1, ratio=1) for name in NAMES]
    sizes: dict[str, Any] = dict.fromkeys(("effective_sizes", "patients", "missing"), MANY)
    about: dict[str, Any] = {"ids": ["a", "b"], "labels": ["A", "B"], "simulated": [True, True], "used": "correlated"}
    followed: dict[str, Any] = {"reverse_median": dict.fromkeys(NAMES, 1.0), "last": dict.fromkeys(NAMES, 1.0)}
    nothing: dict[str, Any] = {"points": [], "smoothed": {}, "log_cumulative_hazard": {}, "background_hazard": None}
    return EndpointEvidence(
        sources=dict.fromkeys(NAMES, "patients"),
        observed=observed,
        external=[ExternalLandmark(**study)],
        follow_up=FollowUp(months=1, basis="", reported=1, **followed),
        months=MANY,
        comparisons=[comparison],
        comparisons_note="",
        families=[_family("exp", 1), _family("weibull", 2)],
        statistics=StatisticsEvidence(**about, **sizes, correlation=PAIR, trials=1, complete=1, spread=means),
        statistics_note="",
        **nothing,
    )


@cache
def _pack() -> Any:
    """An endpoint, and what is said of all; what is counted is as long as it was made."""
    numbers = count(100)
    endpoint = EndpointEvidence.model_validate(each_its_own(_endpoint().model_dump(), numbers))
    shares: dict[str, Any] = {name: dict.fromkeys(NAMES, 1.0) for name in ("life_years", "qalys")}
    shares |= {f"incremental_{name}": {"active": 1.0} for name in ("life_years", "qalys")}
    beyond = BeyondFollowUp.model_validate(each_its_own(BeyondFollowUp(follow_up=1, **shares).model_dump(), numbers))
    hazards: dict[str, Any] = {"months": MANY, "hazard": MANY, "background": None, "finding": ""}
    deaths = [
        PostProgression(share_deaths=next(numbers), months_below=[1] * k, months_negative=[1] * (k + 7), **hazards)
        for k in (3, 5)
    ]
    fits = {f.family: SimpleNamespace(n_parameters=next(numbers), condition=next(numbers)) for f in endpoint.families}
    evidence = SimpleNamespace(
        endpoints={"os": endpoint},
        strategies={"standard": "Standard", "active": "Active"},
        beyond_follow_up=beyond,
        death_after_progression=dict(zip(NAMES, deaths, strict=True)),
    )
    return SimpleNamespace(evidence=evidence, fits={"os": fits})


@cache
def made() -> dict[str, Table]:
    return {table.name: table for table in evidence_tables(small_model(), _pack())}


def record() -> Record:
    evidence = _pack().evidence
    found: Record = evidence.endpoints["os"].model_dump()
    for family in found["families"]:
        family |= {"above": family["criterion"] - min(each["criterion"] for each in found["families"])}
        family |= {"against": len(family["concerns"]), **vars(_pack().fits["os"][family["family"]])}
    found["deaths"] = [each.model_dump() for each in evidence.death_after_progression.values()]
    found["beyond"] = evidence.beyond_follow_up.model_dump()
    return found


def numbers_of() -> Iterator[tuple[float, frozenset[str]]]:
    """Every number of the record with the units of its field."""
    evidence = _pack().evidence
    for part in (*evidence.endpoints.values(), *evidence.death_after_progression.values(), evidence.beyond_follow_up):
        yield from units(part)


def ends(group: str, path: str) -> dict[str, str]:
    return {f"{group}: {word}": f"{path}.{end}" for word, end in ENDS.items()}


def observed(r: Record) -> Expected:
    followed = r["follow_up"]
    records = [
        {**r["observed"][s], "reported": followed["reported"], "reverse": followed["reverse_median"][s]}
        | {"last": followed["last"][s]}
        for s in NAMES
    ]
    columns = {name: name.lower() for name in ("Patients", "Events", "Censored")} | {"Effective size": "effective_size"}
    columns |= {"Follow-up: Reported median": "reported", "Follow-up: Median": "reverse", "Follow-up: Last": "last"}
    return records, columns | ends("Kaplan-Meier median", "median")


def ranking(r: Record) -> Expected:
    columns = {"Place": "place", "Concerns": "against", "Criterion": "criterion", "Above the lowest": "above"}
    return r["families"], columns | {"Weight": "weight"}


def fit_statistics(r: Record) -> Expected:
    columns = {name: name.lower() for name in ("Criterion", "AIC", "AICc", "BIC", "Condition")}
    columns |= {"Coefficients": "n_parameters", "BIC by events": "bic_events", "Largest difference": "largest_z"}
    return r["families"], columns


def curves(r: Record) -> list[Record]:
    return [family["curves"][s] for family in r["families"] for s in NAMES]


def means_by_family(r: Record) -> Expected:
    columns = {"Mean without a limit": "mean", "Beyond follow-up": "beyond_follow_up"}
    columns |= {"Survival at the horizon": "at_horizon", **ends("Median", "median")}
    return curves(r), columns | ends("Mean within the horizon", "restricted_mean")


def survival_by_family(r: Record) -> Expected:
    records = [{f"y{year}": own for year, own in each["survival_by_year"].items()} for each in curves(r)]
    return records, ends("Survival at 1 year", "y1") | ends("Survival at 5 years", "y5")


def coefficients_by_family(r: Record) -> Expected:
    pairs = [zip(each["coefficients"], each["errors"], strict=True) for each in r["families"]]
    records = [{"value": value, "error": error} for pair in pairs for value, error in pair]
    return records, {"Estimate": "value", "SE": "error"}


def covariance_by_family(r: Record) -> Expected:
    found = [each["covariance"] for each in r["families"]]
    return [{"x": own[i][j]} for own in found for i in range(2) for j in range(i + 1)], {"Covariance": "x"}


def external_by_family(r: Record) -> Expected:
    records = [{**study, "fitted": value} for study in r["external"] for value in study["by_family"].values()]
    columns = {"Time": "time", "Time origin": "origin", "Weight": "weight", "Fitted survival": "fitted"}
    return records, columns | ends("Reported survival", "survival")


def tests_of_effects(r: Record) -> Expected:
    table = made()["tests_of_effects"]
    groups = list(dict.fromkeys(column.group for column in table.columns if column.header == "Chi-squared"))
    assert ["proportional" in groups[0].lower(), "acceleration" in groups[1].lower()] == [True, True]
    columns = ends("Hazard ratio (Cox)", "hazard_ratio") | ends("Acceleration factor", "acceleration_factor")
    for group, path in zip(groups, ("proportional_hazards", "constant_acceleration"), strict=True):
        columns |= {f"{group}: Chi-squared": f"{path}.statistic", f"{group}: df": f"{path}.degrees_of_freedom"}
        columns[f"{group}: P value"] = f"{path}.p_value"
    return r["comparisons"], columns | {"Quantiles: Slope": "quantiles.slope"}


def statistics(r: Record) -> Expected:
    names = {"Effective size": "effective_sizes", "Patients": "patients", "Missing": "missing"}
    return [{path: r["statistics"][path][j] for path in names.values()} for j in (0, 1)], names


def statistics_correlation(r: Record) -> Expected:
    return [{"x": r["statistics"]["correlation"][1][0]}], {"Correlation": "x"}


def spread(r: Record) -> Expected:
    columns = {"Within the horizon": "mean", "Ratio": "ratio"}
    columns |= {f"Standard error: {name}": name.lower() for name in ("Independent", "Correlated")}
    return r["statistics"]["spread"], columns


def beyond_follow_up(r: Record) -> Expected:
    found = r["beyond"]
    records = [{"years": found["life_years"][s], "qalys": found["qalys"][s]} for s in NAMES]
    gained = {"years": found["incremental_life_years"]["active"], "qalys": found["incremental_qalys"]["active"]}
    return [*records, gained], {"Life-years": "years", "QALYs": "qalys"}


def death_after_progression(r: Record) -> Expected:
    records = [
        {"share": each["share_deaths"], "below": len(each["months_below"]), "negative": len(each["months_negative"])}
        for each in r["deaths"]
    ]
    return records, {"Deaths among PFS events": "share", "Below the population": "below", "Below 0": "negative"}


EVIDENCE: dict[str, Callable[[Record], Expected]] = {
    own.__name__: own
    for own in (
        observed,
        ranking,
        fit_statistics,
        means_by_family,
        survival_by_family,
        coefficients_by_family,
        covariance_by_family,
        external_by_family,
        tests_of_effects,
        statistics,
        statistics_correlation,
        spread,
        beyond_follow_up,
        death_after_progression,
    )
}
