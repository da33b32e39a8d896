"""Tables of the scenarios: what comes of them, and what they change.

Charts of the scenario analysis: scenarios by group, a sweep as one row of dots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.base_case import threshold_key
from hemodel.economics import is_cost_effective
from hemodel.errors import UsageError
from hemodel.formats import Value, display
from hemodel.inputs.scenarios import GROUPS
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import notes, style
from hemodel.views.shared.declared import ChartEntry, OnPage, TableEntry
from hemodel.views.shared.page import (
    label_across,
    legend_below,
    make_room,
    money_axis,
    money_unit,
    page,
    plain_rows,
    settle,
)
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, fixed, fold, lines_height, minus, threshold_text, upper_first
from hemodel.views.shared.words import SCENARIO_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.views.shared.words import Names


def by_group(entries: Iterable[ScenarioEntry]) -> list[ScenarioEntry]:
    """Return the scenarios by group; as they were within a group."""
    return sorted(entries, key=lambda entry: GROUPS.index(entry.group))


def scenarios(results: Results, entries: list[ScenarioEntry], names: Names) -> Table:
    """Return increments, net benefit and decisions under every scenario by group, the base case first."""
    rows = [_base_row(results, entry, names) for entry in results.incremental]
    rows += [_scenario_row(results, entry, names) for entry in by_group(entries)]
    heads = [f"{results.currency} {display(t, 'icer')}" for t in results.thresholds]
    currency = results.currency
    return Table(
        "scenarios",
        "Scenarios",
        (notes.INCREMENT, notes.RATIO, notes.DECISION),
        (
            Column("Scenario"),
            Column("Group"),
            Column("Question"),
            Column("Purpose"),
            Column("Intervention"),
            Column("Life-years", "years", "years", "Increment"),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", currency, "Increment"),
            Column("QALYs", "qaly", "QALY", "Change"),
            Column("Costs", "money", currency, "Change"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Change in ICER", "icer", per_qaly(results)),
            *(Column(head, "money", currency, "Net monetary benefit at") for head in heads),
            *(Column(head, group="Cost-effective at") for head in heads),
            Column("Why it was stopped"),
        ),
        tuple(rows),
        banded=True,
    )


def _base_row(results: Results, entry: Incremental, names: Names) -> tuple[Value, ...]:
    keys = [threshold_key(t) for t in results.thresholds]
    return (
        *("Base case", "Base case", None, None, names.strategy(entry.intervention)),
        *(entry.life_years, entry.qalys, entry.costs, None, None),
        *(entry.verdict if entry.icer is None else entry.icer, None),
        *(entry.nmb[key] for key in keys),
        *(_yes(is_cost_effective(entry.nmb[key])) for key in keys),
        None,
    )


def _scenario_row(results: Results, entry: ScenarioEntry, names: Names) -> tuple[Value, ...]:
    keys = [threshold_key(t) for t in results.thresholds]
    return (
        *(entry.name, SCENARIO_GROUPS[entry.group], entry.question, entry.purpose, names.strategy(entry.intervention)),
        *(entry.life_years, entry.qalys, entry.costs, entry.change_in_qalys, entry.change_in_costs),
        *(entry.verdict if entry.icer is None else entry.icer, entry.change_in_icer),
        *(entry.nmb.get(key) for key in keys),
        *(decision_word(entry, key) for key in keys),
        entry.stopped or None,
    )


def decision_word(entry: ScenarioEntry, key: str) -> str | None:
    """Return whether an intervention is cost-effective at a threshold, and whether that is another decision."""
    if key not in entry.cost_effective:
        return None
    return _yes(entry.cost_effective[key]) + (" (changed)" if entry.changes_decision[key] else "")


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def scenario_changes(entries: list[ScenarioEntry]) -> Table:
    """Return what each scenario changes, why, and on whose word."""
    seen: Mapping[str, ScenarioEntry] = {entry.name: entry for entry in by_group(entries)}
    rows = [
        (name, change.id, change.old, change.new, entry.why, entry.source)
        for name, entry in seen.items()
        for change in entry.changes
    ]
    return Table(
        "scenario_changes",
        "What the scenarios change",
        (),
        (
            Column("Scenario"),
            Column("Id"),
            Column("From", "value"),
            Column("To", "value"),
            Column("Why"),
            Column("Source"),
        ),
        tuple(rows),
        banded=True,
    )


def beside(results: Results, names: Names) -> Table | None:
    """Return the base case, the scenarios that the workbook names and published analyses, a row each."""
    if not results.beside:
        return None
    rows = [
        (
            *(entry.label, names.strategy(entry.intervention), entry.life_years, entry.qalys, entry.costs),
            *(entry.verdict if entry.icer is None else entry.icer, entry.source),
        )
        for entry in results.beside
    ]
    return Table(
        "beside",
        "Base case beside other analyses",
        (notes.INCREMENT, notes.RATIO),
        (
            Column("Analysis"),
            Column("Intervention"),
            Column("Life-years", "years", "years", "Increment"),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Source"),
        ),
        tuple(rows),
    )


LABEL_WIDTH = 2.15
GAP = 0.05
"""Space between the labels of two rows. [inches]"""
HEADING = 0.28
"""Height of the heading of a group. [inches]"""
MOST_HEIGHT = 5.2
"""Height of the rows of a page; where there are more, those that change the result most. [inches]"""
MILLION = 1e6
NEAR = 0.25
"""An end of a sweep has its value where it lies at least this far out, as a share of the other end."""
AT_LEAST = 3
"""Rows of each group that a page of all groups shows before it shows more of any."""
SAME, OTHER = style.HIGH_COLOUR, style.STRATEGY_COLOURS[1]
"""Colours of scenarios with the decision of the base case and with another."""


@dataclass(frozen=True)
class _Line:
    """A row of the chart: a scenario, or the points of a sweep, each with its value where it has one."""

    label: str
    group: str
    points: tuple[tuple[float | None, ScenarioEntry], ...]

    @property
    def height(self) -> float:
        return lines_height(self.label) + GAP

    def farthest(self, base: float) -> float | None:
        """Value of the point that lies farthest from the base case."""
        values = [value for value, _ in self.points if value is not None]
        return max(values, key=lambda value: abs(value - base), default=None)

    def influence(self, base: float) -> tuple[bool, float]:
        """Sort key, the largest change first: a word counts as more than any number, what was not run as nothing."""
        value = self.farthest(base)
        stopped = all(entry.stopped for _, entry in self.points)
        return stopped, -math.inf if value is None else -abs(value - base)

    def rank(self, base: float) -> tuple[bool, bool, float]:
        """Sort key within a group: the highest value first, words and what was not run last."""
        value = self.farthest(base)
        return value is None, self.influence(base)[0], 0.0 if value is None else -value


@style.house_style()
def scenario_chart(results: Results, _run: Run, group: str = "", number: int = 1) -> Figure:
    """Draw the first intervention's ICER by scenario, or its net benefit where the base case has no ICER.

    Parameters
    ----------
    group : str, optional
        Draw this group only; else the scenarios of every group that change the result most,
        as many as a page holds.
    number : int
        Page of the group, from 1.

    Raises
    ------
    UsageError
        Where no scenario was run.
    """
    base = results.incremental[0]
    entries = [e for e in results.scenarios or () if e.intervention == base.intervention and group in ("", e.group)]
    if not entries:
        raise UsageError("There are no scenarios to draw. Run the part scenarios.")
    by_icer, at = base.icer is not None, _base_value(results, base)
    every = sorted(_lines(results, entries, by_icer), key=lambda line: (GROUPS.index(line.group), line.rank(at)))
    kept = _chosen(every, at)
    lines = _pages(every)[number - 1] if group else [line for line in every if line in kept]
    rows = lines if group else _with_headings(lines)
    heights = np.array([HEADING if isinstance(row, str) else row.height for row in rows])
    shown = len(entries) if group else sum(len(line.points) for line in lines)
    part = f", page {number} of {len(_pages(every))}" if group and len(_pages(every)) > 1 else ""
    title = f"{SCENARIO_GROUPS[group]}{part}: " if group else ""
    title = upper_first(f"{title}{_finding(results, entries)}")
    figure = page(title, _subtitle(results, base, len(entries), shown), heights.sum() + 0.9)
    axes = figure.subplots()
    axes.axvline(at, color=style.INK, linewidth=0.9)
    values = [at, *(value for line in lines for value, _ in line.points if value is not None)]
    _draw(axes, rows, heights, results, (at, money_unit(values)[0]))
    axes.set_xlim(min(0.0, *values), max(0.0, *values))
    make_room(axes, from_zero=min(values) >= 0)
    name = "ICER" if by_icer else "Incremental net monetary benefit"
    money_axis(axes.xaxis, name, results.currency, "per QALY" if by_icer else "", values)
    _threshold(axes, results, by_icer)
    label_across(axes, at, f"Base case {about(at, results.currency)}", line=1)
    if any(_differs(results, entry) for line in lines for _, entry in line.points):
        legend_below(figure, _legend(results))
    return settle(figure)


def _finding(results: Results, entries: Sequence[ScenarioEntry]) -> str:
    """Return how many scenarios change the decision."""
    other = sum(_differs(results, entry) for entry in entries)
    if not other:
        return f"no scenario of {len(entries)} changes the decision at {threshold_text(results)}"
    verb = "changes" if other == 1 else "change"
    return f"{other} of {len(entries)} scenarios {verb} the decision at {threshold_text(results)}"


def group_charts(results: Results, run: Run) -> dict[str, Callable[[], Figure]]:
    """Return the charts of each group of scenarios, one a page, by name; each is drawn when it is called."""
    base = results.incremental[0]
    found: dict[str, Callable[[], Figure]] = {}
    for group in GROUPS:
        own = [e for e in results.scenarios or () if e.intervention == base.intervention and e.group == group]
        for number in range(1, len(_pages(_lines(results, own, base.icer is not None))) + 1):
            name = f"scenarios_{group}" + (f"_{number}" if number > 1 else "")
            found[name] = partial(scenario_chart, results, run, group, number)
    return found


def _base_value(results: Results, base: Incremental) -> float:
    return base.nmb[threshold_key(results.decision_threshold)] if base.icer is None else base.icer


def _pages(lines: Iterable[_Line]) -> list[list[_Line]]:
    """Return the lines on as many pages as they need."""
    pages: list[list[_Line]] = []
    room = 0.0
    for line in lines:
        room -= line.height
        if room < 0:
            pages.append([])
            room = MOST_HEIGHT - line.height
        pages[-1].append(line)
    return pages


def _lines(results: Results, entries: Sequence[ScenarioEntry], by_icer: bool) -> list[_Line]:
    own: dict[str, list[ScenarioEntry]] = {}
    for entry in entries:
        own.setdefault(entry.sweep or entry.name, []).append(entry)
    labels = {name: _label(some) for name, some in own.items()}
    again = [label for label in labels.values() if list(labels.values()).count(label) > 1]
    labels |= {name: f"{label} ({name})" for name, label in labels.items() if label in again}
    points = {name: tuple((_value(results, entry, by_icer), entry) for entry in some) for name, some in own.items()}
    return [_Line(fold(labels[name], LABEL_WIDTH, lines=3), some[0].group, points[name]) for name, some in own.items()]


def _value(results: Results, entry: ScenarioEntry, by_icer: bool) -> float | None:
    return entry.icer if by_icer else entry.nmb.get(threshold_key(results.decision_threshold))


def _chosen(lines: Iterable[_Line], base: float) -> list[_Line]:
    """Return the lines that a page has room for: the first few of each group, then those that change most."""
    ordered = sorted(lines, key=lambda line: line.influence(base))
    seen: dict[str, int] = {}
    early: list[_Line] = []
    late: list[_Line] = []
    for line in ordered:
        seen[line.group] = seen.get(line.group, 0) + 1
        (early if seen[line.group] <= AT_LEAST else late).append(line)
    room, kept = MOST_HEIGHT - HEADING * len(seen), []
    for line in (*early, *late):
        room -= line.height
        if room < 0:
            break
        kept.append(line)
    return kept


def _with_headings(lines: Sequence[_Line]) -> list[_Line | str]:
    rows: list[_Line | str] = []
    for group, own in groupby(lines, key=lambda line: line.group):
        rows += [SCENARIO_GROUPS[group], *own]
    return rows


def _label(entries: Sequence[ScenarioEntry]) -> str:
    """Return what the question asks: of What if a price falls? that A price falls."""
    text = _common([entry.question for entry in entries])
    text = text.strip().removeprefix("What if ").removesuffix("?").strip() or entries[0].name
    return upper_first(text)


def _common(questions: Sequence[str]) -> str:
    """Return the words that the questions of a sweep have in common, with an ellipsis for what differs."""
    first, *others = (question.split() for question in questions)
    if not others:
        return questions[0]
    shortest = min(len(words) for words in (first, *others))
    same = [all(words[i] == first[i] for words in others) for i in range(shortest)]
    before = same.index(False) if False in same else shortest
    back = [all(words[-1 - i] == first[-1 - i] for words in others) for i in range(shortest - before)]
    after = back.index(False) if False in back else len(back)
    return " ".join([*first[:before], "…", *first[len(first) - after :]])


def _subtitle(results: Results, base: Incremental, every: int, shown: int) -> str:
    what = "ICER" if base.icer is not None else f"Net monetary benefit (the base case is {base.verdict})"
    few = f"; the {shown} that change it most" if shown < every else ""
    return f"{what}, {minus(results, base.intervention)}: each scenario changes the base case on its own{few}"


def _differs(results: Results, entry: ScenarioEntry) -> bool:
    return bool(entry.changes_decision.get(threshold_key(results.decision_threshold)))


def _draw(
    axes: Axes, rows: Sequence[_Line | str], heights: np.ndarray, results: Results, about_base: tuple[float, float]
) -> None:
    """Draw every row at its place, with its label or the heading of its group; given base case and unit of the axis."""
    places = np.cumsum(heights) - heights / 2
    for place, row in zip(places.tolist(), rows, strict=True):
        if isinstance(row, str):
            axes.axhline(place + HEADING / 2, color=style.LIGHT, linewidth=0.6)
        else:
            _draw_line(axes, about_base, place, row, results)
    axes.set_yticks(places, [row if isinstance(row, str) else row.label for row in rows], linespacing=1.05)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axes.set_ylim(heights.sum(), 0)
    plain_rows(axes)


def _draw_line(axes: Axes, about_base: tuple[float, float], place: float, line: _Line, results: Results) -> None:
    """Draw dots on a stem from the base line, the outermost with their values, or words where there is no value."""
    base, by = about_base
    found = [(value, entry) for value, entry in line.points if value is not None]
    if not found:
        entry = line.points[0][1]
        _note(axes, base, place, "not run" if entry.stopped else entry.verdict, right=True, word=True)
        return
    values = [value for value, _ in found]
    axes.plot([min(base, *values), max(base, *values)], [place, place], color=SAME, linewidth=1.2, alpha=0.6)
    for value, entry in found:
        other = _differs(results, entry)
        axes.plot(value, place, marker="D" if other else "o", markersize=5.5 if len(found) == 1 else 4.5,
                  color=OTHER if other else SAME, linestyle="none")  # fmt: skip
    for value, entry in _ends(found, base):
        text = fixed(value / by, 2 if by == MILLION else 0)
        _note(axes, value, place, f"{entry.label}: {text}" if len(line.points) > 1 else text, right=value >= base)


def _ends(found: Sequence[tuple[float, ScenarioEntry]], base: float) -> list[tuple[float, ScenarioEntry]]:
    """Return the outermost points, one on each side of the base case, that are worth a number."""
    sides = [[each for each in found if (each[0] >= base) == right] for right in (False, True)]
    outer = [max(side, key=lambda each: abs(each[0] - base)) for side in sides if side]
    farthest = max(abs(value - base) for value, _ in outer)
    return [each for each in outer if abs(each[0] - base) >= NEAR * farthest]


def _note(axes: Axes, x: float, y: float, text: str, *, right: bool, word: bool = False) -> None:
    axes.annotate(
        text,
        (x, y),
        xytext=(6 if right else -6, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        style="italic" if word else "normal",
    )


def _threshold(axes: Axes, results: Results, by_icer: bool) -> None:
    """Draw the threshold (0 for net benefit) where it lies between the values."""
    at = results.decision_threshold if by_icer else 0.0
    low, high = axes.get_xlim()
    if low <= at <= high:
        axes.axvline(at, color=style.INK, linewidth=0.9, linestyle=(0, (4, 2)))
        label_across(axes, at, f"Threshold {threshold_text(results)}" if by_icer else "Cost-effective from 0 on")


def _legend(results: Results) -> list[Artist]:
    from matplotlib.lines import Line2D

    looks = (("o", SAME, "Decision of the base case"), ("D", OTHER, f"Another decision at {threshold_text(results)}"))
    return [
        Line2D([], [], marker=marker, color=colour, label=text, linestyle="none", markersize=5.5)
        for marker, colour, text in looks
    ]


TABLES = (
    TableEntry("beside", lambda results, _, names: beside(results, names)),
    TableEntry(
        "scenarios",
        lambda results, _, names: None if results.scenarios is None else scenarios(results, results.scenarios, names),
        OnPage(("Purpose", "Change in ICER", "Increment: Life-years", "Net monetary benefit at"), (1,), wide=True),
    ),
    TableEntry(
        "scenario_changes",
        lambda results, *_: None if results.scenarios is None else scenario_changes(results.scenarios),
        OnPage(bands=(0, 4, 5)),
    ),
)
CHARTS = (
    ChartEntry(
        "scenarios",
        scenario_chart,
        "Scenarios",
        lambda results, _: bool(results.scenarios),
    ),
)


_MOST_BARS = 25


def scenario_data(results: Results, names: Names) -> Table | None:
    """Return how far scenarios move the ICER, the largest move first; None where none does, or there is no ICER."""
    if not results.scenarios or any(entry.icer is None for entry in results.incremental):
        return None
    moves: dict[str, dict[str, float | None]] = {}
    questions = {}
    for entry in results.scenarios:
        moves.setdefault(entry.name, {})[entry.intervention] = entry.change_in_icer
        questions[entry.name] = entry.question
    order = sorted(moves, key=lambda name: -max((abs(v) for v in moves[name].values() if v is not None), default=0.0))
    interventions = [entry.intervention for entry in results.incremental]
    moving = [name for name in order if any(moves[name].values())]
    rows = [
        (name.replace("_", " "), questions[name], *(moves[name].get(i) for i in interventions))
        for name in moving[:_MOST_BARS]
    ]
    if not rows:
        return None
    note = (
        f"The {len(rows)} of {len(order)} that move the ICER most. Those that do not move it, and those without one"
        " (see Scenarios), are left out."
    )
    return Table(
        "scenario_data",
        "Bars of the scenario chart",
        (note,),
        (
            *(Column(header) for header in ("Scenario", "Question")),
            *(Column(names.strategy(i), "icer", per_qaly(results), "Change in ICER") for i in interventions),
        ),
        tuple(rows),
    )


BEHIND_CHARTS = (TableEntry("scenario_data", lambda results, _, names: scenario_data(results, names)),)
