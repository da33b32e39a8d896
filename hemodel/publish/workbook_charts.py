"""Charts of the results workbook, which follow their cells.

Bar charts, tornado and scenarios, show moves from the base case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.formats import Kind, display, number_format
from hemodel.views.one_way import MEASURE_NAMES, base_value, drawn, turn_of_decision
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xlsxwriter.workbook import Workbook

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.results import Results
    from hemodel.publish.workbook_sheets import Page
    from hemodel.views.shared.words import Names


WIDTH, HEIGHT = 720, 400
"""Of a chart, unless it needs more. [pixels]"""
_SMALL_WIDTH, _SMALL_HEIGHT = 478, 360
_SMALL_BARS = 8
_FONT = {"name": "Arial", "size": 9}
FRONTIER = {"color": "#808080", "width": 9.0, "transparency": 65}
"""Wide and see-through, so that it shows with the curve it follows whichever a program draws last."""
_GRID = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
_NO_GRID = {"visible": False}
_STATES = {"Progression-free": style.PARTS[0], "Progressed": style.PARTS[5], "Dead": "#E6E6E6"}
_MOST_YEARS = 10
_ALMOST_ALL = 0.97
"""The chart of occupancy ends where this share has died."""


@dataclass(frozen=True)
class Drawing:
    """What a chart is drawn with: the workbook, the tables that stand in it, and the results that they are of."""

    book: Workbook
    pages: Mapping[str, Page]
    results: Results
    names: Names


@dataclass(frozen=True)
class Drawn:
    """A chart, and its size in pixels."""

    chart: Any
    width: int = WIDTH
    height: int = HEIGHT


def new_chart(book: Workbook, kind: str, subtype: str = "") -> Any:
    """Return an empty chart."""
    return book.add_chart({"type": kind} | ({"subtype": subtype} if subtype else {}))


def axis(name: str, number: str = "", **more: Any) -> dict[str, Any]:
    """Return the properties of an axis in the house style."""
    found = {"name": name, "name_font": {**_FONT, "bold": False}, "num_font": _FONT, "line": {"color": "#5A5A5A"}}
    return found | ({"num_format": number} if number else {}) | more


def finish(chart: Any, title: str, width: int = WIDTH, height: int = HEIGHT) -> None:
    """Give a chart its title, legend, size and frame."""
    chart.set_title({"name": title, "name_font": {"name": "Arial", "size": 11}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _FONT})
    chart.set_size({"width": width, "height": height})
    chart.set_chartarea({"border": {"color": "#D9D9D9"}})


def _cells(page: Page, row: int, columns: list[int]) -> str:
    """Return some cells of one row as a union of references."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    found = (f"'{page.name}'!{xl_rowcol_to_cell(row, i, row_abs=True, col_abs=True)}" for i in columns)
    return f"=({','.join(found)})"


def costs(on: Drawing) -> list[Drawn]:
    """Draw the costs by category, one column a strategy."""
    page, chart = on.pages["disaggregated_costs"], new_chart(on.book, "column", "stacked")
    places = [page.column(f"{on.names.strategy(s)}: Discounted") for s in on.results.strategies]
    for i, row in enumerate(range(page.first, page.last)):
        chart.add_series(
            {
                "name": [page.name, row, 0],
                "categories": _cells(page, page.first - 2, places),
                "values": _cells(page, row, places),
                "fill": {"color": style.PARTS[i % len(style.PARTS)]},
                "gap": 80,
            }
        )
    finish(chart, "Discounted costs by category")
    chart.set_x_axis(axis(""))
    chart.set_y_axis(axis(f"{on.results.currency} per patient", "#,##0", major_gridlines=_GRID))
    return [Drawn(chart)]


def occupancy(on: Drawing) -> list[Drawn]:
    """Draw the share of patients in each state, a chart for each strategy."""
    page, found = on.pages["occupancy"], []
    dead = [page.column(f"{on.names.strategy(s)}: Dead") for s in on.results.strategies]
    rows = enumerate(page.table.rows)
    last = next((i for i, row in rows if all(_share(row[k]) >= _ALMOST_ALL for k in dead)), len(page.table.rows) - 1)
    for strategy in on.results.strategies:
        chart = new_chart(on.book, "area", "stacked")
        for state, colour in _STATES.items():
            place = page.column(f"{on.names.strategy(strategy)}: {state}")
            chart.add_series(
                {
                    "name": state,
                    "categories": [page.name, page.first, 0, page.first + last, 0],
                    "values": [page.name, page.first, place, page.first + last, place],
                    "fill": {"color": colour},
                }
            )
        finish(chart, f"Patients by state: {on.names.strategy(strategy)}")
        chart.set_x_axis(axis("Months from model start", "0", interval_unit=12, interval_tick=12))
        chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=_GRID))
        found.append(Drawn(chart))
    return found


def overall_survival(on: Drawing) -> list[Drawn]:
    """Draw overall survival, one line a strategy."""
    return [_survival(on, 1)]


def progression_free_survival(on: Drawing) -> list[Drawn]:
    """Draw progression-free survival, one line a strategy."""
    return [_survival(on, 0)]


def _survival(on: Drawing, endpoint: int) -> Drawn:
    page, count = on.pages["survival_by_month"], len(on.results.strategies)
    first = 1 + endpoint * count
    chart = new_chart(on.book, "scatter", "straight")
    for k, strategy in enumerate(on.results.strategies):
        chart.add_series(
            {
                "name": on.names.strategy(strategy),
                "categories": page.range(0),
                "values": page.range(first + k),
                "line": style.excel_line(k, 2.25),
            }
        )
    finish(chart, page.table.columns[first].group)
    last = _share(page.table.rows[-1][0]) or float(len(page.table.rows) - 1)
    months = {"min": 0, "max": last, "major_unit": 12 * max(1, round(last / _MOST_YEARS / 12))}
    chart.set_x_axis(axis("Months from model start", "0", **months, major_gridlines=_NO_GRID))
    chart.set_y_axis(axis("Patients", "0%", min=0, max=1, major_gridlines=_GRID))
    return Drawn(chart)


def _share(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def acceptability(on: Drawing) -> list[Drawn]:
    """Draw the acceptability curves and the frontier."""
    page, names = on.pages["ceac"], on.names
    chart = new_chart(on.book, "scatter", "straight")
    lines = [("Acceptability frontier", "Acceptability frontier: Probability", FRONTIER)]
    for k, strategy in enumerate(on.results.strategies):
        name = names.strategy(strategy)
        lines.append((name, f"Probability: {name}", style.excel_line(k, 2.25)))
    for label, column, line in lines:
        chart.add_series(
            {
                "name": label,
                "categories": page.range(0),
                "values": page.range(page.column(column)),
                "line": line,
            }
        )
    finish(chart, "Probability of being cost-effective")
    unit = f"Willingness to pay ({on.results.currency} per QALY)"
    top = page.table.rows[-1][0]
    chart.set_x_axis(axis(unit, "#,##0", min=0, max=top, major_gridlines=_NO_GRID))
    chart.set_y_axis(axis("Probability", "0%", min=0, max=1, major_gridlines=_GRID))
    return [Drawn(chart)]


def plane(on: Drawing) -> list[Drawn]:
    """Draw the cost-effectiveness plane of the sampled draws, and the line of the decision threshold."""
    page, results, line = on.pages["psa_draws"], on.results, on.pages["threshold_line"]
    chart = new_chart(on.book, "scatter")
    for i, strategy in enumerate(results.strategies[1:]):
        colour = style.colour(i + 1)
        marker = {"type": "circle", "size": 3, "fill": {"color": colour, "transparency": 60}, "border": {"none": True}}
        chart.add_series(
            {
                "name": on.names.strategy(strategy),
                "categories": page.range(1 + 2 * i),
                "values": page.range(2 + 2 * i),
                "marker": marker,
            }
        )
    chart.add_series(
        {
            "name": f"{results.decision_threshold:,.0f} {results.currency} per QALY",
            "categories": line.range(1),
            "values": line.range(2),
            "marker": {"type": "none"},
            "line": {"color": "#000000", "width": 1.25, "dash_type": "dash"},
        }
    )
    finish(chart, f"Cost-effectiveness plane, against {on.names.strategy(results.strategies[0])}")
    low = {"label_position": "low", "major_gridlines": _GRID}
    widest = max(abs(_share(row[k])) for row in page.table.rows for k in range(1, len(row), 2))
    places = max(1, 1 - math.floor(math.log10(widest))) if widest else 1
    chart.set_x_axis(axis("Incremental QALYs", f"0.{'0' * places}", **low))
    chart.set_y_axis(axis(f"Incremental costs ({results.currency})", "#,##0", **low))
    return [Drawn(chart)]


def budget_impact(on: Drawing) -> list[Drawn]:
    """Draw the net budget impact by year: what is spent on each strategy, and the sum."""
    page = on.pages["budget_impact"]
    chart, line = new_chart(on.book, "column", "stacked"), new_chart(on.book, "line")
    parts = [(i, column.header) for i, column in enumerate(page.table.columns) if column.group == "Net, by strategy"]
    years = [page.name, page.first, 0, page.last - 1, 0]
    for k, (i, header) in enumerate(parts):
        fill = {"color": style.STRATEGY_COLOURS[k % len(style.STRATEGY_COLOURS)]}
        values = [page.name, page.first, i, page.last - 1, i]
        chart.add_series({"name": header, "categories": years, "values": values, "fill": fill, "gap": 80})
    i = page.column("Net budget impact: Total")
    look = {"line": {"color": "#000000", "width": 1.75}, "marker": {"type": "diamond", "size": 7}}
    values = [page.name, page.first, i, page.last - 1, i]
    line.add_series({"name": "Net budget impact", "categories": years, "values": values, **look})
    chart.combine(line)
    finish(chart, "Net budget impact by year, undiscounted")
    chart.set_x_axis(axis("", label_position="low"))
    chart.set_y_axis(axis(on.results.currency, "#,##0", major_gridlines=_GRID))
    return [Drawn(chart)]


_ROW, _TOP, _BOTTOM = 30, 62, 120
_FRAME = _TOP + _BOTTOM
"""Height of title, and of axis and legend. [pixels]"""
_SCENARIO_ROW = 17


def main_tornado(on: Drawing) -> list[Drawn]:
    """Draw the inputs that move the net benefit of the intervention in question most, small and with names alone."""
    entry = _in_question(on.results)
    if "nmb" not in drawn(on.results, entry):
        return []
    first, last = _bars_of(on, entry, "nmb")
    chart = _tornado(on, (first, min(last, first + _SMALL_BARS - 1)), (entry, "nmb"), 2)
    _room(chart, _SMALL_WIDTH, _SMALL_HEIGHT, 0.46, (44, 80), 8)
    return [Drawn(chart, _SMALL_WIDTH, _SMALL_HEIGHT)]


def _in_question(results: Results) -> Incremental:
    asked = [entry for entry in results.incremental if entry.intervention == results.headline.question]
    return (*asked, *results.incremental)[0]


def tornados(on: Drawing) -> list[Drawn]:
    """Draw every other tornado, with base values and bounds."""
    found = []
    for entry in on.results.incremental:
        for measure in drawn(on.results, entry):
            if measure == "nmb" and entry is _in_question(on.results):
                continue
            first, last = _bars_of(on, entry, measure)
            height = _FRAME + _ROW * (last - first + 1)
            chart = _tornado(on, (first, last), (entry, measure), 3)
            _room(chart, WIDTH, height, 0.47)
            found.append(Drawn(chart, WIDTH, height))
    return found


def _bars_of(on: Drawing, entry: Incremental, measure: str) -> tuple[int, int]:
    """Return the first and the last row of the bars of a tornado."""
    page, own = on.pages["tornado_data"], (on.names.strategy(entry.intervention), MEASURE_NAMES[measure])
    rows = [i for i, row in enumerate(page.table.rows, page.first) if row[:2] == own]
    return rows[0], rows[-1]


def _tornado(on: Drawing, rows: tuple[int, int], about: tuple[Incremental, str], names: int) -> Any:
    """Draw the bars of some rows, with the names of one of the columns."""
    (entry, measure), page, results = about, on.pages["tornado_data"], on.results
    chart = new_chart(on.book, "bar", "stacked")
    colours = (style.LOW_COLOUR, style.HIGH_COLOUR) * 2
    texts = ("Input at its lower bound", "Input at its upper bound") * 2
    for i, (colour, text) in enumerate(zip(colours, texts, strict=True), start=len(page.table.columns) - 4):
        chart.add_series(
            {
                "name": text,
                "categories": [page.name, rows[0], names, rows[1], names],
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
    who = f": {on.names.strategy(entry.intervention)}" if len(results.incremental) > 1 else ""
    finish(chart, f"{MEASURE_NAMES[measure]}{at}{who}")
    chart.set_legend({"position": "bottom", "font": {"name": "Arial", "size": 9}, "delete_series": [2, 3]})
    turn = turn_of_decision(results, measure, base)
    _value_axis(chart, f"Move from the base case of {display(base, kind)} ({unit}){turn}", number_format(base, kind))
    return chart


def _value_axis(chart: Any, text: str, number: str) -> None:
    grid = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
    chart.set_x_axis(axis(text, f"+{number};-{number};0", major_gridlines=grid, label_position="high"))


def _room(
    chart: Any, width: int, height: int, labels: float, frame: tuple[int, int] = (_TOP, _BOTTOM), font: int = 9
) -> None:
    """Set the size of a chart, and the share of its width for the names of its bars, the first of them at the top."""
    chart.set_size({"width": width, "height": height})
    names: dict[str, Any] = {"num_font": {**_FONT, "size": font}, "label_position": "low", "major_tick_mark": "none"}
    chart.set_y_axis(axis("", reverse=True, interval_unit=1, **names))
    layout = {"x": labels, "y": frame[0] / height, "width": 0.96 - labels, "height": 1 - sum(frame) / height}
    chart.set_plotarea({"layout": layout})


def scenarios(on: Drawing) -> list[Drawn]:
    """Draw the moves of the ICER by scenario, one bar for each intervention."""
    page, results, names = on.pages["scenario_data"], on.results, on.names
    chart = new_chart(on.book, "bar", "clustered")
    for i, entry in enumerate(results.incremental, start=2):
        chart.add_series(
            {
                "name": names.strategy(entry.intervention),
                "categories": page.range(0),
                "values": page.range(i),
                "fill": {"color": style.colour(i - 1)},
                "gap": 40,
            }
        )
    bases = "; ".join(f"{names.strategy(e.intervention)} {display(e.icer, 'icer')}" for e in results.incremental)
    finish(chart, "Change in the ICER under the scenarios that move it most")
    bars = len(page.table.rows) * len(results.incremental)
    height = _FRAME + max(_SCENARIO_ROW * bars, 200)
    _room(chart, WIDTH, height, 0.36)
    _value_axis(chart, f"Move from the base case ({per_qaly(results)}): {bases}", "#,##0")
    return [Drawn(chart, WIDTH, height)]


@dataclass(frozen=True)
class NativeChart:
    """Charts that Excel draws.

    Attributes
    ----------
    over : str
        Table whose cells they show; without that table there are none.
    """

    over: str
    draw: Callable[[Drawing], list[Drawn]]


NATIVE = (
    NativeChart("survival_by_month", overall_survival),
    NativeChart("psa_draws", plane),
    NativeChart("ceac", acceptability),
    NativeChart("tornado_data", main_tornado),
    NativeChart("budget_impact", budget_impact),
    NativeChart("survival_by_month", progression_free_survival),
    NativeChart("disaggregated_costs", costs),
    NativeChart("occupancy", occupancy),
    NativeChart("tornado_data", tornados),
    NativeChart("scenario_data", scenarios),
)
"""In the order in which they are shown: the first of them that a run has on its summary, the others on a sheet."""
