"""Tornado charts of the one-way sensitivity analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from hemodel.economics import change, net_monetary_benefit, swing
from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry
from hemodel.views.shared.page import legend_below, make_room, number_axis, page, plain_rows, settle
from hemodel.views.shared.text import brief, fold, minus, threshold_text
from hemodel.views.shared.words import ENDPOINTS, Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.budget import BudgetItem
    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


class Named(Protocol):
    """What has an id and a label."""

    @property
    def id(self) -> str:
        """Id of the input."""

    @property
    def label(self) -> str:
        """Its label in the workbook."""


MOST_BARS = 15
LABEL_WIDTH = 2.55
ROW_HEIGHT = 0.32
_PLAIN_UNITS = ("proportion", "ratio", "utility", "")
NO_MOVE = 0.03
"""Share of the other end's distance under which an end counts as the base case when notes are placed."""
_TITLES = {
    "nmb": "Inputs that move incremental net monetary benefit most",
    "icer": "Inputs that move the incremental cost-effectiveness ratio most",
    "qalys": "Inputs that move incremental QALYs most",
    "costs": "Inputs that move incremental costs most",
}
MEASURES = tuple(_TITLES)


@dataclass(frozen=True)
class End:
    """Result at one bound of an input: a value, or the verdict where there is no ratio."""

    bound: float
    value: float | None
    verdict: str
    colour: str


@style.house_style()
def tornado(results: Results, _run: Run, measure: str = "nmb", intervention: str | None = None) -> Figure:
    """Draw the inputs that move one result most, each at its lower and upper bound.

    Parameters
    ----------
    measure : {"nmb", "icer", "qalys", "costs"}
        Net monetary benefit is at the decision threshold.
    intervention : str, optional
        Compared with the comparator; the first one by default.

    Raises
    ------
    UsageError
        For an unknown measure or intervention, without a one-way analysis, and for
        the ICER where the base case has none.
    """
    increment = _increment(results, intervention)
    base = base_value(results, increment, measure)
    entries = largest(results, increment.intervention, measure)
    varied = sum(entry.intervention == increment.intervention for entry in results.dsa or ())
    rows = [(entry, _ends(entry, measure)) for entry in entries]
    at = decision_line(results, measure)
    figure = page(_TITLES[measure], _subtitle(results, increment, measure, (len(rows), varied)), _body(rows))
    axes = figure.subplots()
    for place, (_, ends) in enumerate(rows):
        draw_row(axes, base, place, ends)
    axes.axvline(base, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), labels(results, entries), linespacing=1.05)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    plain_rows(axes)
    number_axis(axes.xaxis, axis_label(results, measure, base))
    bounds_legend(figure, () if at is None else (at,))
    if at is not None:
        _draw_line(axes, at)
    make_room(axes)
    return settle(figure)


DASHED: dict[str, Any] = {"color": style.INK, "linestyle": (0, (4, 2)), "linewidth": 1.0}
FARTHEST = 4.0
"""A line is drawn where the axis need not be so many times as long for it."""
_EDGE = 0.03


@dataclass(frozen=True)
class DecisionLine:
    """Where on the axis of a tornado the decision turns, and in words."""

    value: float
    text: str


def decision_line(results: Results, measure: str) -> DecisionLine | None:
    """Return where the decision turns: net benefit of 0, or an ICER at the threshold; None for other results."""
    threshold = threshold_text(results)
    if measure == "nmb":
        return DecisionLine(0.0, f"0: cost-effective to the right, at {threshold}")
    if measure == "icer":
        return DecisionLine(results.decision_threshold, f"Threshold: cost-effective to the left, {threshold}")
    return None


def turn_of_decision(results: Results, measure: str, base: float) -> str:
    """Return at which move from the base case the decision turns, in words for an axis of moves; empty without one."""
    at = decision_line(results, measure)
    if at is None:
        return ""
    away = change(base, at.value) or 0.0
    what = "net benefit is 0" if measure == "nmb" else "the threshold is"
    return f"; {what} at {'+' if away > 0 else ''}{display(away, 'money')}"


def _draw_line(axes: Axes, at: DecisionLine) -> None:
    """Draw where the decision turns and make room for it; where it is far away only say at which end it would be."""
    low, high = axes.get_xlim()
    span = max(high, at.value) - min(low, at.value)
    if span <= FARTHEST * (high - low):
        pad = _EDGE * span
        axes.set_xlim(min(low, at.value - pad), max(high, at.value + pad))
        axes.axvline(at.value, **DASHED)
        return
    arrow = "\N{RIGHTWARDS ARROW}" if at.value > high else "\N{LEFTWARDS ARROW}"
    side = "right" if at.value > high else "left"
    axes.set_title(f"{display(at.value, 'money')} is far to the {side} {arrow}", loc="right", color=style.GREY)


def _body(rows: list[tuple[Dsa, tuple[End, End]]]) -> float:
    return ROW_HEIGHT * max(len(rows), 3) + 0.6


def _increment(results: Results, intervention: str | None) -> Incremental:
    for entry in results.incremental:
        if intervention in (None, entry.intervention):
            return entry
    known = ", ".join(entry.intervention for entry in results.incremental)
    raise UsageError(f"There is no intervention {intervention}. Interventions: {known}.")


def base_value(results: Results, increment: Incremental, measure: str) -> float:
    """Return the base-case result of one comparison.

    Raises
    ------
    UsageError
        For an unknown measure, without a one-way analysis, and where there is no ICER.
    """
    if measure not in _TITLES:
        raise UsageError(f"There is no tornado of {measure}. Measures: {', '.join(MEASURES)}.")
    if not results.dsa:
        raise UsageError("A tornado needs the one-way analysis. Run the part dsa.")
    values = {
        "nmb": net_monetary_benefit(increment.qalys, increment.costs, results.decision_threshold),
        "icer": increment.icer,
        "qalys": increment.qalys,
        "costs": increment.costs,
    }
    base = values[measure]
    if base is None:
        raise UsageError(f"The base case has no ICER ({increment.verdict}). Use the tornado of nmb.")
    return base


def largest(results: Results, intervention: str, measure: str) -> list[Dsa]:
    """Return the inputs with the largest span; one without a ratio at a bound has none larger."""

    def span(entry: Dsa) -> tuple[float, float]:
        low, high = (end.value for end in _ends(entry, measure))
        size = math.inf if low is None or high is None else swing(low, high)
        return size, swing(entry.nmb_low, entry.nmb_high)

    own = [entry for entry in results.dsa or () if entry.intervention == intervention]
    ordered = sorted(own, key=span, reverse=True)[:MOST_BARS]
    return [entry for entry in ordered if span(entry)[0] > 0] or ordered


def _ends(entry: Dsa, measure: str) -> tuple[End, End]:
    values = entry.model_dump(include={f"{measure}_low", f"{measure}_high"})
    return (
        End(entry.low, values[f"{measure}_low"], entry.verdict_low, style.LOW_COLOUR),
        End(entry.high, values[f"{measure}_high"], entry.verdict_high, style.HIGH_COLOUR),
    )


def draw_row(axes: Axes, base: float, place: int, ends: tuple[End, End]) -> None:
    """Draw bars from the base line to each end, and the bound (or bound and verdict) beside each."""
    shifts = [None if end.value is None else end.value - base for end in ends]
    for end, shift in sorted(zip(ends, shifts, strict=True), key=lambda pair: -abs(pair[1] or 0.0)):
        if shift is not None:
            axes.barh(place, shift, left=base, height=0.66, color=end.colour, edgecolor="white", linewidth=0.5)
    texts = [brief(end.bound) if end.value is not None else f"{brief(end.bound)}: {end.verdict}" for end in ends]
    first, second = (0.0 if shift is None else shift for shift in shifts)
    if first * second > 0 and min(abs(first), abs(second)) > NO_MOVE * max(abs(first), abs(second)):
        longest = max(first, second, key=abs)
        nearer, farther = texts if abs(first) <= abs(second) else texts[::-1]
        _note(axes, base + longest, place, f"{nearer}; {farther}", to_right=longest > 0)
        return
    to_right = first > 0 if abs(first) >= abs(second) and first else second <= 0
    _note(axes, base + first, place, texts[0], to_right=to_right)
    _note(axes, base + second, place, texts[1], to_right=not to_right)


def _note(axes: Axes, x: float, place: int, text: str, *, to_right: bool) -> None:
    axes.annotate(
        text,
        (x, place),
        xytext=(3 if to_right else -3, 0),
        textcoords="offset points",
        ha="left" if to_right else "right",
        va="center",
        color=style.INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )


def labels(
    results: Results, entries: Sequence[Dsa | BudgetItem], among: Sequence[Dsa | BudgetItem] | None = None
) -> list[str]:
    """Return name and base value of each input; inputs of the same name also show what their ids differ in.

    `among` are all inputs of the analysis; by default those of the one-way analysis of the model.
    """
    found = []
    for entry, name in zip(entries, input_names(results, entries, among), strict=True):
        unit = "" if entry.unit in _PLAIN_UNITS else f" {entry.unit.replace('currency', results.currency)}"
        value = f"{brief(entry.base)}{unit}".replace(" ", "\N{NO-BREAK SPACE}")
        found.append(fold(f"{name}: {value}", LABEL_WIDTH))
    return found


def input_names(results: Results, entries: Sequence[Named], among: Sequence[Named] | None = None) -> list[str]:
    """Return the name of each input; inputs of the same name also show what their ids differ in.

    `among` are all inputs of the analysis; by default those of the one-way analysis of the model.
    """
    words, found = Names(results), []
    others: dict[str, set[str]] = {}
    for entry in (*((results.dsa or ()) if among is None else among), *entries):
        others.setdefault(_name(entry), set()).add(entry.id)
    for entry in entries:
        same = [id_.split(".") for id_ in others[_name(entry)]]
        differing = [part for part in entry.id.split(".") if not all(part in parts for parts in same)]
        own = [ENDPOINTS.get(part, words.strategy(part)).replace("_", " ") for part in differing]
        found.append(", ".join([_name(entry), *own]))
    return found


def _name(entry: Named) -> str:
    """Return the label of an input; a utility that is labelled by its state alone is called one."""
    if not entry.id.startswith("utility.") or "utility" in entry.label.lower():
        return entry.label
    label = entry.label
    return f"Utility, {label[:1].lower() if label[1:2].islower() else label[:1]}{label[1:]}"


def _subtitle(results: Results, increment: Incremental, measure: str, counts: tuple[int, int]) -> str:
    at = f", at {threshold_text(results)}" if measure == "nmb" else ""
    shown, varied = counts
    many = f"The {shown} largest of {varied} inputs" if shown < varied else f"All {varied} inputs"
    return (
        f"{minus(results, increment.intervention)}{at}. {many}, one at a time; "
        "base value after the name, bounds at the ends of the bars"
    )


def axis_label(results: Results, measure: str, base: float) -> str:
    """Return the label of the axis of a result, with its unit and that of the base case."""
    name = {
        "nmb": f"Incremental net monetary benefit ({results.currency})",
        "icer": f"ICER ({results.currency} per QALY)",
        "qalys": "Incremental QALYs (per patient)",
        "costs": f"Incremental costs ({results.currency})",
    }
    value = display(base, "qaly" if measure == "qalys" else "money")
    return f"{name[measure]}\nBase case {value}"


def bounds_legend(figure: Figure, lines: Sequence[DecisionLine] = ()) -> None:
    """Say which colour is which bound, and what a line is."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    legend_below(
        figure,
        [
            Patch(color=style.LOW_COLOUR, label="Input at its lower bound"),
            Patch(color=style.HIGH_COLOUR, label="Input at its upper bound"),
            *(Line2D([], [], **DASHED, label=line.text) for line in lines),
        ],
    )


_CAPTIONS = {
    "nmb": "One-way analysis of incremental net monetary benefit",
    "icer": "One-way analysis of the ICER",
    "qalys": "One-way analysis of incremental QALYs",
    "costs": "One-way analysis of incremental costs",
}


def _has_bars(measure: str, intervention: str | None, results: Results, _run: Run) -> bool:
    ratios = {entry.intervention: entry.icer for entry in results.incremental}
    one = next(iter(ratios)) if intervention is None else intervention
    return bool(results.dsa) and (measure != "icer" or ratios[one] is not None)


def _entry(measure: str, intervention: str | None = None) -> ChartEntry:
    return ChartEntry(
        f"tornado_{measure}",
        partial(tornado, measure=measure, intervention=intervention),
        _CAPTIONS[measure],
        partial(_has_bars, measure, intervention),
        each=None if intervention else partial(_entry, measure),
    )


CHARTS = tuple(_entry(measure) for measure in _CAPTIONS)
