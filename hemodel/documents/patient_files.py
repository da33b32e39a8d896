"""What was fitted to a file or rebuilt from a digitised curve, as plain values for JSON and CSV.

A number that does not exist or is infinite, such as a median that is not reached, is None.
"""

from __future__ import annotations

import csv
from importlib import metadata
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.patient_files import together
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.kaplan_meier import kaplan_meier, reverse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hemodel.analyses.patient_files import Contrast, FileFamilyFit, FileFit, FittedGroup
    from hemodel.survival.curve_values import Fit
    from hemodel.survival.digitised.reconstruction import Reconstruction
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate, KaplanMeier
    from hemodel.survival.patients.proportionality import ChiSquaredTest

    Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
    Families = list[tuple[str, dict[str, Any]]]
    Curves = list[tuple[str, str, dict[str, Any]]]


def fit_document(found: FileFit) -> dict[str, Any]:
    """Return everything that `hemodel fit-ipd` found."""
    request = found.request
    document: dict[str, Any] = plain(
        {
            "hemodel": metadata.version("hemodel"),
            "file": {"name": found.name, "sha256": found.digest},
            "relation": request.relation,
            "reference": request.reference,
            "horizon": request.horizon,
            "times": request.times,
            "strategies": {name: _observed(some, found) for name, some in found.data.items()},
            "groups": [_group(group, found) for group in found.groups],
            "together": [
                {"family": name, "log_likelihood": likelihood, "aic": aic}
                for name, likelihood, aic in together(found.groups)
            ]
            if len(found.groups) > 1
            else [],
            "comparisons": [_contrast(each) for each in found.contrasts],
        }
    )
    return document


def _observed(data: PatientData, found: FileFit) -> dict[str, Any]:
    curve = kaplan_meier(data)
    times = np.array(found.request.times)
    inside = times <= curve.times[-1]
    low, high = curve.interval_at(times)
    return {
        "patients": data.n_patients,
        "events": data.n_events,
        "last_time": data.time.max(),
        "median": _interval(curve.median()),
        "median_follow_up": _interval(kaplan_meier(reverse(data)).median()),
        "restricted_mean": _observed_mean(curve, found.request.horizon or 0.0),
        "survival": [
            {"time": t, "value": value, "low": low[i], "high": high[i]} if inside[i] else None
            for i, (t, value) in enumerate(zip(times, curve.at(times), strict=True))
        ],
        "kaplan_meier": {
            name: getattr(curve, name) for name in ("times", "at_risk", "events", "censored", "survival", "low", "high")
        },
    }


def _group(group: FittedGroup, found: FileFit) -> dict[str, Any]:
    families = [{"rank": rank, **_family(each, found)} for rank, each in enumerate(group.families, start=1)]
    return {"strategies": group.strategies, "families": families}


def _family(each: FileFamilyFit, found: FileFit) -> dict[str, Any]:
    if each.fit is None:
        return {"family": each.family, "fitted": False, "reason": each.reason}
    fit = each.fit
    return {
        "family": each.family,
        "fitted": True,
        "parameters": fit.coefficients.size,
        **fit.criteria,
        "weight": each.weight,
        "warnings": fit.notes,
        "names": fit.names,
        "coefficients": fit.coefficients,
        "se": fit.se,
        "covariance": fit.covariance,
        "curves": {name: _curve(fit, name, found) for name in fit.strategies},
    }


def _curve(fit: Fit, strategy: str, found: FileFit) -> dict[str, Any]:
    curve = fit.curve(strategy)
    times = found.request.times
    return {
        **curve.summary(),
        "restricted_mean": curve.rmst(found.request.horizon or 0.0),
        "survival": curve.survival(times),
        "hazard": curve.hazard(times),
    }


def _contrast(each: Contrast) -> dict[str, Any]:
    ratio, factor = each.log_hazard_ratio, None if each.acceleration is None else each.acceleration
    return {
        "reference": each.reference,
        "strategy": each.strategy,
        "hazard_ratio": None if ratio is None else _exponentiated(ratio),
        "log_rank": _test(each.log_rank),
        "proportional_hazards": _test(each.proportionality),
        "acceleration_factor": None if factor is None else _exponentiated(factor.log_acceleration_factor),
        "constant_acceleration": None if factor is None else _test(factor.test),
        "notes": each.notes,
    }


def _interval(triple: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), triple, strict=True))


def _observed_mean(curve: KaplanMeier, horizon: float) -> dict[str, float] | None:
    """Return the mean up to the horizon, or None where follow-up ends before it."""
    try:
        found = curve.restricted_mean(horizon)
    except SurvivalError:
        return None
    return {"value": found.value, "se": found.se, "low": found.low, "high": found.high}


def _exponentiated(each: Estimate) -> dict[str, float]:
    ends = {name: float(np.exp(getattr(each, name))) for name in ("value", "low", "high")}
    return {**ends, "log_value": each.value, "log_se": each.se}


def _test(each: ChiSquaredTest | None) -> dict[str, float] | None:
    if each is None:
        return None
    return {"statistic": each.statistic, "degrees_of_freedom": each.degrees_of_freedom, "p_value": each.p_value}


def fit_tables(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the main parts of a document as CSV, by name."""
    families = [(" + ".join(group["strategies"]), each) for group in document["groups"] for each in group["families"]]
    fitted = [(group, each) for group, each in families if each["fitted"]]
    curves = [(name, each["family"], curve) for _, each in fitted for name, curve in each["curves"].items()]
    tables = {
        "ranking": _ranking(families),
        "coefficients": _coefficients(fitted),
        "covariance": _covariance(fitted),
        "curves": _curves(curves, document["horizon"]),
        "survival": _survival(curves, document["times"]),
        "kaplan_meier": _steps(document),
    }
    return {name: csv_text(*table) for name, table in tables.items()}


def _ranking(families: Families) -> Table:
    criteria = ("log_likelihood", "aic", "bic", "aicc", "bic_events", "weight")
    rows = (
        (
            group,
            each["rank"],
            each["family"],
            each.get("parameters"),
            *(each.get(name) for name in criteria),
            " ".join(each.get("warnings", ())),
            each.get("reason"),
        )
        for group, each in families
    )
    return ("strategies", "rank", "family", "parameters", *criteria, "warnings", "reason"), rows


def _coefficients(fitted: Families) -> Table:
    rows = (
        (group, each["family"], *row)
        for group, each in fitted
        for row in zip(each["names"], each["coefficients"], each["se"], strict=True)
    )
    return ("strategies", "family", "coefficient", "value", "se"), rows


def _covariance(fitted: Families) -> Table:
    rows = (
        (group, each["family"], row, column, each["covariance"][i][j])
        for group, each in fitted
        for i, row in enumerate(each["names"])
        for j, column in enumerate(each["names"])
    )
    return ("strategies", "family", "row", "column", "covariance"), rows


def _curves(curves: Curves, horizon: float) -> Table:
    rows = (
        (strategy, family, curve["median"], curve["mean"], curve["restricted_mean"], horizon)
        for strategy, family, curve in curves
    )
    return ("strategy", "family", "median", "mean", "restricted_mean", "horizon"), rows


def _survival(curves: Curves, times: list[float]) -> Table:
    rows = (
        (strategy, family, *row)
        for strategy, family, curve in curves
        for row in zip(times, curve["survival"], curve["hazard"], strict=True)
    )
    return ("strategy", "family", "time", "survival", "hazard"), rows


def _steps(document: Mapping[str, Any]) -> Table:
    names = ("times", "at_risk", "events", "censored", "survival", "low", "high")
    rows = (
        (strategy, *row)
        for strategy, found in document["strategies"].items()
        for row in zip(*(found["kaplan_meier"][name] for name in names), strict=True)
    )
    return ("strategy", "time", *names[1:]), rows


def reconstruction_document(rebuilt: Reconstruction, curve: str, risk: str) -> dict[str, Any]:
    """Return the rebuilt patients and how they compare with what was read."""
    found = rebuilt.comparison
    document: dict[str, Any] = plain(
        {
            "hemodel": metadata.version("hemodel"),
            "curve": curve,
            "risk_table": risk,
            "agrees": found.agrees,
            "disagreements": found.disagreements,
            "notes": rebuilt.notes,
            "patients": rebuilt.data.time.size,
            "events": {"rebuilt": found.events_rebuilt, "reported": found.events_given},
            "largest_gap": {
                "value": found.gap,
                "time": found.gap_time,
                "rebuilt": found.gap_survival[0],
                "read": found.gap_survival[1],
            },
            "median": {"rebuilt": found.median_rebuilt, "read": found.median_read},
            "restricted_mean": {
                "horizon": found.horizon,
                "rebuilt": found.restricted_mean_rebuilt,
                "read": found.restricted_mean_read,
            },
            "at_risk": [
                {"time": t, "rebuilt": rebuilt_number, "printed": printed}
                for t, rebuilt_number, printed in zip(
                    found.at_risk_time, found.at_risk_rebuilt, found.at_risk_given, strict=True
                )
            ],
            "intervals": [
                {name: getattr(each, name) for name in ("start", "end", "at_risk", "events", "censored")}
                for each in rebuilt.intervals
            ],
            "data": {"time": rebuilt.data.time, "event": rebuilt.data.event.astype(int)},
        }
    )
    return document


def patients_csv(data: PatientData) -> str:
    """Return patients as CSV with the columns time and event, all digits kept."""
    return csv_text(("time", "event"), zip(data.time.tolist(), data.event.astype(int).tolist(), strict=True))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; None is an empty cell."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def plain(value: Any) -> Any:
    """Return a value made of dicts, lists, text and finite numbers only."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value
