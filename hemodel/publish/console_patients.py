"""What `hemodel fit-ipd` and `hemodel reconstruct` print, from their documents."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from hemodel.entries import finite
from hemodel.formats import display
from hemodel.publish.console_tables import WIDTH, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hemodel.analyses.evidence.records import Interval
    from hemodel.analyses.patient_files import Contrast, FileFit, FittedGroup
    from hemodel.analyses.rebuilt_patients import RebuiltPatients
    from hemodel.formats import Kind


NOT_REACHED = "not reached"


def fit_text(document: FileFit, target: Path | None) -> str:
    """Return the ranked tables, the warnings and the comparisons of strategies, and where they were written."""
    notes: list[str] = []
    lines = [_intro(document)]
    for group in document.groups:
        lines += ["", f"Families for {_listed(group.strategies)}, the lowest AIC first:"]
        lines.append(_ranking(document, group, notes))
        lines += _means(document, group)
        lines += [f"Not fitted: {each.family}: {each.reason}" for each in group.families if not each.fitted]
    lines += _together(document)
    if notes:
        lines += ["", "Notes:", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))]
    for each in document.comparisons:
        lines += ["", *_comparison(each)]
    return "\n".join([*lines, *_written(target)])


def _intro(document: FileFit) -> str:
    lines = [f"{document.file.name}:"]
    rows = []
    sizes = any(found.effective_size is not None for found in document.strategies.values())
    for name, found in document.strategies.items():
        mean = found.restricted_mean
        follow_up = found.median_follow_up.value
        rows.append(
            (
                name,
                _number(found.patients),
                *([display(found.effective_size, "number")] if sizes else []),
                _number(found.events),
                _time(follow_up),
                _number(found.last_time),
                _with_interval(found.median),
                display(None, "text") if mean is None else _with_interval(mean),
            )
        )
    patients = ("Patients", "Effective size") if sizes else ("Patients",)
    headers = ("Strategy", *patients, "Events", "Median follow-up", "Last time", "Kaplan-Meier median (95% CI)")
    return "\n".join([*lines, text_table((*headers, f"Mean to {document.horizon:g} (95% CI)"), rows, WIDTH)])


def _ranking(document: FileFit, group: FittedGroup, notes: list[str]) -> str:
    alone = len(group.strategies) == 1
    headers = ["Family", "Log lik.", "AIC", "BIC", "Weight"]
    headers += ["Median", f"Mean to {document.horizon:g}"] if alone else []
    rows = []
    for each in (each for each in group.families if each.fitted):
        row = [each.family, *(_shown(getattr(each, n), "score") for n in ("log_likelihood", "aic", "bic"))]
        row.append(display(each.weight, "share"))
        if alone:
            (curve,) = each.curves.values()
            row += [_time(curve.median), _number(curve.restricted_mean)]
        rows.append((*row, _numbered(each.warnings, notes)))
    return text_table((*headers, "Notes"), rows, WIDTH)


def _means(document: FileFit, group: FittedGroup) -> list[str]:
    """Return median and mean by strategy, where curves are fitted together."""
    names = group.strategies
    if len(names) == 1:
        return []
    headers = ["Family"]
    for name in names:
        headers += [f"{name}: median", f"mean to {document.horizon:g}"]
    rows = []
    for each in (each for each in group.families if each.fitted):
        row = [each.family]
        for name in names:
            row += [_time(each.curves[name].median), _number(each.curves[name].restricted_mean)]
        rows.append(row)
    return [text_table(headers, rows, WIDTH)]


def _together(document: FileFit) -> list[str]:
    if not document.together:
        return []
    rows = [
        (each.family, display(each.log_likelihood, "score"), display(each.aic, "score")) for each in document.together
    ]
    return ["", "The same family for every strategy:", text_table(("Family", "Log-likelihood", "AIC"), rows, WIDTH)]


def _comparison(each: Contrast) -> list[str]:
    lines = [f"{each.strategy} against {each.reference}:"]
    if each.hazard_ratio:
        lines.append(f"  Hazard ratio (Cox model): {_with_interval(each.hazard_ratio)}")
    if each.acceleration_factor:
        lines.append(f"  Acceleration factor (generalised gamma): {_with_interval(each.acceleration_factor)}")
    tests = {
        "log_rank": "Log-rank test",
        "proportional_hazards": "Test of a constant hazard ratio (Grambsch and Therneau)",
        "constant_acceleration": "Test of a constant acceleration factor",
    }
    for name, label in tests.items():
        found = getattr(each, name)
        if found:
            value = f"chi-squared {found.statistic:.2f} on {found.degrees_of_freedom} d.f., P = "
            lines.append(f"  {label}: {value}{found.p_value:.3g}")
    return [*lines, *(f"  {note}" for note in each.notes)]


def reconstruction_text(document: RebuiltPatients, target: Path | None) -> str:
    """Return the rebuilt patients beside what was published, and where they were written."""
    gap, median, mean = document.largest_gap, document.median, document.restricted_mean
    events = document.events
    rows = [
        ("Events", _number(events.rebuilt), display(events.reported, "number")),
        ("Median", _time(median.rebuilt), _time(median.read)),
        (f"Mean to {mean.horizon:g}", _number(mean.rebuilt), _number(mean.read)),
        (f"Survival at {gap.time:g}, where they differ most", f"{gap.rebuilt:.4f}", f"{gap.read:.4f}"),
    ]
    at_risk = [(_number(e.time), _number(e.rebuilt), _number(e.printed)) for e in document.at_risk]
    intervals = [
        tuple(_number(getattr(each, name)) for name in ("start", "end", "at_risk", "events", "censored"))
        for each in document.intervals
    ]
    return "\n".join(
        [
            f"{document.curve} with {document.risk_table}: {document.patients} patients rebuilt.",
            text_table(("", "Rebuilt", "Published"), rows, WIDTH),
            "Numbers at risk:",
            text_table(("Time", "Rebuilt", "Published"), at_risk, WIDTH),
            "Rebuilt between them:",
            text_table(("From", "To", "At risk", "Events", "Censored"), intervals, WIDTH),
            *(f"Note: {note}" for note in document.notes),
            *_written(target),
        ]
    )


def _written(target: Path | None) -> list[str]:
    return [] if target is None else [f"Written to {target}"]


def _numbered(warnings: list[str], notes: list[str]) -> str:
    """Return the numbers of warnings among the notes, and add those that are new."""
    notes += [each for each in warnings if each not in notes]
    return ", ".join(str(notes.index(each) + 1) for each in warnings)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(value: float | None, kind: Kind) -> str:
    return display(None if value is None else finite(value), kind)


def _number(value: float | None) -> str:
    return _shown(value, "number")


def _time(value: float | None) -> str:
    return NOT_REACHED if value is None or not isfinite(value) else _number(value)


def _with_interval(found: Interval) -> str:
    return f"{_time(found.value)} ({_time(found.low)} to {_time(found.high)})"
