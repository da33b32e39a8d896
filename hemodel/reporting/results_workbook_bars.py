"""Bar charts of the results workbook: tornado and scenarios, as moves from the base case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.reporting import style
from hemodel.reporting.charts_text import brief
from hemodel.reporting.charts_tornado import MEASURES, base_value, labels, largest
from hemodel.reporting.format import Kind, Value, display, number_format
from hemodel.reporting.results_workbook_charts import axis, finish, new_chart
from hemodel.reporting.tables_outcomes import per_qaly
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.reporting.results_workbook_sheets import Page
    from hemodel.reporting.schema import Dsa, Incremental, Results
    from hemodel.reporting.tables_words import Names

_NAMES = {
    "nmb": "Net monetary benefit",
    "icer": "ICER",
    "qalys": "Incremental QALYs",
    "costs": "Incremental costs",
}
_SEGMENTS = ("Low, first", "High, first", "Low, beyond", "High, beyond")
_WIDTH, _GAP, _ROW, _TOP, _BOTTOM = 720, 20, 30, 62, 120
_FRAME = _TOP + _BOTTOM
"""Height of title, and of axis and legend. [pixels]"""
_SCENARIO_ROW = 17


def tornado_data(results: Results, names: Names) -> Table | None:
    """Return the bars of every tornado: for each measure the inputs that move it most, largest first."""
    if not results.dsa:
        return None
    rows: list[tuple[Value, ...]] = []
    for entry in results.incremental:
        for measure in drawn(results, entry):
            rows += _bars(results, entry, measure, names)
    note = (
        "Moves from the base case. Where both bounds lie on one side of it, the bar of the nearer one comes first and"
        " that of the other goes on from there."
    )
    return Table(
        "tornado_data",
        "Bars of the tornado",
        (note,),
        (
            *(Column(header) for header in ("Intervention", "Result", "Input: base value (bounds)")),
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
        if entries and all(None not in _ends(entry, measure) for entry in entries):
            found.append(measure)
    return found


def _ends(entry: Dsa, measure: str) -> tuple[float | None, float | None]:
    values: dict[str, float | None] = entry.model_dump(include={f"{measure}_low", f"{measure}_high"})
    return values[f"{measure}_low"], values[f"{measure}_high"]


def _bars(results: Results, increment: Incremental, measure: str, names: Names) -> list[tuple[Value, ...]]:
    base = base_value(results, increment, measure)
    entries = largest(results, increment.intervention, measure)
    rows: list[tuple[Value, ...]] = []
    for entry, name in zip(entries, labels(results, entries), strict=True):
        label = f"{name} ({brief(entry.low)} to {brief(entry.high)})"
        low, high = (base if end is None else end for end in _ends(entry, measure))
        row = (names.strategy(increment.intervention), _NAMES[measure], label, base, low, high)
        rows.append((*row, *segments(low - base, high - base)))
    return rows


def segments(low: float, high: float) -> tuple[float, float, float, float]:
    """Return the stacked pieces of one bar: low and high from the base case, then low and high beyond the other."""
    if low * high <= 0:
        return low, high, 0.0, 0.0
    if abs(low) <= abs(high):
        return low, 0.0, 0.0, high - low
    return 0.0, high, low - high, 0.0


def add_tornado(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the tornados of every intervention on a sheet, two beside each other."""
    page = pages["tornado_data"]
    down = 0
    for entry in results.incremental:
        shown = drawn(results, entry)
        for start in range(0, len(shown), 2):
            heights = []
            for k, measure in enumerate(shown[start : start + 2]):
                own = (names.strategy(entry.intervention), _NAMES[measure])
                rows = [i for i, row in enumerate(page.table.rows, page.first) if row[:2] == own]
                chart = _tornado(book, page, (rows[0], rows[-1]), results, (entry, measure, names))
                heights.append(_FRAME + _ROW * len(rows))
                _room(chart, _WIDTH, heights[-1], 0.47)
                place = {"object_position": 3, "x_offset": k * (_WIDTH + _GAP), "y_offset": down}
                sheet.insert_chart(3, 0, chart, place)
            down += max(heights) + _GAP


def _tornado(
    book: Workbook, page: Page, rows: tuple[int, int], results: Results, about: tuple[Incremental, str, Names]
) -> Any:
    entry, measure, names = about
    chart = new_chart(book, "bar", "stacked")
    colours = (style.LOW_COLOUR, style.HIGH_COLOUR) * 2
    texts = ("Input at its lower bound", "Input at its upper bound") * 2
    for i, (colour, text) in enumerate(zip(colours, texts, strict=True), start=len(page.table.columns) - 4):
        chart.add_series(
            {
                "name": text,
                "categories": [page.name, rows[0], 2, rows[1], 2],
                "values": [page.name, rows[0], i, rows[1], i],
                "fill": {"color": colour},
                "gap": 40,
                "overlap": 100,
            }
        )
    kind: Kind = "qaly" if measure == "qalys" else "money"
    base = base_value(results, entry, measure)
    at = f" at {display(results.decision_threshold, 'money', results.currency)} per QALY" if measure == "nmb" else ""
    unit = {"icer": per_qaly(results), "qalys": "QALY"}.get(measure, results.currency)
    finish(chart, f"{_NAMES[measure]}{at}: {names.strategy(entry.intervention)}")
    chart.set_legend({"position": "bottom", "font": {"name": "Arial", "size": 9}, "delete_series": [2, 3]})
    _value_axis(chart, f"Move from the base case of {display(base, kind)} ({unit})", number_format(base, kind))
    return chart


def _value_axis(chart: Any, text: str, number: str) -> None:
    grid = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
    chart.set_x_axis(axis(text, f"+{number};-{number};0", major_gridlines=grid, label_position="high"))


def _room(chart: Any, width: int, height: int, labels: float) -> None:
    """Set the size of a chart, and the share of its width for the names of its bars, the first of them at the top."""
    chart.set_size({"width": width, "height": height})
    chart.set_y_axis(axis("", reverse=True, label_position="low", major_tick_mark="none", interval_unit=1))
    layout = {"x": labels, "y": _TOP / height, "width": 0.96 - labels, "height": 1 - (_TOP + _BOTTOM) / height}
    chart.set_plotarea({"layout": layout})


def scenario_data(results: Results, names: Names) -> Table | None:
    """Return how far each scenario moves the ICER, the largest move first; None where the base case has no ICER."""
    if not results.scenarios or any(entry.icer is None for entry in results.incremental):
        return None
    moves: dict[str, dict[str, float | None]] = {}
    questions = {}
    for entry in results.scenarios:
        moves.setdefault(entry.name, {})[entry.intervention] = entry.change_in_icer
        questions[entry.name] = entry.question
    order = sorted(moves, key=lambda name: -max((abs(v) for v in moves[name].values() if v is not None), default=0.0))
    interventions = [entry.intervention for entry in results.incremental]
    rows = [
        (name.replace("_", " "), questions[name], *(moves[name].get(i) for i in interventions))
        for name in order
        if any(moves[name].values())
    ]
    note = "Those that do not move the ICER, and those without one (see Scenarios), are left out of the chart."
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


def add_scenarios(book: Workbook, sheet: Worksheet, pages: Mapping[str, Page], results: Results, names: Names) -> None:
    """Put the moves of the ICER by scenario on a sheet, one bar for each intervention."""
    page = pages["scenario_data"]
    chart = new_chart(book, "bar", "clustered")
    for i, entry in enumerate(results.incremental, start=2):
        chart.add_series(
            {
                "name": names.strategy(entry.intervention),
                "categories": page.range(0),
                "values": page.range(i),
                "fill": {"color": style.STRATEGY_COLOURS[(i - 1) % len(style.STRATEGY_COLOURS)]},
                "gap": 40,
            }
        )
    bases = "; ".join(f"{names.strategy(e.intervention)} {display(e.icer, 'icer')}" for e in results.incremental)
    finish(chart, "Change in the ICER under each scenario")
    bars = len(page.table.rows) * len(results.incremental)
    _room(chart, 900, _FRAME + max(_SCENARIO_ROW * bars, 200), 0.24)
    _value_axis(chart, f"Move from the base case ({per_qaly(results)}): {bases}", "#,##0")
    sheet.insert_chart(3, 0, chart, {"object_position": 3})
    sheet.set_portrait()
