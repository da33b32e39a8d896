"""Native charts of the live model, on a sheet of their own: they follow the cells of the other sheets.

Charts of uncertainty in the live model: cost-effectiveness plane, acceptability curves and tornado.

What the charts of the live model have in common: their sheet, sizes, lines, and ranges of cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.formats import display
from hemodel.live_model.look import pixels
from hemodel.live_model.sheet import Sheet, SheetCell, SheetTable
from hemodel.live_model.writing import write_sheet
from hemodel.publish.workbook_charts import FRONTIER, axis, finish, new_chart
from hemodel.units import DAYS_PER_YEAR
from hemodel.views.one_way import turn_of_decision
from hemodel.views.shared import style
from hemodel.views.shared.words import COMPONENTS, Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.results import Results
    from hemodel.live_model.building import LiveModel
    from hemodel.live_model.formula import Formula
    from hemodel.live_model.look import Look
    from hemodel.live_model.sheet import SheetColumn
    from hemodel.live_model.strategy import StrategySheets
    from hemodel.live_model.uncertainty import Acceptability, Bars, Plane


SHEET = "Model charts"
SIZE, TALL = (700, 440), (700, 900)
GRID = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
NO_GRID = {"visible": False}
FONT = {"name": "Arial", "size": 9}


@dataclass(frozen=True)
class ChartSheet:
    """The sheet of charts before they are on it: it holds the costs by category.

    Attributes
    ----------
    costs : mapping from strategy to SheetColumn
        Discounted costs, one row a category.
    found : Results
        Currency, decision threshold and printed names when the file was written.
    """

    sheet: Sheet
    names: Mapping[str, Formula]
    components: SheetColumn
    costs: Mapping[str, SheetColumn]
    found: Results


def cells(column: SheetColumn, first: int, last: int) -> list[str | int]:
    """Return some rows of a column of a table, as a chart wants them; rows of the table count from 0."""
    return [column.sheet.name, column.first + first, column.index, column.first + last, column.index]


def all_cells(column: SheetColumn) -> list[str | int]:
    """Return all rows of a column of a table."""
    return cells(column, 0, column.rows - 1)


_POINTS = (("Selected draw", 1, "triangle", "#CC79A7", 13), ("Base case", 0, "diamond", "#000000", 8))
"""Points of the plane: name, row of the table, shape, colour and size; the last one is drawn on top."""
_PAIR = 2


def plane_chart(book: Workbook, place: ChartSheet, plane: Plane) -> Any:
    """Return the cost-effectiveness plane: stored draws, base case, selected draw and threshold."""
    chart, results = new_chart(book, "scatter"), place.found
    points = _points(place, plane)
    for point in reversed(points):
        chart.add_series(point)
    for i, strategy in enumerate([*place.names][1:], start=1):
        qalys, costs = plane.increments["qalys", strategy], plane.increments["costs", strategy]
        ranges = {"categories": cells(qalys, 1, qalys.rows - 1), "values": cells(costs, 1, costs.rows - 1)}
        fill = {"color": style.colour(i), "transparency": 60}
        marker = {"type": "circle", "size": 3, "fill": fill, "border": {"none": True}}
        chart.add_series({"name": f"={place.names[strategy].text}", **ranges, "marker": marker})
    for point in points:
        chart.add_series(point)
    chart.add_series(
        {
            "name": f"{display(results.decision_threshold, 'icer', results.currency)} per QALY when written",
            "categories": all_cells(plane.line["qalys"]),
            "values": all_cells(plane.line["costs"]),
            "marker": {"type": "none"},
            "line": {"color": "#000000", "width": 1.25, "dash_type": "dash"},
        }
    )
    finish(chart, f"Incremental costs and QALYs against {next(iter(place.names.values())).value}", *SIZE)
    chart.set_legend({"position": "bottom", "font": FONT, "delete_series": [*range(len(points))]})
    low = {"label_position": "low", "major_gridlines": GRID}
    chart.set_x_axis(axis("Incremental QALYs", "0.0", **low))
    chart.set_y_axis(axis(f"Incremental costs ({results.currency})", "#,##0", **low))
    return chart


def _points(place: ChartSheet, plane: Plane) -> list[dict[str, Any]]:
    """Return the points of the selected draw and the base case, which come both before and after the cloud of draws.

    Excel draws the last of a chart's series on top, LibreOffice the first.
    """
    found = []
    for strategy in [*place.names][1:]:
        qalys, costs = plane.points["qalys", strategy], plane.points["costs", strategy]
        for point, row, shape, colour, size in _POINTS:
            marker = {"type": shape, "size": size, "fill": {"color": colour}, "border": {"color": "#000000"}}
            name = point if len(place.names) == _PAIR else f"{point}, {place.names[strategy].value}"
            ranges = {"categories": cells(qalys, row, row), "values": cells(costs, row, row)}
            found.append({"name": name, **ranges, "marker": marker})
    return found


def acceptability_chart(book: Workbook, place: ChartSheet, found: Acceptability) -> Any:
    """Return the chart of acceptability curves and their frontier."""
    chart, curves = new_chart(book, "scatter", "straight"), found.curves
    thresholds = all_cells(curves.thresholds)
    lines = [("Frontier", curves.frontier, FRONTIER)]
    for i, (name, share) in enumerate(zip(place.names.values(), curves.shares, strict=True)):
        lines.append((f"={name.text}", share, style.excel_line(i, 2.0)))
    for title, column, line in lines:
        chart.add_series({"name": title, "categories": thresholds, "values": all_cells(column), "line": line})
    finish(chart, "Probability of being cost-effective", *SIZE)
    top = float(np.asarray(curves.thresholds.value)[-1])
    unit = f"Willingness to pay ({place.found.currency} per QALY)"
    chart.set_x_axis(axis(unit, "#,##0", min=0, max=top, major_gridlines=NO_GRID))
    chart.set_y_axis(axis("Probability", "0%", min=0, max=1, major_gridlines=GRID))
    return chart


def tornado_chart(book: Workbook, bars: Bars, results: Results) -> Any:
    """Return the tornado of one intervention: the inputs that move net benefit most."""
    chart, last = new_chart(book, "bar", "stacked"), bars.shown - 1
    names = ("Input at its low value", "Input at its high value") * 2
    colours = (style.LOW_COLOUR, style.HIGH_COLOUR) * 2
    for name, colour, column in zip(names, colours, bars.segments, strict=True):
        values = {"categories": cells(bars.labels, 0, last), "values": cells(column, 0, last)}
        chart.add_series({"name": name, **values, "fill": {"color": colour}, "gap": 40, "overlap": 100})
    words = Names(results)
    threshold = display(results.decision_threshold, "icer", results.currency)
    pair = words.comparison(bars.intervention, results.strategies[0])
    finish(chart, f"Net monetary benefit at {threshold} per QALY, {pair}", *TALL)
    chart.set_legend({"position": "bottom", "font": FONT, "delete_series": [2, 3]})
    labels = axis("", reverse=True, label_position="low", crossing="max", major_tick_mark="none", interval_unit=1)
    chart.set_y_axis(labels | {"num_font": {**FONT, "size": 8}})
    base = display(bars.base, "money")
    turn = turn_of_decision(results, "nmb", bars.base)
    text = f"Move from the base case of {base} ({results.currency}, stored){turn}"
    chart.set_x_axis(axis(text, "+#,##0;-#,##0;0", major_gridlines=GRID))
    return chart


PAGE_ROWS = 50
"""Rows of a printed page: two charts, one above the other."""
_OFFSETS = (1, 25)
_TABLE_ROW = 6
_LABELS, _AMOUNTS = 40.0, 14.5
_ALMOST_ALL = 0.98
"""Charts over time end with the year in which this share has died under every strategy."""
_STATES = {"Progression-free": style.PARTS[0], "Progressed": style.PARTS[5], "Dead": "#E6E6E6"}
_FIXED = {"object_position": 1}
_YEAR = 365
_FEWEST_COLUMNS, _PAGE_PIXELS = 5, 530.0
"""The paper is 640 pixels wide. Columns, and charts with them, are up to a fifth wider where the font is missing."""
_MOST_TICKS = 12
_MONTHS = 12


def chart_sheet(live: LiveModel) -> ChartSheet:
    """Return the sheet for the charts, with the costs by category that one of them shows."""
    strategies = [each.id for each in live.strategies]
    results, parameters = live.results, live.parameters
    purpose = (
        "Charts of the cells of this file; they follow every edit. The tornado and the cloud of draws show stored "
        "results."
    )
    sheet = Sheet(SHEET, "Charts", purpose)
    parts = [c for o, s, c, kind in results.cells if o == "costs" and s == strategies[0] and kind == "discounted"]
    components = [part for part in parts if part != "total"]
    names = {strategy: parameters.name(strategy) for strategy in strategies}
    table = SheetTable(sheet, _TABLE_ROW, len(components))
    labels = table.add("Discounted costs", [COMPONENTS.get(c, c.replace("_", " ")) for c in components], "text")
    costs = {}
    for strategy in strategies:
        cells = [results.cells["costs", strategy, component, "discounted"] for component in components]
        costs[strategy] = table.add_each(strategy, cells, "money")
        sheet.cells[table.first - 1, costs[strategy].index] = SheetCell(names[strategy], "header")
    sheet.widths.update({column: _AMOUNTS if column else _LABELS for column in range(_columns(len(strategies)))})
    return ChartSheet(sheet, names, labels, costs, live.tornado.found)


def add_charts(book: Workbook, page: Worksheet, live: LiveModel, look: Look) -> int:
    """Write and set up the sheet of charts, when all others are written; return how many charts there are.

    Parameters
    ----------
    page : Worksheet
        Empty, named `SHEET`.
    look : Look
        The styles of the workbook.
    """
    place, drawn = chart_sheet(live), live.strategies
    write_sheet(page, place.sheet, look)
    look.set_up(page, place.sheet)
    page.insert_chart(_TABLE_ROW + place.components.rows + 1, 0, _costs(book, place), _FIXED)
    charts = [_survival(book, place, drawn, endpoint) for endpoint in _endpoints(drawn)]
    charts += [_occupancy(book, place, drawn, each) for each in drawn]
    charts.append(_cumulative(book, place, drawn))
    charts.append(plane_chart(book, place, live.plane))
    charts.append(acceptability_chart(book, place, live.acceptability))
    tall = [tornado_chart(book, bars, place.found) for bars in live.tornado.bars]
    for i, chart in enumerate(charts):
        page.insert_chart(PAGE_ROWS * (1 + i // 2) + _OFFSETS[i % 2], 0, chart, _FIXED)
    pages = 1 + -(-len(charts) // 2)
    for i, chart in enumerate(tall):
        page.insert_chart(PAGE_ROWS * (pages + i) + _OFFSETS[0], 0, chart, _FIXED)
    _set_print(page, pages + len(tall), _columns(len(place.costs)))
    return 1 + len(charts) + len(tall)


def _columns(strategies: int) -> int:
    """Return how many columns the sheet has: as wide as the charts, or as the table of costs."""
    return max(strategies + 1, _FEWEST_COLUMNS)


def _set_print(page: Worksheet, pages: int, columns: int) -> None:
    """Print two charts a page, upright, about full size; the breaks would not hold if pages were fitted."""
    across = pixels(_LABELS) + (columns - 1) * pixels(_AMOUNTS)
    page.set_portrait()
    page.set_print_scale(int(min(100.0, 100.0 * _PAGE_PIXELS / across)))
    page.print_area(0, 0, PAGE_ROWS * pages - 1, columns - 1)
    page.set_h_pagebreaks([PAGE_ROWS * number for number in range(1, pages)])


def _last_row(drawn: Sequence[StrategySheets]) -> int:
    """Return the row of the traces, from 0, with which charts over time end: a whole year."""
    cycles = min(int(each.trace.time.cycles.value) for each in drawn)
    dead = np.min([np.asarray(each.states.dead.value, dtype=float)[: cycles + 1] for each in drawn], axis=0)
    months = np.asarray(drawn[0].trace.bounds.months.value, dtype=float)[: cycles + 1]
    gone = int(np.searchsorted(dead, _ALMOST_ALL))
    year = np.ceil(months[min(gone, cycles)] / _MONTHS) * _MONTHS
    return min(int(np.searchsorted(months, year)), cycles)


def _time_axis(drawn: Sequence[StrategySheets]) -> dict[str, Any]:
    months = np.asarray(drawn[0].trace.bounds.months.value, dtype=float)[_last_row(drawn)]
    years = max(round(float(months) / _MONTHS), 1)
    step = _MONTHS * max(1, -(-years // _MOST_TICKS))
    return axis("Months from model start", "0", min=0, max=years * _MONTHS, major_unit=step, major_gridlines=NO_GRID)


def _endpoints(drawn: Sequence[StrategySheets]) -> list[str]:
    """Return the endpoints: overall and progression-free survival, then the others."""
    return list(dict.fromkeys(["os", "pfs", *(e for each in drawn for e in each.states.treated)]))


def _survival(book: Workbook, place: ChartSheet, drawn: Sequence[StrategySheets], endpoint: str) -> Any:
    """Return the chart of an endpoint as the model uses it, a line for each strategy that has it."""
    chart, last = new_chart(book, "scatter", "straight"), _last_row(drawn)
    for i, each in enumerate(drawn):
        curves = {"os": each.states.overall, "pfs": each.states.free, **each.states.treated}
        if endpoint in curves:
            _add_over_time(chart, place, each, curves[endpoint], last, style.excel_line(i, 2.0))
    finish(chart, Names(place.found).endpoint(endpoint), *SIZE)
    chart.set_x_axis(_time_axis(drawn))
    chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=GRID))
    return chart


def _add_over_time(
    chart: Any, place: ChartSheet, each: StrategySheets, column: SheetColumn, last: int, line: dict[str, Any]
) -> None:
    months = each.trace.bounds.months
    values = {"categories": cells(months, 0, last), "values": cells(column, 0, last)}
    chart.add_series({"name": f"={place.names[each.id].text}", **values, "line": line})


def _occupancy(book: Workbook, place: ChartSheet, drawn: Sequence[StrategySheets], each: StrategySheets) -> Any:
    """Return the chart of who is in which state under one strategy."""
    chart, last = new_chart(book, "area", "stacked"), _last_row(drawn)
    days, states = each.trace.bounds.day, each.states
    for (name, colour), column in zip(_STATES.items(), (states.free, states.progressed, states.dead), strict=True):
        values = {"categories": cells(days, 0, last), "values": cells(column, 0, last)}
        chart.add_series({"name": name, **values, "fill": {"color": colour}})
    finish(chart, "", *SIZE)
    chart.set_title(
        {"name": f"={place.names[each.id].text}", "name_font": {"name": "Arial", "size": 12}, "overlay": False}
    )
    years = max(1, -(-round(float(days.value[last]) / DAYS_PER_YEAR) // _MOST_TICKS))
    step = {"major_unit": _YEAR * years, "major_unit_type": "days"}
    chart.set_x_axis(axis("Days from model start", "0", date_axis=True, **step))
    chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=GRID))
    return chart


def _cumulative(book: Workbook, place: ChartSheet, drawn: Sequence[StrategySheets]) -> Any:
    """Return the chart of discounted costs so far."""
    chart, last = new_chart(book, "scatter", "straight"), _last_row(drawn)
    for i, each in enumerate(drawn):
        _add_over_time(chart, place, each, each.spending, last, style.excel_line(i, 2.0))
    finish(chart, "Cumulative discounted costs", *SIZE)
    chart.set_x_axis(_time_axis(drawn))
    chart.set_y_axis(axis(f"{place.found.currency} per patient", "#,##0", min=0, major_gridlines=GRID))
    return chart


def _costs(book: Workbook, place: ChartSheet) -> Any:
    """Return the chart of costs by category, a column for each strategy."""
    chart = new_chart(book, "column", "stacked")
    first, *_, last = [*place.costs.values(), *place.costs.values()]
    for i in range(place.components.rows):
        row = place.components.first + i
        chart.add_series(
            {
                "name": [SHEET, row, place.components.index],
                "categories": [SHEET, place.components.first - 1, first.index, place.components.first - 1, last.index],
                "values": [SHEET, row, first.index, row, last.index],
                "fill": {"color": style.PARTS[i % len(style.PARTS)]},
                "gap": 80,
            }
        )
    finish(chart, "Discounted costs by category", *SIZE)
    chart.set_x_axis(axis(""))
    chart.set_y_axis(axis(f"{place.found.currency} per patient", "#,##0", major_gridlines=GRID))
    return chart
