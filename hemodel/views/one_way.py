"""Tornado charts of the one-way sensitivity analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from hemodel.economics import change, is_cost_effective, net_monetary_benefit, swing
from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import (
    LABEL_WIDTH,
    label_across,
    legend_below,
    make_room,
    money_axis,
    number_axis,
    page,
    plain_rows,
    settle,
)
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, brief, fold, minus, threshold_text
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
    from hemodel.formats import Value


class Named(Protocol):
    """What has an id and a label."""

    @property
    def id(self) -> str:
        """Id of the input."""

    @property
    def label(self) -> str:
        """Its label in the workbook."""


MOST_BARS = 10
WIDE = 2.55
"""Width of the names of inputs in charts that Excel draws. [inches]"""
ROW_HEIGHT = 0.42
NO_MOVE = 0.03
"""Share of the other end's distance under which an end counts as the base case when notes are placed."""
_SHOWN = {
    "nmb": "Incremental net monetary benefit",
    "icer": "ICER",
    "qalys": "Incremental QALYs",
    "costs": "Incremental costs",
}
MEASURES = tuple(_SHOWN)


@dataclass(frozen=True)
class End:
    """Result at one bound of an input: the bound in words, and a value, or the verdict where there is no ratio."""

    bound: str
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
    rows = [(entry, _ends(results, entry, measure)) for entry in entries]
    figure = page(
        _finding(results, increment, measure, rows), _subtitle(results, increment, measure, len(rows)), _body(rows)
    )
    axes = figure.subplots()
    for place, (_, ends) in enumerate(rows):
        draw_row(axes, base, place, ends)
    axes.axvline(base, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), labels(results, entries, width=LABEL_WIDTH, lines=3), linespacing=1.05)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    plain_rows(axes)
    bounds_legend(figure)
    make_room(axes)
    _draw_line(axes, decision_line(results, measure))
    make_room(axes)
    result_axis(axes, results, measure)
    label_across(axes, base, f"Base case {_words(results, measure, base)}", line=1)
    return settle(figure)


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
    if measure == "nmb":
        return DecisionLine(0.0, "Cost-effective from 0 on")
    if measure == "icer":
        return DecisionLine(results.decision_threshold, f"Threshold {threshold_text(results)}")
    return None


def turn_of_decision(results: Results, measure: str, base: float) -> str:
    """Return at which move from the base case the decision turns, in words for an axis of moves; empty without one."""
    at = decision_line(results, measure)
    if at is None:
        return ""
    away = change(base, at.value) or 0.0
    what = "net benefit is 0" if measure == "nmb" else "the threshold is"
    return f"; {what} at {'+' if away > 0 else ''}{display(away, 'money')}"


def _draw_line(axes: Axes, at: DecisionLine | None) -> None:
    """Draw where the decision turns and make room for it; where it is far away only say at which end it would be."""
    if at is None:
        return
    low, high = axes.get_xlim()
    span = max(high, at.value) - min(low, at.value)
    if span <= FARTHEST * (high - low):
        pad = _EDGE * span
        axes.set_xlim(min(low, at.value - pad), max(high, at.value + pad))
        axes.axvline(at.value, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0)
        label_across(axes, at.value, at.text)
        return
    right = at.value > high
    arrow = "\N{RIGHTWARDS ARROW}" if right else "\N{LEFTWARDS ARROW}"
    text = f"{at.text}, far to the right {arrow}" if right else f"{arrow} {at.text}, far to the left"
    label_across(axes, high if right else low, text)


def _body(rows: list[tuple[Dsa, tuple[End, End]]]) -> float:
    return ROW_HEIGHT * max(len(rows), 3) + 0.9


def _words(results: Results, measure: str, value: float) -> str:
    """Return a result in a sentence."""
    return f"{value:.3f} QALYs" if measure == "qalys" else about(value, results.currency)


def _finding(
    results: Results, increment: Incremental, measure: str, rows: Sequence[tuple[Dsa, tuple[End, End]]]
) -> str:
    """Return whether an input alone turns the decision, or what moves the result most and how far."""
    if measure == "nmb":
        return _decisions(results, increment)
    entry, ends = rows[0]
    what = {"icer": "The ICER depends", "qalys": "Incremental QALYs depend", "costs": "Incremental costs depend"}[
        measure
    ]
    most = f"{what} most on {input_names(results, [entry])[0]}"
    values = sorted(end.value for end in ends if end.value is not None)
    if len(values) < len(ends):
        return f"{most}; at a bound there is no ratio"
    low, high = (_words(results, measure, value) for value in values)
    return f"{most}: from {low} to {high}"


def _decisions(results: Results, increment: Incremental) -> str:
    """Return how many inputs change alone whether a strategy is cost-effective."""
    who, at = Names(results).strategy(increment.intervention), threshold_text(results)
    own = [entry for entry in results.dsa or () if entry.intervention == increment.intervention]
    now = is_cost_effective(base_value(results, increment, "nmb"))
    turning = [e for e in own if {is_cost_effective(v) for v in (e.nmb_low, e.nmb_high)} != {now}]
    if not turning:
        return (
            f"{who} stays cost-effective at {at} whichever input moves"
            if now
            else f"No input alone makes {who} cost-effective at {at}"
        )
    few = f"{len(turning)} of {len(own)} inputs change" if len(turning) > 1 else f"1 of {len(own)} inputs changes"
    return f"{few} alone whether {who} is cost-effective at {at}"


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
    if measure not in _SHOWN:
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
        low, high = _values(entry, measure)
        size = math.inf if low is None or high is None else swing(low, high)
        return size, swing(entry.nmb_low, entry.nmb_high)

    own = [entry for entry in results.dsa or () if entry.intervention == intervention]
    ordered = sorted(own, key=span, reverse=True)[:MOST_BARS]
    return [entry for entry in ordered if span(entry)[0] > 0] or ordered


def _ends(results: Results, entry: Dsa, measure: str) -> tuple[End, End]:
    low, high = (amount(bound, entry.unit, results.currency) for bound in (entry.low, entry.high))
    values = _values(entry, measure)
    return (
        End(low, values[0], entry.verdict_low, style.LOW_COLOUR),
        End(high, values[1], entry.verdict_high, style.HIGH_COLOUR),
    )


def _values(entry: Dsa, measure: str) -> tuple[float | None, float | None]:
    values = entry.model_dump(include={f"{measure}_low", f"{measure}_high"})
    return values[f"{measure}_low"], values[f"{measure}_high"]


def amount(value: float, unit: str, currency: str, *, whole: bool = False) -> str:
    """Return a value of an input with its unit; `whole` gives what money is for, and long units, as well."""
    unit = unit.replace("currency", currency)
    if unit == "proportion":
        text = f"{brief(value * _PER_CENT)}%"
    elif currency and unit.startswith(currency):
        text = f"{currency} {brief(value)}" + (unit.removeprefix(currency) if whole else "")
    elif unit in _PLAIN_UNITS or (" " in unit and not whole):
        text = brief(value)
    else:
        text = f"{brief(value)} {unit}"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


_PER_CENT = 100.0
_PLAIN_UNITS = ("ratio", "utility", "")


def draw_row(axes: Axes, base: float, place: int, ends: tuple[End, End]) -> None:
    """Draw bars from the base line to each end, and the bound (or bound and verdict) beside each."""
    shifts = [None if end.value is None else end.value - base for end in ends]
    for end, shift in sorted(zip(ends, shifts, strict=True), key=lambda pair: -abs(pair[1] or 0.0)):
        if shift is not None:
            axes.barh(place, shift, left=base, height=0.66, color=end.colour, edgecolor="white", linewidth=0.5)
    texts = [end.bound if end.value is not None else f"{end.bound}: {end.verdict}" for end in ends]
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
    results: Results,
    entries: Sequence[Dsa | BudgetItem],
    among: Sequence[Dsa | BudgetItem] | None = None,
    *,
    width: float = WIDE,
    lines: int = 2,
) -> list[str]:
    """Return name and base value of each input; inputs of the same name also show what their ids differ in.

    Parameters
    ----------
    among : sequence, optional
        All inputs of the analysis; by default those of the one-way analysis of the model.
    width : float
        Of a line. [inches]
    lines : int
        Most lines.
    """
    return [
        fold(f"{name}: {amount(entry.base, entry.unit, results.currency, whole=True)}", width, lines=lines)
        for entry, name in zip(entries, input_names(results, entries, among), strict=True)
    ]


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


def _subtitle(results: Results, increment: Incremental, measure: str, shown: int) -> str:
    at = f" at {threshold_text(results)}" if measure == "nmb" else ""
    varied = sum(entry.intervention == increment.intervention for entry in results.dsa or ())
    many = f"the {shown} largest of {varied} inputs" if shown < varied else f"all {varied} inputs"
    return (
        f"{_SHOWN[measure]}{at}, {minus(results, increment.intervention)}: {many}, one at a time, base value after "
        "the name and bounds at the ends"
    )


def result_axis(axes: Axes, results: Results, measure: str) -> None:
    """Label the x axis of a result, with its unit."""
    if measure == "qalys":
        number_axis(axes.xaxis, "Incremental QALYs (per patient)")
    else:
        money_axis(axes.xaxis, _SHOWN[measure], results.currency, "per QALY" if measure == "icer" else "")


def bounds_legend(figure: Figure) -> None:
    """Say which colour is which bound."""
    from matplotlib.patches import Patch

    looks = ((style.LOW_COLOUR, "Input at its lower bound"), (style.HIGH_COLOUR, "Input at its upper bound"))
    legend_below(figure, [Patch(color=colour, label=text) for colour, text in looks])


_CAPTIONS = {"nmb": "Tornado of net monetary benefit", "icer": "Tornado of the ICER"}


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


MEASURE_NAMES = {
    "nmb": "Net monetary benefit",
    "icer": "ICER",
    "qalys": "Incremental QALYs",
    "costs": "Incremental costs",
}
_SEGMENTS = ("Low, first", "High, first", "Low, beyond", "High, beyond")
_SMALL_LABELS = 2.2


def tornado_data(results: Results, names: Names) -> Table | None:
    """Return the bars of every tornado: for each measure the inputs that move it most, largest first."""
    if not results.dsa:
        return None
    rows: list[tuple[Value, ...]] = []
    for entry in results.incremental:
        for measure in drawn(results, entry):
            rows += _bar_rows(results, entry, measure, names)
    note = (
        "Moves from the base case. Where both bounds lie on one side of it, the bar of the nearer one comes first and"
        " that of the other goes on from there."
    )
    return Table(
        "tornado_data",
        "Bars of the tornado",
        (note,),
        (
            *(Column(header) for header in ("Intervention", "Result", "Input", "Input: base value (bounds)")),
            *(Column(header, "number", "", "Result") for header in ("Base case", "At low", "At high")),
            *(Column(header, "number", "", "Bars, from the base case") for header in _SEGMENTS),
        ),
        tuple(rows),
    )


def drawn(results: Results, increment: Incremental) -> list[str]:
    """Return the results that can be drawn as bars: those that are numbers at both bounds of every input shown."""
    found = []
    for measure in MEASURES:
        if measure == "icer" and increment.icer is None:
            continue
        entries = largest(results, increment.intervention, measure)
        if entries and all(None not in _numbers(entry, measure) for entry in entries):
            found.append(measure)
    return found


def _numbers(entry: Dsa, measure: str) -> tuple[float | None, float | None]:
    values: dict[str, float | None] = entry.model_dump(include={f"{measure}_low", f"{measure}_high"})
    return values[f"{measure}_low"], values[f"{measure}_high"]


def _bar_rows(results: Results, increment: Incremental, measure: str, names: Names) -> list[tuple[Value, ...]]:
    base = base_value(results, increment, measure)
    entries = largest(results, increment.intervention, measure)
    rows: list[tuple[Value, ...]] = []
    names_alone = [fold(name, _SMALL_LABELS) for name in input_names(results, entries)]
    for entry, name, told in zip(entries, names_alone, labels(results, entries), strict=True):
        label = f"{told} ({brief(entry.low)} to {brief(entry.high)})"
        low, high = (base if end is None else end for end in _numbers(entry, measure))
        row = (names.strategy(increment.intervention), MEASURE_NAMES[measure], name, label, base, low, high)
        rows.append((*row, *segments(low - base, high - base)))
    return rows


def segments(low: float, high: float) -> tuple[float, float, float, float]:
    """Return the stacked pieces of one bar: low and high from the base case, then low and high beyond the other."""
    if low * high <= 0:
        return low, high, 0.0, 0.0
    if abs(low) <= abs(high):
        return low, 0.0, 0.0, high - low
    return 0.0, high, low - high, 0.0


BEHIND_CHARTS = (TableEntry("tornado_data", lambda results, _, names: tornado_data(results, names)),)
