"""Charts of uncertainty in the live model: cost-effectiveness plane, acceptability curves and tornado."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.live_model.chart_parts import FONT, GRID, NO_GRID, SIZE, TALL, ChartSheet, all_cells, cells, strategy_line
from hemodel.reporting import style
from hemodel.reporting.format import display
from hemodel.reporting.results_workbook_charts import FRONTIER, axis, finish, new_chart
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

    from hemodel.live_model.acceptability import Acceptability
    from hemodel.live_model.tornado import Bars
    from hemodel.live_model.uncertainty import Plane
    from hemodel.reporting.schema import Results

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
        lines.append((f"={name.text}", share, strategy_line(i)))
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
    text = f"Move from the base case of {base} ({results.currency}, stored)"
    chart.set_x_axis(axis(text, "+#,##0;-#,##0;0", major_gridlines=GRID))
    return chart
